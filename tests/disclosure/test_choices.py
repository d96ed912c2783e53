"""What may be wished, what follows from it, and which rows bear it: the pure rules of her decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.disclosure.choices import BITS, HERS, KINDS, LABELS, OFFERED, Kind, Whom, Wish, checked
from carecode.disclosure.closing import steps
from carecode.disclosure.consequences import KEYS, consequence
from carecode.disclosure.decisions import Decision, holding
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Category, Closed
from carecode.web.my.deciding import CHOICES, CONSEQUENCES, QUESTIONS
from carecode.web.said import KINDS_OF_ENTRIES

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ENTRY = UUID(int=1)


def test_every_kind_choice_and_consequence_has_its_words() -> None:
    assert set(CONSEQUENCES) == KEYS
    assert set(QUESTIONS) == set(Kind)
    spoken = {(kind, choice) for kind, choice in CHOICES if kind is not Kind.WINDOW}
    assert spoken == {(kind, choice) for kind, row in KINDS.items() for choice in row.words if kind is not Kind.WINDOW}
    assert set(KINDS_OF_ENTRIES) == OFFERED
    assert all((Kind.WINDOW, days) in CHOICES for days in ("0", "365"))


# What may be wished


def wishes() -> list[Wish]:
    """One wish for each choice of each kind."""
    abouts = {"": "", "category": "6", "label": "1", "resource": str(ENTRY)}
    whom = {Whom.ALL: "", Whom.EITHER: "", Whom.INSTITUTION: "county-2", Whom.PERSON: "doctor"}
    return [
        Wish(kind, choice, whom[row.whom], abouts[row.about])
        for kind, row in KINDS.items()
        for choice in (*row.words, *(("30",) if kind is Kind.WINDOW else ()))
    ]


@pytest.mark.parametrize("wish", wishes(), ids=str)
def test_every_choice_may_be_wished_and_has_a_consequence(wish: Wish) -> None:
    assert checked(wish, NOW).from_at == NOW
    said = consequence(wish).keys
    assert said[-1] == "back"
    assert len(said) > 1
    assert set(said) <= KEYS


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(Kind.INSTITUTION, "burn", "county-2"), "choice-unknown"),
        (Wish(Kind.INSTITUTION, "refuse"), "choice-whom"),
        (Wish(Kind.EMERGENCY, "no", "county-2"), "choice-whom"),
        (Wish(Kind.PERSON, "refuse", "doctor\x00"), "choice-whom"),
        (Wish(Kind.PERSON, "refuse", "\x1b[2Jdoctor"), "choice-whom"),
        (Wish(Kind.CATEGORY, "close", about="12"), "choice-about"),
        (Wish(Kind.CATEGORY, "close", about="1"), "choice-about"),  # who she is, which no page offers
        (Wish(Kind.LABEL, "open", about="3"), "choice-about"),  # two labels at once
        (Wish(Kind.LABEL, "open", about="1024"), "choice-about"),  # not a label
        (Wish(Kind.ENTRY, "hide", about="x"), "choice-about"),
        (Wish(Kind.EMERGENCY, "no", about="1"), "choice-about"),
        (Wish(Kind.WINDOW, "366"), "choice-unknown"),
        (Wish(Kind.WINDOW, "-1"), "choice-unknown"),
        (Wish(Kind.WINDOW, "٣"), "choice-unknown"),
        (Wish(Kind.EMERGENCY, "no", from_at=NOW + DAY, until_at=NOW + HOUR), "dates-contradict"),
        (Wish(Kind.EMERGENCY, "no", from_at=NOW + DAY, until_at=NOW + DAY), "dates-contradict"),
        (Wish(Kind.EMERGENCY, "no", from_at=NOW - 2 * DAY), "dates-past"),
        (Wish(Kind.EMERGENCY, "no", until_at=NOW - HOUR), "dates-past"),
        (Wish(Kind.EMERGENCY, "no", until_at=NOW + 200 * 365 * DAY), "dates-far"),
    ],
)
def test_what_says_nothing_clear_is_refused_in_words(wish: Wish, code: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        checked(wish, NOW)
    assert error.value.code == code
    assert error.value.message.endswith(".")
    assert "Go back" not in error.value.message  # a command has no page to go back to


def test_the_log_never_says_what_is_closed() -> None:
    """Neither a label nor a category nor an entry stands in what her log calls a decision."""
    for wish in wishes():
        words = set(wish.basis.lower().split())
        assert not words & {label.name.lower() for label in LABELS if label.name}
        assert not words & {category.name.lower() for category in Category}
        assert str(ENTRY) not in wish.basis
        assert wish.basis == wish.basis.strip() != ""


# Which of several holds


def decision(number: int, kind: Kind, about: UUID, choice: str, by: str, *, marked: bool, ended: bool) -> Decision:
    made = NOW - (100 - number) * timedelta(minutes=1)
    return Decision(
        UUID(int=100 + number), kind, "", str(about), choice, made, None, made, by, NOW if ended else None, None, marked
    )


ROWS = [(UUID(int=10 + entry), UUID(int=visit)) for visit in (1, 2) for entry in (visit * 2, visit * 2 + 1)]


@st.composite
def decided(draw: st.DrawFn) -> list[Decision]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from([Kind.ENTRY, Kind.VISIT]))
        about = draw(st.sampled_from([row[0 if kind is Kind.ENTRY else 1] for row in ROWS]))
        choice = draw(st.sampled_from(sorted(KINDS[kind].words)))
        by = draw(st.sampled_from(["self", "delegate:x"]))
        found.append(decision(number, kind, about, choice, by, marked=False, ended=draw(st.booleans())))
    return found


def borne(decisions: Sequence[Decision], rows: dict[UUID, Closed]) -> list[Decision]:
    """Put decisions on rows as the gate would, and mark them as her door does."""
    visit_of = dict(ROWS)
    for step in steps(decisions, NOW):
        for row, bits in rows.items():
            if (row if step.kind is Kind.ENTRY else visit_of[row]) in step.abouts:
                rows[row] = bits & ~step.take | step.put
    held = {x.id for x in holding(decisions, NOW)}
    return [_with(x, marked=x.id in held) for x in decisions if x.id in held]


def _with(one: Decision, *, marked: bool, ended: bool | None = None) -> Decision:
    done = one.ended_at if ended is None else (NOW if ended else None)
    return Decision(
        one.id, one.kind, one.whom, one.about, one.choice, one.from_at, one.until_at, one.made_at, one.made_by, done,
        None, marked,
    )  # fmt: skip


def wanted(decisions: Sequence[Decision], entry: UUID, visit: UUID) -> Closed:
    """Say what a row must bear: its entry's decision, else its visit's; kept visits besides."""
    held = {(x.kind, x.about): x.choice for x in holding(decisions, NOW)}
    of_entry, of_visit = held.get((Kind.ENTRY, str(entry))), held.get((Kind.VISIT, str(visit)))
    bits = BITS[of_entry] if of_entry is not None else BITS[of_visit or "show"] & HERS
    return bits | (BITS["keep"] if of_visit == "keep" else Closed(0))


@given(decided(), st.data())
def test_the_rows_bear_what_she_decided_last_and_nothing_else(decisions: list[Decision], data: st.DataObject) -> None:
    """Twice over: from bare rows, then after some decisions ended and their marks were left."""
    rows = {entry: Closed(0) for entry, _ in ROWS}
    marked = borne(decisions, rows)
    assert rows == {entry: wanted(decisions, entry, visit) for entry, visit in ROWS}
    later = [_with(x, marked=True, ended=data.draw(st.booleans())) for x in marked]
    borne(later, rows)
    assert rows == {entry: wanted(later, entry, visit) for entry, visit in ROWS}


def test_an_entry_taken_back_falls_back_to_what_holds_for_its_visit() -> None:
    entry, visit = ROWS[0]
    hidden = decision(1, Kind.VISIT, visit, "hide", "self", marked=False, ended=False)
    shown = decision(2, Kind.ENTRY, entry, "show", "self", marked=False, ended=False)
    rows = {one: Closed(0) for one, _ in ROWS}
    marked = borne([hidden, shown], rows)
    assert rows[entry] == Closed(0)
    borne([_with(x, marked=True, ended=x.kind is Kind.ENTRY) for x in marked], rows)
    assert rows[entry] == Closed.HIDDEN
