"""Messages in and their answers, one day at one hospital, as the golden files have them."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carecode.exchange.hl7 import er7
from carecode.exchange.hl7.inbox import Inbox
from carecode.exchange.hl7.register import HouseRegister
from carecode.kernel.vocabulary import Requester
from tests.exchange.hl7.people import COUNTY

GOLDEN = Path(__file__).parent / "golden"
_OURS = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def inbox(register: HouseRegister, machines: dict[str, Requester]) -> Inbox:
    """A port whose clock stands and whose ids count."""
    count = itertools.count(1)

    async def who(machine: str) -> Requester | None:
        return machines.get(machine)

    return Inbox(
        COUNTY, register, who, lambda: datetime(2026, 11, 24, 1, 0, tzinfo=UTC), lambda size: next(count).to_bytes(size)
    )


async def test_a_day_of_messages(inbox: Inbox) -> None:
    names = sorted(path.name for path in GOLDEN.glob("[0-9]*.sent.hl7"))
    assert len(names) >= 12
    for name in names:
        text = (GOLDEN / name).read_text("utf-8").replace("\n", "\r")
        codec = "gb18030" if "GB 18030" in text else "utf-8"
        answer = (await inbox.answer(text.encode(codec))).decode(codec)
        er7.read(answer.encode(codec))
        masked = _OURS.sub("<our number of her>", answer).replace("\r", "\n")
        assert masked == (GOLDEN / name.replace(".sent.", ".answer.")).read_text("utf-8"), name
