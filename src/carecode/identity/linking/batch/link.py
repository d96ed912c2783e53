"""A million records in one go: keys, pairs, levels, bits, guards and outcomes, and the persons they make.

``link`` gives for every pair what ``compare``, ``guard``, ``Model.score`` and ``decide`` give, and for all of them what
``settle`` makes of it.  The caller gives the columns of ``Features`` and takes persons and questions.

Values that more records hold than one person can have (``Limits.crowded``) are blanked, as one by one; a key under
which more records stand than ``Limits.cap`` makes no pairs.  Both are counted in ``Linked`` by their field or letter;
no value is ever named.  Cost: pairs, of which there are about as many as records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from carecode.identity.linking.batch import clusters, learning
from carecode.identity.linking.batch.engines import Engine
from carecode.identity.linking.batch.keys import LETTERS, keys_of
from carecode.identity.linking.batch.patterns import FIELD_COLUMNS, pattern_of
from carecode.identity.linking.batch.statements import (
    asking,
    bits_of,
    keyed,
    levels,
    number,
    outcome,
    packed,
    records,
    statement,
)
from carecode.identity.linking.gathering import CROWDED, LIST_MAX
from carecode.identity.linking.model import Model, Thresholds
from carecode.identity.linking.training import train
from carecode.kernel.errors import InvalidInputError


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many records may share what."""

    crowded: int = CROWDED
    cap: int = LIST_MAX
    provinces: bool = False  # as in ``linking.keys``


_LIMITS = Limits()


class Crowd(NamedTuple):
    """Values of one field, or keys of one letter, that too many records share."""

    values: int
    records: int
    largest: int


class Linked(NamedTuple):
    """What a run found.  The rows stay in the engine, in the tables named by ``link``."""

    records: int
    pairs: int
    outcomes: dict[str, int]  # "link", "review", "new", "never" -> pairs
    persons: int
    questions: int
    contested: int  # links that would have joined two people
    crowded: dict[str, Crowd]  # field -> values that were blanked
    long_lists: dict[str, Crowd]  # letter -> keys that made no pairs
    model: Model
    known: dict[str, int]  # column of terms -> records that know it


class Training(NamedTuple):
    """To learn the model from the records themselves."""

    name: str
    thresholds: Thresholds


class Shares(NamedTuple):
    """Counts of common values that are given from outside: of a whole index, not of these records."""

    known: Mapping[str, int]  # column -> records that know it
    held: Mapping[str, Mapping[str, int]]  # column -> value -> records; values held by one may be left out


def link(
    engine: Engine,
    source: Any,  # noqa: ANN401 - an Arrow table or the path of a Parquet file
    model: Model | Training,
    *,
    shares: Shares | None = None,
    limits: Limits = _LIMITS,
    asking: bool = True,
    must: Iterable[tuple[int, int]] = (),
    cannot: Iterable[tuple[int, int]] = (),
) -> Linked:
    """Bring all records together.

    ``source``: the columns of ``Features`` and ``rid``, a number of the caller's.  ``shares``: how common values are in
    the whole index; None counts these records.  ``asking``: as in ``decide``.  ``must``
    and ``cannot``: pins of people, pairs of rids.

    The engine then holds ``persons`` (rid, person), ``questions`` (a, b, contested, one, other: the strongest pair
    of two persons that somebody is asked about), ``contested`` (a, b) and ``scored`` (a, b, pattern, rule, verdict,
    certain, total, outcome); ``weighed`` gives the bits of each field.

    Raises InvalidInputError for rids that are not unique, or where there is nothing to learn from.
    """
    terms = learning.TERMS if isinstance(model, Training) else terms_of(model)
    known = prepare(engine, source, terms, limits, shares)
    long_lists = find(engine, limits)
    compare_all(engine, _with_strangers(engine) if isinstance(model, Training) else "pairs", terms)
    if isinstance(model, Training):
        model = train(learning.evidence(engine), model.name, model.thresholds)
    outcomes = weigh(engine, model, known, asking=asking)
    clusters.cluster(engine, must, cannot, asking=asking)
    return Linked(
        records=_count(engine, "records"),
        pairs=_count(engine, "pairs"),
        outcomes=outcomes,
        persons=engine.rows("SELECT count(DISTINCT person) FROM persons")[0][0],
        questions=_count(engine, "questions"),
        contested=_count(engine, "contested"),
        crowded={field: Crowd(*map(int, found)) for field, *found in engine.rows(statement("crowds_of_values"))},
        long_lists=long_lists,
        model=model,
        known=known,
    )


def terms_of(model: Model) -> tuple[str, ...]:
    """Name the columns whose common values a model corrects for."""
    return tuple(dict.fromkeys(level.terms for field in model.fields for level in field.levels if level.terms))


