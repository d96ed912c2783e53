"""The document types of the health data standard: what each code of CV02.01.101 means here.

Pure.  Source: WS 364.3-2011 table 1, CV02.01.101 (identity document types, used by data element
DE02.01.031.00): 01 to 07 and 99 are assigned.  Regions gave 08 to 98 meanings of their own that
contradict each other (08 is a soldier card, a birth certificate or a residence permit), so those are
read only through the region's own list, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from carecode.identity.areas import AreaTable
from carecode.identity.identifiers import KINDS, PASSPORT_SYSTEM, Identifier, parse
from carecode.kernel.errors import InvalidInputError

COUNTRY_LENGTH: Final = 3  # ISO 3166-1 alpha-3

_CODE_LENGTH: Final = 2
_UNASSIGNED: Final = "Not assigned by the standard; regions use it for different documents. Give the region's list."
_MOTHERS: Final = "Regions use it for the mother's card: that number names the mother, never the child it was sent for."


@dataclass(frozen=True, slots=True)
class DocumentType:
    """One code of CV02.01.101."""

    code: str
    label: str  # the standard's own words; "" when it does not assign the code
    kind: str | None  # key of KINDS; None when the code names no document that could be looked up
    why: str  # why it maps so, or why to nothing


ASSIGNED: Final[Mapping[str, DocumentType]] = {
    row.code: row
    for row in (
        DocumentType(
            "01", "居民身份证", "citizen-id", "The citizen number; residence permits sent so become their kind."
        ),
        DocumentType("02", "居民户口簿", "household-register", "Only the citizen number on a member's page is hers."),
        DocumentType(
            "03", "护照", "passport", "With the state that issued it; equal digits of two states are two people."
        ),
        DocumentType("04", "军官证", "officer-card", "The arm and its digits."),
        DocumentType("05", "驾驶证", "driving-licence", "It bears the number of the holder's identity document."),
        DocumentType("06", "港澳居民来往内地通行证", "hm-permit", "Without the counter of issue."),
        DocumentType("07", "台湾居民来往内地通行证", "tw-permit", "Without the counter of issue."),
        DocumentType(
            "99",
            "其他法定有效证件",
            None,
            "Says not which document; newborns are sent under it with their date of birth for a number.",
        ),
    )
}


def document_type(code: str, *, region: Mapping[str, str] | None = None) -> DocumentType:
    """Say what a code from 01 to 99 means; "1" is 01.

    ``region`` maps the codes that a region added (08 to 98) to keys of KINDS; it cannot change what
    the standard assigns.  InvalidInputError "document-type" for what is no code, or when the
    region's list names no kind.
    """
    number = code.strip().zfill(_CODE_LENGTH)
    if len(number) != _CODE_LENGTH or not (number.isascii() and number.isdigit()) or number == "00":
        raise InvalidInputError("document-type", "A document type is a code from 01 to 99 of CV02.01.101.")
    if number in ASSIGNED:
        return ASSIGNED[number]
    kind = (region or {}).get(number)
    if kind is not None:
        if kind not in KINDS:
            raise InvalidInputError("document-type", f"The region's list has no such kind for {number}.")
        return DocumentType(number, "", kind, "By the region's own list.")
    return DocumentType(number, "", None, _MOTHERS if number == "19" else _UNASSIGNED)


def parse_document(
    code: str,
    number: str,
    *,
    country: str = "",
    region: Mapping[str, str] | None = None,
    areas: AreaTable | None = None,
) -> Identifier | None:
    """Read a number sent with a code of CV02.01.101; None when that pair names nobody.

    None for codes that map to no kind, for a passport without the three letters of its state, and
    for a household's number.  The pair stays in what the source sent; it is no key of the index.

    >>> parse_document("01", "990105194912310023").kind
    'citizen-id'
    >>> parse_document("99", "20260101") is None
    True
    """
    kind = document_type(code, region=region).kind
    if kind is None:
        return None
    if kind == "passport":
        state = country.strip().upper()
        if len(state) != COUNTRY_LENGTH or not (state.isascii() and state.isalpha()):
            return None
        kind = PASSPORT_SYSTEM + state
    try:
        return parse(kind, number, areas=areas)
    except InvalidInputError as error:
        if error.code == "identifier-of-household":
            return None
        raise
