"""The benches that need a house, at sizes that say nothing of speed: what they measure really happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import fhir, gate
from bench.house import furnish
from bench.report import Row
from carecode.app import App, wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.store.database import Database

KEYS = {"row", "value", "unit", "denominator", "ratio", "hold", "holds"}


def check(rows: list[Row], *names: str) -> None:
    assert [row["row"] for row in rows] == list(names)
    for row in rows:
        assert row.keys() >= KEYS
        assert isinstance(row["holds"], bool)
        assert row["value"] > 0
        assert row["denominator"] > 0
        assert row["ratio"] == pytest.approx(row["value"] / row["denominator"], rel=0.6)


async def test_gate(database: Database, ring: KeyRing) -> None:
    app = App(database, ring, wall_clock)
    await furnish(app)
    size = gate.Size(residents=8, seconds=0.1, repeats=1, pairs=20, absence_seconds=10.0, rows_refused=3)
    rows = await gate.measured(app, size)
    check(rows, "log", "disclosure", "absence")
    assert rows[1]["p95_ms"] >= rows[1]["p50_ms"] > 0
    assert rows[2]["pairs"] == 20


async def test_fhir(database: Database, ring: KeyRing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fhir, "SYNTHEA", tmp_path)  # a checkout by itself: the demo town is measured
    size = fhir.Size(bundles=0, residents=1, ingests=1, reads=1, seconds=0.1, paths=5)
    found = fhir.samples(size)
    app = App(database, ring, wall_clock)
    await furnish(app)
    rows = await fhir.measured(app, fhir.Samples([], found.residents[:12], found.source), size)
    check(rows, "ingest", "read")
    assert rows[0]["bundles"] == 12
    assert rows[0]["in_flight"] in {1, 2}
    assert rows[1]["p99_ms"] >= rows[1]["p50_ms"] > 0


def test_synthea_is_taken_where_it_is(shared_data: Path) -> None:
    assert shared_data / "synthea" == fhir.SYNTHEA
    found = fhir.samples(fhir.Size(bundles=1, residents=0, ingests=1, reads=1, seconds=0.1, paths=1))
    assert found.source == "Synthea"
    assert len(found.directory) == 2
    assert found.residents[0].copied.count(b"resourceType") >= found.residents[0].count > 100
