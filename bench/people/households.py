"""People in their households: couples, children, elders, twins, migrants, strangers who are alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Final

from bench.people import names, places, western
from bench.people.days import AS_OF, FIRST_DAY, ROWS_FROM, iso
from bench.people.names import Name
from bench.people.numbers import Registry
from bench.people.places import Home
from bench.people.rates import Rates

YEAR: Final = 365.2425
_REMEMBERED: Final = 4096  # people among whom a stranger finds her like


class Person:
    """One person as she is, whatever the rows say of her."""

    __slots__ = (
        *(
            "born",
            "certificate",
            "family",
            "home",
            "id_kind",
            "id_number",
            "insurance",
            "mother",
            "name",
            "people",
            "phone",
            "second",
        ),
        *("sex", "truth", "twin", "year"),
    )

    def __init__(self, truth: int, people: str, sex: str, born: int) -> None:
        """Make a person; ``people`` is "han", "hk", "tw", ... or a Western people; ``born`` a day number."""
        self.truth = truth
        self.people = people
        self.sex = sex
        self.born = born
        self.year = int(iso(born)[:4])
        self.name = Name("", "", "", "")
        self.id_kind = ""
        self.id_number = ""
        self.insurance = ""
        self.certificate = ""  # number of the birth certificate, of those born in the years of the rows
        self.phone = ""
        self.home: Home = _NOWHERE
        self.second: Home | None = None
        self.mother: Person | None = None
        self.family: list[Person] = []  # everybody of the household, herself too
        self.twin: Person | None = None

    def age(self, day: int = AS_OF) -> float:
        """Give her age in years on a day."""
        return (day - self.born) / YEAR


_NOWHERE: Final = places.new_home(Random(0))


class Households:
    """Makes households one after another from one source of randomness."""

    def __init__(self, rates: Rates, random: Random) -> None:
        """Make people as ``rates`` says."""
        self.rates = rates
        self.random = random
        self.registry = Registry(random)
        self._people = 0
        self._alike: list[Person] = []

    def __iter__(self) -> Iterator[list[Person]]:
        """Yield households without end."""
        while True:
            yield self.household()

    def household(self) -> list[Person]:
        """Make one household."""
        rates, draw = self.rates, self.random.random
        of = drawn_people(self)
        home = self.home(of)
        kind = draw()
        if kind < rates.collective:
            return collective(self, of, home)
        kind -= rates.collective
        if kind < rates.single:
            family = [self.adult(of, home, self.sex(), 19 + 50 * draw() ** 1.3)]
        elif kind < rates.single + rates.elders_alone:
            age = 62 + 30 * draw() ** 1.5
            family = [self.adult(of, home, "female", age)]
            if draw() < 0.6:
                family.append(self.adult(of, home, "male", min(96.0, age + 2 + 3 * draw())))
        else:
            family = couple(self, of, home)
        for person in family:
            person.family = family
            self._become_alike(person)
        share_phones(self, family)
        return family

    def sex(self) -> str:
        """Draw a sex."""
        return "male" if self.random.random() < 0.508 else "female"

    def home(self, of: str) -> Home:
        """Draw a home fit for a people."""
        if of not in western.LISTS or not self.rates.western:
            return places.new_home(self.random)
        return western_home(self.random, of)

    def person(self, of: str, home: Home, sex: str, age: float) -> Person:
        """Make somebody without a name yet, with home and insurance."""
        draw = self.random.random
        born = max(FIRST_DAY + 31, AS_OF - int((age + draw() * 0.999) * YEAR))
        self._people += 1
        person = Person(self._people, of, sex, born)
        if person.year < 1960 and draw() < self.rates.born_heaped:
            person.born = date(person.year, 1, 1).toordinal()
        person.home = home
        if draw() < 0.95:
            person.insurance = self.registry.insurance()
        return person

    def adult(self, of: str, home: Home, sex: str, age: float) -> Person:
        """Make an adult with name, documents and phone."""
        rates, draw = self.rates, self.random.random
        person = self.person(of, home, sex, age)
        person.name = self.named(of, sex, person.year)
        area = home.area
        if draw() < rates.migrant:
            person.second = self.home(of)
            area = person.second.area
        elif draw() < 0.3:
            area = places.born_in(self.random, person.year)
        self.document(person, area)
        if draw() >= (rates.phone_none_elder if age >= 70 else rates.phone_none_adult):
            person.phone = self.new_phone(person)
        return person

    def named(self, of: str, sex: str, year: int, surname: tuple[str, str] | None = None, first: str = "") -> Name:
        """Draw a name of a people."""
        random = self.random
        if of in western.LISTS:
            return western.name(
                surname[0] if surname else western.surname(random, of), western.given_name(random, of, sex, year)
            )
        if of in ("uyghur", "tibetan", "mongol", "yi"):
            return names.long_name(random, of, sex, surname[0] if surname else "")
        surname = surname or names.surname(random)
        if of in ("hk", "tw"):
            return names.overseas_name(random, surname, sex, year, hong_kong=of == "hk")
        return names.han(surname, names.given_name(random, sex, year, first))

    def document(self, person: Person, area: places.Area, after: str = "") -> None:
        """Give a person her number: a citizen's from ``area``, or what people of her kind carry."""
        registry, draw = self.registry, self.random.random
        born = iso(person.born)
        person.id_kind = person.id_number = ""
        if person.people in western.LISTS:
            person.id_kind, person.id_number = "passport", registry.passport()
        elif person.people in ("hk", "tw"):
            hong_kong = person.people == "hk"
            if draw() < 0.35:
                person.id_kind = "hmt-residence"
                person.id_number = registry.residence(born, person.sex, hong_kong=hong_kong)
            else:
                person.id_kind = "hm-permit" if hong_kong else "tw-permit"
                person.id_number = registry.permit(hong_kong=hong_kong)
        elif draw() >= self.rates.id_never:
            code = places.successor(area, person.year, self.random).code if not after else after[:6]
            person.id_kind, person.id_number = "citizen-id", registry.citizen(code, born, person.sex, after)
            if draw() < self.rates.id_wrong_check:
                wrong = "0123456789X".replace(person.id_number[17], "")
                person.id_number = person.id_number[:17] + wrong[int(draw() * 10)]

    def new_phone(self, person: Person) -> str:
        """Draw a phone number for a person."""
        if self.rates.western:
            return self.registry.western_phone()
        if person.year < 1955 and self.random.random() < 0.15:
            return self.registry.landline(person.home.area.code)
        return self.registry.phone(self.rates.phone_recycled)

    def _become_alike(self, person: Person) -> None:
        """Make some people the likes of a stranger: same name, birth date and sex, nothing else."""
        rates, draw, alike = self.rates, self.random.random, self._alike
        if person.twin is not None:
            return
        if draw() < rates.stranger_same and alike:
            other = alike[int(draw() * len(alike))]
            person.name, person.sex, person.born, person.year = other.name, other.sex, other.born, other.year
            if person.id_number:
                person.people = other.people
                self.document(person, places.born_in(self.random, person.year))
        elif draw() < rates.id_twice and alike:
            other = alike[int(draw() * len(alike))]
            if other.id_kind == person.id_kind == "citizen-id" and other.sex == person.sex:
                person.born, person.year, person.id_number = other.born, other.year, other.id_number
        elif draw() < 0.05:
            if len(alike) < _REMEMBERED:
                alike.append(person)
            else:
                alike[int(draw() * _REMEMBERED)] = person


