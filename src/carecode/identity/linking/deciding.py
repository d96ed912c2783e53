"""What becomes of one record: linked to a person, put before a person, or a new entry.  And why.

Pure and deterministic: the same record, candidates, model and frequencies give the same decision, in whatever
order the candidates come.  In this order: a document number with the name or birth of its holder links at once;
then bits; guards stop or ask; two persons above the automatic threshold are never decided silently.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from carecode.identity.linking.features import Features
from carecode.identity.linking.frequencies import Terms
from carecode.identity.linking.guards import RULES, Guard, Verdict, guard
from carecode.identity.linking.levels import FIELDS, Levels, Number, compare
from carecode.identity.linking.model import Model, Score

TermsOf = Callable[[Features, Features, tuple[str, ...]], Terms]
"""Gives the terms of a pair for the columns named: ``Frequencies.terms`` under the index's secret."""


class Outcome(StrEnum):
    """What becomes of a record."""

    LINK = "link"
    REVIEW = "review"
    NEW = "new"


class Candidate(NamedTuple):
    """A record of the index that shares a key, and the person it belongs to."""

    person: str
    record: str
    features: Features


class Weighed(msgspec.Struct, frozen=True):
    """One pair as it was weighed.  Holds no value of either record, only how far they agree."""

    person: str
    record: str
    levels: dict[str, str]  # field -> level's name
    bits: dict[str, float]  # field -> bits
    total: float  # bits, prior included
    rule: str  # the guard's, "" for none
    verdict: str  # "free", "ask", "review", "never"
    certain: bool  # linked by its number, before bits


class Decision(msgspec.Struct, frozen=True):
    """An outcome with all that explains it.  Store it as it is; it stays true when the model changes."""

    outcome: Outcome
    best: Weighed | None  # the pair it rests on, None for a new entry that resembles nobody
    also: tuple[Weighed, ...]  # the best pair of every other person to be asked about, or who made it a question
    model: str  # version
    auto: float  # the thresholds of that day, bits
    review: float
    ask: float = 0.0  # of a pair that a guard stops


class _Pair(NamedTuple):
    """One pair while it is decided."""

    candidate: Candidate
    levels: Levels
    guard: Guard
    score: Score
    certain: bool


EVEN: Final = 0.0
"""Bits at which a pair is as likely one person as two."""
DOUBTED: Final = {
    "borrowed-number": 20.0,
    "one-name-at-home": 10.0,
    "twins": 10.0,
    "newborn-unnamed": 10.0,
    "two-numbers-one-home": 10.0,
    "two-numbers-one-name": 10.0,
}
"""Rule -> bits from which the pair is one person where nobody can be asked; others from EVEN.

These rules are about families and cards, whose values agree together more often than bits believe: a thousand to one,
and a million to one where the number itself may be somebody else's.
"""


def decide(
    record: Features, candidates: Iterable[Candidate], model: Model, terms_of: TermsOf, *, asking: bool = True
) -> Decision:
    """Decide about one record.  About 10 us a candidate.

    Without ``asking``, nobody is there to be asked: the bits answer every question, from EVEN or, by the rules in
    DOUBTED, from more; only two numbers that hold and a newborn who differs stay two people.  That is for weighing a
    model against others and for data of which nobody is treated; an index asks.

    Blank values that stand for many people first, in the record and in the candidates (``guards.without``).
    """
    persons: dict[str, list[_Pair]] = defaultdict(list)
    for candidate in candidates:
        persons[candidate.person].append(_weigh(record, candidate, model, terms_of))
    judge = _judge if asking else _judge_by_bits
    judged = [judge(pairs, model) for pairs in persons.values()]
    judged.sort(key=lambda one: (_RANK[one[0]], one[1].certain, one[1].score.total, one[1].candidate[:2]), reverse=True)
    outcome, best = judged[0] if judged else (Outcome.NEW, None)
    rivals = [_rivals(best, one, model) for _, one in judged[1:]] if asking and outcome is Outcome.LINK else []
    if any(rivals):
        outcome = Outcome.REVIEW
    also = zip(judged[1:], rivals or [False] * len(judged[1:]), strict=True)
    return Decision(
        outcome,
        None if best is None else explain(best),
        tuple(explain(one) for (found, one), rival in also if rival or found is not Outcome.NEW),
        model.version,
        model.thresholds.auto,
        model.thresholds.review,
        model.thresholds.ask,
    )


