"""Labelled pairs for the guards: cases in which records agree and people differ, and the other way about.

The answer is what the two rows allow to say, not only what is true: "person" where the rows of two people and the rows
of one may look alike, so that only somebody who asks can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from random import Random
from typing import Any, Final, Literal, NamedTuple

from bench.people import errors, places, western
from bench.people.days import AS_OF, ROWS_FROM
from bench.people.households import Households, Person, child, twin_of
from bench.people.rates import STANDARD, Rates
from bench.people.writer import Writer, told
from bench.people.writing import Row

Answer = Literal["same", "different", "person"]
_SLIPS: Final = ("id_", "name_", "born_", "sex_", "phone_", "address_")
_KEPT: Final = ("address_short", "name_spaced")  # ways of writing, which change nobody
_DIFFERENT: Final[Answer] = "different"
_SAME: Final[Answer] = "same"
_PERSON: Final[Answer] = "person"


class Pair(NamedTuple):
    """Two rows and the right answer about them."""

    kind: str  # key of PACKS
    case: str  # which of the kind's cases
    answer: Answer
    left: Row
    right: Row


class Scene:
    """Makes people for one pair after another and writes rows about them without slips."""

    def __init__(self, rates: Rates, seed: int) -> None:
        """Draw everything from ``seed``."""
        none: dict[str, Any] = {
            field.name: 0.0 for field in fields(rates) if field.name.startswith(_SLIPS) and field.name not in _KEPT
        }
        quiet = replace(rates, **none, insurance_typo=0.0, second_address=0.0, stranger_same=0.0, migrant=0.05)
        self.random = Random(seed)
        self.town = Households(quiet, self.random)
        self.writer = Writer(self.town)

    def adult(self, low: float = 20, high: float = 85, sex: str = "", of: str = "") -> Person:
        """Make an adult with number and phone."""
        of = of or (western.people(self.random) if self.town.rates.western else "han")
        age = low + (high - low) * self.random.random()
        person = self.town.adult(of, self.town.home(of), sex or self.town.sex(), age)
        person.family = [person]
        return person

    def parents(self, low: float = 24, high: float = 70) -> tuple[Person, Person]:
        """Make a couple who share home and people."""
        father = self.adult(low + 2, high + 2, "male")
        mother = self.town.adult(father.people, father.home, "female", max(19.0, father.age() - 2))
        return father, mother

    def twins(self, low: float, high: float, *, alike: bool | None = None) -> tuple[Person, Person]:
        """Make twins; ``alike`` says whether of one sex, None leaves it to chance."""
        father, mother = self.parents(high + 22, high + 24)
        surname = (father.name.surname, father.name.sound)
        one = child(self.town, (father, mother), surname, low + (high - low) * self.random.random())
        one.phone = one.phone or mother.phone
        two = twin_of(self.town, one, surname)
        while alike is not None and (two.sex == one.sex) is not alike:
            two = twin_of(self.town, one, surname)
        return one, two

    def row(self, person: Person) -> Row:
        """Write a row about somebody on a day when she lived."""
        first = max(ROWS_FROM, person.born)
        day = first + int(self.random.random() * (AS_OF - first))
        return self.writer.row(person, day, self.writer.source(person), first=True)

    def newborn(self, person: Person, form: int = 0, order: str = "") -> Row:
        """Write a child without a name."""
        day = min(AS_OF, person.born + int(self.random.random() * 10))
        return self.writer.newborn(person, day, self.writer.source(person), form, order)

    def moved(self, person: Person) -> Person:
        """Give somebody another home and phone."""
        person.home = self.town.home(person.people)
        person.phone = self.town.new_phone(person)
        return person

    def like(self, other: Person) -> Person:
        """Make a stranger with the name, birth date and sex of ``other``."""
        person = self.adult(20, 80, other.sex, other.people)
        person.name, person.born, person.year = other.name, other.born, other.year
        self.town.document(person, places.born_in(self.random, person.year))
        return person


def _bare(row: Row) -> Row:
    """Take the document from a row."""
    return row._replace(id_kind="", id_number="")


def _uninsured(row: Row) -> Row:
    return row._replace(insurance="")


def _numbered(row: Row, of: Person, word: str = "id-borrowed") -> Row:
    """Put somebody else's number into a row."""
    return row._replace(id_kind=of.id_kind, id_number=of.id_number, errors=word)


def _near(one: str, other: str) -> bool:
    """Tell whether two names may be one name with a slip: as long, and one character apart."""
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) <= 1


def _slip(scene: Scene, name: str) -> str:
    """Get a name wrong in a small way."""
    return errors.mistyped(scene.random, name) if name.isascii() else errors.homophone(scene.random, name)


