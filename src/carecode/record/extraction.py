"""What is read off a resource before its body is sealed: search values, tokens, the date it sorts by.

Pure.  A token is a keyed 64-bit number of ``type, parameter, value``: whoever copies the database
sees no code and no number.  Tokens collide (rarely) and say nothing about type bindings, so a
search rechecks what it found with ``matches`` after decoding.

Nothing here fails on an odd resource: a value of another shape than FHIR says is not found by
search, and refusing it is the business of whoever validated it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from carecode.crypto.keyed import keyed_token
from carecode.kernel.errors import InvalidInputError
from carecode.record.rows import Decoded, Kind, ResourceType, TokenRule

MEMO_ENTRIES_MAX: Final = 100_000  # about 30 MB; codes repeat, identifiers do not
DATE_MEMO_ENTRIES_MAX: Final = 20_000
TOKENS_PER_RESOURCE_MAX: Final = 5_000  # a Provenance of a whole life names thousands of targets
YEAR_MIN: Final = 1800
YEAR_MAX: Final = 2200

Pair = tuple[str, str]
"""System and code; for a reference, type and id; system is empty when there is none."""

_DATE_LENGTHS: Final = {4: "-01-01", 7: "-01", 10: ""}  # year, month, day: what completes them


class Tokens:
    """Search tokens under one key, with a memo of the ones made before.

    Not for two threads at once.
    """

    __slots__ = ("_key", "_remembered", "_rows")

    def __init__(self, key: bytes) -> None:
        """Take the ring's ``record.tokens``, 32 bytes."""
        self._key = key
        self._rows: dict[str, tuple[_Reading, ...]] = {}
        self._remembered = 0

    def __repr__(self) -> str:
        """Hide the key."""
        return "Tokens(...)"

    def of_resource(self, row: ResourceType, resource: Decoded) -> tuple[int, ...]:
        """Return the tokens of a resource, each once: at most TOKENS_PER_RESOURCE_MAX.

        About 4 us for a usual Observation whose codes were met before.
        """
        readings = self._rows.get(row.name)
        if readings is None:
            readings = self._rows[row.name] = tuple(_Reading(rule) for rule in row.tokens)
        found: list[int] = []
        for reading in readings:
            value = resource.get(reading.first)
            if value is None:
                continue
            memo = reading.memo
            leaves = value if isinstance(value, list) else [value]
            for pair in reading.read(_leaves(leaves, reading.rest) if reading.rest else leaves):
                made = memo.get(pair)
                found += self._remember(row.name, reading, pair) if made is None else made
        tokens = tuple(dict.fromkeys(found))
        return tokens if len(tokens) <= TOKENS_PER_RESOURCE_MAX else tokens[:TOKENS_PER_RESOURCE_MAX]

    def of_search(self, row: ResourceType, parameter: str, text: str) -> int:
        """Return the token that every resource matching ``parameter=text`` carries.

        ``text`` is as in a FHIR search: ``system|code``, ``|code``, ``code``, ``Type/id`` or ``id``.
        InvalidInputError for a parameter that this type does not have and for ``system|`` alone.
        """
        rule = _rules(row, parameter)[0]
        system, code = _searched(rule.kind, text)
        if not code:
            raise InvalidInputError("search-code-missing", "A search by system alone is not offered; name a code.")
        if rule.kind in _BY_CODE_ALONE or system is None:
            return keyed_token(self._key, _spell(row.name, parameter, code))
        return keyed_token(self._key, _spell(row.name, parameter, f"{system}|{code}"))

    def _remember(self, type_name: str, reading: _Reading, pair: Pair) -> tuple[int, ...]:
        """Make the tokens of one value: by code alone, and with its system."""
        system, code = pair
        made: tuple[int, ...] = (keyed_token(self._key, _spell(type_name, reading.parameter, code)),)
        if not reading.by_code_alone:
            made = (*made, keyed_token(self._key, _spell(type_name, reading.parameter, f"{system}|{code}")))
        if self._remembered >= MEMO_ENTRIES_MAX:
            self._rows.clear()
            self._remembered = 0
        self._remembered += 1
        reading.memo[pair] = made
        return made


_BY_CODE_ALONE: Final = frozenset({Kind.CODE, Kind.REFERENCE})
"""A code's system is its binding; an id here is random, its type adds nothing."""


def _spell(type_name: str, parameter: str, value: str) -> bytes:
    return f"{type_name}\0{parameter}\0{value}".encode("utf-8", "surrogatepass")


def matches(row: ResourceType, resource: Decoded, parameter: str, text: str) -> bool:
    """Tell whether a decoded resource really has what was searched for.

    InvalidInputError for a parameter that this type does not have.
    """
    for rule in _rules(row, parameter):
        system, code = _searched(rule.kind, text)
        for found_system, found_code in pairs(rule, resource):
            if code and found_code != code:
                continue
            # A plain code carries no system that could differ.
            if system is None or rule.kind is Kind.CODE or found_system == system:
                return True
    return False


def elements(row: ResourceType, parameter: str) -> frozenset[str]:
    """Return the elements of the first level in which a parameter's values stand; InvalidInputError as above."""
    return frozenset(rule.path[0] for rule in _rules(row, parameter))


