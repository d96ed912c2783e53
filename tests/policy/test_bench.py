"""The bench of the policies, at a size that says nothing of speed: what it measures really happens."""

from __future__ import annotations

from bench.policy import Size, measured
from proofs.invariants import INVARIANTS


def test_it_decides_compares_and_proves() -> None:
    decided, compared, proved = measured(Size(decisions=20, repeats=2, compared=1_000, proofs=1), workers=1)
    assert decided["row"] == "eleven_categories"
    assert 0 < decided["warm_us"] < decided["value"] * 1e3
    assert isinstance(decided["holds"], bool)
    assert compared["row"] == "agreement"
    assert compared["value"] == 1_000
    assert compared["differences"] == 0
    assert compared["permitted"] > 100
    assert proved["row"] == "proofs"
    assert proved["holds"]
    assert proved["invariants"] == len(INVARIANTS) >= 15
