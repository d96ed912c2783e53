"""Cedar's engine and the translation, asked the same: they permit the same, and for the same policies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import cedarpy

from proofs.drawing import Drawn, draw
from proofs.evaluation import Evaluator
from proofs.schema import Schema

BATCH: Final = 500
"""Requests that the engine is asked at once."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a comparison found."""

    compared: int
    permitted: int
    deciding: frozenset[str]  # policies that decided at least one request
    differences: tuple[Drawn, ...]


def compare(
    policies: cedarpy.PolicySet, schema: Schema, cedar: cedarpy.Schema, translated: Evaluator, count: int, seed: int
) -> Agreement:
    """Draw ``count`` requests and ask both; about 0.1 ms each.

    An error of the engine is a difference: a request that it cannot answer is not one that it agrees about.
    """
    random = Random(seed)  # noqa: S311 - seeded: a difference can be found again
    permitted = compared = 0
    deciding: set[str] = set()
    differences: list[Drawn] = []
    while compared < count:
        drawn = [draw(schema, random) for _ in range(min(BATCH, count - compared))]
        for one, (allowed, reasons) in zip(drawn, engine(policies, schema, cedar, drawn), strict=True):
            permitted += bool(allowed)
            deciding |= reasons
            if (allowed, reasons) != translated.decide(one.values(schema)):
                differences.append(one)
        compared += len(drawn)
    return Agreement(compared, permitted, frozenset(deciding), tuple(differences))


def engine(
    policies: cedarpy.PolicySet, schema: Schema, cedar: cedarpy.Schema, drawn: Sequence[Drawn]
) -> list[tuple[bool | None, frozenset[str]]]:
    """Ask Cedar: permitted or not (None: it failed), and the policies that decided."""
    entities = json.dumps([one.entity(schema, str(place)) for place, one in enumerate(drawn)])
    results = cedarpy.is_authorized_batch(
        [one.request(str(place)) for place, one in enumerate(drawn)],
        policies,
        cedarpy.Entities.from_json_str(entities, cedar),
        cedar,
    )
    return [(None if one.diagnostics.errors else one.allowed, frozenset(one.diagnostics.reasons)) for one in results]
