"""Who lives in the town: the cast first, then households by chance.

A household is a couple with children of the father's surname, elders, or somebody alone; children and
the oldest share a telephone with the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from carecode.demo.cast import CAST_RESIDENTS, CastResident, birthday
from carecode.demo.chance import Chance
from carecode.demo.conditions import ALLERGIES, CHRONIC, PENICILLIN, Allergy
from carecode.demo.names import given_name, surname
from carecode.demo.numbers import telephone

MEMBERS_MAX: Final = 8
_HOMES: Final = (("county-2", 0.62), ("city-1", 0.38))
_SHAPES: Final = (("alone", 0.2), ("couple", 0.24), ("family", 0.36), ("old couple", 0.12), ("three generations", 0.08))
_CHILDREN: Final = ((1, 0.5), (2, 0.4), (3, 0.1))
_OWN_PHONE: Final = (12, 76)  # ages between which people carry their own telephone
_LEAVES_HOME: Final = 24
_DAYS_A_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True)
class Sketch:
    """A resident before anything was ever written about her."""

    number: int  # running number in the town
    name: str
    name_latin: str
    birth_date: date
    sex: str
    phone: str
    home: str  # the hospital she goes to
    handle: str | None = None
    conditions: tuple[tuple[str, date], ...] = ()  # key of CHRONIC, first day
    allergies: tuple[Allergy, ...] = ()
    births: tuple[date, ...] = field(default=())  # of the children she bore


@dataclass(slots=True)
class _Home:
    """A household while it is drawn."""

    number: int
    today: date
    chance: Chance
    hospital: str
    next_person: int
    members: list[Sketch] = field(default_factory=list)

    def add(self, name: tuple[str, str], family: tuple[str, str], sex: str, born: date) -> Sketch:
        """Add a member under the next running number, with what chance gives her."""
        years = (self.today - born).days / _DAYS_A_YEAR
        own = _OWN_PHONE[0] <= years < _OWN_PHONE[1]
        sketch = Sketch(
            number=self.next_person + len(self.members),
            name=family[0] + name[0],
            name_latin=f"{family[1]} {name[1]}",
            birth_date=born,
            sex=sex,
            phone=telephone(self.number, len(self.members) + 1 if own else 0),
            home=self.hospital,
            conditions=_conditions(self.chance, sex, born, self.today),
            allergies=tuple(allergy for allergy in ALLERGIES if self.chance.happens(allergy.share)),
        )
        self.members.append(sketch)
        return sketch


def households(seed: int, residents: int, today: date) -> Iterator[list[Sketch]]:
    """Yield households until the town has ``residents`` people; the cast is always there, and first.

    Each household depends only on the seed, its own number and the day: a larger town begins with a
    smaller one.
    """
    made, number = 0, 0
    while made < max(residents, len(CAST_RESIDENTS)):
        home = _cast_home(seed, number, today) if number < _CAST_HOMES else _home(seed, number, made, today)
        members = home.members[: max(residents, len(CAST_RESIDENTS)) - made]
        yield members
        made += len(members)
        number += 1


_CAST_HOMES: Final = 2


def _cast_home(seed: int, number: int, today: date) -> _Home:
    """Draw the cast's two households: Lin Mei with her mother; her brother's young family."""
    chance = Chance.of(seed, "home", number)
    home = _Home(number, today, chance, "county-2", 0)
    chosen = CAST_RESIDENTS[:2] if number == 0 else CAST_RESIDENTS[2:]
    home.next_person = 0 if number == 0 else 2
    for place, member in enumerate(chosen):
        born = birthday(today, member.years, member.days)
        phone = telephone(number, place + 1) if member.has_phone else ""
        home.members.append(
            Sketch(
                number=home.next_person + place,
                name=member.name,
                name_latin=member.name_latin,
                birth_date=born,
                sex=member.sex,
                phone=phone,
                home="county-2",
                handle=member.handle,
                conditions=tuple((key, birthday(today, years, 40)) for key, years in _CAST_CONDITIONS[member.handle]),
                allergies=(PENICILLIN,) if member.handle == "@resident" else (),
                births=_births(member, today),
            )
        )
    if number == 1:
        father = home.add(("浩", "Hao"), ("林", "Lin"), "male", birthday(today, 33, 200))
        home.members[-1] = replace(father, conditions=(), allergies=())
    return home


_CAST_CONDITIONS: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "@resident": (("diabetes", 5), ("hypertension", 3), ("asthma", 17)),
    "@elder": (
        ("hypertension", 21), ("hyperlipidaemia", 14), ("coronary disease", 7), ("osteoporosis", 9),
        ("knee arthritis", 12), ("cataract", 4),
    ),
    "@parent": (),
    "@child": (),
    "@newborn": (),
}  # fmt: skip


def _births(member: CastResident, today: date) -> tuple[date, ...]:
    """List the birth dates of a cast member's children."""
    if member.handle != "@parent":
        return ()
    children = [other for other in CAST_RESIDENTS if other.handle in {"@child", "@newborn"}]
    return tuple(birthday(today, child.years, child.days) for child in children)


