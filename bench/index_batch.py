"""The rows ``batch`` and ``cluster``: people linked in bulk, beside Splink on the same standardised columns.

Each side runs in a process of its own, one after the other, so that neither the memory nor the cores of one are the
other's.  Timed are keys, pairs, training, scores, guards and clusters; reading the file in is not, nor standardising.

``python -m bench.index_batch ours|splink FILE.parquet`` runs one side and prints one JSON object.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench.index_batch_people import write
from bench.report import Row
from carecode.identity.linking.batch.engines import DuckEngine
from carecode.identity.linking.batch.link import Training, link
from carecode.identity.linking.model import shipped

HOLD: Final = 0.5  # of Splink's seconds
HOLD_CLUSTER: Final = 0.70  # of Splink's 1 - F1
PEOPLE: Final = 1_000_000
QUICK: Final = 30_000
SIDE_SECONDS_MAX: Final = 1800
_KIB: Final = 1024


def rows(people: int = PEOPLE, seed: int = 1, repeats: int = 1) -> list[Row]:
    """Measure both sides on one population and give the rows ``batch`` and ``cluster``."""
    with tempfile.TemporaryDirectory(prefix="carecode-bench-") as folder:
        source = Path(folder, "people.parquet")
        standardising = write(source, people, seed, "standard")
        measured = [{side: _side(side, source) for side in ("ours", "splink")} for _ in range(repeats)]
    return rows_of(people, seed, measured, {"standardising_us": round(standardising, 1)})


def rows_of(people: int, seed: int, measured: list[dict[str, dict[str, Any]]], more: dict[str, Any]) -> list[Row]:
    """Put the rows together of what both sides said in one or more turns."""
    ratios = [turn["ours"]["seconds"] / turn["splink"]["seconds"] for turn in measured]
    ours, theirs = ([turn[side] for turn in measured] for side in ("ours", "splink"))
    ratio = statistics.median(ratios)
    memory = {
        f"memory_mb_{side}": max(one["memory_mb"] for one in found)
        for side, found in zip(("ours", "splink"), (ours, theirs), strict=True)
    }
    lighter = memory["memory_mb_ours"] <= memory["memory_mb_splink"]
    misses = [1 - side[0]["f1"] for side in (ours, theirs)]
    return [
        {
            "row": "batch",
            "value": round(statistics.median(one["seconds"] for one in ours), 2),
            "unit": f"s for {people:,} people",
            "denominator": round(statistics.median(one["seconds"] for one in theirs), 2),
            "ratio": round(ratio, 3),
            "hold": HOLD,
            "holds": ratio <= HOLD and lighter,
            "spread": [round(min(ratios), 3), round(max(ratios), 3)],
            "repeats": len(measured),
            "notes": "lower is better; holds only if the peak of memory is no higher than Splink's either",
            "cpu_s_ours": round(statistics.median(one["cpu_s"] for one in ours), 2),
            "cpu_s_splink": round(statistics.median(one["cpu_s"] for one in theirs), 2),
            "splink": {key: round(theirs[0][key], 2) for key in ("train_s", "predict_s", "cluster_s")},
            **memory,
            **more,
        },
        {
            "row": "cluster",
            "value": round(misses[0], 5),
            "unit": "1 - F1 of pairs in clusters",
            "denominator": round(misses[1], 5),
            "ratio": round(misses[0] / misses[1], 3),
            "hold": HOLD_CLUSTER,
            "holds": misses[0] <= HOLD_CLUSTER * misses[1],
            "seed": seed,
            "f1_ours": round(ours[0]["f1"], 5),
            "f1_splink": round(theirs[0]["f1"], 5),
            "precision_automatic": round(ours[0]["automatic"]["precision"], 6),
            "recall_automatic": round(ours[0]["automatic"]["recall"], 5),
            "questions": ours[0]["automatic"]["questions"],
        },
    ]


def _side(side: str, source: Path) -> dict[str, Any]:
    """Run one side in a process of its own."""
    said = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, "-m", "bench.index_batch", side, str(source)],
        capture_output=True,
        text=True,
        check=True,
        timeout=SIDE_SECONDS_MAX,
    )
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def ours(source: Path) -> dict[str, Any]:
    """Link by the batch path: learn, link and cluster, with nobody to ask; then again with people to ask."""
    with tempfile.TemporaryDirectory(prefix="carecode-bench-") as folder, DuckEngine(Path(folder)) as engine:
        started, spent = time.perf_counter(), time.process_time()
        done = link(engine, source, Training("bench", shipped().thresholds), asking=False)
        seconds, cpu = time.perf_counter() - started, time.process_time() - spent
        memory = _memory_mb()
        persons = Path(folder, "persons.parquet")
        engine.write(persons, "SELECT rid, person FROM persons")
        found = {
            "seconds": seconds,
            "cpu_s": cpu,
            "memory_mb": memory,
            "pairs": done.pairs,
            **_accuracy(source, persons),
        }
        asked = link(engine, source, done.model)
        engine.write(persons, "SELECT rid, person FROM persons")
        return {**found, "automatic": {**_accuracy(source, persons), "questions": asked.questions}}


def splink(source: Path) -> dict[str, Any]:
    """Link by Splink."""
    run = importlib.import_module("bench.index_batch_splink").run
    with tempfile.TemporaryDirectory(prefix="carecode-bench-") as folder:
        persons = Path(folder, "persons.parquet")
        spent = time.process_time()
        found = run(source, persons)
        return {**found, "cpu_s": time.process_time() - spent, "memory_mb": _memory_mb(), **_accuracy(source, persons)}


def _memory_mb() -> int:
    """Give the peak of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB


def _accuracy(source: Path, persons: Path) -> dict[str, float]:
    """Compare persons with the truth: precision, recall and F1 of pairs in one cluster."""
    duckdb: Any = importlib.import_module("duckdb")
    with duckdb.connect(":memory:") as base:
        base.execute(
            f"CREATE TABLE joined AS SELECT p.person, t.truth FROM read_parquet('{persons}') p "  # noqa: S608
            f"JOIN read_parquet('{source}') t ON t.rid = p.rid"
        ).fetchall()
        count = "SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM (SELECT count(*) AS n FROM joined GROUP BY {})"
        sums = (base.execute(count.format(by)).fetchall()[0][0] for by in ("person, truth", "person", "truth"))
        both, found, true = map(float, sums)
    return {"precision": both / max(found, 1), "recall": both / max(true, 1), "f1": 2 * both / max(found + true, 1)}


def main(arguments: list[str]) -> int:
    """Run one side and print what it said."""
    parser = argparse.ArgumentParser(prog="python -m bench.index_batch")
    parser.add_argument("side", choices=("ours", "splink", "rows"))
    parser.add_argument("source", help="a file of bench.index_batch_people; for rows: how many people")
    asked = parser.parse_args(arguments)
    if asked.side == "rows":
        print(json.dumps(rows(int(asked.source))))
        return 0
    print(json.dumps((ours if asked.side == "ours" else splink)(Path(asked.source))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
