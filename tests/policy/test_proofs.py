"""The policies proved over all requests; and the proofs turn red when a rule is written otherwise."""

from __future__ import annotations

import json
import time
from random import Random

import cedarpy
import pytest
import z3

from carecode.disclosure.policies import shipped
from proofs.agreement import compare, engine
from proofs.claims import Invariant, broken, satisfied, unreachable
from proofs.drawing import draw
from proofs.evaluation import evaluator, source
from proofs.invariants import INVARIANTS
from proofs.schema import UnknownSchemaError, parse
from proofs.translation import Translation, UnknownNodeError, any_request, translate
from tests.policy.flips import flips

SECONDS_MAX = 5.0
COMPARED = 10_000
READ_BY_Z3 = 150
POLICIES = shipped()
SCHEMA = parse(POLICIES.schema_text)
REQUEST = any_request(SCHEMA)
TRANSLATION = translate(POLICIES.json, REQUEST)


def proved(translation: Translation) -> str | None:
    """Return the first invariant that some request breaks, or None."""
    return next((one.name for one in INVARIANTS if broken(one, translation)), None)


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda one: one.name)
def test_it_holds_for_every_request(invariant: Invariant) -> None:
    assert broken(invariant, TRANSLATION) is None, invariant.sentence


def test_all_proofs_take_seconds_and_none_is_empty() -> None:
    started = time.process_time()
    translation = translate(POLICIES.json, any_request(parse(POLICIES.schema_text)))
    assert len(INVARIANTS) >= 15
    assert proved(translation) is None
    assert unreachable(translation) == []
    assert time.process_time() - started < SECONDS_MAX


def test_a_policy_that_decides_nothing_is_named() -> None:
    document = json.loads(POLICIES.json)
    held = document["staticPolicies"]
    held["never"] = {**held["code"], "conditions": [*held["code"]["conditions"], *held["own-deposits"]["conditions"]]}
    held["twice"] = held["quiet"]
    found = unreachable(translate(json.dumps(document), REQUEST))
    assert sorted(found) == ["never", "quiet", "twice"]


def test_every_operator_turned_over_is_noticed() -> None:
    """Some proof turns red for each; what no proof can tell from the original, Cedar's own check refuses."""
    survivors = []
    count = 0
    for flip in flips(POLICIES.json):
        count += 1
        translation = translate(flip.policies_json, REQUEST)
        if proved(translation) is None:
            text = cedarpy.policies_from_json_str(flip.policies_json)
            assert not cedarpy.validate_policies(text, POLICIES.schema).validation_passed, flip.what
            assert satisfied(translation, translation.allowed != TRANSLATION.allowed) is None, flip.what
            survivors.append(flip.what)
    assert count > 250
    assert survivors == ["category-closed: any resource"]


def test_the_engine_agrees_about_ten_thousand_requests() -> None:
    found = compare(POLICIES.whole, SCHEMA, POLICIES.schema, evaluator(TRANSLATION), COMPARED, seed=20_261_123)
    assert found.compared == COMPARED
    assert found.differences == ()
    assert found.deciding == set(POLICIES.order)  # each policy decided something: nothing was compared in vain
    assert found.permitted > COMPARED / 10


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    [
        ("category-closed", "closed_categories", "emergency_categories"),
        ("quiet", '"quiet"', '"own_only"'),
        ("case-only", "IMMUNIZATIONS", "PROCEDURES"),
        ("visit", '"id": "TREAT"', '"id": "ETREAT"'),
    ],
)
def test_a_translation_of_other_rules_disagrees(policy: str, before: str, after: str) -> None:
    document = json.loads(POLICIES.json)
    text = json.dumps(document["staticPolicies"][policy])
    assert before in text
    document["staticPolicies"][policy] = json.loads(text.replace(before, after))
    other = evaluator(translate(json.dumps(document), REQUEST))
    assert compare(POLICIES.whole, SCHEMA, POLICIES.schema, other, 3_000, seed=5).differences


def test_an_engine_that_fails_does_not_agree() -> None:
    overflow = '@id("e") forbid (principal, action, resource) when { 9223372036854775807 + 1 > 0 };'
    failing = POLICIES.whole.with_added_str(overflow)
    found = compare(failing, SCHEMA, POLICIES.schema, evaluator(TRANSLATION), 50, seed=5)
    assert len(found.differences) == 50
    assert engine(failing, SCHEMA, POLICIES.schema, [draw(SCHEMA, Random(1))])[0][0] is None


