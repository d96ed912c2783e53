"""What a content is, told by its first bytes and never by its name.

Sources: FHIR R4 (JSON, XML, NDJSON of bulk data), HL7 v2.5.1 2.5.4 (MSH), CDA R2 (ClinicalDocument).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import msgspec

from carecode.exchange.refusals import SentRefusedError

_LOOK_BYTES: Final = 4096
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_HL7: Final = re.compile(rb"[\x0b\s]*(?:MSH|FHS|BHS)[^\w\s]")
_CDA: Final = re.compile(rb"<(?:\w+:)?ClinicalDocument[\s>]")
_FHIR_XML: Final = re.compile(rb"<[A-Z]\w+\s[^>]*xmlns=[\"']http://hl7\.org/fhir[\"']")


class Content(StrEnum):
    """What a content is."""

    BUNDLE = "FHIR Bundle"
    RESOURCE = "FHIR resource"
    LINES = "FHIR NDJSON"
    HL7_V2 = "HL7 v2"
    CDA = "CDA"
    FHIR_XML = "FHIR XML"
    EMPTY = "empty"
    UNKNOWN = "unknown"


_REASONS: Final = {
    Content.HL7_V2: ("hl7v2-not-read", "Recognised as HL7 v2, which is not read yet."),
    Content.CDA: ("cda-not-read", "Recognised as a CDA document, which is not read yet."),
    Content.FHIR_XML: ("fhir-xml-not-read", "Recognised as FHIR in XML; send it as JSON."),
    Content.EMPTY: ("file-empty", "The file is empty."),
    Content.UNKNOWN: ("file-unknown", "This is not FHIR in JSON, HL7 v2 or CDA."),
}


class _Named(msgspec.Struct):
    resourceType: str  # noqa: N815 - FHIR's spelling


_named: Final = msgspec.json.Decoder(_Named)


def content_of(data: bytes) -> Content:
    r"""Tell what ``data`` is; looks at its beginning, and at the first line of JSON.

    >>> content_of(b"MSH|^~\\&|LAB")
    <Content.HL7_V2: 'HL7 v2'>
    """
    start = data[:_LOOK_BYTES].removeprefix(_BYTE_ORDER_MARK).lstrip()
    if not start:
        return Content.EMPTY if not data.strip() else Content.UNKNOWN
    if start[:1] == b"{":
        return _json(data.removeprefix(_BYTE_ORDER_MARK))
    if _HL7.match(start):
        return Content.HL7_V2
    if start[:1] == b"<":
        if _CDA.search(start):
            return Content.CDA
        if _FHIR_XML.search(start):
            return Content.FHIR_XML
    return Content.UNKNOWN


def _json(data: bytes) -> Content:
    """Tell lines of resources from one resource: a whole object in the first line, and more below."""
    first, _, rest = data.lstrip().partition(b"\n")
    if rest.strip() and _is_resource(first):
        return Content.LINES
    try:
        kind = _named.decode(data).resourceType
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Broken JSON is refused as such, with what is wrong, by whoever reads it.
        return Content.RESOURCE
    return Content.BUNDLE if kind == "Bundle" else Content.RESOURCE


def _is_resource(line: bytes) -> bool:
    try:
        _named.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def not_read(content: Content) -> SentRefusedError:
    """Make the refusal of a content that is recognised and not read."""
    return SentRefusedError(*_REASONS[content], issue="not-supported")
