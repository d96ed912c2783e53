"""The policy files: a fault stops the start and says where; every policy has a name; a part decides as the whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import cedarpy
import pytest

from carecode.disclosure.policies import load, shipped, statements
from carecode.disclosure.policy import Facts, asker, decide_under
from carecode.kernel.errors import CorruptError
from carecode.kernel.vocabulary import ALL_CATEGORIES, Category, Closed, Purpose, Role
from proofs.drawing import draw, facts_of
from proofs.schema import parse
from tests.policy.folders import SHIPPED, planted

GOOD = '@id("fine") forbid (principal, action == Action::"HPAYMT", resource);\n'


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("// a comment; with a semicolon\n\npermit (principal, action resource);", 3, "unexpected token `resource`"),
        (GOOD + "\nforbid (principal, action, resource)\nwhen { principal.quiet &&& true };", 4, "invalid token"),
        (GOOD + "forbid (principal, action, resource)\nwhen { principal.quiet\n}", 4, "unexpected end of input"),
        (GOOD + "forbid (principal, action, resource)\n" + GOOD, 3, "unexpected token `@`"),
        ('@id("a;b")\nforbid (principal, action, resource) when { "x };', 2, "invalid token"),
        (GOOD + '@id("x") forbid (principal, action, resource) when { principal.wage };', 2, "`wage`"),
        (GOOD + '@id("x")\nforbid (principal, action == Action::"EMPLOY", resource);', 2, '`Action::"EMPLOY"`'),
        ('\n@id("x") forbid (principal, action, resource == Category::"PLACES");', 2, '"PLACES"'),
        ("forbid (principal, action, resource);", 1, "@id"),
        ('@id("Not Small") forbid (principal, action, resource);', 1, "@id"),
        (GOOD + "\n" + GOOD, 3, "the same @id"),
        ('@id("code") forbid (principal, action, resource);', None, "the same @id"),
        ('@id("x") permit (principal, action, resource);', 1, "@basis"),
        ('\n@id("x") permit (principal == ?principal, action, resource);', 2, "no policy by itself"),
    ],
)
def test_a_fault_stops_the_start_and_says_where(tmp_path: Path, text: str, line: int | None, complaint: str) -> None:
    with pytest.raises(CorruptError) as raised:
        load(planted(tmp_path, "a.cedar", text))
    assert raised.value.code == "policy-unusable"
    where = "grounds.cedar, line 20" if line is None else f"a.cedar, line {line} "
    assert raised.value.message.startswith(where), raised.value.message
    assert complaint in raised.value.message


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("entity Label enum", "entty Label enum", "unexpected token `entty`"),
        ("code_shown: Bool", "code_shown: Boool", "Boool"),
        ("context: {},\n};", "context: {},\n", "unexpected end of input"),
    ],
)
def test_a_fault_of_the_schema_says_where(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    folder = planted(tmp_path, "none.cedar", "")
    text = (folder / "schema.cedarschema").read_text()
    (folder / "schema.cedarschema").write_text(text.replace(before, after))
    line = text[: text.index(before)].count("\n") + 1
    with pytest.raises(CorruptError) as raised:
        load(folder)
    assert raised.value.message.startswith(f"schema.cedarschema, line {line} "), raised.value.message
    assert complaint in raised.value.message


def test_what_is_not_there_or_no_text_stops_the_start(tmp_path: Path) -> None:
    folder = planted(tmp_path / "a", "none.cedar", "")
    (folder / "schema.cedarschema").unlink()
    with pytest.raises(CorruptError, match=r"schema\.cedarschema"):
        load(folder)
    folder = planted(tmp_path / "b", "none.cedar", "")
    (folder / "b.cedar").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorruptError, match=r"b\.cedar"):
        load(folder)
    empty = tmp_path / "c"
    empty.mkdir()
    (empty / "schema.cedarschema").write_text((SHIPPED / "schema.cedarschema").read_text())
    with pytest.raises(CorruptError, match="no policy"):
        load(empty)


def test_a_policy_more_is_another_policy_set(tmp_path: Path) -> None:
    assert load(planted(tmp_path / "a", "a.cedar", "// nothing said")).digest == shipped().digest
    assert load(planted(tmp_path / "b", "a.cedar", GOOD)).digest != shipped().digest


def test_statements_keep_their_lines() -> None:
    text = '// one; "\n@id("a") // two;\n  permit (x);\n\n\npermit ("; //");forbid (y)'
    assert [(one.line, one.text.split("(")[0].strip()) for one in statements("f", text)] == [
        (2, "@id"),
        (6, "permit"),
        (6, "forbid"),
    ]


def test_decisions_name_their_policies() -> None:
    policies = shipped()
    held = json.loads(policies.json)["staticPolicies"]
    assert {name: one["annotations"]["id"] for name, one in held.items()} == {name: name for name in policies.order}
    doctor = Facts(Purpose.TREAT, Role.CLINICIAN, code_shown=True, within_caps=True)
    entities = cedarpy.Entities.from_json_str(asker(doctor), policies.schema)
    request = {"principal": 'Asker::"this"', "action": 'Action::"TREAT"', "resource": 'Answer::"given"'}
    (result,) = cedarpy.is_authorized_batch([request], policies.whole, entities, policies.schema)
    assert result.diagnostics.reasons == ["no-licence"]
    file, line = policies.sources["no-licence"].split(", line ")
    assert (SHIPPED / file).read_text().splitlines()[int(line) - 1] == '@id("no-licence")'


def test_every_basis_is_one_that_she_is_told() -> None:
    told = {"self", "guardian", "delegate", "code", "visit", "emergency", "own deposits", "order", "case"}
    assert set(shipped().bases.values()) == told


def test_the_part_for_a_purpose_decides_as_the_whole() -> None:
    policies, random = shipped(), Random(4)
    schema = parse(policies.schema_text)
    kinds = [*(("Category", one.name) for one in Category), ("Answer", "given"), ("Source", "others")]
    kinds += [("Label" if bit < Closed.UNSHARED else "Restriction", str(bit.name)) for bit in Closed]
    for purpose in Purpose:
        assert len(policies.for_purpose[purpose]) < len(policies.whole)
        for _ in range(12):
            facts = replace(facts_of(draw(schema, random)), purpose=purpose)
            entities = cedarpy.Entities.from_json_str(asker(facts), policies.schema)
            asked = [
                {
                    "principal": {"type": "Asker", "id": "this"},
                    "action": {"type": "Action", "id": purpose.value},
                    "resource": {"type": kind, "id": name},
                }
                for kind, name in kinds
            ]
            whole = cedarpy.is_authorized_batch(asked, policies.whole, entities, policies.schema)
            part = cedarpy.is_authorized_batch(asked, policies.for_purpose[purpose], entities, policies.schema)
            assert [(one.decision, set(one.diagnostics.reasons)) for one in whole] == [
                (one.decision, set(one.diagnostics.reasons)) for one in part
            ]


def test_a_policy_about_any_purpose_counts_for_each(tmp_path: Path) -> None:
    rule = '@id("none-at-all") forbid (principal, action, resource) unless { resource is Label };'
    policies = load(planted(tmp_path, "a.cedar", rule))
    for purpose in Purpose:
        decision = decide_under(policies, Facts(purpose, Role.RESIDENT, is_herself=True), ALL_CATEGORIES)
        assert getattr(decision, "reason", None) == "none-at-all"
