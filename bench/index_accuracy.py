"""How often the index is right: people of ``bench.people`` and FEBRL, one model, Splink on the same columns beside it.

``python -m bench.index_accuracy PEOPLE [--seeds 2 3 4] [--model OUT.json]`` prints the rows; with ``--model`` it only
trains, on seed 1 of the standard population, and writes the model.  No label is read before the figures are made up.

All is done in one process; PostgreSQL is measured elsewhere.  "Automatic" is what is linked without asking anybody.
"By the bits" is the same model where nobody is there to be asked: every question is answered at 0 bits, as likely as
not (``deciding.EVEN``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import msgspec

from bench import febrl
from bench.index_batch_people import record_of
from bench.people.packs import packs
from bench.people.population import population
from bench.people.rates import FOREIGN, HARDER, STANDARD, Rates
from bench.report import Row, progress
from carecode.identity.linking.deciding import DOUBTED, EVEN, Candidate, Decision, Outcome, decide
from carecode.identity.linking.features import Features
from carecode.identity.linking.gathering import Records
from carecode.identity.linking.model import Model, Thresholds, as_json
from carecode.identity.linking.standardise import standardise
from carecode.identity.linking.training import train

SEEDS: Final = (2, 3, 4)
TRAINED_ON: Final = 1  # seed of the one population that is learnt from
PACK_CASES: Final = 2_100  # a multiple of the cases in each pack
PACKS: Final = ("twins", "same-name-birth-date", "borrowed-card")
THRESHOLDS: Final = Thresholds(auto=8.0, review=6.0, ask=38.0)
"""Fixed without looking at truth: one wrong in 250 at the least sum that links, a queue of half a percent."""

FEBRL4_LEAST: Final = 0.9997
FEBRL3_LEAST: Final = 0.9998
MISSED_MOST: Final = 0.70  # of what Splink misses
PRECISION_LEAST: Final = 0.9995
RECALL_LEAST: Final = 0.975
ASKED_MOST: Final = 0.005
SPLINK_PRECISION: Final = 0.999  # at which its recall is taken
RECALL_ABOVE: Final = 0.10


class ByBits(Records):
    """Records brought together where nobody is asked."""

    def decide(self, one: int, other: int, model: Model, *, asking: bool = True) -> Decision:  # noqa: ARG002
        """Decide about two records by the bits alone."""
        candidate = Candidate(str(other), str(other), self.records[other])
        made = decide(self.records[one], [candidate], model, self._terms, asking=False)
        return _unbarred(made, made.outcome)

    def at_precision(self, model: Model, persons: Sequence[str], least: float) -> float:
        """Give the most recall of pairs that any sum has at ``least`` precision, as Splink's is taken."""
        scored = []
        for one, other in self._found:
            best = super().decide(one, other, model).best
            if best is not None and (best.verdict != "never" or best.rule in DOUBTED):
                scored.append((best.total - DOUBTED.get(best.rule, EVEN), persons[one] == persons[other]))
        return recall_at(sorted(scored, reverse=True), figures(persons, persons).there, least)


class BitsAlone(Records):
    """Records brought together by the sum at EVEN, guards unheard: FEBRL knows no families and no borrowed cards."""

    def decide(self, one: int, other: int, model: Model, *, asking: bool = True) -> Decision:  # noqa: ARG002
        """Decide about two records by the sum."""
        made = super().decide(one, other, model)
        return _unbarred(made, Outcome.LINK if made.best and made.best.total >= EVEN else Outcome.NEW)


def _unbarred(made: Decision, outcome: Outcome) -> Decision:
    """Give a decision that sets nobody apart but by its own outcome."""
    best = made.best and msgspec.structs.replace(made.best, verdict="free")
    return msgspec.structs.replace(made, outcome=outcome, best=best)


@dataclass(frozen=True, slots=True)
class Figures:
    """Pairs that are right, pairs made, and pairs there are."""

    right: int
    made: int
    there: int

    @property
    def precision(self) -> float:
        """Right ones of those made."""
        return self.right / self.made if self.made else 1.0

    @property
    def recall(self) -> float:
        """Right ones of those there are."""
        return self.right / self.there

    @property
    def f1(self) -> float:
        """Both in one."""
        return 2 * self.right / (self.made + self.there)


class Town(NamedTuple):
    """A population: features, and what is true."""

    records: list[Features]
    persons: list[str]


class Beside(NamedTuple):
    """Splink on one population."""

    clusters: Figures
    best_f1: float  # of pairs, at the threshold that truth would choose
    recall: float  # of pairs, at SPLINK_PRECISION


def town(size: int, seed: int, rates: Rates) -> Town:
    """Make and standardise a population."""
    progress(f"people of seed {seed}")
    records: list[Features] = []
    persons: list[str] = []
    for row in population(size, seed, rates):
        records.append(standardise(record_of(row)))
        persons.append(row.truth)
    return Town(records, persons)