def _home(seed: int, number: int, next_person: int, today: date) -> _Home:
    """Draw one household by chance."""
    chance = Chance.of(seed, "home", number)
    home = _Home(number, today, chance, chance.weighted(_HOMES), next_person)
    shape = chance.weighted(_SHAPES)
    family = surname(chance)
    if shape == "alone":
        _one(home, family, chance.choice(("female", "male")), chance.uniform(19, 92))
    elif shape == "couple":
        _couple(home, family, chance.uniform(23, 66))
    elif shape == "old couple":
        _couple(home, family, chance.uniform(60, 90))
    else:
        age = chance.uniform(24, 54)
        _couple(home, family, age)
        _children(home, family, home.members[1])
        if shape == "three generations":
            _couple(home, family, age + chance.uniform(23, 33))
    return home


def _one(home: _Home, family: tuple[str, str], sex: str, years: float) -> Sketch:
    born = home.today - timedelta(days=round(years * _DAYS_A_YEAR))
    return home.add(given_name(home.chance, sex, born.year), family, sex, born)


def _couple(home: _Home, family: tuple[str, str], years: float) -> None:
    """Add a husband of the household's surname and a wife who kept hers."""
    _one(home, family, "male", years)
    _one(home, surname(home.chance), "female", max(21.0, years - home.chance.around(1.5, 2.0, -4, 8)))


def _children(home: _Home, family: tuple[str, str], mother: Sketch) -> None:
    """Add children of the father's surname who still live at home, and their births to their mother."""
    born_at = home.chance.uniform(22, 33)
    births: list[date] = []
    for _ in range(home.chance.weighted(_CHILDREN)):
        born = mother.birth_date + timedelta(days=round(born_at * _DAYS_A_YEAR))
        years = (home.today - born).days / _DAYS_A_YEAR
        if 0 < years < _LEAVES_HOME:
            sex = "male" if home.chance.happens(0.52) else "female"
            home.add(given_name(home.chance, sex, born.year), family, sex, born)
            births.append(born)
        born_at += home.chance.uniform(1.6, 5)
    place = home.members.index(mother)
    home.members[place] = replace(mother, births=tuple(births))


def _conditions(chance: Chance, sex: str, born: date, today: date) -> tuple[tuple[str, date], ...]:
    """Draw which conditions somebody has by now, and since when; the older, the more."""
    years = (today - born).days / _DAYS_A_YEAR
    drawn: list[tuple[str, date]] = []
    for key, row in CHRONIC.items():
        if row.sex not in ("", sex) or years <= row.from_age:
            continue
        share = row.share * min(1.0, (years - row.from_age) / (80 - row.from_age)) ** 0.8
        if chance.happens(share):
            since = row.from_age + (years - row.from_age) * chance.random() ** 0.7
            drawn.append((key, born + timedelta(days=round(since * _DAYS_A_YEAR))))
    return tuple(drawn)
