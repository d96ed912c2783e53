"""From what was sent to what is stored: ids given, references rewritten, heads set.  Pure.

Nothing here looks anything up: the door (``bundles.py``) asks what references point to and hands
the answers in.
Source: FHIR R4 3.1.0.11.2 (order of a transaction), 2.24.0.5.2 (fullUrl and references).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from carecode.crypto import canonical
from carecode.crypto.uuid7 import RANDOM_BYTES, uuid7
from carecode.exchange import references, splice, wellformed
from carecode.exchange.envelope import Sent, SentEntry
from carecode.exchange.refusals import SentRefusedError
from carecode.kernel.errors import CareCodeError, InvalidInputError
from carecode.kernel.vocabulary import NewResource
from carecode.record.catalogue import PLACEHOLDER, TYPES, Extracted, Linked, resource_number

Prepare = Callable[[str, Mapping[str, Any]], Extracted]
"""Reads what is kept beside a resource's body; the gate's."""

PATIENT: Final = b"Patient/" + PLACEHOLDER.encode()
"""How the bundle's own resident is written in stored bodies."""
_UUID8_VERSION: Final = 8


@dataclass(frozen=True, slots=True)
class Links:
    """What the references of a bundle point to, each looked at once."""

    entries: Mapping[bytes, int] = field(repr=False)  # reference -> entry
    conditionals: Mapping[bytes, references.Conditional] = field(repr=False)
    literals: Mapping[bytes, references.Literal] = field(repr=False)
    unchanged: frozenset[bytes] = field(repr=False)
    first_use: Mapping[bytes, int] = field(repr=False)  # reference -> first entry that has it

    def patients(self) -> dict[bytes, references.Literal | references.Conditional]:
        """Return the references that name a resident who is not in the bundle."""
        targets: dict[bytes, references.Literal | references.Conditional] = {**self.literals, **self.conditionals}
        return {reference: one for reference, one in targets.items() if one.type == "Patient"}


@dataclass(frozen=True, slots=True)
class Given:
    """The id an entry gets, or the one it has already."""

    id: UUID
    text: str = field(repr=False)  # the id as others see it; the placeholder for the Patient
    reference: bytes = field(repr=False)  # as others in the bundle refer to it
    exists: bool = False


@dataclass(frozen=True, slots=True)
class Stamp:
    """Time and randomness of one deposit: the same stamp and bytes give the same ids again."""

    now: datetime  # aware, UTC
    random_bytes: Callable[[int], bytes] = field(repr=False)

    def ids(self, count: int) -> list[UUID]:
        """Make ``count`` version 7 UUIDs of one call for randomness, rising: reading keeps the order of sending."""
        now_ms = int(self.now.timestamp() * 1000)
        random = self.random_bytes(RANDOM_BYTES * count)
        made = [uuid7(now_ms, random[at : at + RANDOM_BYTES]) for at in range(0, len(random), RANDOM_BYTES)]
        return sorted(made, key=attrgetter("int"))


def survey(sent: Sent) -> Links:
    """Look at every reference once; about 1 us each.

    SentRefusedError names the entry and path of the first that points nowhere or cannot be read.
    """
    names = _names(sent)
    entries: dict[bytes, int] = {}
    conditionals: dict[bytes, references.Conditional] = {}
    literals: dict[bytes, references.Literal] = {}
    unchanged: set[bytes] = set()
    first_use: dict[bytes, int] = {}
    for index, entry in enumerate(sent.entries):
        for reference in references.of(entry.pieces):
            if reference[:1] == b"#" and references.contained_missing(entry.raw, reference):
                raise refused_at(entry, reference, references.unresolved("A reference points to nothing contained."))
            if reference in first_use:
                continue
            first_use[reference] = index
            if reference in names:
                entries[reference] = names[reference]
                continue
            try:
                target = references.target(reference)
            except SentRefusedError as error:
                raise refused_at(entry, reference, error) from None
            match target:
                case references.Literal():
                    literals[reference] = target
                case references.Conditional():
                    conditionals[reference] = target
                case references.Unchanged():
                    unchanged.add(reference)
    return Links(entries, conditionals, literals, frozenset(unchanged), first_use)


def _names(sent: Sent) -> dict[bytes, int]:
    """Map every name of an entry to it: its fullUrl, and Type/id where that is the fullUrl's end.

    SentRefusedError ``full-url-twice``.
    """
    names: dict[bytes, int] = {}
    short: dict[bytes, int | None] = {}
    for index, entry in enumerate(sent.entries):
        if not entry.full_url:
            continue
        if entry.full_url in names:
            raise SentRefusedError(
                "full-url-twice", "Two entries have the same fullUrl.", f"{entry.place}.fullUrl", "duplicate"
            )
        names[entry.full_url] = index
        if entry.sent_id and entry.full_url.startswith(b"http"):
            alias = f"{entry.type}/{entry.sent_id}".encode()
            if entry.full_url.endswith(b"/" + alias):
                short[alias] = None if alias in short else index
    return {alias: index for alias, index in short.items() if index is not None} | names


def refused_at(entry: SentEntry, reference: bytes, error: SentRefusedError) -> SentRefusedError:
    """Return the refusal with the path at which the reference stands."""
    try:
        path = references.path_to(canonical.decode(entry.raw), reference.decode())
    except CareCodeError:
        path = ""
    return error.within(f"{entry.inside}.{path}" if path else entry.inside)


