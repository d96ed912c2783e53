from __future__ import annotations

import json
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.exchange import references
from carecode.exchange.references import Conditional, Literal, Unchanged
from carecode.exchange.refusals import UNRESOLVED, SentRefusedError
from carecode.exchange.wellformed import clean

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int"
names = st.sampled_from(["subject", "encounter", "text", "note"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
written = st.sampled_from(["urn:uuid:1", "Patient/1", "Type?identifier=a|b", "#x", "http://h/Patient/1"])
pointed = st.builds(lambda one, shown: {"reference": one, "display": shown}, written, texts | st.just('"reference":"'))
trees = st.recursive(
    pointed | texts | st.integers() | st.just({"text": '\\"reference":"urn:uuid:1"'}),
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(names, inner, min_size=1, max_size=4),
    max_leaves=25,
)


def expected(value: Tree, new: dict[str, str]) -> Tree:
    """Rewrite references in decoded JSON: the slow, plain way."""
    if isinstance(value, list):
        return [expected(one, new) for one in value]
    if isinstance(value, dict):
        return {
            key: new[one] if key == "reference" and isinstance(one, str) else expected(one, new)
            for key, one in value.items()
        }
    return value


@given(trees)
def test_rewriting_bytes_equals_rewriting_the_decoded(tree: Tree) -> None:
    raw = clean(json.dumps({"resource": tree}, ensure_ascii=False).encode())
    parts = references.pieces(raw)
    new = {one.decode(): f"New/{index}" for index, one in enumerate(dict.fromkeys(references.of(parts)))}
    rewritten = references.rewritten(parts, {key.encode(): value.encode() for key, value in new.items()})
    assert json.loads(rewritten) == expected({"resource": tree}, new)


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("Patient/0123", Literal("Patient", "0123")),
        ("Encounter/e-1/_history/2", Literal("Encounter", "e-1")),
        ("Location?identifier=http://h/s|99", Conditional("Location", "http://h/s", "99")),
        ("Organization?identifier=urn:x%7C7%207", Conditional("Organization", "urn:x", "7 7")),
        ("#contained", Unchanged()),
        ("#", Unchanged()),
        ("https://elsewhere.example/fhir/Observation/1", Unchanged()),
        ("http://elsewhere.example/fhir/Patient?identifier=a|b", Unchanged()),
    ],
)  # fmt: skip
def test_references_are_told_apart(reference: str, target: object) -> None:
    assert references.target(reference.encode()) == target


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("urn:uuid:9", UNRESOLVED),
        ("urn:oid:1.2", UNRESOLVED),
        ("Practitioner?name=x", "reference-unsupported"),
        ("Practitioner?identifier=x", "reference-unsupported"),
        ("Practitioner?identifier=a|b&active=true", "reference-unsupported"),
        ("Patient", "reference-malformed"),
        ("Patient/", "reference-malformed"),
        ("Patient/1\n", "reference-malformed"),
        ("Patient/a b", "reference-malformed"),
        ("https://elsewhere.example/fhir/Patient/1", "reference-foreign"),
        ("https://elsewhere.example/fhir/Patient/1/_history/2", "reference-foreign"),
        ("javascript:alert(1)", "reference-malformed"),
        ("Patient/" + "1" * 1100, "reference-malformed"),
        ("", "reference-malformed"),
    ],
)
def test_other_references_are_refused(reference: str, code: str) -> None:
    with pytest.raises(SentRefusedError) as refusal:
        references.target(reference.encode())
    assert refusal.value.code == code
    assert not reference or reference not in refusal.value.message


def test_the_path_of_a_reference_is_found() -> None:
    decoded = {"subject": {"reference": "a"}, "performer": [{"actor": {"reference": "b"}}]}
    assert references.path_to(decoded, "b") == "performer[0].actor.reference"
    assert references.path_to(decoded, "c") == ""
