"""What stands in the parts of a FHIR Consent: whom, what, until when.  Pure; every fault is said in words.

``fhir_consent_reading`` puts the parts together.
Source: FHIR R4 2.24 (data types), 6.2 (Consent).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from carecode.disclosure.choices import LABELS, Kind
from carecode.disclosure.fhir_consent import (
    ACT_CODE,
    CATEGORY,
    CONFIDENTIALITY,
    LABEL,
    ORGANISATION,
    PARTICIPATION,
    RESOURCE_TYPES,
    STAFF,
    URI,
    classes,
)
from carecode.kernel.errors import CareCodeError, InvalidInputError
from carecode.kernel.vocabulary import Category, Closed

Json = Mapping[str, Any]

CONSENTS_MAX: Final = 500
_SYNONYMS: Final = {"ETH": "SUD"}  # HL7's older name of the same; ETHUD and OPIOIDUD are narrower than any of ours


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known where a file is read."""

    patient: str = field(repr=False)  # her own number of herself
    organisations: frozenset[str]  # handles of all institutions
    people: frozenset[str]  # ids of staff she has met: in her log, or decided about before
    allowed: frozenset[str]  # institutions she let in by name
    acting: frozenset[str]  # ids of the delegations that stand
    now: datetime


def whom_of(actor: object, reading: Reading) -> tuple[Kind, str]:
    """Return whom an actor names; he must be known here."""
    written = mapping(actor)
    role = code_of(written.get("role"))
    systems = {word(mapping(one).get("system")) for one in listed(mapping(written.get("role") or {}).get("coding"))}
    if role is not None and (role != "IRCP" or systems != {PARTICIPATION}):
        raise cannot("names somebody in another part than as the one who receives")
    reference = written.get("reference")
    person = value_of(reference, STAFF)
    if person:
        return Kind.PERSON, known(person, reading.people)
    text = reference_of(reference) or ""
    kind, _, ident = text.partition("/")
    if kind in {"Practitioner", "PractitionerRole"}:
        return Kind.PERSON, known(ident, reading.people)
    handle = value_of(reference, ORGANISATION) or (ident if kind == "Organization" else "")
    return Kind.INSTITUTION, known(handle, reading.organisations)


def known(name: str, names: frozenset[str]) -> str:
    """Return a name that is among those known here; refuses any other."""
    if name not in names:
        raise refused("requester", "The file names an institution or a person that is not known here.")
    return name


def entry_of(reference: object) -> str:
    """Return the id of an entry that a Reference names."""
    value = value_of(reference, URI).removeprefix("urn:uuid:")
    text = value or (reference_of(reference) or "").partition("/_history/")[0].rpartition("/")[2]
    try:
        return str(UUID(text))
    except ValueError:
        raise refused("entry", "The file names an entry or a visit that cannot be in your record.") from None


def labels_of(provision: Json) -> list[Closed]:
    """Return the sensitive labels of a provision; refuses one that is not known, and none."""
    found = []
    for one in listed(provision.get("securityLabel")):
        coding = mapping(one)
        system, sent = coding.get("system"), word(coding.get("code"))
        code = _SYNONYMS.get(sent, sent)
        names = {str(label.name): label for label in LABELS if (label is Closed.UNLABELLED) == (system == LABEL)}
        if system == CONFIDENTIALITY:
            continue
        if word(system) not in {ACT_CODE, LABEL} or code not in names:
            raise refused("label", "A consent names a sensitive kind that CareCode does not have.")
        found.append(names[code])
    if not found:
        raise refused("label", "A consent names no sensitive kind that CareCode has.")
    return found


def tags_of(provision: Json) -> set[str]:
    """Return Confidentiality codes; a sensitive label counts as itself, after it was found to be known."""
    tags = set()
    for one in listed(provision.get("securityLabel")):
        coding = mapping(one)
        if coding.get("system") == CONFIDENTIALITY:
            if word(coding.get("code")) not in {"N", "R"}:
                raise refused("label", "A consent names a degree of confidentiality that CareCode does not have.")
            tags.add(str(coding["code"]))
    if not tags or len(tags) != len(listed(provision.get("securityLabel"))):
        tags |= {str(label.name) for label in labels_of(provision)}
    return tags