def _twins(scene: Scene, at: int) -> tuple[str, Answer, Row, Row]:
    """Twins, told apart by their numbers; by their names; not at all; and one of them twice."""
    low, high = (0.5, 12.0) if at % 2 else (12.0, 40.0)
    case = ("numbers", "one-number", "no-numbers", "same-slip", "same-bare", "others-card", "boy-and-girl")[at % 7]
    one, two = scene.twins(low, high, alike=case != "boy-and-girl" if case != "numbers" else None)
    if case in ("same-slip", "same-bare"):
        left, right = scene.row(one), scene.row(one)
        if case == "same-slip":
            return case, _SAME, left, right._replace(name=_slip(scene, right.name), errors="name-homophone")
        return case, _SAME, left, _bare(right)
    left, right = scene.row(one), scene.row(two)
    if case == "numbers":
        return case, _DIFFERENT, left, right
    if case == "others-card":
        return case, _PERSON, left, _uninsured(_numbered(right, one))
    right = _uninsured(_bare(right))
    answer = _PERSON if one.sex == two.sex and _near(one.name.whole, two.name.whole) else _DIFFERENT
    return case, answer, left if case == "one-number" else _bare(left), right


def _strangers(scene: Scene, at: int) -> tuple[str, Answer, Row, Row]:
    """Two people of one name, birth date and sex, and one who moved: without numbers they look alike."""
    one = scene.adult()
    case = ("numbers", "one-number", "no-numbers", "moved-bare", "moved", "moved-insured")[at % 6]
    left = scene.row(one)
    if case.startswith("moved"):
        right = scene.row(scene.moved(one))
        if case == "moved":
            return case, _SAME, left, right
        if case == "moved-bare":
            return case, _PERSON, left, _uninsured(_bare(right))
        one.insurance = one.insurance or scene.town.registry.insurance()
        return case, _SAME, left._replace(insurance=one.insurance), _bare(right)._replace(insurance=one.insurance)
    right = scene.row(scene.like(one))
    if case == "numbers":
        return case, _DIFFERENT, left, right
    return case, _PERSON, left if case == "one-number" else _bare(left), _uninsured(_bare(right))


def _borrowed(scene: Scene, at: int) -> tuple[str, Answer, Row, Row]:
    """Put a lender's row beside one that a borrower left under her number, and beside the lender's own slip."""
    case = ("own-both", "own-name", "own-birth-date", "borrowers-rows", "lenders-slip", "a-friends-card")[at % 6]
    lender, borrower = scene.parents()
    if at % 12 >= 6:
        sister = child(
            scene.town, (lender, borrower), (lender.name.surname, lender.name.sound), 1 + 14 * scene.random.random()
        )
        borrower, lender = sister, borrower
    if case == "a-friends-card":
        borrower = scene.adult()
    left = scene.row(lender)
    if case == "lenders-slip":
        right = scene.row(lender)
        return case, _SAME, left, right._replace(name=_slip(scene, right.name), errors="name-homophone")
    right = _uninsured(_numbered(scene.row(borrower), lender))
    if case == "borrowers-rows":
        return case, _PERSON, scene.row(borrower), right
    source = next(place for place in scene.writer.sources_of(borrower) if place.name == right.source)
    if case == "own-name":
        right = right._replace(birth_date=scene.writer.born(lender, source))
    elif case == "own-birth-date":
        right = right._replace(name=left.name, name_latin="", sex=source.sexes[lender.sex])
    return case, _DIFFERENT if case in ("own-both", "a-friends-card") else _PERSON, left, right


def _newborns(scene: Scene, at: int) -> tuple[str, Answer, Row, Row]:
    """Children who stand under their mother's name: twins, sisters, one child before and after she was named."""
    cases = (
        *("boy-and-girl", "alike", "numbered", "years-apart", "named-certificate", "named", "elder-sister"),
        *("twice-certificate", "mothers-alike"),
    )
    case, draw = cases[at % len(cases)], scene.random.random
    one, two = scene.twins(0.1, 12.0, alike=case != "boy-and-girl")
    assert one.mother is not None
    left = scene.newborn(one)._replace(mother=told(one.mother), id_kind="", id_number="")
    if case in ("boy-and-girl", "alike", "numbered"):
        right = _bare(scene.newborn(two, 0, "2" if case == "numbered" else ""))._replace(mother=left.mother)
        left = left._replace(name=left.name + ("1" if case == "numbered" else ""))
        return case, _PERSON if case == "alike" else _DIFFERENT, left, right
    if case in ("years-apart", "elder-sister"):
        father = scene.adult(24, 50, "male", one.people)
        father.home, father.name = one.home, one.name
        surname = (one.name.surname, one.name.sound)
        elder = child(scene.town, (father, one.mother), surname, min(14.0, one.age() + 1 + 2 * draw()))
        elder.phone = one.phone
        elder.certificate = elder.certificate or scene.town.registry.birth_certificate()
        return case, _DIFFERENT, left, scene.newborn(elder) if case == "years-apart" else scene.row(elder)
    if case == "mothers-alike":
        other, _ = scene.twins(0.1, 12.0)
        assert other.mother is not None
        other.born, other.year, other.sex, other.mother.name = one.born, one.year, one.sex, one.mother.name
        return case, _PERSON, left, _bare(scene.newborn(other))._replace(mother=left.mother)
    right = scene.newborn(one, 4) if case == "twice-certificate" else scene.row(one)
    right = _uninsured(right)._replace(mother=left.mother)
    if case == "named":
        return case, _PERSON, left, _bare(right)
    paper = {"id_kind": "birth-certificate", "id_number": one.certificate}
    return case, _SAME, left._replace(**paper), right._replace(**paper)


