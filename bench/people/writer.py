"""The clerk of all sources: writes the rows of a person over the years, with the errors of ``Rates``."""

from __future__ import annotations

from random import Random
from typing import Final

from bench.people import errors, western
from bench.people.characters import pinyin
from bench.people.days import AS_OF, ROWS_FROM, iso
from bench.people.fields import Fields
from bench.people.households import YEAR, Households, Person
from bench.people.names import Name, given_name
from bench.people.names import surname as draw_surname
from bench.people.places import whole
from bench.people.rates import Rates
from bench.people.writing import Row, Source, dated, sources

_NEWBORN_HAN: Final = (
    "{m}之{s}",
    "{m}之{s}",
    "{m}之{s}",
    "{m}之婴",
    "{m}之宝",
    "{m}({w}婴)",
    "新生儿{m}",
    "Baby of {m}",
)
_NEWBORN_WEST: Final = ("Baby of {m}", "Baby {w} {f}", "{f}, Baby {w}", "{m} (baby)", "BABY OF {m}")
_ROWS_MAX: Final = 40


class Writer:
    """Writes rows.  One for a population: it numbers the rows of each source."""

    def __init__(self, town: Households) -> None:
        """Write about the people of ``town`` with its rates and its randomness."""
        self.town = town
        self.rates: Rates = town.rates
        self.random: Random = town.random
        self.fields = Fields(town.rates, town.random)
        self._sources = sources(western=town.rates.western, dialects=town.rates.dialects)
        self._districts = tuple(self._sources.values())
        self._numbered: dict[str, int] = {}

    def rows(self, person: Person) -> list[Row]:
        """Write all rows of one person, in the order of time."""
        rates, draw = self.rates, self.random.random
        first_day = max(ROWS_FROM, person.born)
        count = 1
        age = AS_OF - person.born
        again = rates.again_child if age < 15 * YEAR else rates.again_adult if age < 65 * YEAR else rates.again_elder
        while draw() < again and count < _ROWS_MAX:
            count += 1
        newborn = bool(person.certificate) and draw() < rates.newborn_row and person.mother is not None
        if newborn and count == 1 and draw() < 0.8:
            count = 2
        span = AS_OF - first_day
        days = sorted([first_day + int(draw() * span) for _ in range(count)])
        if newborn:
            days[0] = person.born + int(draw() * min(span, 20))
        home_sources = self.sources_of(person)
        source = home_sources[int(draw() * 4)]
        written: list[Row] = []
        for at, day in enumerate(days):
            if at:
                if draw() < rates.source_same:
                    source = home_sources[int(draw() * 4)]
                else:
                    source = self._districts[int(draw() * len(self._districts))][int(draw() * 4)]
            row = (
                self.newborn(person, day, source) if newborn and not at else self.row(person, day, source, first=not at)
            )
            written.append(row)
        return written

    def row(self, person: Person, day: int, source: Source, *, first: bool) -> Row:
        """Write one row on a day: what is so, then what goes wrong."""
        rates, draw = self.rates, self.random.random
        wrong: list[str] = []
        scale = rates.first_row if first else 1.0
        if not first:
            self._life(person, wrong)
        kind, number, lender = self.fields.number(person, day, scale, wrong)
        named, born_of = person, person
        if lender is not None:  # a borrowed card: one of name and birth date at least is her own
            part = draw()
            named, born_of = (person, person) if part < 0.6 else (person, lender) if part < 0.85 else (lender, person)
        name, name_latin = self.fields.name(named, scale, source, wrong)
        born = self.fields.born(born_of, scale, source, wrong)
        sex = self.fields.sex(named, scale, source, wrong)
        insurance = ""
        if person.insurance and draw() < (rates.insurance_first if first else rates.insurance_kept):
            insurance = person.insurance
            if draw() < rates.insurance_typo * scale:
                insurance = errors.digit(self.random, insurance)
                wrong.append("insurance-typo")
        mother = ""
        if person.mother is not None and day - person.born < 15 * YEAR and draw() < rates.mother_shown:
            mother = told(person.mother)
        phone = self.fields.phone(person, scale, wrong)
        return Row(
            self.truth(person), source.name, self._local(source), iso(day), name, name_latin, born, sex,
            kind, number, insurance, phone, self.fields.address(person, scale, wrong), mother, ";".join(wrong),
        )  # fmt: skip

    def newborn(self, person: Person, day: int, source: Source, form: int | None = None, order: str = "") -> Row:
        """Write a child who has no name yet: her mother's name stands for it, no number but perhaps the certificate.

        ``form`` chooses the wording; ``order`` tells twins apart ("1", "2"), and most sources do not.
        """
        draw, mother = self.random.random, person.mother
        assert mother is not None
        boy = person.sex == "male"
        west = mother.people in western.LISTS
        forms, words = (_NEWBORN_WEST, ("Girl", "Boy")) if west else (_NEWBORN_HAN, ("女", "男"))
        text = forms[int(draw() * len(forms)) if form is None else form % len(forms)]
        name = text.format(m=told(mother), s="子" if boy else "女", w=words[boy], f=mother.name.surname) + order
        shown = draw() < 0.3
        return Row(
            self.truth(person), source.name, self._local(source), iso(day), name, "",
            dated(iso(person.born), source.dates), source.sexes[person.sex],
            "birth-certificate" if shown else "", person.certificate if shown else "", "", mother.phone,
            whole(person.home), told(mother) if draw() < 0.5 else "", "newborn",
        )  # fmt: skip

    def truth(self, person: Person) -> str:
        """Write whose row it is."""
        return f"p{person.truth:08d}"

    def source(self, person: Person) -> Source:
        """Draw a source of a person's district."""
        return self.sources_of(person)[int(self.random.random() * 4)]

    def born(self, person: Person, source: Source) -> str:
        """Write somebody's birth date as a source does, without error."""
        return dated(iso(person.born), source.dates)

    def sources_of(self, person: Person) -> tuple[Source, ...]:
        """List the sources of a person's district."""
        if self.rates.western:
            return self._districts[person.home.number % len(self._districts)]
        return self._sources[person.home.area.code]

    def _local(self, source: Source) -> str:
        number = self._numbered.get(source.name, 0) + 1
        self._numbered[source.name] = number
        return f"{number:07d}"

    def _life(self, person: Person, wrong: list[str]) -> None:
        """Let time pass between two rows: she moves, takes another number or name.  What changes stays."""
        rates, draw, town = self.rates, self.random.random, self.town
        if person.phone and draw() < rates.phone_new:
            if not any(other.phone == person.phone for other in person.family if other is not person):
                town.registry.give_up(person.phone)
            person.phone = town.new_phone(person)
            wrong.append("phone-new")
        if draw() < rates.address_new:
            moved = town.home(person.people)
            if draw() < 0.6 and not rates.western:
                moved = moved._replace(area=person.home.area)
            person.home = moved
            wrong.append("address-new")
        if person.id_kind == "passport" and draw() < rates.passport_new:
            person.id_number = town.registry.passport()
            wrong.append("passport-new")
        part = draw()
        if part < rates.name_renamed and person.people == "han":
            given = given_name(self.random, person.sex, person.year)
            person.name = Name(
                person.name.surname, given, person.name.sound, f"{person.name.sound.title()} {pinyin(given).title()}"
            )
            wrong.append("name-renamed")
        elif part < rates.name_married and person.sex == "female" and AS_OF - person.born > 20 * YEAR:
            if person.people in western.LISTS:
                person.name = western.name(western.surname(self.random, person.people), person.name.given)
            else:
                surname = draw_surname(self.random)
                person.name = Name(surname[0], person.name.given, surname[1], person.name.latin)
            wrong.append("name-married")


def told(person: Person) -> str:
    """Give the name under which somebody is mentioned."""
    return person.name.latin if person.people in western.LISTS else person.name.whole
