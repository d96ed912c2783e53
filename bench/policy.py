"""Bench ``policy``: what a decision costs, whether engine and proofs speak of the same policies, how long proofs take.

``eleven_categories`` is one disclosure, undecided before: facts to Cedar, one batch, its answers to a permit.  In CPU
milliseconds of this process, so that neighbours on the machine count little.  ``agreement`` puts random requests to
Cedar and to the translation that the proofs are about.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from bench.report import Row, progress, quantile
from carecode.disclosure.policies import shipped
from carecode.disclosure.policy import Facts, decide, decide_under
from carecode.disclosure.purposes import PURPOSES
from carecode.kernel.vocabulary import ALL_CATEGORIES
from proofs.agreement import Agreement, compare
from proofs.claims import broken, unreachable
from proofs.drawing import draw, facts_of
from proofs.evaluation import evaluator
from proofs.invariants import INVARIANTS
from proofs.schema import Schema, parse
from proofs.translation import any_request, translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLD_MS_MAX: Final = 1.5
PROOF_SECONDS_MAX: Final = 5.0
CHUNK: Final = 10_000
"""Requests that one worker compares before it says so."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    decisions: int
    repeats: int
    compared: int
    proofs: int


FULL: Final = Size(decisions=600, repeats=5, compared=1_000_000, proofs=5)
QUICK: Final = Size(decisions=300, repeats=3, compared=50_000, proofs=3)


def rows(quick: bool) -> list[Row]:  # noqa: FBT001 - the form every bench has
    """Measure and return the rows ``eleven_categories``, ``agreement`` and ``proofs``."""
    return measured(QUICK if quick else FULL, workers=os.cpu_count() or 1)


def measured(size: Size, *, workers: int) -> list[Row]:
    """Measure at this size; with one worker everything runs in this process."""
    return [decision_row(size), agreement_row(size, workers), proof_row(size)]


def decision_row(size: Size) -> Row:
    """Measure decisions that nobody asked for before, then the same again."""
    schema, random = parse(shipped().schema_text), Random(1)
    medians: list[float] = []
    cold: list[float] = []
    warm: list[float] = []
    for number in range(size.repeats):
        progress(f"policy: deciding, {number + 1} of {size.repeats}")
        facts = _disclosures(schema, random, size.decisions)
        decide_under.cache_clear()
        taken = [_cpu_seconds(one) * 1e3 for one in facts]
        assert decide_under.cache_info().hits == 0
        warm += [_cpu_seconds(one) * 1e6 for one in facts]
        cold += taken
        medians.append(statistics.median(taken))
    value = statistics.median(medians)
    return {
        "row": "eleven_categories",
        "value": round(value, 3),
        "unit": "CPU ms per disclosure",
        "denominator": None,
        "ratio": None,
        "hold": COLD_MS_MAX,
        "holds": value <= COLD_MS_MAX,
        "spread": [round(min(medians), 3), round(max(medians), 3)],
        "repeats": len(medians),
        "p50_ms": round(statistics.median(cold), 3),
        "p99_ms": round(quantile(cold, 0.99), 3),
        "warm_us": round(statistics.median(warm), 1),
        "notes": "26 questions in one batch: 11 categories, 13 reasons to be closed, whose entries, whether at all; "
        f"decided before: {statistics.median(warm):.1f} µs",
    }


def _disclosures(schema: Schema, random: Random, count: int) -> list[Facts]:
    """Draw facts, no two alike, of purposes that open content."""
    drawn: dict[Facts, None] = {}
    while len(drawn) < count:
        facts = facts_of(draw(schema, random))
        if PURPOSES[facts.purpose].categories:
            drawn[facts] = None
    return list(drawn)


def _cpu_seconds(facts: Facts) -> float:
    begun = time.process_time()
    decide(facts, ALL_CATEGORIES)
    return time.process_time() - begun


def agreement_row(size: Size, workers: int) -> Row:
    """Compare the engine and the translation about random requests."""
    begun = time.perf_counter()
    found: list[Agreement] = []
    for one in _agreements(size.compared, workers):
        found.append(one)
        progress(f"policy: compared {sum(one.compared for one in found):,} of {size.compared:,} requests")
    compared = sum(one.compared for one in found)
    differences = sum(len(one.differences) for one in found)
    idle = set(shipped().order) - set[str]().union(*(one.deciding for one in found))
    return {
        "row": "agreement",
        "value": compared,
        "unit": "requests",
        "denominator": None,
        "ratio": None,
        "hold": size.compared,
        "holds": compared >= size.compared and differences == 0 and not idle,
        "differences": differences,
        "permitted": sum(one.permitted for one in found),
        "seconds": round(time.perf_counter() - begun, 1),
        "notes": f"{differences} differences; policies that decided nothing: {', '.join(sorted(idle)) or 'none'}",
    }


def _agreements(count: int, workers: int) -> Iterator[Agreement]:
    chunks = [(min(CHUNK, count - start), seed) for seed, start in enumerate(range(0, count, CHUNK))]
    if workers == 1:
        yield from (compared_chunk(*chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(compared_chunk, *chunk) for chunk in chunks]):
            yield done.result()


def compared_chunk(count: int, seed: int) -> Agreement:
    """Compare one chunk; each has a seed of its own."""
    policies = shipped()
    schema = parse(policies.schema_text)
    translated = evaluator(translate(policies.json, any_request(schema)))
    return compare(policies.whole, schema, policies.schema, translated, count, seed)


def proof_row(size: Size) -> Row:
    """Prove every invariant, from reading the policies on, and that no proof is empty."""
    progress("policy: proving")
    proofs = [_proved() for _ in range(size.proofs)]
    seconds = [taken for taken, _ in proofs]
    return {
        "row": "proofs",
        "value": round(statistics.median(seconds), 3),
        "unit": "seconds",
        "denominator": None,
        "ratio": None,
        "hold": PROOF_SECONDS_MAX,
        "holds": statistics.median(seconds) <= PROOF_SECONDS_MAX and not any(red for _, red in proofs),
        "spread": [round(min(seconds), 3), round(max(seconds), 3)],
        "repeats": len(seconds),
        "invariants": len(INVARIANTS),
        "notes": _red_notes(proofs[0][1]),
    }


def _proved() -> tuple[float, Sequence[str]]:
    begun = time.perf_counter()
    policies = shipped()
    translation = translate(policies.json, any_request(parse(policies.schema_text)))
    red = [one.name for one in INVARIANTS if broken(one, translation) is not None]
    red += unreachable(translation)
    return time.perf_counter() - begun, red


def _red_notes(red: Sequence[str]) -> str:
    proved = f"{len(INVARIANTS)} invariants over all requests, every policy reachable"
    return f"NOT PROVED: {', '.join(red)}" if red else proved
