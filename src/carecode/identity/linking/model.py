"""The model: for each field and level, how often matches (m) and strangers (u) show it.  One JSON for all paths.

Pure.  The weight of a level is log2(m / u) bits (Fellegi and Sunter 1969); fields add up, and the prior says how
rare a match is before anything was compared.  Where a level names a column under ``terms``, a value's own share
of the index stands for the field's usual chance agreement, as in Splink: + weight * log2(base / max(share, floor)),
where ``base`` is the model's usual chance agreement of that column.

The version is the SHA-256 of the canonical bytes (keys sorted, no spaces, shortest decimal of each number), so
that two models with one version decide alike.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from importlib import resources
from math import isfinite, log2
from typing import Any, Final, NamedTuple

import msgspec

from carecode.identity.linking.frequencies import COLUMNS, Terms
from carecode.identity.linking.levels import BY_NAME, FIELDS, Levels
from carecode.kernel.errors import InvalidInputError

FORMAT: Final = "carecode-linking-1"
PROBABILITY_LEAST: Final = 1e-12  # a level seen never is still not impossible
MODEL_BYTES_MAX: Final = 100_000
SHIPPED: Final = "residents"


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One level of one field."""

    level: str
    m: float  # share of matches that show it, among those where both know the field
    u: float  # the same of strangers
    terms: str = ""  # column whose common values weigh less, "" for none
    base: float = 0.0  # usual chance agreement of that column
    weight: float = 1.0  # how much of the correction counts, 0 to 1
    floor: float = 0.0  # a share below counts as this


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field with all its levels but MISSING, in the order of their numbers."""

    field: str
    levels: tuple[Level, ...]


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From how many bits in all a pair is linked without a person, and from how many a person is asked.

    ``ask`` is for pairs that a guard stops: no sum links them, so that it may stand above ``auto``.  It is what keeps
    the queue as short as people can work it.
    """

    auto: float
    review: float
    ask: float = 0.0


class Score(NamedTuple):
    """What one pair weighs."""

    total: float  # bits, prior included
    bits: tuple[float, ...]  # per field, in the order of FIELDS; 0.0 where nothing was compared


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Fields, prior and thresholds.  Load it with ``load``, which checks it."""

    format: str
    name: str
    prior: float  # share of all pairs that match
    thresholds: Thresholds
    fields: tuple[Field, ...]

    @cached_property
    def version(self) -> str:
        """Give the SHA-256 of the canonical bytes: 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @cached_property
    def prior_bits(self) -> float:
        """Give the weight before anything was compared."""
        return log2(self.prior / (1 - self.prior))

    def canonical(self) -> bytes:
        """Write the model so that equal models have equal bytes."""
        plain = msgspec.to_builtins(self)
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()

    def score(self, levels: Levels, terms: Terms) -> Score:
        """Weigh one pair: bits per field and in all, prior included.  About 1 us.

        ``terms`` may lack columns: a column that is not there is not corrected for.
        """
        bits = tuple(
            weight[level] if level not in corrected else weight[level] + _correction(corrected[level], terms)
            for level, (weight, corrected) in zip(levels, self._weights, strict=True)
        )
        return Score(self.prior_bits + sum(bits), bits)

    def columns(self, levels: Levels) -> tuple[str, ...]:
        """Name the columns whose terms change the score of one pair."""
        found = (corrected.get(level) for level, (_, corrected) in zip(levels, self._weights, strict=True))
        return tuple(level.terms for level in found if level is not None)

    @cached_property
    def _weights(self) -> tuple[tuple[tuple[float, ...], dict[int, Level]], ...]:
        """Hold per field the bits of each level (0 for MISSING) and the levels that terms correct."""
        return tuple(
            (
                (0.0, *(log2(level.m / level.u) for level in field.levels)),
                {number: level for number, level in enumerate(field.levels, 1) if level.terms},
            )
            for field in self.fields
        )


def _correction(level: Level, terms: Terms) -> float:
    """Give the bits that a value's own share adds or takes."""
    share = terms.get(level.terms)
    return 0.0 if share is None else level.weight * log2(level.base / max(share, level.floor))


def load(data: bytes) -> Model:
    """Read and check a model.  Raises InvalidInputError that says which place is wrong and how."""
    if len(data) > MODEL_BYTES_MAX:
        raise _invalid(f"it is longer than {MODEL_BYTES_MAX:,} bytes")
    try:
        model = msgspec.json.decode(data, type=Model)
    except msgspec.MsgspecError as error:
        raise _invalid(str(error)) from error
    except UnicodeDecodeError as error:
        raise _invalid("it is not UTF-8") from error
    check(model)
    return model


def check(model: Model) -> None:
    """Refuse a model that cannot score.  Raises InvalidInputError that says the place."""
    if model.format != FORMAT:
        raise _invalid(f"format is not {FORMAT}")
    if not 0 < model.prior < 1:
        raise _invalid("prior is not between 0 and 1")
    auto, review = model.thresholds.auto, model.thresholds.review
    if not (isfinite(auto) and isfinite(review) and isfinite(model.thresholds.ask)):
        raise _invalid("thresholds are not finite")
    if auto <= review:
        raise _invalid("thresholds.auto is not above thresholds.review")
    if [field.field for field in model.fields] != list(FIELDS):
        raise _invalid(f"fields are not {', '.join(FIELDS)} in this order")
    for field in model.fields:
        _check_field(field)


def shipped(name: str = SHIPPED) -> Model:
    """Load a model that comes with CareCode."""
    return load(resources.files(__package__).joinpath("models", f"{name}.json").read_bytes())


def _check_field(field: Field) -> None:
    """Refuse a field whose levels are not the known ones or are no probabilities."""
    expected = list(BY_NAME[field.field])[1:]
    if [level.level for level in field.levels] != expected:
        raise _invalid(f"fields.{field.field}.levels are not {', '.join(expected)} in this order")
    for level in field.levels:
        place = f"fields.{field.field}.{level.level}"
        for name in ("m", "u"):
            if not PROBABILITY_LEAST <= getattr(level, name) <= 1:
                raise _invalid(f"{place}.{name} is not between {PROBABILITY_LEAST} and 1")
        if level.terms and level.terms not in COLUMNS:
            raise _invalid(f"{place}.terms is not one of {', '.join(COLUMNS)}")
        if level.terms and not 0 < level.base <= 1:
            raise _invalid(f"{place}.base is not above 0 and at most 1")
        if not 0 <= level.weight <= 1:
            raise _invalid(f"{place}.weight is not between 0 and 1")
        if not 0 <= level.floor <= 1:
            raise _invalid(f"{place}.floor is not between 0 and 1")
    for name in ("m", "u"):
        if sum(getattr(level, name) for level in field.levels) > 1.001:  # noqa: PLR2004 - room for rounding
            raise _invalid(f"fields.{field.field}.{name} add up to more than 1")


def _invalid(what: str) -> InvalidInputError:
    """Say what is wrong with a model."""
    return InvalidInputError("linking-model-invalid", f"The linking model cannot be used: {what}.")


def as_json(model: Model) -> dict[str, Any]:
    """Give the model as plain values, for a file that people read."""
    plain: dict[str, Any] = msgspec.to_builtins(model)
    return plain
