"""Learning m and u without labels: expectation maximisation for m, exact counts for u.

Pure and deterministic; memory is bounded by the number of different patterns (some thousands), not of pairs.

m: pairs that were found by a key agree in that key's fields, so these fields are left out of what is learnt from
them (a session); what several sessions learn of a field is added up.  Sessions by household values (phone, door)
teach that strangers of one family are one, and are refused.

u: sampling pairs at random never sees two strangers with one number, so the chance agreement of near-unique
values is counted: of n values, sum k(k-1)/2 pairs agree.  That count holds the true matches as well:
rate = pi m + (1 - pi) u.  Hence u = max((rate - pi m) / (1 - pi), 1e-9), pi being the share of all pairs that match.

Sources: Fellegi and Sunter, JASA 64 (1969) 1183; Winkler, Using the EM algorithm (US Census Bureau, 2000).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from carecode.identity.linking.features import Features, Precision
from carecode.identity.linking.levels import FIELDS, Levels
from carecode.identity.linking.model import FORMAT, Field, Level, Model, Thresholds, check
from carecode.kernel.errors import InvalidInputError

U_LEAST: Final = 1e-9  # borrowed cards: even the number of a state agrees by chance now and then
M_LEAST: Final = 1e-6
ROUNDS: Final = 4
STEPS_MAX: Final = 500
STEP_LEAST: Final = 1e-9
NAMES = tuple(FIELDS)

SESSIONS: Final[dict[str, frozenset[str]]] = {
    "i": frozenset({"number"}),
    "a": frozenset({"other"}),
    "n": frozenset({"name", "born"}),
}
"""Key letter -> the fields that its pairs agree in.  No household value is among them."""

_TERMS: Final = {("name", "exact"): "name", ("name", "sound"): "pinyin", ("born", "exact"): "born"}
_FLOOR_RECORDS: Final = 10  # a value held by fewer counts as held by so many: its own duplicates are among them

Patterns = Mapping[Levels, int]
"""How many pairs show each pattern of levels."""


class Agreement(NamedTuple):
    """How many pairs agree exactly, of how many that could be compared."""

    pairs: int
    of: int

    @property
    def rate(self) -> float:
        """Give the share; 0.0 of none."""
        return self.pairs / self.of if self.of else 0.0


class Evidence(NamedTuple):
    """All that is learnt from, none of it labelled."""

    records: int
    sessions: Mapping[str, Patterns]  # key letter of SESSIONS -> pairs found by it
    candidates: Patterns  # every pair that any key found, once
    random: Patterns  # pairs drawn at random
    agreements: Mapping[str, Agreement]  # "number", "other", "name", "pinyin", "born", "phone", "door", "home"


class Learnt(NamedTuple):
    """m and u of each field's levels, by number (place 0, MISSING, is 0.0), and the prior."""

    m: dict[str, list[float]]
    u: dict[str, list[float]]
    pi: float


def train(evidence: Evidence, name: str, thresholds: Thresholds) -> Model:
    """Learn a model.  Raises InvalidInputError where there is nothing to learn from.  Seconds for millions of pairs."""
    learnt = learn(evidence)
    fields = tuple(
        Field(
            field,
            tuple(
                _level(field, level.name.lower(), learnt.m[field][level], learnt.u[field][level], evidence)
                for level in levels
                if level
            ),
        )
        for field, levels in FIELDS.items()
    )
    model = Model(FORMAT, name, _rounded(learnt.pi), thresholds, fields)
    check(model)
    return model


def learn(evidence: Evidence) -> Learnt:
    """Alternate between m (sessions), pi (all candidates) and u (counts) until all have settled."""
    for letter in evidence.sessions:
        if letter not in SESSIONS:
            raise InvalidInputError(
                "linking-session-unknown", f"Pairs found by key {letter} teach nothing: use {', '.join(SESSIONS)}."
            )
    pairs = evidence.records * (evidence.records - 1) // 2
    if not any(evidence.sessions.values()) or not evidence.candidates or not evidence.random:
        raise InvalidInputError(
            "linking-training-empty",
            "There is nothing to learn from: give pairs found by keys and pairs drawn at random.",
        )
    sampled = _sampled(evidence.random)
    pi = 1 / max(evidence.records, 2)
    u = _chance(sampled, evidence, _first_guess(), 0.0)
    m = _first_guess()
    for _ in range(ROUNDS):
        m = _matches(evidence.sessions, m, u)
        pi = _prior(evidence.candidates, m, u, pi, pairs)
        u = _chance(sampled, evidence, m, pi)
    return Learnt(m, u, pi)