def patient_of(sent: Sent) -> SentEntry | None:
    """Return the one Patient of a bundle.

    SentRefusedError ``two-patients`` for a second one.
    """
    found: SentEntry | None = None
    for entry in sent.entries:
        if entry.type != "Patient":
            continue
        if found is not None:
            raise SentRefusedError(
                "two-patients",
                "A transaction is about one patient; send one Bundle for each.",
                entry.inside,
                "business-rule",
            )
        found = entry
    return found


def content_id(entry: SentEntry, organisation: str) -> UUID:
    """Give a directory resource an id by its content: sent again, it is the same one.

    Source: RFC 9562, 5.8 (version 8).
    """
    digest = hashlib.sha256(b"\0".join((organisation.encode(), entry.type.encode(), entry.raw))).digest()
    number = int.from_bytes(digest[:16])
    number = number & ~(0xF << 76) | _UUID8_VERSION << 76
    return UUID(int=number & ~(0b11 << 62) | 0b10 << 62)


def assign(sent: Sent, existing: Mapping[references.Conditional, str], stamp: Stamp, organisation: str) -> list[Given]:
    """Give every entry its id; ``existing`` are the directory resources that conditions found.

    Two entries with the same condition become one.
    """
    given: list[Given] = []
    made: dict[references.Conditional, Given] = {}
    for entry, fresh in zip(sent.entries, stamp.ids(len(sent.entries)), strict=True):
        condition = entry.condition
        if entry.type == "Patient":
            one = Given(fresh, PLACEHOLDER, PATIENT)
        elif condition is not None and condition in existing:
            found = existing[condition]
            one = Given(UUID(found), found, f"{entry.type}/{found}".encode(), exists=True)
        elif condition is not None and condition in made:
            first = made[condition]
            one = Given(first.id, first.text, first.reference, exists=True)
        else:
            new = content_id(entry, organisation) if TYPES[entry.type].directory and condition is None else fresh
            text = str(new)
            one = Given(new, text, f"{entry.type}/{text}".encode())
        if condition is not None:
            made.setdefault(condition, one)
        given.append(one)
    return given


def new_references(
    sent: Sent,
    links: Links,
    given: Sequence[Given],
    existing: Mapping[references.Conditional, str],
    literals: Mapping[bytes, bytes],
) -> dict[bytes, bytes]:
    """Map every reference of the bundle to what is stored in its place.

    ``existing`` are directory resources that conditions found, ``literals`` what was found stored.
    SentRefusedError ``reference-unresolved`` for a conditional reference that matches nothing.
    """
    new = {reference: given[index].reference for reference, index in links.entries.items()}
    new |= {reference: reference for reference in links.unchanged}
    new |= literals
    new |= dict.fromkeys(links.patients(), PATIENT)
    made = {entry.condition: one.reference for entry, one in zip(sent.entries, given, strict=True) if entry.condition}
    for reference, condition in links.conditionals.items():
        if reference in new:
            continue
        if condition in existing:
            new[reference] = f"{condition.type}/{existing[condition]}".encode()
        elif condition in made:
            new[reference] = made[condition]
        else:
            entry = sent.entries[links.first_use[reference]]
            raise refused_at(
                entry, reference, references.unresolved("A conditional reference matches nothing stored here.")
            )
    return new


def build(
    entry: SentEntry,
    given: Given,
    new_references: Mapping[bytes, bytes],
    meta: bytes,
    prepare: Prepare,
    *,
    suspicious: bool,
) -> tuple[NewResource, Linked]:
    """Make the resource that is stored, and say along what labels reach it: about 35 us, most of it ``prepare``.

    SentRefusedError with the place for what is not FHIR's JSON, or for what ``prepare`` refuses.
    """
    try:
        raw = references.rewritten(entry.pieces, new_references)
        if TYPES[entry.type].directory:
            _check_public(entry, new_references)
        body = splice.with_head(raw, entry.type, given.text, meta)
        decoded = canonical.decode(body)
        if suspicious and wellformed.may_be_empty(body):
            wellformed.check_values(decoded)
        if wellformed.may_be_odd(body):
            wellformed.check_numbers(decoded)
        wellformed.check_elements(decoded)
        wellformed.check_once(body, decoded)
        found = prepare(entry.type, decoded)
    except SentRefusedError as error:
        raise error.within(entry.inside) from None
    except InvalidInputError as error:
        raise SentRefusedError(error.code, error.message, entry.inside) from None
    resource = NewResource(
        type=entry.type,
        id=given.id,
        category=found.category,
        sort_date=found.sort_date,
        tokens=found.tokens,
        body=body,
        closed=found.closed,
        visit=found.visit,
        matters=tuple(number for text in found.links.points if (number := resource_number(text)) is not None),
    )
    return resource, found.links


def _check_public(entry: SentEntry, new_references: Mapping[bytes, bytes]) -> None:
    """Refuse a directory resource that names a resident or a part of a record: everyone reads it.

    SentRefusedError ``directory-names-resident``.
    """
    pointed = (new_references[reference].partition(b"/")[0].decode() for reference in references.of(entry.pieces))
    named = any(kind in TYPES and not TYPES[kind].directory for kind in pointed)
    if named or b'"resourceType":"Patient"' in entry.raw:
        raise SentRefusedError(
            "directory-names-resident",
            "Resources of this type are read by every institution and must not point to a patient's data.",
            issue="business-rule",
        )
