"""The golden record: one view of a person, each fact from the source that survives, and why.

Pure, and never stored: it is worked out from the source records of whoever is one person now, so an
unlink leaves nothing behind.  Facts that only mean something together (a name and its reading, a
date and how exact it is) come from one record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from carecode.identity.held import Assurance
from carecode.identity.linking.features import Features, Placeholder, Precision


class Rule(StrEnum):
    """What decides between two values, the greater one surviving."""

    EXACT = "exact"  # a whole date before a year, a name before "Baby of ..."
    ASSURANCE = "assurance"
    RANK = "rank"  # of the source
    RECENT = "recent"
    AGREEMENT = "agreement"  # how many sources say the same


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What one source record says."""

    rid: UUID
    source: str
    rank: int = 0  # of the source; a greater one is believed first
    assurance: Assurance = Assurance.SELF_STATED
    recorded_at: datetime
    features: Features
    superseded_by: UUID | None = None


class Survivor(msgspec.Struct, frozen=True, kw_only=True):
    """One facet of the golden record and where it is from."""

    values: Mapping[str, str | bool]  # field of Features -> value
    rid: UUID
    source: str
    assurance: Assurance
    recorded_at: datetime
    agreeing: int  # sources that say the same, this one included
    others: tuple[UUID, ...]  # records that say something else, in order


FACETS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("name", "surname", "given", "pinyin", "given_pinyin", "placeholder", "mother", "birth_order"),
    "born": ("born", "born_precision", "born_lunar"),
    "sex": ("sex",),
    "number": ("number", "number_kind", "number_holds"),
    "other_number": ("other_number",),
    "phone": ("phone",),
    "home": ("door", "locality", "street", "postcode"),
}
"""Facet -> the fields of Features that survive together; the first says whether anything is known."""

_FIRM: Final = (Rule.EXACT, Rule.ASSURANCE, Rule.RANK, Rule.AGREEMENT, Rule.RECENT)
_FLEETING: Final = (Rule.RECENT, Rule.ASSURANCE, Rule.RANK, Rule.AGREEMENT)
SURVIVORSHIP: Final[dict[str, tuple[Rule, ...]]] = {
    "name": _FIRM,
    "born": _FIRM,
    "sex": _FIRM,
    "number": _FIRM,
    "other_number": _FIRM,
    "phone": _FLEETING,
    "home": _FLEETING,
}
"""Facet -> rules in the order in which they decide; the least record id decides at last."""

_PRECISION: Final = {Precision.NONE: 0, Precision.YEAR: 1, Precision.MONTH: 2, Precision.DAY: 3}


def golden(claims: Iterable[Claim], survivorship: Mapping[str, Sequence[Rule]] = SURVIVORSHIP) -> dict[str, Survivor]:
    """Return the facets of which anything is known; a superseded record says nothing.

    The same claims in any order give the same answer.  ``survivorship`` has a row per facet of FACETS.
    """
    spoken = [claim for claim in claims if claim.superseded_by is None]
    found = {}
    for facet, fields in FACETS.items():
        said = [claim for claim in spoken if _known(claim.features, facet)]
        if said:
            found[facet] = _survivor(said, facet, fields, survivorship[facet])
    return found


def _known(features: Features, facet: str) -> bool:
    if facet == "name":
        return bool(features.name) or features.placeholder is Placeholder.NEWBORN
    if facet == "home":
        return any(getattr(features, each) for each in FACETS["home"])
    return bool(getattr(features, FACETS[facet][0]))


def _exact(features: Features, facet: str) -> int:
    """Say how exact a facet is: a name before a placeholder, a day before a year, a number that keeps its rule."""
    if facet == "born":
        return _PRECISION[features.born_precision]
    if facet == "name":
        return int(features.placeholder is Placeholder.NOT)
    return int(facet == "number" and features.number_holds)


def _survivor(said: Sequence[Claim], facet: str, fields: tuple[str, ...], rules: Sequence[Rule]) -> Survivor:
    voices: dict[tuple[object, ...], set[str]] = {}
    for claim in said:
        voices.setdefault(_values(claim, fields), set()).add(claim.source)
    measures: dict[Rule, Callable[[Claim], float]] = {
        Rule.EXACT: lambda claim: _exact(claim.features, facet),
        Rule.ASSURANCE: lambda claim: claim.assurance,
        Rule.RANK: lambda claim: claim.rank,
        Rule.RECENT: lambda claim: claim.recorded_at.timestamp(),
        Rule.AGREEMENT: lambda claim: len(voices[_values(claim, fields)]),
    }
    best = max(said, key=lambda claim: (*(measures[rule](claim) for rule in rules), -claim.rid.int))
    values = _values(best, fields)
    return Survivor(
        values=dict(zip(fields, values, strict=True)),
        rid=best.rid,
        source=best.source,
        assurance=best.assurance,
        recorded_at=best.recorded_at,
        agreeing=len(voices[values]),
        others=tuple(sorted(claim.rid for claim in said if _values(claim, fields) != values)),
    )


def _values(claim: Claim, fields: tuple[str, ...]) -> tuple[str | bool, ...]:
    return tuple(getattr(claim.features, name) for name in fields)
