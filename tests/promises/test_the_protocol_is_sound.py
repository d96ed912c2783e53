"""The protocol of a disclosure, explored in every order; and each of its rules, shown to be needed.

Answers: M11
"""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from tests.promises.protocol import Rules, explore

# rule left out -> what is then broken
NEEDED = {
    "earlier": "rows were shown and the log has no entry",
    "flushed": "rows were shown and the log has no entry",
    "unlogged": "rows were shown and the log has no entry",
    "entry_time": "rows were shown after she revoked",
    "wall_clock": "rows were shown after the receipt's time",
    "read_committed": "rows were shown after she revoked",
    "own_requester": "rows were shown to another requester",
}


def test_no_order_of_steps_breaks_a_promise() -> None:
    states, found = explore(Rules())
    assert found == {}
    assert states > 300, "the model has become too small to say anything"


def test_every_rule_is_tried() -> None:
    assert {rule.name for rule in fields(Rules)} == NEEDED.keys()


@pytest.mark.parametrize("rule", NEEDED)
def test_without_a_rule_a_promise_breaks(rule: str) -> None:
    _, found = explore(replace(Rules(), **{rule: False}))
    assert NEEDED[rule] in found, found
    assert found[NEEDED[rule]], "and the way there is told"
