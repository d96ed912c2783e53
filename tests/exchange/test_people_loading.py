"""Files of people into the index on a real PostgreSQL: read whole, matched, told, and nothing twice."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carecode.crypto.keyring import KeyRing
from carecode.exchange.people_loading import PeopleLoader
from carecode.identity.identifiers import hospital_system
from carecode.identity.index import Index
from carecode.store.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HEAD = "姓名,出生日期,性别,电话,病历号,地址\n"
ROWS = (
    "林梅,1985-03-14,女,13100012345,A-1,云岭县人民路12号3单元401\n"
    "王强,1960年5月5日,男,13100012346,A-2,\n"
    "林梅,1985-03-14,2,13100012345,A-3,云岭县人民路12号3单元401\n"
)


@pytest.fixture
def index(database: Database, ring: KeyRing) -> Index:
    return Index(database, ring, secrets.token_bytes)


async def loaded(index: Index, folder: Path, text: str, encoding: str = "utf-8") -> dict[str, object]:
    path = folder / "people.csv"
    path.write_bytes(text.encode(encoding))
    return (await PeopleLoader(index, lambda: NOW).load(path, "county-2")).to_json()


async def test_a_file_is_registered_and_its_duplicate_linked(index: Index, tmp_path: Path) -> None:
    found = await loaded(index, tmp_path, HEAD + ROWS)
    assert {name: found[name] for name in ("registered", "linked", "asked", "known", "refused")} == {
        "registered": 3,
        "linked": 1,
        "asked": 0,
        "known": 0,
        "refused": 0,
    }
    named = await index.resolve(hospital_system("county-2"), "A-3")
    assert named is not None
    assert len(named.keys) == 2
    counts = await index.counts()
    assert (counts["entries"], counts["persons"], counts["unsettled"]) == (3, 2, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
async def test_the_same_file_again_changes_nothing(index: Index, tmp_path: Path, encoding: str) -> None:
    await loaded(index, tmp_path, HEAD + ROWS, encoding)
    before = await index.counts()
    again = await loaded(index, tmp_path, HEAD + ROWS, encoding)
    assert (again["registered"], again["known"]) == (0, 3)
    assert await index.counts() == before


async def test_rows_without_a_number_of_their_own_are_known_again_too(index: Index, tmp_path: Path) -> None:
    text = "name,birth date\nZhou Xue,1990-03-07\nWang Qiang,1960-05-05\n"
    assert (await loaded(index, tmp_path, text))["registered"] == 2
    assert (await loaded(index, tmp_path, text))["known"] == 2


async def test_a_broken_line_is_named_and_loses_nothing_else(index: Index, tmp_path: Path) -> None:
    found = await loaded(index, tmp_path, HEAD + ROWS.replace("王强,", '王"强,x\x00,') + "周雪,1990-03-07,女,,A-9,\n")
    assert (found["registered"], found["refused"]) == (3, 1)
    assert found["refusals"][0]["line"] == 3  # type: ignore[index]


async def test_what_stands_for_everybody_links_nobody(index: Index, tmp_path: Path) -> None:
    """300 people with one telephone, one date and one number that no rule allows."""
    signs = "梅兰竹菊松柏桃李杏桂枫榆柳槐楠"
    rows = "".join(
        f"{signs[n % 15]}{signs[n // 15 % 15]}{signs[(n * 7 + n // 225) % 15]},1900-01-01,,13800000000,B-{n},无\n"
        for n in range(300)
    )
    found = await loaded(index, tmp_path, HEAD + rows)
    assert (found["registered"], found["linked"]) == (300, 0)


async def test_a_file_that_is_none_of_people_is_said_to_be(index: Index, tmp_path: Path) -> None:
    found = await loaded(index, tmp_path, "a,b\n1,2\n")
    assert found["registered"] == 0
    assert "people" in str(found["failure"])
