from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from carecode.disclosure.dangling import pointed, without

VISIT = UUID("01990000-0000-7000-8000-000000000001")
OTHER = UUID("01990000-0000-7000-8000-000000000002")
TO_VISIT = {"reference": f"Encounter/{VISIT}", "display": "Cardiology"}
TO_OTHER = {"reference": f"Encounter/{OTHER}"}
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"a": 1, "encounter": TO_VISIT}, {"a": 1}),
    ({"a": 1, "context": {"encounter": [TO_VISIT]}}, {"a": 1}),
    ({"a": 1, "context": {"encounter": [TO_VISIT, TO_OTHER]}}, {"a": 1, "context": {"encounter": [TO_OTHER]}}),
    ({"a": 1, "diagnosis": [{"condition": TO_VISIT, "use": "x"}]}, {"a": 1}),
    ({"a": 1, "encounter": {"reference": f"Encounter/{VISIT}/_history/2"}}, {"a": 1}),
    ({"a": 1, "encounter": TO_OTHER}, {"a": 1, "encounter": TO_OTHER}),
    ({"a": 1, "note": f"Encounter/{VISIT}"}, {"a": 1, "note": f"Encounter/{VISIT}"}),
]


@pytest.mark.parametrize(("written", "seen"), CASES)
def test_what_points_to_what_is_gone_goes(written: dict[str, Any], seen: dict[str, Any]) -> None:
    body = json.dumps(written, separators=(",", ":")).encode()
    assert json.loads(without(body, frozenset({VISIT}))) == seen
    assert without(body, frozenset()) == body


def test_written_decimals_and_order_stay() -> None:
    body = b'{"z":1.50,"encounter":{"reference":"Encounter/%b"},"a":[{"v":10.0}]}' % str(VISIT).encode()
    assert without(body, frozenset({VISIT})) == b'{"z":1.50,"a":[{"v":10.0}]}'


def test_only_her_own_resources_are_looked_for() -> None:
    body = json.dumps(
        {"a": {"reference": f"Practitioner/{VISIT}"}, "b": TO_OTHER, "c": {"reference": f"Patient/{VISIT}"}},
        separators=(",", ":"),
    ).encode()
    assert pointed([body, body]) == {("Encounter", OTHER)}
