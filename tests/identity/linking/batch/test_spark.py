"""On Spark the same statements give the same links."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from bench.index_batch_people import record_of
from bench.people.population import population
from carecode.identity.linking.batch.columns import table_of
from carecode.identity.linking.batch.engines import DuckEngine
from carecode.identity.linking.batch.link import Training, link, weighed
from carecode.identity.linking.batch.spark import SparkEngine
from carecode.identity.linking.model import Model
from carecode.identity.linking.standardise import standardise

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="needs the extra spark (pyspark)"),
    pytest.mark.skipif(shutil.which("java") is None, reason="needs Java 17 for Spark"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning"),
]


@pytest.mark.slow
@pytest.mark.parametrize("size", [20_000])
def test_spark_links_as_duckdb_does(size: int, tmp_path: Path, model: Model) -> None:
    records = [standardise(record_of(row)) for row in population(size, 5)]
    table = table_of(enumerate(records))
    wanted = Training("t", model.thresholds)
    with DuckEngine() as here, SparkEngine(tmp_path) as there:
        found, alike = link(here, table, wanted), link(there, table, wanted)
        assert alike == found
        for statement in ("SELECT rid, person FROM persons", "SELECT a, b, contested FROM questions"):
            assert sorted(there.rows(statement)) == sorted(here.rows(statement))
        pairs = sorted(here.rows(weighed(found.model, found.known)))
        for one, other in zip(sorted(there.rows(weighed(alike.model, alike.known))), pairs, strict=True):
            assert one[:6] == other[:6]
            assert one[7] == other[7]
            assert (one[6], *one[8:]) == pytest.approx((other[6], *other[8:]), abs=1e-9)
