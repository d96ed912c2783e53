"""Why a resource is closed from its first day: its sensitive labels, read off codes, words and what its sender said.

Pure but for the memo.  About 3 us for a usual resource: this stands in the hot path of every deposit.

Read is every coding and every text of a resource, whatever the element is called, except what is administrative
(_SKIPPED: who did it, when, how much) and the narrative that a machine made of the rest (``text``).  So an element
nobody thought of is read, not overlooked.

- Directory types say nothing about a resident, and have no labels.  Of a Patient and a RelatedPerson only extensions
  and the sender's own labels count: sex and birth date are no secret of hers.
- The sender's own labels (``meta.security``, ``DocumentReference.securityLabel``) count as ours do.
- UNLABELLED, which counts as sensitive, is what stands in text that nobody coded: a written document; a note longer
  than NOTE_CHARACTERS_MAX; a diagnosis, test, procedure, medicine or order that is only named in words and whose words
  are not on our lists.  An allergy or a vaccine named in words stays open: not seeing it harms.  A sender who states
  its confidentiality as normal or lower has judged the text, and it stays open but for its words.
- A code of a hospital's own list counts as coded; its display is read as words.

Sources: HL7 v3 ActCode (InformationSensitivityPolicy) and Confidentiality; FHIR R4 6.1.0 (security labels).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from carecode.kernel.vocabulary import NOTHING_CLOSED, Closed
from carecode.record.rows import Decoded
from carecode.record.sensitive import SENSITIVITY

NOTE_CHARACTERS_MAX: Final = 300
"""A note up to this long is read for its words only."""
READ_CHARACTERS_MAX: Final = 20_000
"""How much of a written document is read for words; it is closed anyway."""
DEPTH_MAX: Final = 24  # FHIR's own types nest less
CODING_FIELDS: Final = 3  # system, code and display: nothing more to read

_UNLABELLED: Final = int(Closed.UNLABELLED)
_NAMED: Final = _UNLABELLED - 1  # the eight labels; plain integers, for IntFlag is slow
_CLOSED: Final = tuple(Closed(bits) for bits in range(2 * _UNLABELLED))
_SPECIAL: Final = {
    # types that are not read whole, or carry a label by what they are
    **dict.fromkeys(("Organization", "Practitioner", "PractitionerRole"), "directory"),
    **dict.fromkeys(("Location", "HealthcareService", "Medication"), "directory"),
    **dict.fromkeys(("Patient", "RelatedPerson"), "person"),
}
_BY_TYPE: Final = {"MolecularSequence": int(Closed.GDIS)}

_SKIPPED: Final = frozenset(
    {
        *(
            "resourceType",
            "id",
            "meta",
            "text",
            "identifier",
            "implicitRules",
            "language",
            "status",
            "reference",
            "url",
        ),
        *("subject", "patient", "encounter", "performer", "requester", "recorder", "asserter", "author", "informant"),
        *(
            "participant",
            "agent",
            "insurer",
            "insurance",
            "careTeam",
            "enterer",
            "payee",
            "payor",
            "sender",
            "recipient",
        ),
        *("period", "effectivePeriod", "performedPeriod", "billablePeriod", "servicedPeriod", "timing", "repeat"),
        *("clinicalStatus", "verificationStatus", "class", "severity", "criticality", "interpretation", "priority"),
        *("valueQuantity", "valueRange", "valueRatio", "valueSampledData", "referenceRange", "quantity", "route"),
        *("doseAndRate", "dispenseRequest", "adjudication", "total", "payment", "net", "unitPrice", "benefitBalance"),
        *("content", "presentedForm", "securityLabel", "signature", "telecom", "address", "instance", "endpoint"),
    }
)
_TEXTS: Final = frozenset(
    {
        *(
            "text",
            "display",
            "title",
            "description",
            "conclusion",
            "comment",
            "summary",
            "contentString",
            "valueString",
        ),
        *("valueMarkdown", "patientInstruction", "instruction", "clinicalDetails", "name", "label", "nameString"),
        *("reasonString", "condition", "deceasedString", "onsetString", "abatementString", "valueCode", "div"),
    }
)
_MAIN: Final = {
    # what a resource is about; when it is only named in words, nobody coded it
    "Condition": "code",
    "Observation": "code",
    "DiagnosticReport": "code",
    "Procedure": "code",
    "ServiceRequest": "code",
    "MedicationRequest": "medicationCodeableConcept",
    "MedicationAdministration": "medicationCodeableConcept",
    "MedicationDispense": "medicationCodeableConcept",
    "MedicationStatement": "medicationCodeableConcept",
    "AdverseEvent": "event",
    "ClinicalImpression": "code",
    "DetectedIssue": "code",
    "Flag": "code",
    "RiskAssessment": "code",
    "DeviceRequest": "codeCodeableConcept",
    "Goal": "description",
}
_PICTURES: Final = ("image/", "video/", "application/dicom")
_SENT: Final = {
    # HL7 v3 ActCode as senders write it -> our label; the wider policies carry every label they may mean
    **{label.name: int(label) for label in Closed if label < Closed.UNLABELLED},
    **dict.fromkeys(("MH", "COGN", "EMOTDIS", "DVD", "PSYTHPN", "PSYTHPY"), int(Closed.PSY)),
    **dict.fromkeys(("ETH", "ETHUD", "OPIOIDUD", "42CFRPart2", "SUDNOTE"), int(Closed.SUD)),
    "BH": int(Closed.PSY | Closed.SUD),
    "SCA": int(Closed.GDIS),
    **dict.fromkeys(("MST", "VIO"), int(Closed.SDV)),
    **dict.fromkeys(("GENDER", "SEXUALITY", "MARST"), int(Closed.SEX)),
    **dict.fromkeys(("R", "V"), int(Closed.UNLABELLED)),  # Confidentiality: restricted, very restricted
}
_VOUCHED: Final = frozenset({"U", "L", "M", "N"})  # Confidentiality: unrestricted, low, moderate, normal
_SENT_SYSTEMS: Final = ("v3-ActCode", "v3-Confidentiality", "2.16.840.1.113883.5.4", "2.16.840.1.113883.5.25")

_known: Final = SENSITIVITY.known
_said: Final = SENSITIVITY.said


def labels_of(type_name: str, resource: Decoded) -> Closed:
    """Return the labels of a decoded resource, a subset of ``SENSITIVE``.

    ``resource`` may be of any shape; what is not FHIR's is not read and fails nothing.  About 3 us for a usual one,
    30 us for a letter of two pages.

    >>> labels_of("Condition", {"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "B20.1"}]}})
    <Closed.HIV: 1>
    """
    special = _SPECIAL.get(type_name)
    if special == "directory":
        return NOTHING_CLOSED
    found, vouched = _sent(resource)
    if special:
        for one in _dicts(resource.get("extension")):
            found |= _walk(one, DEPTH_MAX)
        return _CLOSED[found]
    own, noted = _fields(resource)
    found |= own | _BY_TYPE.get(type_name, 0)
    written = _WRITTEN.get(type_name)
    if written is not None:
        for text in written(resource):
            found |= text if vouched else text | _UNLABELLED
    if not vouched and _only_words(type_name, resource, found, noted):
        found |= _UNLABELLED
    return _CLOSED[found]


def _fields(resource: Decoded) -> tuple[int, int]:
    """Collect labels of a resource's own elements; also how many characters stand in its plain texts."""
    found = noted = 0
    for key, value in resource.items():
        if key not in _SKIPPED:
            kind = type(value)
            if kind is dict:
                found |= _walk(value, DEPTH_MAX)
            elif kind is list:
                for one in value:
                    found |= _walk(one, DEPTH_MAX)
            elif kind is str and key in _TEXTS:
                found |= _text(value)
                noted += len(value)
    return found, noted


def _walk(node: Any, depth: int) -> int:  # noqa: ANN401 - decoded JSON
    """Collect labels of every coding and text below an object."""
    if type(node) is not dict or not depth:
        return 0
    found = 0
    if type(node.get("code")) is str:
        found = _coding(node)
        if len(node) <= CODING_FIELDS:
            return found
    for name, value in node.items():
        kind = type(value)
        if kind is str:
            if name in _TEXTS:
                known = _said.get(value)
                found |= SENSITIVITY.of_text(value) if known is None else known
        elif name not in _SKIPPED:
            if kind is dict:
                found |= _walk(value, depth - 1)
            elif kind is list:
                for one in value:
                    found |= _walk(one, depth - 1)
    return found


def _coding(node: dict[str, Any]) -> int:
    """Return the labels of a Coding; a Quantity looks the same.  None of them when its parts are no texts."""
    key = (node.get("system"), node["code"], node.get("display"))
    try:
        known = _known.get(key)
    except TypeError:  # a list or an object where FHIR has a text
        return 0
    if known is not None:
        return known
    return SENSITIVITY.of_code(*key)


def _text(value: str) -> int:
    known = _said.get(value)
    return SENSITIVITY.of_text(value) if known is None else known


def _sent(resource: Decoded) -> tuple[int, bool]:
    """Read the labels that the sender gave; True when it judged the text itself."""
    meta = resource.get("meta")
    tags = meta.get("security") if type(meta) is dict else None
    concepts = resource.get("securityLabel")
    if not tags and not concepts:
        return 0, False
    codings = list(tags) if isinstance(tags, list) else []
    for concept in concepts if isinstance(concepts, list) else ():
        listed = concept.get("coding") if isinstance(concept, dict) else None
        codings += listed if isinstance(listed, list) else ()
    found, vouched = 0, False
    for coding in codings:
        if not isinstance(coding, dict) or not isinstance(code := coding.get("code"), str):
            continue
        if not any(piece in str(coding.get("system")) for piece in _SENT_SYSTEMS):
            continue
        label = _SENT.get(code, 0)
        found |= label
        vouched = vouched or code in _VOUCHED or bool(label & _NAMED)
    return found, vouched and not found & _UNLABELLED


def _only_words(type_name: str, resource: Decoded, found: int, noted: int) -> bool:
    """Tell whether what matters stands in words that nobody coded; ``noted`` characters stand in plain fields."""
    note = resource.get("note")
    if type(note) is list:
        noted += sum(len(one["text"]) for one in note if type(one) is dict and type(one.get("text")) is str)
    if noted > NOTE_CHARACTERS_MAX and not resource.get("conclusionCode"):
        return True
    main = resource.get(_MAIN.get(type_name, ""))
    if type(main) is not dict or found & _NAMED:
        return False
    coding = main.get("coding")
    if type(coding) is list:
        for one in coding:
            if type(one) is dict and one.get("code"):
                return False
    return bool(main.get("text") or coding)


def _of_document(resource: Decoded) -> Iterator[int]:
    """Yield the labels of each written part of a document."""
    for content in _dicts(resource.get("content")):
        yield from _attached(content.get("attachment"))


def _of_report(resource: Decoded) -> Iterator[int]:
    """Yield the labels of the written form of a report that has no coded results."""
    if not resource.get("result") and not resource.get("conclusionCode"):
        for form in _dicts(resource.get("presentedForm")):
            yield from _attached(form)


def _of_composition(resource: Decoded) -> Iterator[int]:
    return _sections(resource.get("section"), DEPTH_MAX)


def _of_message(resource: Decoded) -> Iterator[int]:
    for payload in _dicts(resource.get("payload")):
        yield from _attached(payload.get("contentAttachment"))
        if isinstance(words := payload.get("contentString"), str):
            yield SENSITIVITY.of_text(words[:READ_CHARACTERS_MAX])


def _of_media(resource: Decoded) -> Iterator[int]:
    return _attached(resource.get("content"))


def _of_answers(resource: Decoded) -> Iterator[int]:
    return _answers(resource.get("item"), DEPTH_MAX)


def _attached(attachment: Any) -> Iterator[int]:  # noqa: ANN401 - decoded JSON
    if not isinstance(attachment, dict) or not (attachment.get("data") or attachment.get("url")):
        return
    kind = str(attachment.get("contentType") or "")
    if kind.startswith(_PICTURES):
        return
    title, data = str(attachment.get("title") or ""), attachment.get("data")
    yield _text(title) | (_decoded(data) if isinstance(data, str) and kind.startswith("text/") else 0)


@lru_cache(maxsize=64)
def _decoded(data: str) -> int:
    """Return the labels of the beginning of a text attachment; none when it is not base64.

    Remembered for a moment: a report and a document often carry the same letter.
    """
    try:
        start = base64.b64decode(data[: READ_CHARACTERS_MAX // 3 * 4])
    except (binascii.Error, ValueError):
        return 0
    return SENSITIVITY.of_text(start.decode("utf-8", "replace"))


def _sections(sections: Any, depth: int) -> Iterator[int]:  # noqa: ANN401 - decoded JSON
    """Yield the labels of each section's narrative, unless it was generated from the entries beside it."""
    for section in _dicts(sections) if depth else ():
        narrative = section.get("text")
        if isinstance(narrative, dict) and not (section.get("entry") and narrative.get("status") == "generated"):
            yield SENSITIVITY.of_text(str(narrative.get("div") or "")[:READ_CHARACTERS_MAX])
        yield from _sections(section.get("section"), depth - 1)


def _answers(items: Any, depth: int) -> Iterator[int]:  # noqa: ANN401 - decoded JSON
    """Yield the labels of answers that are longer than a note."""
    for item in _dicts(items) if depth else ():
        for answer in _dicts(item.get("answer")):
            words = answer.get("valueString")
            if isinstance(words, str) and len(words) > NOTE_CHARACTERS_MAX:
                yield SENSITIVITY.of_text(words[:READ_CHARACTERS_MAX])
            yield from _answers(answer.get("item"), depth - 1)
        yield from _answers(item.get("item"), depth - 1)


def _dicts(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - decoded JSON
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict):
                yield one
    elif isinstance(value, dict):
        yield value


_WRITTEN: Final[dict[str, Callable[[Decoded], Iterator[int]]]] = {
    "DocumentReference": _of_document,
    "DocumentManifest": _of_document,
    "DiagnosticReport": _of_report,
    "Composition": _of_composition,
    "Communication": _of_message,
    "CommunicationRequest": _of_message,
    "Media": _of_media,
    "QuestionnaireResponse": _of_answers,
}
"""The types whose meaning may stand in written text: how to read its labels, one number for each text."""
