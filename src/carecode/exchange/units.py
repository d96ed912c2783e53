"""What a content is cut into for loading: each unit is stored whole or not at all.

A Bundle is one unit.  Loose resources (NDJSON, collections, single files) are cut by patient, with
the directory resources first.  Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from carecode.exchange import envelope, wellformed
from carecode.exchange.envelope import Sent, SentEntry
from carecode.exchange.recognising import Content
from carecode.exchange.refusals import SentRefusedError
from carecode.record.catalogue import TYPES

LINES_MAX: Final = 500_000
"""Resources of one NDJSON file."""
BUNDLE_KINDS: Final = frozenset({"transaction", "batch", "collection", "searchset"})
_LOOSE: Final = frozenset({"collection", "searchset"})
_PATIENT: Final = re.compile(rb'"reference":"Patient/([A-Za-z0-9\-.]{1,64})"')


@dataclass(frozen=True, slots=True)
class Unit:
    """Entries that are stored together, under the hash of their bytes."""

    digest: bytes = field(repr=False)
    sent: Sent = field(repr=False)
    named: bool  # others may refer to its resources as Type/id


def digest_of(organisation: str, data: bytes) -> bytes:
    """Hash what one depositor sends: 32 bytes."""
    return hashlib.sha256(organisation.encode() + b"\0" + data).digest()


def units(data: bytes, content: Content, organisation: str) -> Iterator[Unit | SentRefusedError]:
    """Cut a content into units; a refusal stands where a unit could not be read.

    SentRefusedError when nothing of it can be read.
    """
    if content is Content.BUNDLE:
        sent = envelope.bundle(data, kinds=BUNDLE_KINDS)
        if sent.kind not in _LOOSE:
            yield Unit(digest_of(organisation, data), sent, named=False)
            return
        yield from _by_patient(list(sent.entries), organisation, suspicious=sent.suspicious)
    elif content is Content.RESOURCE:
        yield from _by_patient(list(envelope.resource(data).entries), organisation, suspicious=True)
    else:
        yield from _of_lines(data, organisation)


def _of_lines(data: bytes, organisation: str) -> Iterator[Unit | SentRefusedError]:
    loose: list[SentEntry] = []
    for number, line in enumerate(data.splitlines(), 1):
        if number > LINES_MAX:
            raise SentRefusedError("too-many-lines", f"More than {LINES_MAX} lines; split the file.")
        if not line.strip():
            continue
        try:
            body = wellformed.clean(line)
            if body.startswith(b'{"resourceType":"Bundle"'):
                sent = envelope.bundle(body, kinds=frozenset({"transaction", "batch"}))
                yield Unit(digest_of(organisation, body), sent, named=False)
            else:
                loose.append(envelope.alone(body, place=f"line {number}"))
        except SentRefusedError as error:
            yield error if error.expression.startswith("line") else error.within(f"line {number}")
    yield from _by_patient(loose, organisation, suspicious=True)


def _by_patient(entries: list[SentEntry], organisation: str, *, suspicious: bool) -> Iterator[Unit]:
    """Cut loose resources: the directory first, then each patient, then what names nobody."""
    directory: list[SentEntry] = []
    by_patient: dict[bytes, list[SentEntry]] = {}
    nobody: list[SentEntry] = []
    for entry in entries:
        if TYPES[entry.type].directory:
            directory.append(entry)
        elif entry.type == "Patient":
            key = (entry.sent_id or entry.place).encode()
            by_patient.setdefault(key, []).insert(0, entry)
        elif match := _PATIENT.search(entry.raw):
            by_patient.setdefault(match[1], []).append(entry)
        else:
            nobody.append(entry)
    for group in (directory, *by_patient.values(), *([entry] for entry in nobody)):
        if group:
            data = b"\n".join(entry.raw for entry in group)
            sent = Sent("transaction", tuple(group), (), suspicious)
            yield Unit(digest_of(organisation, data), sent, named=True)