def _with_strangers(engine: Engine) -> str:
    """Make a table of ``pairs`` and of pairs of strangers, whom no letter found; give its name."""
    count = _count(engine, "records")
    step, strides = learning.strides(count)
    engine.put("strides", strides, ("BIGINT", "BIGINT"))
    engine.keep("compared", statement("strangers", step=step, count=max(count, 1)))
    engine.drop("strides")
    return "compared"


def _count(engine: Engine, table: str) -> int:
    """Count the rows of a table."""
    return int(engine.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - a table of this package


def prepare(engine: Engine, source: Any, terms: Sequence[str], limits: Limits, shares: Shares | None) -> dict[str, int]:  # noqa: ANN401
    """Make the table ``records`` and give how many know each column of ``terms``."""
    engine.given(source)
    wrong = engine.rows("SELECT count(*), count(DISTINCT rid), min(rid) FROM given")[0]
    if wrong[0] != wrong[1] or (wrong[0] and wrong[2] < 0):
        raise InvalidInputError("linking-rid-twice", "Each record has its own rid, 0 or more. Number them anew.")
    engine.keep("crowded", statement("crowded", most=limits.crowded))
    known = {}
    for term in terms:
        if shares is None:
            known[term] = engine.rows(f"SELECT count(*) FROM given WHERE {term} <> ''")[0][0]  # noqa: S608 - a column
            engine.keep(f"frequent_{term}", statement("frequent", column=term))
        else:
            known[term] = shares.known.get(term, 0)
            held = shares.held.get(term, {})
            columns: dict[str, Sequence[Any]] = {"value": list(held), "held": list(held.values())}
            engine.put(f"frequent_{term}", columns, ("VARCHAR", "BIGINT"))
    engine.keep("records", records(terms))
    return known


def find(engine: Engine, limits: Limits) -> dict[str, Crowd]:
    """Make the table ``pairs`` and give the lists that were too long, by letter."""
    groups = [LETTERS] if engine.all_at_once else [(letter,) for letter in LETTERS]
    long_lists, tables = {}, []
    for number_of, letters in enumerate(groups):
        keys = [key for letter in letters for key in keys_of(letter, provinces=limits.provinces)]
        engine.keep("keyed", keyed(keys, engine.hashing))
        engine.keep("several", statement("several"))
        for bit, *many in engine.rows(statement("crowds", cap=limits.cap)):
            long_lists[LETTERS[int(bit).bit_length() - 1]] = Crowd(*map(int, many))
        text = statement("found", cap=limits.cap)
        if not all(key.stored for key in keys):
            slips = statement("asked", cap=limits.cap)
            text = f"SELECT * FROM ({text}) AS f UNION ALL SELECT * FROM ({slips}) AS s"  # noqa: S608 - ours
        tables.append(f"found_{number_of}")
        engine.keep(tables[-1], text)
    found = " UNION ALL ".join(f"SELECT a, b, letter FROM {table}" for table in tables)  # noqa: S608 - our tables
    engine.keep("pairs", statement("pairs", found=found))
    engine.drop("keyed", "several", *tables)
    return long_lists


def compare_all(engine: Engine, pairs: str, terms: Sequence[str]) -> None:
    """Make the table ``levelled`` of a table of pairs: their patterns and what their common values count."""
    engine.keep("levelled_in_part", levels(pairs, terms))
    asked = [field for field in FIELD_COLUMNS if engine.ask(f"answers_{field}", asking(field), field)]
    engine.keep("levelled", packed(asked, terms))
    engine.drop("levelled_in_part", "compared", *(f"answers_{field}" for field in FIELD_COLUMNS))


def weigh(engine: Engine, model: Model, known: Mapping[str, int], *, asking: bool = True) -> dict[str, int]:
    """Make the tables ``patterns`` and ``scored`` of ``levelled``; count outcomes."""
    seen = [row[0] for row in engine.rows("SELECT DISTINCT pattern FROM levelled WHERE letters > 0 ORDER BY pattern")]
    judged = [pattern_of(pattern) for pattern in seen]
    columns: dict[str, Sequence[Any]] = {
        "pattern": seen,
        "rule": [one.guard.rule for one in judged],
        "verdict": [int(one.guard.verdict) for one in judged],
        "certain": [one.certain for one in judged],
    }
    engine.put("patterns", columns, ("BIGINT", "VARCHAR", "INT", "BOOLEAN"))
    engine.keep(
        "scored",
        statement(
            "scored",
            outcome=outcome(model, asking=asking),
            prior=number(model.prior_bits),
            total=" + ".join(bits_of(model, known).values()),
        ),
    )
    return {found: int(pairs) for found, pairs in engine.rows(statement("outcomes"))}


def weighed(model: Model, known: Mapping[str, int]) -> str:
    """Give the statement of all pairs with rule, verdict, total, outcome and ``bits_FIELD`` each."""
    return statement(
        "weighed", bits=", ".join(f"{sql} AS bits_{field}" for field, sql in bits_of(model, known).items())
    )
