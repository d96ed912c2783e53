"""The outside of what is sent: a Bundle's entries, or one resource, told apart without reading inside.

Sources: FHIR R4 Bundle, 3.1.0.8 (create), 3.1.0.11 (batch and transaction).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from carecode.exchange import references, splice, wellformed
from carecode.exchange.refusals import SentRefusedError
from carecode.record.catalogue import TYPES

ENTRIES_MAX: Final = 20_000
"""Entries of one bundle; Synthea's longest lives have about 3,400."""

_PLACE: Final = re.compile(r"`\$((?:\.[A-Za-z]+|\[\d+\])*)`\Z")


class _Request(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    method: str
    url: str
    id: str | UnsetType = UNSET
    extension: msgspec.Raw = msgspec.Raw()
    modifierExtension: msgspec.Raw = msgspec.Raw()  # noqa: N815 - FHIR's spelling
    ifNoneMatch: str | UnsetType = UNSET  # noqa: N815
    ifModifiedSince: str | UnsetType = UNSET  # noqa: N815
    ifMatch: str | UnsetType = UNSET  # noqa: N815
    ifNoneExist: str | UnsetType = UNSET  # noqa: N815


class _Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    id: str | UnsetType = UNSET
    extension: msgspec.Raw = msgspec.Raw()
    modifierExtension: msgspec.Raw = msgspec.Raw()  # noqa: N815
    link: msgspec.Raw = msgspec.Raw()
    fullUrl: str | UnsetType = UNSET  # noqa: N815
    resource: msgspec.Raw = msgspec.Raw()
    search: msgspec.Raw = msgspec.Raw()
    request: _Request | None = None
    response: msgspec.Raw = msgspec.Raw()


class _Bundle(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    resourceType: str  # noqa: N815
    type: str
    id: str | UnsetType = UNSET
    meta: msgspec.Raw = msgspec.Raw()
    implicitRules: str | UnsetType = UNSET  # noqa: N815
    language: str | UnsetType = UNSET
    identifier: msgspec.Raw = msgspec.Raw()
    timestamp: str | UnsetType = UNSET
    total: int | UnsetType = UNSET
    link: msgspec.Raw = msgspec.Raw()
    entry: list[_Entry] = []
    signature: msgspec.Raw = msgspec.Raw()


_bundles: Final = msgspec.json.Decoder(_Bundle)


@dataclass(frozen=True, slots=True)
class SentEntry:
    """One resource as sent, and what is asked to be done with it."""

    place: str  # where it stands, "Bundle.entry[3]"; for a single resource its type
    method: str  # POST or PUT
    type: str
    sent_id: str | None = field(repr=False)
    url: str = field(repr=False)
    full_url: bytes = field(repr=False)  # empty when none
    raw: bytes = field(repr=False)  # compact
    pieces: list[bytes] = field(repr=False)  # raw, split at its references
    condition: references.Conditional | None = field(repr=False)
    if_match: str = field(repr=False, default="")

    @property
    def inside(self) -> str:
        """The place of the resource itself."""
        return f"{self.place}.resource" if self.place.startswith("Bundle") else self.place


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: its kind of bundle and its entries."""

    kind: str  # FHIR bundle type
    entries: tuple[SentEntry, ...]
    refusals: tuple[tuple[int, SentRefusedError], ...] = ()  # of a batch: by place among all entries
    suspicious: bool = False  # an empty value or a null may stand somewhere


def bundle(data: bytes, *, kinds: frozenset[str], each_alone: bool = False) -> Sent:
    """Read a Bundle of one of ``kinds``; ``each_alone`` keeps the good entries of a batch.

    About 8 us an entry.  SentRefusedError with the place of the first thing that is wrong.
    """
    body = wellformed.clean(data)
    parsed = _parsed(body)
    if parsed.type not in kinds:
        raise SentRefusedError(
            "bundle-type", f"A Bundle here has the type {' or '.join(sorted(kinds))}.", "Bundle.type", "not-supported"
        )
    if len(parsed.entry) > ENTRIES_MAX:
        raise SentRefusedError("too-many-entries", f"More than {ENTRIES_MAX} entries.", "Bundle.entry", "too-costly")
    if not parsed.entry:
        raise SentRefusedError("bundle-empty", "The Bundle has no entry.", "Bundle.entry", "required")
    if msgspec.json.encode(parsed).count(b'":') != body.count(b'":'):
        raise SentRefusedError("duplicate-property", "A property stands twice.", "Bundle", "structure")
    entries: list[SentEntry] = []
    refusals: list[tuple[int, SentRefusedError]] = []
    asked = parsed.type in {"transaction", "batch"}
    for index, entry in enumerate(parsed.entry):
        place = f"Bundle.entry[{index}]"
        try:
            entries.append(_read(entry, place, asked=asked))
        except SentRefusedError as error:
            if not (each_alone and parsed.type == "batch"):
                raise
            refusals.append((index, error))
    return Sent(parsed.type, tuple(entries), tuple(refusals), wellformed.may_be_empty(body))


def resource(data: bytes, *, condition: str = "", method: str = "POST") -> Sent:
    """Read one resource that is created or updated by itself.

    SentRefusedError with the place of the first thing that is wrong.
    """
    body = wellformed.clean(data)
    return Sent("transaction", (alone(body, condition=condition, method=method),), (), wellformed.may_be_empty(body))


def alone(body: bytes, *, condition: str = "", method: str = "POST", place: str = "") -> SentEntry:
    """Read one clean resource that stands in no Bundle; ``Type/id`` is how others refer to it."""
    type_name, sent_id = _head(body, place)
    full_url = f"{type_name}/{sent_id}".encode() if sent_id else b""
    asked = references.condition(type_name, condition) if condition else None
    return SentEntry(
        place or type_name, method, type_name, sent_id, type_name, full_url, body, references.pieces(body), asked
    )


def _parsed(body: bytes) -> _Bundle:
    try:
        parsed = _bundles.decode(body)
    except msgspec.ValidationError as error:
        # The message may repeat what was sent; only the place is kept.
        match = _PLACE.search(str(error))
        place = f"Bundle{match[1]}" if match else "Bundle"
        raise SentRefusedError("bundle-malformed", "This is not a FHIR R4 Bundle.", place, "structure") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise SentRefusedError("json-malformed", "This is not JSON in UTF-8.", issue="structure") from None
    if parsed.resourceType != "Bundle":
        raise SentRefusedError("not-a-bundle", "A Bundle was expected here.", "resourceType", "structure")
    return parsed


def _read(entry: _Entry, place: str, *, asked: bool) -> SentEntry:
    """Read an entry; ``asked``: of a transaction or batch, else of a collection, whose entries are created."""
    if entry.fullUrl == "":
        raise SentRefusedError("empty-value", "A fullUrl is not empty.", f"{place}.fullUrl", "structure")
    request = entry.request
    if asked:
        _check_method(request, place)
    if not entry.resource:
        raise SentRefusedError("resource-missing", "An entry that is stored has a resource.", place, "required")
    raw = bytes(entry.resource)
    type_name, sent_id = _head(raw, f"{place}.resource")
    full_url = entry.fullUrl or ""
    if not asked or request is None:
        full_url = full_url or (f"{type_name}/{sent_id}" if sent_id else "")
        return SentEntry(
            place, "POST", type_name, sent_id, type_name, full_url.encode(), raw, references.pieces(raw), None
        )
    _check_url(request, type_name, f"{place}.request.url")
    return SentEntry(
        place, request.method, type_name, sent_id, request.url, full_url.encode(), raw, references.pieces(raw),
        _condition(request, type_name, place), request.ifMatch or "",
    )  # fmt: skip


def _condition(request: _Request, type_name: str, place: str) -> references.Conditional | None:
    if request.ifNoneExist is UNSET:
        return None
    try:
        return references.condition(type_name, request.ifNoneExist)
    except SentRefusedError as error:
        raise error.within(f"{place}.request.ifNoneExist") from None


def _check_method(request: _Request | None, place: str) -> None:
    if request is None:
        raise SentRefusedError("request-missing", "An entry says with request what to do.", place, "required")
    if request.method not in {"POST", "PUT"}:
        raise SentRefusedError(
            "method-unsupported",
            "In a Bundle entries are created with POST or, in a batch, replaced with PUT.",
            f"{place}.request.method",
            "not-supported",
        )


def _check_url(request: _Request, type_name: str, place: str) -> None:
    """Compare the address with the resource: POST names the type, PUT the type and an id."""
    wanted, _, ident = request.url.partition("/")
    if wanted != type_name or (request.method == "POST") == bool(ident):
        raise SentRefusedError(
            "request-url", "POST goes to the resource's type, PUT to its type and id.", place, "value"
        )


def _head(raw: bytes, place: str) -> tuple[str, str | None]:
    try:
        type_name, sent_id = splice.head(raw)
    except SentRefusedError as error:
        raise error.within(place) if place else error from None
    if type_name not in TYPES:
        raise SentRefusedError(
            "unknown-type",
            "CareCode does not keep resources of this type; metadata lists those it keeps.",
            f"{place}.resourceType" if place else "resourceType",
            "not-supported",
        )
    return type_name, sent_id