def categories_of(provision: Json) -> frozenset[Category]:
    """Return the categories of a provision; FHIR types alone only when they are whole categories."""
    codings = [mapping(one) for one in listed(provision.get("class"))]
    names = {category.name.lower(): category for category in Category}
    types = {word(one.get("code")) for one in codings if one.get("system") == RESOURCE_TYPES}
    own = {word(one.get("code")) for one in codings if one.get("system") == CATEGORY}
    if len(types) + len(own) != len(codings) or own - names.keys():
        raise refused("category", "A consent names a kind of information that CareCode does not have.")
    chosen = frozenset(names[one] for one in own)
    if not chosen:
        whole = {c: _types_of([c]) for c in Category}
        chosen = frozenset(category for category, held in whole.items() if held and held <= types)
    if not chosen or (types and types != _types_of(chosen)):
        raise refused("category", "A consent names FHIR types that do not make up a whole kind of information here.")
    return chosen


def _types_of(categories: Sequence[Category] | frozenset[Category]) -> set[str]:
    return {one["code"] for one in classes(categories) if one["system"] == RESOURCE_TYPES}


def times_of(period: object) -> tuple[datetime | None, datetime | None]:
    """Return beginning and end of a Period; refuses an end before the beginning."""
    if period is None:
        return None, None
    written = mapping(period)
    start = _time(written.get("start"), end=False)
    end = _time(written.get("end"), end=True)
    if start is not None and end is not None and end <= start:
        raise InvalidInputError("dates-contradict", "The last day is before the first. Change one of the two.")
    return start, end


def _time(text: object, *, end: bool) -> datetime | None:
    """Read a FHIR dateTime; a mere day, month or year that ends a period is meant whole.  Days count in UTC."""
    if text is None:
        return None
    try:
        if not isinstance(text, str):
            raise TypeError  # noqa: TRY301 - one answer for every way of being no time
        if "T" in text:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        parts = [int(one) for one in text.split("-")]
        first = datetime(*([*parts, 1, 1][:3]), tzinfo=UTC)  # type: ignore[misc, arg-type]
        if not end:
            return first
        if len(parts) == 1:
            return first.replace(year=first.year + 1)
        if len(parts) == 2:  # noqa: PLR2004 - year and month
            return (first + timedelta(days=32)).replace(day=1)
        return first + timedelta(days=1)
    except (TypeError, ValueError, OverflowError):
        raise refused("date", "A date of the file cannot be read.") from None


def reference_of(reference: object) -> str | None:
    """Return the address of a Reference, or None."""
    text = reference.get("reference") if isinstance(reference, Mapping) else None
    return text if isinstance(text, str) else None


def value_of(reference: object, system: str) -> str:
    """Return the value of a Reference's identifier of this system; empty when it has none."""
    identifier = reference.get("identifier") if isinstance(reference, Mapping) else None
    if not isinstance(identifier, Mapping) or identifier.get("system") != system:
        return ""
    value = identifier.get("value")
    return value if isinstance(value, str) else ""


def code_of(concept: object) -> str | None:
    """Return the first code of a CodeableConcept, or None."""
    if concept is None:
        return None
    codings = listed(mapping(concept).get("coding"))
    return str(mapping(codings[0]).get("code")) if codings else None


def word(value: object) -> str:
    """Return a text, empty for what is none."""
    return value if isinstance(value, str) else ""


def listed(value: object) -> list[Any]:
    """Return a list, empty for nothing; refuses what is none or too long."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > CONSENTS_MAX:
        raise refused("form", "A part of the file is not as FHIR says, or too long.")
    return value


def mapping(value: object) -> Json:
    """Return an object; refuses what is none."""
    if not isinstance(value, Mapping):
        raise refused("form", "A part of the file is not as FHIR says.")
    return value


def cannot(what: str) -> CareCodeError:
    """Return the refusal of a rule that CareCode does not have."""
    return refused("rule", f"CareCode has no such rule: a consent of the file {what}. Decide it on the page instead.")


def refused(code: str, message: str) -> CareCodeError:
    """Return a refusal with its code."""
    return InvalidInputError(f"consent-{code}", message)