def recall_at(scored: Sequence[tuple[float, bool]], there: int, least: float) -> float:
    """Give the recall of the longest head of scored pairs, best first, that holds a precision."""
    right, recall = 0, 0.0
    for made, (_, same) in enumerate(scored, 1):
        right += same
        if right >= least * made:
            recall = right / there
    return recall


def figures(persons: Sequence[object], made: Sequence[object]) -> Figures:
    """Count pairs: of ``persons`` as they are and as they were ``made``."""

    def pairs(groups: Counter[Any]) -> int:
        return sum(size * (size - 1) // 2 for size in groups.values())

    both = Counter(zip(persons, made, strict=True))
    return Figures(pairs(both), pairs(Counter(made)), pairs(Counter(persons)))


def model_of(records: Records, name: str = "residents") -> Model:
    """Train without labels."""
    return train(records.evidence(), name, THRESHOLDS)


def accuracy(people: int, seeds: Sequence[int] = SEEDS) -> list[Row]:
    """Measure everything and give the rows febrl4, febrl3, cluster, automatic, harder, foreign and pack."""
    progress("training")
    model = model_of(Records(town(people, TRAINED_ON, STANDARD).records))
    rows = [*_febrl_rows(), *_standard_rows(people, seeds, model)]
    rows.append(_harder_row(people, seeds, model))
    rows.append(_foreign_row(people, seeds, model))
    rows.extend(_pack_row(kind, model) for kind in PACKS)
    progress("")
    return rows


def row(name: str, value: float, denominator: float | None, hold: float, *, holds: bool, **more: object) -> Row:
    """Make a row of shares."""
    return {
        "row": name,
        "value": round(value, 6),
        "unit": "share",
        "denominator": None if denominator is None else round(denominator, 6),
        "ratio": None if denominator is None else round(value / denominator, 3) if denominator else 0.0,
        "hold": hold,
        "holds": holds,
        **more,
    }


def _febrl_rows() -> list[Row]:
    """Link FEBRL by the bits, by models trained on it without labels, at EVEN for both."""
    where = febrl.folder()
    if where is None or not where.is_dir():
        absent = f"no FEBRL: the wheel of requirements-febrl.lock was not to be had; {febrl.ENVIRONMENT} names a folder"
        return [
            row("febrl4", 0.0, None, FEBRL4_LEAST, holds=False, notes=absent),
            row("febrl3", 0.0, None, FEBRL3_LEAST, holds=False, notes=absent),
        ]
    rows = []
    for name, least in (("febrl4", FEBRL4_LEAST), ("febrl3", FEBRL3_LEAST)):
        progress(name)
        data = febrl.load(name, where)
        records = BitsAlone(data.records)
        found = figures(data.persons, records.gather(model_of(records, name)).persons)
        beside = _splink(Town(data.records, data.persons)).clusters
        more = {"precision": round(found.precision, 6), "recall": round(found.recall, 6)}
        rows.append(row(name, found.f1, beside.f1, least, holds=found.f1 >= least, **more))
    return rows


def _standard_rows(people: int, seeds: Sequence[int], model: Model) -> list[Row]:
    """Link populations of other seeds, automatically and by the bits."""
    missed, splinks, seen = [], [], []
    for seed in seeds:
        people_of = town(people, seed, STANDARD)
        progress(f"linking seed {seed}")
        missed.append(1 - figures(people_of.persons, ByBits(people_of.records).gather(model).persons).f1)
        seen.append(automatic(people_of, model))
        progress(f"Splink on seed {seed}")
        splinks.append(1 - _splink(people_of).clusters.f1)
    ratios = [ours / theirs for ours, theirs in zip(missed, splinks, strict=True)]
    cluster = row("cluster", median(missed), median(splinks), MISSED_MOST, holds=max(ratios) <= MISSED_MOST)
    cluster |= {"ratio": round(median(ratios), 3), "spread": [round(min(ratios), 3), round(max(ratios), 3)]}
    cluster["notes"] = "1 - F1 of clusters by the bits, beside Splink's at 0.99"
    return [cluster, _automatic_row(seen)]


def _automatic_row(seen: Sequence[tuple[Figures, float]]) -> Row:
    """Say how sure and how whole the automatic links are, and how many a person is asked about."""
    worst = min(found.precision for found, _ in seen)
    recall = min(found.recall for found, _ in seen)
    asked = max(share for _, share in seen)
    holds = worst >= PRECISION_LEAST and recall >= RECALL_LEAST and asked <= ASKED_MOST
    more = {"precision": round(worst, 6), "review_share": round(asked, 5)}
    notes = f"recall; precision at least {PRECISION_LEAST}, review at most {ASKED_MOST:.1%}; the worst of the seeds"
    return row("automatic", recall, None, RECALL_LEAST, holds=holds, **more, notes=notes)


def automatic(people: Town, model: Model) -> tuple[Figures, float]:
    """Link what is linked without asking; give the figures and the share of records that somebody is asked about."""
    found = Records(people.records).gather(model)
    return figures(people.persons, found.persons), len(found.asked) / len(people.records)


def _harder_row(people: int, seeds: Sequence[int], model: Model) -> Row:
    """Link a population with more errors by the model of the standard one."""
    rows = []
    for seed in seeds:
        hard = town(people, 90 + seed, HARDER)
        progress(f"harder, seed {seed}")
        found, asked = automatic(hard, model)
        by_bits = ByBits(hard.records)
        f1 = figures(hard.persons, by_bits.gather(model).persons).f1
        curve = by_bits.at_precision(model, hard.persons, PRECISION_LEAST)
        beside = _splink(hard)
        rows.append((curve - beside.recall, curve, found, f1, beside, asked))
    gain, curve, found, f1, beside, asked = min(rows, key=lambda one: one[0])
    holds = all(one[0] >= RECALL_ABOVE and one[3] >= one[4].clusters.f1 for one in rows)
    made = row("harder", curve, beside.recall, RECALL_ABOVE, holds=holds)
    made["notes"] = f"recall of pairs at precision {PRECISION_LEAST}, Splink's at {SPLINK_PRECISION}; hold is the gain"
    made |= {"gain": round(gain, 4), "f1": round(f1, 5), "f1_splink": round(beside.clusters.f1, 5)}
    made |= {"f1_splink_best": round(beside.best_f1, 5), "automatic_precision": round(found.precision, 6)}
    return made | {"automatic_recall": round(found.recall, 5), "review_share": round(asked, 5)}


def _foreign_row(people: int, seeds: Sequence[int], model: Model) -> Row:
    """Link people with other names, papers and errors by the same model; nothing is held here but precision."""
    west = town(people, 70 + seeds[0], FOREIGN)
    found, asked = automatic(west, model)
    f1 = figures(west.persons, ByBits(west.records).gather(model).persons).f1
    holds = found.precision >= PRECISION_LEAST
    more = {"recall": round(found.recall, 6), "f1": round(f1, 5), "review_share": round(asked, 5)}
    return row("foreign", found.precision, None, PRECISION_LEAST, holds=holds, **more, notes="precision, not retrained")


def _pack_row(kind: str, model: Model, cases: int = PACK_CASES, seed: int = 7) -> Row:
    """Decide the pairs of a pack, each as if nobody else were in the index."""
    wrong: Counter[str] = Counter()
    right = same = 0
    for pair in packs(kind, cases, seed):
        left, other = (standardise(record_of(one)) for one in (pair.left, pair.right))
        said = decide(other, [Candidate("1", "1", left)], model, lambda _left, _right, _columns: {})
        linked = said.outcome is Outcome.LINK
        if pair.left.truth != pair.right.truth:
            wrong[pair.case] += linked
        else:
            same += 1
            right += linked
    silent = wrong.total()
    made = row(f"pack {kind}", silent, None, 0, holds=not silent, notes="silent wrong links")
    return made | {
        "unit": "links",
        "value": silent,
        "of": cases,
        "cases": +wrong,
        "linked_of_same": f"{right} of {same}",
    }


def _splink(people: Town) -> Beside:
    """Let Splink link the same columns."""
    from bench.index_splink import link  # noqa: PLC0415 - the extra is asked for only here

    found = link(people.records)
    there = figures(people.persons, people.persons).there
    scored = sorted(((bits, people.persons[a] == people.persons[b]) for a, b, bits in found.pairs), reverse=True)
    right, best = 0, 0.0
    for made, (_, same) in enumerate(scored, 1):
        right += same
        best = max(best, 2 * right / (made + there))
    return Beside(figures(people.persons, found.clusters), best, recall_at(scored, there, SPLINK_PRECISION))


def main(arguments: list[str]) -> int:
    """Print the rows, or write a model."""
    parser = argparse.ArgumentParser(prog="python -m bench.index_accuracy")
    parser.add_argument("people", type=int, metavar="PEOPLE")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--model", type=Path, metavar="OUT", help="train only, and write the model here")
    asked = parser.parse_args(arguments)
    if asked.model:
        model = model_of(Records(town(asked.people, TRAINED_ON, STANDARD).records))
        asked.model.write_text(json.dumps(as_json(model), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(model.version)
        return 0
    rows = accuracy(asked.people, asked.seeds)
    for one in rows:
        print(json.dumps(one, ensure_ascii=False))
    return 0 if all(one["holds"] for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
