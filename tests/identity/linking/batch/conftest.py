"""Records of all kinds, and both ways to link them: one by one in memory, and in statements."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from bench.index_batch_people import record_of
from bench.people.population import population
from bench.people.rates import NAMED
from carecode.identity.linking.batch.columns import table_of
from carecode.identity.linking.batch.engines import DuckEngine
from carecode.identity.linking.batch.link import Linked, link
from carecode.identity.linking.features import Features, Placeholder, Precision
from carecode.identity.linking.gathering import Records
from carecode.identity.linking.model import Model, shipped
from carecode.identity.linking.standardise import standardise

SIZE = 5_000  # of each population
MIXED = 1_500  # records whose every field is drawn from a handful


@pytest.fixture(scope="session")
def records() -> list[Features]:
    found: list[Features] = []
    for seed, rates in enumerate(NAMED.values(), 21):
        found.extend(standardise(record_of(row)) for row in population(SIZE, seed, rates))
    random = Random(7)
    found.extend(mixed(random) for _ in range(MIXED))
    return found


@pytest.fixture(scope="session")
def one_by_one(records: list[Features]) -> Records:
    return Records(records)


@pytest.fixture(scope="session")
def model() -> Model:
    return shipped()


@pytest.fixture(scope="session")
def engine() -> Iterator[DuckEngine]:
    with DuckEngine() as one:
        yield one


@pytest.fixture(scope="session")
def linked(engine: DuckEngine, records: list[Features], model: Model) -> Linked:
    return link(engine, table_of(enumerate(records)), model)


def mixed(random: Random) -> Features:
    """Draw each field from a few values that meet each other in every way there is."""

    def of(*values: str) -> str:
        return random.choice(("", *values))

    kind = of("citizen-id", "citizen-id-15", "passport", "military-id")
    number = of("990105198503120026", "990105198503120042", "990105198503120062", "990105197001010015", "南字第1", "12")
    born = of("19850312", "19851203", "19850101", "19850502", "19860312", "198503", "1985", "19850321", "19850322")
    precision = {8: Precision.DAY, 6: Precision.MONTH, 4: Precision.YEAR, 0: Precision.NONE}[len(born)]
    return Features(
        number=number if kind else "",
        number_kind=kind if number else "",
        number_holds=random.random() < 0.6,
        other_number=of("a|1234567", "a|1234576", "b|1234567", "a|99", "a|12345678", "c|x|y"),
        name=of(
            *(
                "林晓梅",
                "林晓红",
                "林梅",
                "林?梅",
                "梅晓林",
                "司马晓梅",
                "晓梅",
                "lin xiaomei",
                "anna smith",
                "anna smyth",
            ),
            *("smith", "smyth", "anna maria smith", "annasmith", "élodie dupont", "o'neil pat", "𠮷晓梅", "ann smit"),
        ),
        surname=of("林", "司马", "smith", "smyth", "anna", "lin"),
        given=of("晓梅", "晓红", "梅", "anna", "smith", "林", "annabella", "annabelle"),
        pinyin=of("linxiaomei", "xiaomeilin", "linmei"),
        given_pinyin=of("xiaomei", "lin", "mei"),
        placeholder=random.choice((Placeholder.NOT,) * 8 + tuple(Placeholder)),
        mother=of("林梅", "王芳"),
        birth_order=of("1", "2"),
        born=born,
        born_precision=precision,
        born_lunar=of("19850312", "19850502"),
        sex=of("male", "female"),
        phone=of(*(f"1390000{number:04d}" for number in range(60))),
        door=of(
            *(f"{number}oakstreet" for number in range(30)), "12oakstret", "梧桐路12号3单元401", "梧桐道12号3单元401"
        ),
        locality=of("990105", "990106", "north"),
        street=of("oakstreet", "oakstret", "elmstreet", "梧桐路", "north"),
        postcode=of("2000", "2001"),
    )
