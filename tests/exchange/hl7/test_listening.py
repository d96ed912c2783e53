"""The file of ports, and ports opened on a real house."""

from __future__ import annotations

import asyncio
import json
import secrets
from pathlib import Path

import msgspec
import pytest

from carecode.app import App
from carecode.cli.listening import DEMO, listening, ports
from carecode.disclosure.people import Organisation, Staff
from carecode.exchange.hl7.inbox import WHO_KEPT
from carecode.exchange.mllp import END, PORT, framed
from carecode.kernel.errors import ConflictError, InvalidInputError
from carecode.kernel.vocabulary import Role
from tests.exchange.hl7.people import add, fields, person, said

GOOD = {
    "organisation": "county-2",
    "machine": "county-2/system",
    "systems": [["HIS", "COUNTY2"]],
    "authority": "COUNTY2",
    "port": 0,
}


def written(folder: Path, content: object) -> Path:
    path = folder / "hl7.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_a_port_is_2575_unless_another_is_named(tmp_path: Path) -> None:
    [one] = ports(written(tmp_path, [{name: value for name, value in GOOD.items() if name != "port"}]))
    assert one.port == PORT == 2575
    assert one.correspondent().systems == {("HIS", "COUNTY2")}


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        [GOOD, GOOD],
        [GOOD | {"port": 70000}],
        [GOOD | {"systems": []}],
        [GOOD | {"authority": ""}],
        [GOOD | {"authority": "CARECODE"}],
        [GOOD | {"trust": True}],
        [{name: value for name, value in GOOD.items() if name != "machine"}],
    ],
    ids=["none", "no list", "twice", "high", "no system", "no authority", "our authority", "unknown", "no machine"],
)
def test_a_file_that_cannot_work_stops_the_start(tmp_path: Path, content: object) -> None:
    with pytest.raises(InvalidInputError):
        ports(written(tmp_path, content))


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        ports(tmp_path / "none.json")


def test_the_demo_towns_port_can_work() -> None:
    assert [each.correspondent().organisation for each in DEMO] == ["county-2"]


async def test_a_port_answers_as_long_as_the_organisations_computer_may_ask(house: App, tmp_path: Path) -> None:
    await house.people.put_organisation(Organisation("county-2", "County 2", "县二院", "hospital"))
    await house.people.put_staff(Staff("county-2/system", "county-2", Role.SYSTEM, "A computer", "", "", ""))
    async with listening(house, ports(written(tmp_path, [GOOD])), secrets.token_bytes) as [listener]:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)

        async def send(message: bytes) -> bytes:
            writer.write(framed(message))
            return (await reader.readuntil(END))[1:-2]

        assert said(await send(add("1", person("M1")))) == "AA"
        await house.people.put_staff(Staff("county-2/system", "county-2", Role.DESK, "A computer", "", "", ""))
        await asyncio.sleep(WHO_KEPT.total_seconds())
        closed = await send(add("2", person("M2")))
        assert (said(closed), fields(closed, "ERR")[0][5]) == ("AR", "sender-closed")
        taken = msgspec.structs.replace(DEMO[0], port=listener.port)
        with pytest.raises(ConflictError):
            await listening(house, [taken], secrets.token_bytes).__aenter__()
        writer.close()
    assert await house.index.count() == 1
