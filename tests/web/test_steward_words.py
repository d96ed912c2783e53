"""What stewards read: every level, rule and event has words, bars add up, differences are cut where they are."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.disclosure.stewards_rules import (
    DIFFERENT,
    SAME,
    UNSURE,
    Share,
    Urgency,
    decided,
    documents_disagree,
    is_blind,
    leaning,
    urgency_of,
)
from carecode.identity.identifiers import parse
from carecode.identity.linking import telling
from carecode.identity.linking.deciding import Weighed
from carecode.identity.linking.events import Kind, Mark
from carecode.identity.linking.guards import RULES
from carecode.identity.linking.levels import BY_NAME, FIELDS
from carecode.web.steward import said
from carecode.web.steward.facts import pieces
from carecode.web.steward.waterfall import MINUS, PRIOR, TOTAL, WIDTH, odds, strength, waterfall
from tests.cli.test_linking import random_decisions
from tests.disclosure.comparing import CITIZEN, OTHER_CITIZEN, with_check

BITS = st.floats(-60, 60)


def weighed(bits: dict[str, float], prior: float = -17.0, rule: str = "", *, certain: bool = False) -> Weighed:
    levels = dict.fromkeys(FIELDS, "missing")
    return Weighed("p", "r", levels, bits, prior + sum(bits.values()), rule, "free", certain)


def test_every_level_rule_mark_and_event_has_words() -> None:
    assert {name: set(levels) for name, levels in said.LEVEL.items()} == {x: set(BY_NAME[x]) for x in FIELDS}
    assert set(said.FIELD) == {*FIELDS, PRIOR, TOTAL}
    assert dict(said.RULE) == RULES  # the same sentences, marked for translation
    assert set(said.EVENT) == set(Kind)
    assert set(said.MARK) == set(Mark)
    assert set(said.URGENCY) == set(Urgency)
    sides = {f"{size}-{side}" for size in ("some", "strong", "very") for side in ("one", "two")}
    assert set(said.STRENGTH) == {"number", "even", *sides}


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, BITS)), BITS)
def test_bars_follow_each_other_and_end_where_the_decision_did(bits: dict[str, float], prior: float) -> None:
    one = weighed(bits, prior)
    fall = waterfall(one)
    assert [bar.field for bar in fall.bars] == [PRIOR, *FIELDS, TOTAL]
    assert [bar.bits for bar in fall.bars[1:-1]] == [bits[name] for name in FIELDS]
    assert fall.bars[-1].bits == one.total
    assert fall.bars[-2].ends == pytest.approx(one.total, abs=1e-6)
    assert sum(bar.bits for bar in fall.bars[:-1]) == pytest.approx(one.total, abs=1e-6)
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 0.02 for bar in fall.bars)
    assert 0 <= fall.zero <= WIDTH


def test_the_page_and_the_command_show_the_same_numbers() -> None:
    """Of 1,000 decisions: every line that ``link explain`` prints is a bar of the page, in the same order and words."""
    seen = 0
    for decision in random_decisions(1_000):
        for one in filter(None, (decision.best, *decision.also)):
            steps, bars = telling.waterfall(one), waterfall(one).bars
            assert [(step.field, step.bits, step.running_total) for step in steps] == [
                (bar.field, bar.bits, bar.ends) for bar in bars[:-1]
            ]
            assert [telling.signed(step.bits) for step in steps] == [bar.text.replace(MINUS, "-") for bar in bars[:-1]]
            assert (bars[-1].bits, bars[-1].field) == (one.total, TOTAL)
            seen += 1
    assert seen > 900


@pytest.mark.parametrize(
    ("prior", "certain", "words"),
    [(18.2, False, "very-one"), (8, False, "strong-one"), (3, False, "some-one"), (0.5, False, "even"),
     (-3, False, "some-two"), (-9, False, "strong-two"), (-20, False, "very-two"), (-3, True, "number")],
)  # fmt: skip
def test_the_headline_says_which_side_and_how_strongly(prior: float, certain: bool, words: str) -> None:  # noqa: FBT001
    assert strength(weighed({}, prior, certain=certain)) == words


def test_odds_are_round_and_bounded() -> None:
    assert [odds(x) for x in (0, 1, 10, 18.2, 400, -400)] == [1, 2, 1000, 300_000, 1_000_000, 1_000_000]


@given(st.text(max_size=30), st.text(max_size=30))
def test_pieces_are_the_whole_value_and_equal_values_have_no_mark(own: str, other: str) -> None:
    assert "".join(piece.text for piece in pieces(own, other)) == own
    assert not any(piece.differs for piece in pieces(own, own))
    if own and other and own != other:
        assert any(x.differs for x in (*pieces(own, other), *pieces(other, own)))


@pytest.mark.parametrize(
    ("words", "needs", "agreed"),
    [([], 1, None), ([SAME], 1, SAME), ([UNSURE], 1, None), ([UNSURE, DIFFERENT], 1, DIFFERENT), ([SAME], 2, None),
     ([SAME, DIFFERENT], 2, None), ([SAME, DIFFERENT, DIFFERENT], 2, DIFFERENT), ([UNSURE, UNSURE], 2, None)],
)  # fmt: skip
def test_as_many_as_are_needed_must_agree(words: list[str], needs: int, agreed: str | None) -> None:
    assert decided(words, needs) == agreed


def test_two_documents_disagree_only_where_both_hold_and_a_person_has_one() -> None:
    one, other = parse("citizen-id", with_check(CITIZEN)), parse("citizen-id", with_check(OTHER_CITIZEN))
    broken = parse("citizen-id", OTHER_CITIZEN[:17] + ("0" if with_check(OTHER_CITIZEN)[17] != "0" else "1"))
    passports = [parse("passport", number) for number in ("E12345678", "E12345690")]
    assert documents_disagree([one], [other])
    assert not documents_disagree([one], [one])
    assert not documents_disagree([one], [broken])
    assert not documents_disagree([one], [])
    assert not documents_disagree([passports[0]], [passports[1]])  # issued again


def test_urgency_and_leaning() -> None:
    assert urgency_of([], 2, documents=True) is Urgency.DOCUMENTS
    assert urgency_of([weighed({}, rule="two-numbers-one-name")], 2, documents=False) is Urgency.DOCUMENTS
    assert urgency_of([weighed({}, rule="twins")], 3, documents=False) is Urgency.CAREFUL
    assert urgency_of([], 3, documents=False) is Urgency.SEVERAL
    assert urgency_of([weighed({}, rule="namesakes")], 2, documents=False) is Urgency.PLAIN
    assert [leaning(x) for x in (None, weighed({}, 1), weighed({}, -1), weighed({}, -1, certain=True))] == [
        None, SAME, DIFFERENT, SAME,
    ]  # fmt: skip
    assert (Share(41, 44).percent, Share(0, 0).percent) == (93, 0)
    assert [is_blind(UUID(int=x)) for x in (4, 5, 104)] == [True, False, True]