def drawn_people(town: Households) -> str:
    """Draw what people a household belongs to."""
    rates, draw = town.rates, town.random.random
    if rates.western:
        return western.people(town.random)
    part = draw()
    if part < rates.foreigner:
        return western.people(town.random)
    part -= rates.foreigner
    if part < rates.traditional:
        return "hk" if draw() < 0.6 else "tw"
    part -= rates.traditional
    if part < rates.minority_long:
        return ("uyghur", "uyghur", "uyghur", "tibetan", "tibetan", "mongol", "mongol", "yi")[int(draw() * 8)]
    return "han"


def couple(town: Households, of: str, home: Home) -> list[Person]:
    """Make a couple, their children and, at times, one of their parents."""
    rates, draw = town.rates, town.random.random
    age = 22 + 38 * draw() ** 1.1
    mother = town.adult(of, home, "female", age)
    father = town.adult(of, home, "male", max(22.0, age - 2 + 7 * draw()))
    if town.rates.western and draw() < 0.6:
        mother.name = western.name(father.name.surname, mother.name.given)
    family = [father, mother]
    if draw() >= rates.children_none:
        part = draw()
        family += children(town, father, mother, 1 if part < 0.55 else 2 if part < 0.91 else 3)
    for sex, elder_of in (("male", father), ("female", mother)):
        if draw() < rates.elder_with_family:
            elder = town.adult(of, home, sex, min(97.0, elder_of.age() + 20 + 14 * draw()))
            if of == "han" and sex == "male":
                surname = (father.name.surname, father.name.sound)
                elder.name = names.han(surname, elder.name.given)
            family.append(elder)
    return family


def collective(town: Households, of: str, home: Home) -> list[Person]:
    """Fill a hostel or a nursing home: strangers, each a family of one."""
    draw = town.random.random
    elders = draw() < 0.4
    shared = town.registry.landline(home.area.code)
    people: list[Person] = []
    for _ in range(15 + int(draw() * 75)):
        person = town.adult(of, home, town.sex(), 70 + 25 * draw() if elders else 18 + 27 * draw())
        if draw() < town.rates.collective_phone:
            person.phone = shared
        person.family = [person]
        people.append(person)
    return people