def _rules(row: ResourceType, parameter: str) -> tuple[TokenRule, ...]:
    rules = row.parameters.get(parameter)
    if not rules:
        raise InvalidInputError("unknown-parameter", "Resources of this type are not searched by this parameter.")
    return rules


def _searched(kind: Kind, text: str) -> tuple[str | None, str]:
    """Split a search value; the system is None when the search does not care."""
    if kind is Kind.REFERENCE:
        system, code = _reference_pair(text)
        return system or None, code
    system, bar, code = text.partition("|")
    return (system, code) if bar else (None, system)


def pairs(rule: TokenRule, resource: Decoded) -> list[Pair]:
    """Return every value that a rule finds in a resource, in the order written."""
    return _READERS[rule.kind](_leaves([resource], rule.path))


def _code_pairs(leaves: list[Any]) -> list[Pair]:
    # A FHIR boolean is searched as a word.
    return [
        ("", leaf if isinstance(leaf, str) else str(leaf).lower()) for leaf in leaves if isinstance(leaf, (str, bool))
    ]


def _concept_pairs(leaves: list[Any]) -> list[Pair]:
    return [
        pair
        for leaf in leaves
        if isinstance(leaf, dict) and isinstance(codings := leaf.get("coding"), list)
        for pair in _coding_pairs(codings)
    ]


def _coding_pairs(leaves: list[Any]) -> list[Pair]:
    return [
        (system if isinstance(system := leaf.get("system"), str) else "", code)
        for leaf in leaves
        if isinstance(leaf, dict) and isinstance(code := leaf.get("code"), str)
    ]


def _identifier_pairs(leaves: list[Any]) -> list[Pair]:
    return [
        (system if isinstance(system := leaf.get("system"), str) else "", value)
        for leaf in leaves
        if isinstance(leaf, dict) and isinstance(value := leaf.get("value"), str)
    ]


def _reference_pairs(leaves: list[Any]) -> list[Pair]:
    return [
        _reference_pair(text)
        for leaf in leaves
        if isinstance(leaf, dict) and isinstance(text := leaf.get("reference"), str) and text[:1] != "#"
    ]


def _reference_pair(text: str) -> Pair:
    """Split ``Type/id``, ``Type/id/_history/2`` or an address ending so; a bare id has no type."""
    local = text.partition("/_history/")[0]
    kept, slash, ident = local.rpartition("/")
    return (kept.rpartition("/")[2], ident) if slash else ("", local)


_READERS: Final = {
    Kind.CODE: _code_pairs,
    Kind.CONCEPT: _concept_pairs,
    Kind.CODING: _coding_pairs,
    Kind.IDENTIFIER: _identifier_pairs,
    Kind.REFERENCE: _reference_pairs,
}


class _Reading:
    """A rule made ready: its path split, its reader chosen, its values' tokens remembered."""

    __slots__ = ("by_code_alone", "first", "memo", "parameter", "read", "rest")

    def __init__(self, rule: TokenRule) -> None:
        self.parameter = rule.parameter
        self.first = rule.path[0]
        self.rest = rule.path[1:]
        self.read = _READERS[rule.kind]
        self.by_code_alone = rule.kind in _BY_CODE_ALONE
        self.memo: dict[Pair, tuple[int, ...]] = {}


def _leaves(nodes: list[Any], path: tuple[str, ...]) -> list[Any]:
    """Follow a path through objects and lists; lists at the end are opened."""
    for step in path:
        reached: list[Any] = []
        for node in nodes:
            below = node.get(step) if isinstance(node, dict) else None
            if isinstance(below, list):
                reached.extend(below)
            elif below is not None:
                reached.append(below)
        nodes = reached
    return nodes


def references(resource: Decoded, subject_paths: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """Yield the references that stand at the given paths, as written."""
    for path in subject_paths:
        for leaf in _leaves([resource], path):
            if isinstance(leaf, dict) and isinstance(text := leaf.get("reference"), str):
                yield text


def sort_date(row: ResourceType, resource: Decoded) -> datetime | None:
    """Return when what the resource tells of happened; None when it does not say.

    A period counts from its start.  A time without a zone, and a mere day, month or year, counts
    as its first moment in UTC: it sorts, nothing more.
    """
    for path in row.dates:
        if path[0] not in resource:
            continue
        for leaf in _leaves([resource], path):
            text = leaf
            if isinstance(leaf, dict):  # a Period, or a Timing with its events
                text = leaf.get("start") or leaf.get("end") or _first(leaf.get("event"))
            if isinstance(text, str) and (moment := _moment(text)) is not None:
                return moment
    return None


def _first(values: Any) -> Any:  # noqa: ANN401 - decoded JSON
    return values[0] if isinstance(values, list) and values else None


@lru_cache(maxsize=DATE_MEMO_ENTRIES_MAX)
def _moment(text: str) -> datetime | None:
    """Parse a FHIR date or dateTime; kept because all of one visit carries the same few times."""
    try:
        moment = datetime.fromisoformat(text + _DATE_LENGTHS.get(len(text), ""))
    except ValueError:
        return None
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
