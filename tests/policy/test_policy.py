"""Decisions: what each ground opens, what she can close, and that an error is a refusal."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecode.disclosure.policies import Policies, load, shipped
from carecode.disclosure.policy import MEMO_MAX, Facts, Permit, Refuse, decide, decide_under
from carecode.disclosure.purposes import IN_CASE_REPORTS, NOT_IN_EMERGENCIES, PURPOSES
from carecode.kernel.vocabulary import ALL_CATEGORIES, EVERYTHING, NOTHING_CLOSED, Category, Closed, Purpose, Role
from proofs.claims import HER_NO
from proofs.drawing import draw, facts_of
from proofs.schema import parse
from tests.policy.folders import planted
from tests.policy.oracle import expected

DRAWN = 1_500
SCHEMA = parse(shipped().schema_text)
DOCTOR = Facts(Purpose.TREAT, Role.CLINICIAN, code_shown=True, licensed=True, within_caps=True)
IN_EMERGENCY = Facts(Purpose.ETREAT, Role.CLINICIAN, emergency=True, licensed=True, within_caps=True)
HERSELF = Facts(Purpose.PATRQT, Role.RESIDENT, is_herself=True)
MACHINE = Facts(Purpose.TREAT, Role.SYSTEM, within_caps=True)
ORDER = Facts(Purpose.HLEGAL, Role.OFFICER, order_approved=True, order_published=True, licensed=True, within_caps=True)
CASE = Facts(Purpose.PUBHLTH, Role.OFFICER, case_listed=True, licensed=True, within_caps=True)
GROUNDS = replace(ORDER, is_herself=True, code_shown=True, emergency=True, case_listed=True)
HIV_AND_PSY = Closed.HIV | Closed.PSY


def permitted(facts: Facts, categories: frozenset[Category] = ALL_CATEGORIES) -> Permit:
    decision = decide(facts, categories)
    assert isinstance(decision, Permit), decision
    return decision


@pytest.mark.parametrize(
    ("facts", "permit"),
    [
        (HERSELF, Permit(ALL_CATEGORIES, EVERYTHING, False, "self")),
        (replace(HERSELF, quiet=True), Permit(ALL_CATEGORIES, NOTHING_CLOSED, False, "self")),
        (replace(HERSELF, opted_out=True, refused=True), Permit(ALL_CATEGORIES, EVERYTHING, False, "self")),
        (
            Facts(Purpose.PATRQT, Role.RESIDENT, delegated=True, open_labels=Closed.STD),
            Permit(ALL_CATEGORIES, Closed.STD, False, "delegate"),
        ),
        (
            Facts(Purpose.PATRQT, Role.RESIDENT, delegated=True, guardian=True),
            Permit(ALL_CATEGORIES, NOTHING_CLOSED, False, "guardian"),
        ),
        (DOCTOR, Permit(ALL_CATEGORIES, NOTHING_CLOSED, False, "code")),
        (replace(DOCTOR, window_open=True), Permit(ALL_CATEGORIES, NOTHING_CLOSED, False, "code")),
        (replace(DOCTOR, code_shown=False, window_open=True), Permit(ALL_CATEGORIES, NOTHING_CLOSED, False, "visit")),
        (replace(DOCTOR, open_labels=HIV_AND_PSY), Permit(ALL_CATEGORIES, HIV_AND_PSY, False, "code")),
        (replace(DOCTOR, emergency_labels=HIV_AND_PSY), Permit(ALL_CATEGORIES, NOTHING_CLOSED, False, "code")),
        (replace(DOCTOR, refused=True), Permit(ALL_CATEGORIES, NOTHING_CLOSED, True, "code")),
        (replace(DOCTOR, opted_out=True), Permit(ALL_CATEGORIES, NOTHING_CLOSED, True, "code")),
        (replace(DOCTOR, own_only=True), Permit(ALL_CATEGORIES, NOTHING_CLOSED, True, "code")),
        (MACHINE, Permit(ALL_CATEGORIES, EVERYTHING, True, "own deposits")),
        (ORDER, Permit(ALL_CATEGORIES, NOTHING_CLOSED, False, "order")),
        (CASE, Permit(IN_CASE_REPORTS, NOTHING_CLOSED, False, "case")),
    ],
)
def test_each_ground_opens_what_it_says(facts: Facts, permit: Permit) -> None:
    assert decide(facts, ALL_CATEGORIES) == permit


def test_an_emergency_opens_what_it_needs_and_no_more() -> None:
    permit = permitted(replace(IN_EMERGENCY, refused=True, emergency_labels=Closed.PREGNANT, open_labels=Closed.HIV))
    assert permit.categories == ALL_CATEGORIES - NOT_IN_EMERGENCIES
    assert permit.opens == Closed.LOCKED | Closed.HIDDEN_OPENS | Closed.PREGNANT
    assert not permit.own_only
    assert permit.basis == "emergency"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(DOCTOR, code_shown=False), "no-code"),
        (replace(DOCTOR, licensed=False), "no-licence"),
        (replace(DOCTOR, within_caps=False), "caps-used"),
        (replace(IN_EMERGENCY, emergency=False, code_shown=True), "no-emergency"),
        (replace(HERSELF, is_herself=False), "not-herself"),
        (replace(ORDER, order_approved=False), "no-order"),
        (replace(ORDER, order_published=False), "no-order"),
        (replace(CASE, case_listed=False), "case-not-listed"),
        (replace(DOCTOR, role=Role.DESK), "purpose-closed"),
        (replace(DOCTOR, purpose=Purpose.HPAYMT, role=Role.CASHIER), "purpose-closed"),
        (Facts(Purpose.TREAT, Role.CLINICIAN), "no-licence"),
    ],
)
def test_a_refusal_names_what_was_missing(facts: Facts, reason: str) -> None:
    assert decide(facts, ALL_CATEGORIES) == Refuse(reason)


def test_nothing_asked_is_refused() -> None:
    assert decide(HERSELF, frozenset()) == Refuse("nothing-asked")


@pytest.mark.parametrize("facts", [DOCTOR, IN_EMERGENCY])
def test_whom_she_shut_out_gets_an_answer_with_nothing_in_it(facts: Facts) -> None:
    """A refusal would tell: an empty record answers like this too."""
    nothing = permitted(replace(facts, person_refused=True))
    assert nothing == Permit(frozenset(), NOTHING_CLOSED, True, "emergency" if facts.emergency else "code")
    closed = permitted(replace(facts, closed_categories=ALL_CATEGORIES))
    assert closed.categories == frozenset()
    assert closed.basis == nothing.basis


def test_no_to_emergencies_leaves_an_emergency_nothing() -> None:
    permit = permitted(replace(IN_EMERGENCY, emergency_refused=True, emergency_labels=Closed.HIV))
    assert permit == Permit(frozenset(), NOTHING_CLOSED, True, "emergency")


def test_closed_categories_open_in_an_emergency_only_where_she_closed_them_to_the_institution() -> None:
    closed = frozenset({Category.MEDICINES, Category.ALLERGIES})
    assert permitted(replace(DOCTOR, closed_categories=closed)).categories == ALL_CATEGORIES - closed
    allergies = frozenset({Category.ALLERGIES})
    permit = permitted(replace(IN_EMERGENCY, closed_categories=closed, emergency_categories=allergies))
    assert permit.categories == ALL_CATEGORIES - NOT_IN_EMERGENCIES - {Category.MEDICINES}
    machine = permitted(replace(MACHINE, closed_categories=closed))
    assert machine.categories == ALL_CATEGORIES


def test_decisions_are_those_of_the_plain_sentences() -> None:
    random = Random(20_261_123)
    permits = 0
    for _ in range(DRAWN):
        facts = facts_of(draw(SCHEMA, random))
        categories = frozenset(one for one in Category if random.random() < 0.8)
        decision = decide_under(shipped(), facts, categories)
        assert decision == expected(facts, categories), (facts, categories)
        permits += isinstance(decision, Permit)
    assert permits > DRAWN / 4


@settings(deadline=None, max_examples=120)
@given(st.integers(min_value=0), st.frozensets(st.sampled_from(Category)), st.sampled_from(sorted(HER_NO)))
def test_closing_more_never_shows_more(seed: int, closed: frozenset[Category], flag: str) -> None:
    facts = facts_of(draw(SCHEMA, Random(seed)))
    before = decide(facts, ALL_CATEGORIES)
    closing: dict[str, Any] = {flag: True, "closed_categories": facts.closed_categories | closed}
    after = decide(replace(facts, **closing), ALL_CATEGORIES)
    assert isinstance(before, Permit) == isinstance(after, Permit)  # and nobody is told by a refusal
    if isinstance(before, Permit) and isinstance(after, Permit):
        assert after.categories <= before.categories
        assert after.opens & ~before.opens == NOTHING_CLOSED
        assert after.own_only or not before.own_only
        assert after.basis == before.basis


def test_the_table_of_purposes_says_what_cedar_decides() -> None:
    """For each purpose and role: the most that any facts open."""
    for purpose, row in PURPOSES.items():
        for role in Role:
            facts = replace(GROUNDS, purpose=purpose, role=role)
            decision = decide(facts, ALL_CATEGORIES)
            opened = decision.categories if isinstance(decision, Permit) else frozenset()
            assert opened == (row.categories if role in row.roles else frozenset()), (purpose, role)


def under(policies: Policies, facts: Facts) -> Permit | Refuse:
    return decide_under(policies, facts, ALL_CATEGORIES)


@pytest.mark.parametrize("effect", ["forbid", "permit"])
def test_a_rule_that_fails_is_a_refusal(tmp_path: Path, effect: str) -> None:
    """Cedar skips it and permits: nobody may be let in because a forbid broke."""
    overflow = "9223372036854775807 + (if principal.code_shown then 1 else 0) > 0"
    rule = f'@id("broken") @basis("x") {effect} (principal, action, resource) when {{ {overflow} }};'
    policies = load(planted(tmp_path, "broken.cedar", rule))
    assert under(policies, DOCTOR) == Refuse("policy-error")
    assert isinstance(under(policies, HERSELF), Permit | Refuse)
    assert under(policies, replace(DOCTOR, code_shown=False, window_open=True)) != Refuse("policy-error")


def test_a_word_that_the_schema_does_not_know_is_a_refusal(tmp_path: Path) -> None:
    """A category of the code that the schema lacks must not slip past rules that name the others."""
    folder = planted(tmp_path, "none.cedar", "")
    schema = folder / "schema.cedarschema"
    schema.write_text(schema.read_text().replace('"OBSERVATIONS"', '"MEASUREMENTS"'))
    policies = load(folder)
    assert under(policies, HERSELF) == Refuse("policy-error")
    assert isinstance(decide_under(policies, HERSELF, ALL_CATEGORIES - {Category.OBSERVATIONS}), Permit)
    closed = replace(HERSELF, closed_categories=frozenset({Category.OBSERVATIONS}))
    assert decide_under(policies, closed, frozenset({Category.ALLERGIES})) == Refuse("policy-error")


def test_decisions_are_remembered_by_what_the_policies_say(tmp_path: Path) -> None:
    decide_under.cache_clear()
    same = load(planted(tmp_path / "same", "none.cedar", ""))
    assert same == shipped()
    stricter = load(planted(tmp_path / "other", "z.cedar", '@id("none") forbid (principal, action, resource);'))
    assert stricter != shipped()
    assert isinstance(under(shipped(), DOCTOR), Permit)
    assert isinstance(under(same, replace(DOCTOR)), Permit)
    assert decide_under.cache_info().misses == 1
    assert under(stricter, DOCTOR) == Refuse("none")
    assert decide_under.cache_info().maxsize == MEMO_MAX


def test_a_remembered_decision_takes_microseconds() -> None:
    decide(DOCTOR, ALL_CATEGORIES)
    again = [replace(DOCTOR) for _ in range(500)]
    started = time.process_time()
    for facts in again:
        decide(facts, ALL_CATEGORIES)
    assert (time.process_time() - started) / len(again) < 50e-6
