"""What goes out: to whom it may, with the receiver's own numbers, byte for byte as the golden files have it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from carecode.exchange.hl7 import er7
from carecode.exchange.hl7.answers import Stamp
from carecode.exchange.hl7.telling import Numbers, Out, changed, linked, registered, renumbered, unlinked
from carecode.kernel.vocabulary import Card
from tests.exchange.hl7.people import CITY, COUNTY

GOLDEN = Path(__file__).parent / "golden"
CARD = Card("林梅", "Mei Lin", date(1985, 3, 14), "female", "0123456789abcdef0123456789abcdef")
OTHER = Card("周岚", "", None, "unknown", "fedcba9876543210fedcba9876543210")
ONE = Numbers(("M1", "M9"), CARD.pseudonym)
TWO = Numbers(("M2",), OTHER.pseudonym)
NOBODY = Numbers(())
AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def stamps() -> Callable[[], Stamp]:
    count = itertools.count(1)
    return lambda: Stamp(AT, f"OUT{next(count)}")


def golden(name: str, outs: tuple[Out, ...]) -> None:
    """Compare with a file, whose line ends are those of files."""
    text = b"".join(out.message for out in outs).decode().replace("\r", "\n")
    assert text == (GOLDEN / f"out_{name}.hl7").read_text("utf-8")
    for out in outs:
        read = er7.read(out.message)
        assert (read.header.text(9, 2), read.header.text(10)) == (out.event, out.control_id)


def test_golden_messages_out() -> None:
    golden("a28", registered(COUNTY, ONE, CARD, stamps()()))
    golden("a31", changed(COUNTY, TWO, OTHER, stamps()()))
    golden("a47", renumbered(COUNTY, ONE, "M0", stamps()()))
    golden("a40", linked(COUNTY, ONE, TWO, stamps()))
    golden("a37", unlinked(CITY, ONE, TWO, (CARD, OTHER), stamps())[0])
    told, [item] = unlinked(COUNTY, ONE, TWO, (CARD, OTHER), stamps())
    golden("unlinked_a31", told)
    assert (item.receiver, item.own) == ("county-2", ("M1", "M9", "M2"))
    assert not any(number in item.words for number in item.own)


def test_whoever_holds_no_number_is_told_nothing() -> None:
    assert registered(COUNTY, NOBODY, CARD, stamps()()) == ()
    assert changed(COUNTY, NOBODY, CARD, stamps()()) == ()
    assert renumbered(COUNTY, NOBODY, "M0", stamps()()) == ()
    for pair in ((ONE, NOBODY), (NOBODY, TWO), (NOBODY, NOBODY)):
        assert linked(COUNTY, *pair, stamps()) == ()
        assert unlinked(COUNTY, *pair, (CARD, OTHER), stamps()) == ((), ())
        assert unlinked(CITY, *pair, (CARD, OTHER), stamps()) == ((), ())


def test_links_and_new_numbers_carry_no_name() -> None:
    outs = (*linked(COUNTY, ONE, TWO, stamps()), *renumbered(COUNTY, ONE, "M0", stamps()()))
    outs += unlinked(CITY, ONE, TWO, (CARD, OTHER), stamps())[0]
    assert len(outs) == 3
    assert not any(word.encode() in out.message for out in outs for word in ("林", "周", "Lin", "1985"))


def test_a_link_is_told_once_for_each_number_that_ends() -> None:
    assert [out.control_id for out in linked(COUNTY, TWO, ONE, stamps())] == ["OUT1", "OUT2"]
    assert linked(COUNTY, ONE, Numbers(("M9",)), stamps()) == ()


@pytest.mark.parametrize("name", ["林|梅", "林\r梅", "林^梅~兰&竹\\"])
def test_a_name_cannot_break_a_message(name: str) -> None:
    card = Card(name, "", None, "female", "")
    [out] = registered(COUNTY, TWO, card, stamps()())
    read = er7.read(out.message)
    assert [len(read.all(segment)) for segment in ("EVN", "PID", "PV1")] == [1, 1, 1]
    assert read.one("PID").text(5) == name.replace("\r", " ")