def test_z3_reads_its_formulas_as_we_do() -> None:
    """Requests put to Z3 itself, against the Python that was made of the same formulas."""
    random, ours = Random(3), evaluator(TRANSLATION)
    for _ in range(READ_BY_Z3):
        drawn = draw(SCHEMA, random)
        facts = [REQUEST.action == REQUEST.name("Action", drawn.action)]
        facts.append(REQUEST.resource == REQUEST.name(*drawn.resource))
        facts += [flag if drawn.flags[name] else z3.Not(flag) for name, flag in REQUEST.flags.items()]
        facts.append(REQUEST.enums["role"] == REQUEST.name("Role", drawn.enums["role"]))
        for name, kind in SCHEMA.set_attributes.items():
            for member in SCHEMA.enums[kind]:
                listed = z3.Select(REQUEST.sets[name], REQUEST.name(kind, member))
                facts.append(listed if member in drawn.sets[name] else z3.Not(listed))
        allowed = ours.decide(drawn.values(SCHEMA))[0]
        wrong = z3.Not(TRANSLATION.allowed) if allowed else TRANSLATION.allowed
        assert satisfied(TRANSLATION, *facts) is not None
        assert satisfied(TRANSLATION, *facts, wrong) is None


@pytest.mark.parametrize(
    "condition",
    [
        "if principal.quiet then true else false",
        "principal has quiet",
        "principal.open_labels.containsAny(principal.emergency_labels)",
        "principal.open_labels.isEmpty()",
        "1 < 2",
        "1 + 1 == 2",
        '"a" like "a*"',
        "true",
        "context == {}",
        'principal == Asker::"this"',
        "principal is Asker",
        'principal in Asker::"this"',
        "resource in principal.open_labels",
        '[Label::"HIV"].contains(resource)',
        'principal.open_labels.contains(Label::"HIV")',
        "principal.open_labels == principal.emergency_labels",
        "principal.quiet == true",
        'resource == Role::"desk"',
        "principal.unheard_of",
        'resource == Category::"UNHEARD"',
        "resource is Unheard",
        'action in Action::"TREAT"',
    ],
)
def test_what_the_translation_does_not_know_it_does_not_pass_over(condition: str) -> None:
    policy = f"permit (principal, action, resource) when {{ {condition} }};"
    with pytest.raises(UnknownNodeError):
        translate(cedarpy.policies_to_json_str(policy), REQUEST)


@pytest.mark.parametrize(
    "head",
    [
        'principal == Asker::"this", action, resource',
        "principal is Asker, action, resource",
        'principal, action in Action::"TREAT", resource',
        'principal, action == Action::"EMPLOY", resource',
        "principal, action, resource is Unheard",
        'principal, action, resource in Category::"ALLERGIES"',
        'principal, action, resource is Category in Category::"ALLERGIES"',
        "principal == ?principal, action, resource",
    ],
)
def test_nor_a_scope_that_it_does_not_know(head: str) -> None:
    with pytest.raises(UnknownNodeError):
        translate(cedarpy.policies_to_json_str(f"permit ({head});"), REQUEST)


def test_nor_a_key_more() -> None:
    for change in ('"effect"', '"kind"', '"op": "=="', '"staticPolicies"'):
        with pytest.raises(UnknownNodeError):
            translate(POLICIES.json.replace(change, f'"more": 1, {change}'), REQUEST)
    with pytest.raises(UnknownNodeError):
        source(z3.Xor(REQUEST.flags["quiet"], REQUEST.flags["refused"]), {})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("entity Answer enum", "entity Answer in Label enum"),
        ("quiet: Bool", "quiet?: Bool"),
        ("role: Role", "role: String"),
        ("context: {}", "context: { at: Long }"),
        (
            "entity Answer enum",
            'action "READ" appliesTo { principal: [Asker], resource: [Label], context: {} };\nentity Answer enum',
        ),
        ("entity Answer enum", "type Reason = String;\nentity Answer enum"),
        ("principal: [Asker]", "principal: [Role]"),
    ],
)
def test_nor_a_schema_that_it_does_not_know(before: str, after: str) -> None:
    assert before in POLICIES.schema_text
    with pytest.raises(UnknownSchemaError):
        parse(POLICIES.schema_text.replace(before, after))