def agreements(records: Iterable[Features]) -> dict[str, Agreement]:
    """Count exact agreements in one pass.  The batch path counts the same by GROUP BY.

    Memory: one entry per distinct value.
    """
    counters: dict[str, Counter[Hashable]] = {name: Counter() for name in _GROUPS}
    contacts = 0
    for record in records:
        contacts += bool(record.phone or record.door or record.street or record.locality or record.postcode)
        for name, value_of in _GROUPS.items():
            value = value_of(record)
            if value:
                counters[name][value] += 1
    return {
        name: Agreement(
            sum(held * (held - 1) // 2 for held in counter.values()),
            _pairs(contacts if name in _CONTACTS else counter.total()),
        )
        for name, counter in counters.items()
    }


_GROUPS: Final[dict[str, Callable[[Features], str]]] = {
    "number": lambda one: one.number and f"{one.number_kind}|{one.number}",
    "other": lambda one: one.other_number,
    "name": lambda one: "" if one.placeholder else one.name,
    "pinyin": lambda one: "" if one.placeholder else one.pinyin,
    "born": lambda one: one.born if one.born_precision is Precision.DAY else "",
    "phone": lambda one: one.phone,
    "door": lambda one: one.door,
    "home": lambda one: f"{one.phone}|{one.door}" if one.phone and one.door else "",
}
_CONTACTS: Final = frozenset({"phone", "door", "home"})


def _pairs(records: int) -> int:
    """Count the pairs of so many records."""
    return records * (records - 1) // 2


def _first_guess() -> dict[str, list[float]]:
    """Start with nine in ten matches at the fullest level and each later level half as likely as the one before."""
    guess = {}
    for field, levels in FIELDS.items():
        rest = [0.5**place for place in range(1, len(levels) - 1)]
        guess[field] = [0.0, 0.9, *(0.1 * part / sum(rest) for part in rest)]
    return guess


def _sampled(random: Patterns) -> dict[str, list[float]]:
    """Give each level's share among pairs drawn at random; one that was never seen counts half a pair."""
    shares = {}
    for place, (field, levels) in enumerate(FIELDS.items()):
        counts = [0.0] * len(levels)
        for pattern, number in random.items():
            counts[pattern[place]] += number
        known = [max(count, 0.5) for count in counts[1:]]
        shares[field] = [0.0, *(count / sum(known) for count in known)]
    return shares


def _chance(
    sampled: dict[str, list[float]], evidence: Evidence, m: dict[str, list[float]], pi: float
) -> dict[str, list[float]]:
    """Give u: counted where values agree exactly, sampled elsewhere, and adding up to 1 in each field."""
    counted = _counted(evidence.agreements)
    u = {}
    for field, shares in sampled.items():
        exact = {
            place: max((rate - pi * m[field][place]) / (1 - pi), U_LEAST)
            for place, rate in counted.get(field, {}).items()
        }
        free = [place for place in range(1, len(shares)) if place not in exact]
        left = 1.0 - sum(exact.values())
        among = sum(shares[place] for place in free)
        u[field] = [0.0] * len(shares)
        for place, value in exact.items():
            u[field][place] = value
        for place in free:
            u[field][place] = max(left * shares[place] / among, U_LEAST)
    return u


def _counted(counts: Mapping[str, Agreement]) -> dict[str, dict[int, float]]:
    """Turn exact agreements of columns into rates of levels: a joint level is a difference of two counts."""
    rate = {name: agreement.rate for name, agreement in counts.items() if agreement.of}
    counted: dict[str, dict[int, float]] = {
        field: {1: rate[field]} for field in ("number", "other", "name", "born") if field in rate
    }
    if "name" in rate and "pinyin" in rate:
        counted["name"][FIELDS["name"]["SOUND"]] = max(rate["pinyin"] - rate["name"], 0.0)
    contact = FIELDS["contact"]
    home = rate.get("home", 0.0)
    if "phone" in rate or "door" in rate:
        counted["contact"] = {contact["BOTH"]: counts["home"].pairs / max(counts["phone"].of, 1) if home else 0.0}
        counted["contact"][contact["PHONE"]] = max(rate.get("phone", 0.0) - counted["contact"][contact["BOTH"]], 0.0)
        counted["contact"][contact["DOOR"]] = max(rate.get("door", 0.0) - counted["contact"][contact["BOTH"]], 0.0)
    return counted


def _matches(
    sessions: Mapping[str, Patterns], start: dict[str, list[float]], u: dict[str, list[float]]
) -> dict[str, list[float]]:
    """Learn m in each session and add up what they expect."""
    expected = {field: [0.0] * len(levels) for field, levels in FIELDS.items()}
    for letter in sorted(sessions):
        places = [place for place, field in enumerate(NAMES) if field not in SESSIONS[letter]]
        for field, counts in _session(_without(sessions[letter], places), places, start, u).items():
            expected[field] = [a + b for a, b in zip(expected[field], counts, strict=True)]
    return {field: _shares(counts, start[field]) for field, counts in expected.items()}


def _without(patterns: Patterns, places: Sequence[int]) -> list[tuple[tuple[int, ...], int]]:
    """Fold patterns to the places that a session learns, in a fixed order."""
    folded: Counter[tuple[int, ...]] = Counter()
    for pattern, number in patterns.items():
        folded[tuple(int(pattern[place]) for place in places)] += number
    return sorted(folded.items())


def _session(
    patterns: list[tuple[tuple[int, ...], int]],
    places: Sequence[int],
    start: dict[str, list[float]],
    u: dict[str, list[float]],
) -> dict[str, list[float]]:
    """Run EM over one session with u held; give the matches expected at each level."""
    fields = [NAMES[place] for place in places]
    m = {field: start[field] for field in fields}
    share = 0.5
    expected: dict[str, list[float]] = {}
    for _ in range(STEPS_MAX):
        expected = {field: [0.0] * len(FIELDS[field]) for field in fields}
        matches = total = 0.0
        for pattern, number in patterns:
            weight = number * _posterior(pattern, fields, m, u, share)
            matches += weight
            total += number
            for field, level in zip(fields, pattern, strict=True):
                if level:
                    expected[field][level] += weight
        after = min(max(matches / total, 1e-9), 1 - 1e-9)
        m = {field: _shares(counts, start[field]) for field, counts in expected.items()}
        if abs(after - share) < STEP_LEAST:
            break
        share = after
    return expected


def _posterior(
    pattern: Sequence[int], fields: Sequence[str], m: dict[str, list[float]], u: dict[str, list[float]], share: float
) -> float:
    """Give the probability that a pair with this pattern is a match."""
    match, stranger = share, 1 - share
    for field, level in zip(fields, pattern, strict=True):
        if level:
            match *= m[field][level]
            stranger *= u[field][level]
    return match / (match + stranger)


def _shares(counts: list[float], start: list[float]) -> list[float]:
    """Turn expected counts into m: one more pair, spread as before, keeps a level never seen above 0."""
    total = sum(counts[1:]) + 1.0
    raw = [max((count + part) / total, M_LEAST) for count, part in zip(counts[1:], start[1:], strict=True)]
    return [0.0, *(value / sum(raw) for value in raw)]


def _prior(candidates: Patterns, m: dict[str, list[float]], u: dict[str, list[float]], pi: float, pairs: int) -> float:
    """Give the share of all pairs that match: what the candidates hold, as pairs that share no key match never."""
    for _ in range(STEPS_MAX):
        found = sum(number * _posterior(pattern, NAMES, m, u, pi) for pattern, number in candidates.items())
        after = min(max(found, 0.5) / pairs, 0.5)
        if abs(after - pi) <= 1e-6 * pi:
            return after
        pi = after
    return pi


def _level(field: str, level: str, m: float, u: float, evidence: Evidence) -> Level:
    """Write one level, with its terms where common values are counted."""
    column = _TERMS.get((field, level), "")
    agreement = evidence.agreements.get(column)
    if agreement is None or not agreement.pairs:
        return Level(level, _rounded(m), _rounded(u))
    base = agreement.rate
    floor = base if field == "born" else min(base, _FLOOR_RECORDS / evidence.records)
    return Level(level, _rounded(m), _rounded(u), column, _rounded(base), 1.0, _rounded(floor))


def _rounded(value: float) -> float:
    """Keep nine significant digits: enough for 1e-9 bits and short to read."""
    return float(f"{value:.9g}")
