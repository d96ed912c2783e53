from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.deciding import DOUBTED, EVEN, Candidate, Decision, Outcome, decide, sentence
from carecode.identity.linking.features import Features
from carecode.identity.linking.frequencies import OWN_RECORDS_MAX, Frequencies
from carecode.identity.linking.guards import guard
from carecode.identity.linking.keys import Keyer
from carecode.identity.linking.levels import compare
from carecode.identity.linking.model import Model, shipped
from tests.identity.linking.test_guards import BROTHER, NO_NUMBER, OTHER_HOME, OTHER_NUMBER, TWIN
from tests.identity.linking.test_levels import LIN, any_features, change

MODEL = shipped()
TOKEN = Keyer(b"a made-up secret of 32 bytes....").token


def nothing_common(_left: Features, _right: Features, _columns: tuple[str, ...]) -> dict[str, float]:
    return {}


def decided(record: Features, *others: tuple[str, Features]) -> Decision:
    candidates = [Candidate(person, f"{person}/{place}", other) for place, (person, other) in enumerate(others)]
    return decide(record, candidates, MODEL, nothing_common)


def test_nobody_like_her_is_a_new_entry() -> None:
    assert decided(LIN) == Decision(
        Outcome.NEW,
        None,
        (),
        MODEL.version,
        MODEL.thresholds.auto,
        MODEL.thresholds.review,
        MODEL.thresholds.ask,
    )


def test_a_number_with_her_name_links_at_once() -> None:
    decision = decided(LIN, ("a", change(**OTHER_HOME, born="", other_number="", sex="")))
    assert decision.outcome is Outcome.LINK
    assert decision.best is not None
    assert decision.best.certain
    assert decision.best.person == "a"


def test_without_a_number_bits_decide() -> None:
    decision = decided(LIN, ("a", change(**NO_NUMBER)))
    assert decision.outcome is Outcome.LINK
    assert decision.best is not None
    assert not decision.best.certain
    assert decision.best.total >= decision.auto


def asking_from(bits: float) -> Model:
    return msgspec.structs.replace(MODEL, thresholds=msgspec.structs.replace(MODEL.thresholds, ask=bits))


def test_guards_beat_any_score() -> None:
    for values, outcome in (
        ({**NO_NUMBER, **TWIN}, Outcome.REVIEW),
        ({**NO_NUMBER, **BROTHER}, Outcome.NEW),
        ({**OTHER_NUMBER}, Outcome.REVIEW),
        ({**OTHER_NUMBER, **BROTHER}, Outcome.NEW),
        (BROTHER, Outcome.REVIEW),
    ):
        decision = decide(LIN, [Candidate("a", "1", change(**values))], asking_from(0.0), nothing_common)
        assert decision.outcome is outcome
        assert decision.best is not None
        assert sentence(decision.best)


def test_a_stopped_pair_is_asked_about_from_its_own_threshold() -> None:
    twins = [Candidate("a", "1", change(**NO_NUMBER, **TWIN))]
    weighed = decide(LIN, twins, MODEL, nothing_common).best
    assert weighed is not None
    assert weighed.total > MODEL.thresholds.review
    assert decide(LIN, twins, asking_from(weighed.total), nothing_common).outcome is Outcome.REVIEW
    assert decide(LIN, twins, asking_from(weighed.total + 0.1), nothing_common).outcome is Outcome.NEW


def test_where_nobody_is_asked_bits_answer() -> None:
    for values, outcome in (
        ({}, Outcome.LINK),
        ({**NO_NUMBER, **TWIN}, Outcome.LINK),
        (BROTHER, Outcome.LINK),
        ({**BROTHER, "born": "19700615", "sex": "male", "other_number": "", **OTHER_HOME}, Outcome.NEW),
        ({**NO_NUMBER, **OTHER_HOME, "born": "19600909"}, Outcome.NEW),
        ({**OTHER_NUMBER, **BROTHER}, Outcome.NEW),
    ):
        made = decide(LIN, [Candidate("a", "1", change(**values))], MODEL, nothing_common, asking=False)
        assert made.outcome is outcome, values