def share_phones(town: Households, family: list[Person]) -> None:
    """Give those without a phone of their own the number of a grown-up of the household."""
    lenders = [person for person in family if person.phone and 20 <= person.age() < 70]
    for person in family:
        age = person.age()
        if not person.phone and lenders and (age < 20 or town.random.random() < town.rates.elder_gives_child):
            person.phone = lenders[int(town.random.random() * len(lenders))].phone
        if person.twin is not None:
            person.phone = person.twin.phone if person.truth > person.twin.truth else person.phone


def children(town: Households, father: Person, mother: Person, count: int) -> list[Person]:
    """Make the children of a couple, the last two perhaps twins; those past 26 have left home."""
    rates, draw = town.rates, town.random.random
    chain = father if draw() >= rates.mother_surname else mother
    surname = (chain.name.given if chain.name.dot else chain.name.surname, chain.name.sound)
    first = ""
    if draw() < rates.generation_character:
        characters = names.GIVEN_CHARACTERS["male"]
        first = characters[int(draw() * len(characters))]
    youngest = max(0.0, mother.age() - 42)
    oldest = min(26.0, mother.age() - 19)
    if oldest <= youngest:
        return []
    ages = sorted((youngest + (oldest - youngest) * draw() for _ in range(count)), reverse=True)
    born: list[Person] = [child(town, (father, mother), surname, age, first) for age in ages]
    if draw() < rates.twins:
        born.append(twin_of(town, born[-1], surname))
    return born


def child(
    town: Households, parents: tuple[Person, Person], surname: tuple[str, str], age: float, first: str = ""
) -> Person:
    """Make a child of two people; her citizen number has the code of the household's district."""
    father, mother = parents
    draw = town.random.random
    made = town.person(father.people, father.home, town.sex(), age)
    made.mother = mother
    made.certificate = town.registry.birth_certificate() if made.born >= ROWS_FROM else ""
    made.name = town.named(father.people, made.sex, made.year, surname, first)
    if made.sex == "male" and not father.name.dot and draw() < town.rates.same_as_father:
        made.name = father.name
    town.document(made, (father.second or father.home).area)
    if age >= 17 or (age >= 12 and draw() < 0.6):
        made.phone = town.new_phone(made)
    return made


def twin_of(town: Households, other: Person, surname: tuple[str, str]) -> Person:
    """Make a twin: same day, home, mother and phone, the next citizen number, a name that shares a character."""
    draw = town.random.random
    sex = other.sex if draw() < town.rates.twins_alike else "female" if other.sex == "male" else "male"
    made = town.person(other.people, other.home, sex, 1)
    made.born, made.year, made.mother, made.phone = other.born, other.year, other.mother, other.phone
    made.certificate = town.registry.birth_certificate() if made.born >= ROWS_FROM else ""
    given = other.name.given
    made.name = town.named(made.people, sex, made.year, surname)
    while made.name.whole == other.name.whole:
        made.name = town.named(made.people, sex, made.year, surname)
    if made.people == "han" and draw() < town.rates.twins_one_character:
        if len(given) < 2:
            given += given
        made.name = names.han(surname, beside(town.random, given, sex))
    after = other.id_number if other.id_kind == "citizen-id" else ""
    town.document(made, other.home.area, after)
    other.twin, made.twin = made, other
    return made


def beside(random: Random, given: str, sex: str) -> str:
    """Give a given name that differs from ``given`` in one character, as parents name twins."""
    characters = names.GIVEN_CHARACTERS[sex]
    at = 0 if random.random() < 0.25 else 1
    while True:
        other = characters[int(random.random() * len(characters))]
        if other not in given:
            return other + given[1] if at == 0 else given[0] + other


def western_home(random: Random, of: str) -> Home:
    """Draw a Western address; its district is a made-up one of a short list."""
    draw = random.random
    lists = western.LISTS[of]
    town, code = lists.towns[int(draw() * len(lists.towns))]
    street = lists.streets[int(draw() * len(lists.streets))]
    number = 1 + int(draw() * 180)
    flat = f"Flat {1 + int(draw() * 12)}, " if of == "en" and draw() < 0.2 else ""
    if of == "en":
        inward = f"{int(draw() * 10)}{'ABDEFGHJLN'[int(draw() * 10)]}{'PQRSTUWXYZ'[int(draw() * 10)]}"
        text = f"{flat}{number} {street}, {town}, {code} {inward}"
    elif of == "fr":
        text = f"{number} {street}, {town}, {code}"
    else:
        text = f"{street} {number}, {town}, {code}"
    return places.CURRENT_HOME._replace(latin=text, number=number)