_RANK = {Outcome.NEW: 0, Outcome.REVIEW: 1, Outcome.LINK: 2}


def _weigh(record: Features, candidate: Candidate, model: Model, terms_of: TermsOf) -> _Pair:
    """Compare, guard and score one pair."""
    other = candidate.features
    levels = compare(record, other)
    found = guard(record, other, levels)
    columns = model.columns(levels)
    score = model.score(levels, terms_of(record, other, columns) if columns else {})
    holds = record.number_holds and other.number_holds and levels.number is Number.EXACT
    return _Pair(candidate, levels, found, score, holds and found.verdict is Verdict.FREE)


def _outcome(pair: _Pair, model: Model) -> Outcome:
    """Say what one pair alone would lead to."""
    if pair.guard.verdict is Verdict.NEVER:
        return Outcome.NEW
    if pair.guard.verdict is Verdict.REVIEW:
        return Outcome.REVIEW
    if pair.guard.verdict is Verdict.FREE and (pair.certain or pair.score.total >= model.thresholds.auto):
        return Outcome.LINK
    least = model.thresholds.ask if pair.guard.verdict is Verdict.ASK else model.thresholds.review
    return Outcome.REVIEW if pair.score.total >= least else Outcome.NEW


def _judge(pairs: list[_Pair], model: Model) -> tuple[Outcome, _Pair]:
    """Judge one person by her best record; a record that can never be the same makes a link a question."""
    ranked = [(_outcome(pair, model), pair) for pair in pairs]
    outcome, best = max(
        ranked, key=lambda one: (_RANK[one[0]], one[1].certain, one[1].score.total, one[1].candidate[:2])
    )
    if outcome is Outcome.LINK and any(pair.guard.verdict is Verdict.NEVER for pair in pairs):
        outcome = Outcome.REVIEW
    return outcome, best


def _judge_by_bits(pairs: list[_Pair], _model: Model) -> tuple[Outcome, _Pair]:
    """Judge one person by her best record where nobody is asked."""
    ranked = [(_outcome_by_bits(pair), pair) for pair in pairs]
    return max(ranked, key=lambda one: (_RANK[one[0]], one[1].score.total, one[1].candidate[:2]))


def _outcome_by_bits(pair: _Pair) -> Outcome:
    """Say what the bits of one pair lead to."""
    if pair.guard.verdict is Verdict.NEVER and pair.guard.rule not in DOUBTED:
        return Outcome.NEW
    return Outcome.LINK if pair.score.total >= DOUBTED.get(pair.guard.rule, EVEN) else Outcome.NEW


def _rivals(best: _Pair | None, other: _Pair, model: Model) -> bool:
    """Whether another person speaks against linking silently to the best one."""
    if best is None or other.guard.verdict is Verdict.NEVER:
        return False
    return other.certain if best.certain else other.score.total >= model.thresholds.auto


def explain(pair: _Pair) -> Weighed:
    """Write a pair down without its values."""
    return Weighed(
        pair.candidate.person,
        pair.candidate.record,
        {field: level.name.lower() for field, level in zip(FIELDS, pair.levels, strict=True)},
        dict(zip(FIELDS, pair.score.bits, strict=True)),
        pair.score.total,
        pair.guard.rule,
        pair.guard.verdict.name.lower(),
        pair.certain,
    )


def sentence(weighed: Weighed) -> str:
    """Say in words why a person was asked or a link was stopped; "" where only bits decided."""
    return RULES.get(weighed.rule, "")
