"""Cases in which records agree and people differ, decided by the shipped model as if nobody else were in the index."""

from __future__ import annotations

import pytest

from bench.index_batch_people import record_of
from bench.people.packs import packs
from carecode.identity.linking.deciding import Candidate, Outcome, decide
from carecode.identity.linking.model import shipped
from carecode.identity.linking.standardise import standardise

CASES = 210


@pytest.mark.parametrize("kind", ["twins", "same-name-birth-date", "borrowed-card", "newborn-siblings"])
def test_two_people_are_never_linked_silently_and_one_mostly_is(kind: str) -> None:
    model = shipped()
    linked = same = 0
    for pair in packs(kind, CASES, 7):
        left, right = standardise(record_of(pair.left)), standardise(record_of(pair.right))
        outcome = decide(right, [Candidate("1", "1", left)], model, lambda _left, _right, _columns: {}).outcome
        if pair.left.truth != pair.right.truth:
            assert outcome is not Outcome.LINK, pair.case
        elif pair.answer == "same":
            same += 1
            linked += outcome is Outcome.LINK
    assert linked > 0.9 * same
