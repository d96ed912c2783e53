"""Numbers that somebody holds: which statement counts, and where a replaced number leads."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.held import Assurance, Held, Key, leading_to, replacements, resolve, settle, winner
from carecode.identity.identifiers import Identifier, hospital_system, parse
from carecode.kernel.errors import ConflictError, InvalidInputError

TODAY = date(2026, 11, 24)
CARD = parse("citizen-id", "990105194912310023")
OLD_CARD = parse("citizen-id", "990105491231002")
PERMIT = [parse("hm-permit", f"H12345678{issue}") for issue in ("", "01", "02")]
PASSPORTS = [parse("passport", f"E0000000{n}") for n in range(4)]
HOSPITAL = parse(hospital_system("county-2"), "C2-048117")
DOUBTFUL = parse("citizen-id", "990105194912310024")
NUMBERS = [CARD, OLD_CARD, *PERMIT, *PASSPORTS, HOSPITAL, DOUBTFUL]


def held(number: Identifier, assurance: Assurance = Assurance.SEEN, **rest: object) -> Held:
    return Held(number, assurance, **{"source": "county-2", **rest})  # type: ignore[arg-type]


def key(number: Identifier) -> Key:
    return number.system, number.canonical


DAYS = st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2030, 1, 1)))


@st.composite
def statements(draw: st.DrawFn) -> Held:
    number = draw(st.sampled_from(NUMBERS))
    first, last = draw(DAYS), draw(DAYS)
    if first is not None and last is not None and last < first:
        first, last = last, first
    by = draw(st.one_of(st.none(), st.sampled_from([each for each in NUMBERS if key(each) != key(number)])))
    return Held(
        number,
        draw(st.sampled_from(Assurance)),
        draw(st.sampled_from(["county-2", "city-1"])),
        first,
        last,
        None if by is None else key(by),
    )


LISTS = st.lists(statements(), max_size=8)


@given(LISTS, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(given_: list[Held], chance: object) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert settle(shuffled, TODAY) == settle(given_, TODAY)
    assert winner(shuffled, TODAY) == winner(given_, TODAY)
    assert replacements(shuffled) == replacements(given_)


@given(LISTS)
def test_what_was_settled_stays_and_loses_no_number(given_: list[Held]) -> None:
    settled = settle(given_, TODAY)
    assert settle(settled, TODAY) == settled
    assert {each.key for each in settled} == {each.key for each in given_}
    assert len({each.key for each in settled}) == len(settled)


@given(LISTS)
def test_the_winner_is_hers_today_and_nothing_better_is(given_: list[Held]) -> None:
    won = winner(given_, TODAY)
    able = [each for each in settle(given_, TODAY) if each.in_force(TODAY) and each.identifier.holds]
    assert (won is None) == (not able)
    if won is not None:
        assert won.superseded_by is None
        assert won.identifier.level == max(each.identifier.level for each in able)
        assert won.key not in replacements(given_)


@given(LISTS, st.sampled_from(NUMBERS))
def test_a_trail_ends_or_is_a_circle(given_: list[Held], start: Identifier) -> None:
    trails = replacements(given_)
    try:
        end = resolve(key(start), given_)
    except ConflictError:
        seen, at = set(), key(start)
        while at not in seen:
            seen.add(at)
            at = trails[at]
    else:
        assert end not in trails
        assert resolve(end, given_) == end


def test_a_number_replaced_twice_leads_to_the_last_and_all_lead_there() -> None:
    first, second, third, other = (key(each) for each in PASSPORTS)
    chain = [held(PASSPORTS[0], superseded_by=second), held(PASSPORTS[1], superseded_by=third), held(PASSPORTS[2])]
    assert [resolve(each, chain) for each in (first, second, third, other)] == [third, third, third, other]
    assert leading_to(first, chain) == {first, second, third}
    assert leading_to(other, chain) == {other}
    assert winner(chain, TODAY) == chain[2]


def test_numbers_that_replace_each_other_are_for_the_steward() -> None:
    circle = [
        held(PASSPORTS[0], superseded_by=key(PASSPORTS[1])),
        held(PASSPORTS[1], superseded_by=key(PASSPORTS[0])),
    ]
    with pytest.raises(ConflictError) as refusal:
        resolve(key(PASSPORTS[0]), circle)
    assert refusal.value.code == "numbers-in-a-circle"


def test_both_forms_of_a_citizen_number_are_one() -> None:
    settled = settle([held(OLD_CARD, Assurance.SELF_STATED), held(CARD, Assurance.READ_BY_DEVICE)], TODAY)
    assert [(each.identifier, each.assurance) for each in settled] == [(CARD, Assurance.READ_BY_DEVICE)]


def test_of_two_forms_the_one_that_is_looked_up_is_kept_whatever_the_order() -> None:
    for both in ([held(OLD_CARD), held(CARD)], [held(CARD), held(OLD_CARD)]):
        assert settle(both, TODAY) == (held(CARD),)
    letters = [held(parse("tw-permit", f"1234567802({letter})")) for letter in "AB"]
    assert settle(letters, TODAY) == settle(letters[::-1], TODAY)


def test_a_replaced_card_stays_replaced_when_another_source_does_not_know() -> None:
    new = key(PASSPORTS[1])
    knows = held(PASSPORTS[0], Assurance.SEEN, superseded_by=new)
    for assurance in Assurance:
        does_not = held(PASSPORTS[0], assurance, source="city-1")
        assert settle([knows, does_not], TODAY)[0].superseded_by == new


@pytest.mark.parametrize("seen", [Assurance.SEEN, Assurance.READ_BY_DEVICE, Assurance.VERIFIED])
def test_a_claim_takes_no_number_from_her_that_was_seen(seen: Assurance) -> None:
    claim = held(CARD, Assurance.SELF_STATED, superseded_by=key(PASSPORTS[0]), source="city-1")
    assert winner([held(CARD, seen), claim], TODAY) == held(CARD, seen)
    assert resolve(key(CARD), [held(CARD, seen), claim]) == key(CARD)
    assert resolve(key(CARD), [claim]) == key(PASSPORTS[0])


def test_kind_then_assurance_then_issue_then_the_later_beginning() -> None:
    everything = [held(HOSPITAL, Assurance.VERIFIED), held(PERMIT[1], Assurance.SELF_STATED)]
    assert winner(everything, TODAY) == everything[1]
    assert winner([held(PASSPORTS[0]), held(PASSPORTS[1], Assurance.VERIFIED)], TODAY) == held(
        PASSPORTS[1], Assurance.VERIFIED
    )
    assert winner([held(PERMIT[1]), held(PERMIT[2]), held(PERMIT[0])], TODAY) == held(PERMIT[2])
    assert winner([held(PERMIT[1], valid_from=TODAY), held(PERMIT[2])], TODAY) == held(PERMIT[2])
    older, newer = (held(PASSPORTS[n], valid_from=date(2020 + 5 * n, 1, 1)) for n in (0, 1))
    assert winner([newer, older], TODAY) == newer


def test_a_doubtful_number_never_stands_for_her() -> None:
    assert winner([held(DOUBTFUL, Assurance.VERIFIED)], TODAY) is None
    assert winner([held(DOUBTFUL, Assurance.VERIFIED), held(HOSPITAL)], TODAY) == held(HOSPITAL)
    assert winner([], TODAY) is None


@pytest.mark.parametrize(
    ("first", "last", "hers"),
    [(None, None, True), (0, 0, True), (1, None, False), (None, -1, False), (None, 0, True), (-9, 9, True)],
)
def test_both_days_of_a_period_belong_to_it(first: int | None, last: int | None, *, hers: bool) -> None:
    def day(offset: int | None) -> date | None:
        return None if offset is None else TODAY + timedelta(days=offset)

    assert held(CARD, valid_from=day(first), valid_to=day(last)).in_force(TODAY) is hers


def test_a_number_that_ends_before_it_begins_or_replaces_itself_is_refused() -> None:
    with pytest.raises(InvalidInputError) as backwards:
        held(CARD, valid_from=TODAY, valid_to=TODAY - timedelta(days=1))
    with pytest.raises(InvalidInputError) as itself:
        held(OLD_CARD, superseded_by=key(CARD))
    assert (backwards.value.code, itself.value.code) == ("number-period", "number-replaces-itself")


def test_no_number_is_shown_when_a_statement_is_printed() -> None:
    shown = repr(held(CARD, superseded_by=key(PASSPORTS[0])))
    assert CARD.value not in shown
    assert PASSPORTS[0].value not in shown