def _father_and_son(scene: Scene, at: int) -> tuple[str, Answer, Row, Row]:
    """Father and son of one name in one home, and the father twice."""
    case = ("numbers", "one-number", "no-numbers", "one-birth-date", "father-twice")[at % 5]
    father, mother = scene.parents(42, 75)
    son = child(
        scene.town,
        (father, mother),
        (father.name.surname, father.name.sound),
        father.age() - 22 - 18 * scene.random.random(),
    )
    son.name, son.sex = father.name, "male"
    scene.town.document(son, father.home.area)
    son.phone = father.phone if scene.random.random() < 0.6 else son.phone
    left = scene.row(father)
    if case == "father-twice":
        return case, _SAME, left, _bare(scene.row(father))
    right = scene.row(son)
    if case == "numbers":
        return case, _DIFFERENT, left, right
    right = _uninsured(_bare(right))
    if case == "one-birth-date":
        return case, _PERSON, left, right._replace(birth_date="", errors="born-missing")
    return case, _DIFFERENT, left if case == "one-number" else _bare(left), right


def _reused(scene: Scene, at: int) -> tuple[str, Answer, Row, Row]:
    """One number on two people: given twice, given again, standing for none; and a permit issued anew to one."""
    cases = ("given-twice", "phone-again", "phone-again-same-name", "insurance-again", "default-number", "issued-anew")
    case = cases[at % 6]
    if case == "issued-anew" and not scene.town.rates.western:
        one = scene.adult(of="hk" if at % 12 < 6 else "tw")
        one.id_kind = "hm-permit" if one.people == "hk" else "tw-permit"
        one.id_number = scene.town.registry.permit(hong_kong=one.people == "hk")
        left, right = scene.row(one), scene.row(scene.moved(one))
        return (
            case,
            _SAME,
            left._replace(id_number=one.id_number + "01"),
            right._replace(id_number=one.id_number + "02"),
        )
    one, two = scene.adult(), scene.adult()
    if case == "issued-anew":  # a passport ran out
        left = scene.row(one)
        one.id_number = scene.town.registry.passport()
        return case, _SAME, left, scene.row(one)
    if case == "given-twice":
        two.born, two.year, two.sex = one.born, one.year, one.sex  # the number tells them, so they agree
        two.name = scene.town.named(two.people, two.sex, two.year)
        while two.name.whole == one.name.whole:
            two.name = scene.town.named(two.people, two.sex, two.year)
        return case, _PERSON, scene.row(one), _numbered(scene.row(two), one, "id-twice")
    left, right = scene.row(one), scene.row(two)
    if case in ("default-number", "insurance-again"):
        number = {"id_number": "110101190001010000"}
        if case == "insurance-again":
            number = {"insurance": one.insurance or scene.town.registry.insurance()}
        return case, _DIFFERENT, left._replace(**number), right._replace(**number)
    two.phone = one.phone
    if case == "phone-again":
        return case, _DIFFERENT, left, scene.row(two)
    two.sex, two.name = one.sex, one.name
    return case, _DIFFERENT, left, _uninsured(_bare(scene.row(two)))


PACKS: Final[dict[str, Callable[[Scene, int], tuple[str, Answer, Row, Row]]]] = {
    "twins": _twins,
    "same-name-birth-date": _strangers,
    "borrowed-card": _borrowed,
    "newborn-siblings": _newborns,
    "father-son": _father_and_son,
    "reused-number": _reused,
}


def packs(kind: str, count: int, seed: int, rates: Rates = STANDARD) -> Iterator[Pair]:
    """Yield ``count`` labelled pairs of a key of PACKS, its cases in turn; each pair has people of its own.

    Raises KeyError for a kind that does not exist.
    """
    make = PACKS[kind]
    scene = Scene(rates, seed)
    for at in range(count):
        case, answer, left, right = make(scene, at)
        yield Pair(kind, case, answer, left, right)
