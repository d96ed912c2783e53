from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking import telling
from carecode.identity.linking.deciding import Candidate, Decision, Outcome, Weighed, decide
from carecode.identity.linking.features import Features
from carecode.identity.linking.guards import RULES
from carecode.identity.linking.levels import BY_NAME, FIELDS
from carecode.identity.linking.telling import LABELS, PRIOR, WORDS, conclusion, guard_words, signed, waterfall
from tests.identity.linking.test_deciding import MODEL, decided, nothing_common
from tests.identity.linking.test_guards import BROTHER, NO_NUMBER, OTHER_NUMBER
from tests.identity.linking.test_levels import LIN, any_features, change


def test_every_field_and_level_has_words_and_nothing_else_does() -> None:
    assert {field: list(levels) for field, levels in WORDS.items()} == {
        field: list(levels) for field, levels in BY_NAME.items()
    }
    assert list(LABELS) == [PRIOR, *FIELDS]


@given(any_features(), st.lists(st.tuples(st.sampled_from("abc"), any_features()), max_size=4))
def test_the_steps_add_up_to_the_stored_sum_and_survive_storing(
    record: Features, others: list[tuple[str, Features]]
) -> None:
    candidates = [Candidate(person, str(place), other) for place, (person, other) in enumerate(others)]
    decision = decide(record, candidates, MODEL, nothing_common)
    stored = msgspec.json.decode(msgspec.json.encode(decision), type=Decision)
    assert waterfall(stored) == waterfall(decision)
    assert conclusion(stored) == conclusion(decision)
    for weighed in filter(None, (decision.best, *decision.also)):
        steps = waterfall(weighed)
        assert [step.field for step in steps] == [PRIOR, *FIELDS]
        assert {step.field: step.bits for step in steps[1:]} == weighed.bits
        assert {step.field: step.level for step in steps[1:]} == weighed.levels
        assert steps[-1].running_total == weighed.total
        assert steps[0].bits == pytest.approx(MODEL.prior_bits)
        running = 0.0
        for step in steps:
            running += step.bits
            assert step.running_total == pytest.approx(running)


def test_a_database_that_sorts_keys_changes_nothing() -> None:
    decision = decided(LIN, ("a", change(**NO_NUMBER)))
    shuffled = msgspec.json.decode(msgspec.json.encode(decision, order="sorted"), type=Decision)
    assert shuffled.best is not None
    assert list(shuffled.best.bits) != list(FIELDS)
    assert waterfall(shuffled) == waterfall(decision)


@pytest.mark.parametrize(
    ("others", "outcome", "words"),
    [
        ([], Outcome.NEW, telling.APART_NOBODY),
        ([("a", LIN)], Outcome.LINK, telling.LINKED_BY_NUMBER),
        ([("a", change(**NO_NUMBER))], Outcome.LINK, telling.LINKED_BY_SUM),
        ([("a", change(**NO_NUMBER, **BROTHER))], Outcome.NEW, telling.APART_BY_GUARD),
        ([("a", LIN), ("b", LIN)], Outcome.REVIEW, telling.ASKED_TWO),
        (
            [("a", change(**NO_NUMBER)), ("b", change(**NO_NUMBER, name="林小梅"))],
            Outcome.REVIEW,
            telling.ASKED_TWO,
        ),
        ([("a", LIN), ("a", change(**OTHER_NUMBER, **BROTHER))], Outcome.REVIEW, telling.ASKED_OTHER),
        ([("a", Features(surname="林", name="林一", sex="female"))], Outcome.NEW, telling.APART_BY_SUM),
    ],
)
def test_the_conclusion_names_what_decided(others: list[tuple[str, Features]], outcome: Outcome, words: str) -> None:
    decision = decided(LIN, *others)
    assert (decision.outcome, conclusion(decision)) == (outcome, words)
    assert bool(guard_words(decision)) is bool(decision.best and decision.best.rule)


@pytest.mark.parametrize(
    ("outcome", "total", "verdict", "words"),
    [
        (Outcome.REVIEW, 3.0, "free", telling.ASKED_BY_SUM),
        (Outcome.REVIEW, 20.0, "ask", telling.ASKED_BY_GUARD),
        (Outcome.REVIEW, -20.0, "review", telling.ASKED_BY_GUARD),
        (Outcome.NEW, -3.0, "free", telling.APART_BY_SUM),
        (Outcome.NEW, 20.0, "never", telling.APART_BY_GUARD),
        (Outcome.LINK, 8.0, "free", telling.LINKED_BY_SUM),
    ],
)
def test_sum_and_guard_are_told_apart(outcome: Outcome, total: float, verdict: str, words: str) -> None:
    rule = "" if verdict == "free" else "twins"
    levels, bits = dict.fromkeys(FIELDS, "exact"), dict.fromkeys(FIELDS, 1.0)
    pair = Weighed("a", "1", levels, bits, total, rule, verdict, certain=False)
    assert conclusion(Decision(outcome, pair, (), "v", 8.0, -2.0)) == words


def test_what_an_older_model_knew_keeps_its_names() -> None:
    pair = Weighed(
        "a", "1", {"name": "exact", "scent": "rose"}, {"scent": 2.0, "name": 1.0}, 0.5, "old-rule", "ask", certain=False
    )
    steps = waterfall(pair)
    assert [(step.field, step.words, step.bits) for step in steps[1:]] == [
        ("name", "The same", 1.0),
        ("scent", "rose", 2.0),
    ]
    assert steps[0].bits == pytest.approx(-2.5)
    assert guard_words(pair) == "old-rule"


def test_nobody_like_her_has_no_steps_and_no_guard() -> None:
    assert waterfall(decided(LIN)) == []
    assert guard_words(decided(LIN)) == ""


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_guard_has_its_words(rule: str) -> None:
    pair = Weighed("a", "1", {}, {}, 0.0, rule, "ask", certain=False)
    assert guard_words(pair) == RULES[rule]


def test_bits_are_written_with_a_sign_and_two_decimals() -> None:
    assert [signed(bits) for bits in (0.0, -0.004, 7.126, -30.0)] == ["+0.00", "+0.00", "+7.13", "-30.00"]