@given(any_features(), any_features())
def test_where_nobody_is_asked_nothing_is_a_question(left: Features, right: Features) -> None:
    made = decide(left, [Candidate("a", "1", right)], MODEL, nothing_common, asking=False)
    assert made.outcome is not Outcome.REVIEW
    if made.outcome is Outcome.LINK:
        assert made.best is not None
        assert made.best.total >= DOUBTED.get(made.best.rule, EVEN)
        assert made.best.verdict != "never" or made.best.rule in DOUBTED


def test_two_persons_above_the_threshold_are_a_question() -> None:
    decision = decided(LIN, ("a", change(**NO_NUMBER)), ("b", change(**NO_NUMBER, name="林小梅")))
    assert decision.outcome is Outcome.REVIEW
    assert [other.person for other in decision.also] == ["b"]


def test_two_persons_with_her_number_are_a_question() -> None:
    assert decided(LIN, ("a", LIN), ("b", change(phone=""))).outcome is Outcome.REVIEW


def test_her_number_beats_a_namesake() -> None:
    decision = decided(LIN, ("a", change(**NO_NUMBER)), ("b", LIN))
    assert decision.outcome is Outcome.LINK
    assert decision.best is not None
    assert decision.best.person == "b"


def test_a_record_of_hers_that_can_never_be_the_same_makes_a_question() -> None:
    assert decided(LIN, ("a", LIN), ("a", change(**OTHER_NUMBER, **BROTHER))).outcome is Outcome.REVIEW


def test_values_that_many_share_prove_little() -> None:
    crowd = [change(**NO_NUMBER, door="", locality="") for _ in range(50)] + [Features(name="王芳") for _ in range(50)]
    frequencies = Frequencies.count(crowd, TOKEN)
    shared = decide(
        LIN,
        [Candidate("a", "1", change(**NO_NUMBER))],
        MODEL,
        lambda left, right, columns: frequencies.terms(left, right, columns, TOKEN),
    )
    rare = decided(LIN, ("a", change(**NO_NUMBER)))
    assert shared.best is not None
    assert rare.best is not None
    assert shared.best.total < rare.best.total
    assert frequencies.crowded(crowd[0], TOKEN, 40) == {"phone"}


def test_a_value_of_few_records_may_be_one_persons_own() -> None:
    few = Frequencies.count([LIN] * OWN_RECORDS_MAX + [Features(name="王芳")] * 900, TOKEN)
    assert few.terms(LIN, LIN, ("name",), TOKEN) == {}
    many = Frequencies.count([LIN] * (OWN_RECORDS_MAX + 1) + [Features(name="王芳")] * 989, TOKEN)
    assert many.terms(LIN, LIN, ("name",), TOKEN) == {"name": pytest.approx(0.011)}
    assert many.terms(LIN, Features(name="王芳"), ("name",), TOKEN) == {"name": pytest.approx(0.989)}


@given(any_features(), st.lists(st.tuples(st.sampled_from("abc"), any_features()), max_size=5), st.randoms())
def test_the_order_of_candidates_decides_nothing(
    record: Features, others: list[tuple[str, Features]], random: st.DataObject
) -> None:
    candidates = [Candidate(person, str(place), other) for place, (person, other) in enumerate(others)]
    first = decide(record, candidates, MODEL, nothing_common)
    random.shuffle(candidates)  # type: ignore[attr-defined]
    assert decide(record, candidates, MODEL, nothing_common) == first


@given(any_features(), st.lists(st.tuples(st.sampled_from("ab"), any_features()), max_size=4))
def test_a_silent_link_is_never_guarded_and_never_below_the_threshold(
    record: Features, others: list[tuple[str, Features]]
) -> None:
    decision = decided(record, *others)
    if decision.outcome is Outcome.LINK:
        assert decision.best is not None
        assert decision.best.verdict == "free"
        assert decision.best.certain or decision.best.total >= MODEL.thresholds.auto
        linked = others[int(decision.best.record.split("/")[1])][1]
        assert guard(record, linked, compare(record, linked)).rule == ""


@given(any_features(), any_features())
def test_a_decision_is_stored_and_explained_later(left: Features, right: Features) -> None:
    decision = decided(left, ("a", right))
    again = msgspec.json.decode(msgspec.json.encode(decision), type=Decision)
    assert again == decision
    if again.best is not None:
        assert abs(sum(again.best.bits.values()) + MODEL.prior_bits - again.best.total) < 1e-9
