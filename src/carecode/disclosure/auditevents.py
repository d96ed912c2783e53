"""Her log as IHE BALP AuditEvents and as a table.  Pure.

One AuditEvent for each entry, in the shape of the BALP profile that fits it:

=========================  ===========================================================
entry                      profile
=========================  ===========================================================
she, or who acts for her   PatientRead
opened by a person         PrivacyDisclosure.Source (DICOM Export)
read by a computer         PatientQuery, of what it wrote itself
identified                 PatientRead of the Patient
deposited                  PatientCreate; PatientUpdate when it replaced an entry
decided                    PatientCreate, of a Consent
refused                    AuthZconsent with the outcome of a failure (DCM 110113)
=========================  ===========================================================

The patient is she under her own number of herself.  BALP wants a network address of every machine: CareCode keeps
none, and gives the institution's handle as machine name.
Sources: IHE ITI BALP 1.1.3 (StructureDefinitions), FHIR R4 6.4 (AuditEvent), DICOM PS3.15 A.5, RFC 4180.
"""

from __future__ import annotations

import base64
import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from carecode.kernel.vocabulary import PLATFORM, Purpose, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carecode.audit.log import Entry
    from carecode.disclosure.privacy import Look

Json = dict[str, Any]

BALP: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_HL7: Final = "http://terminology.hl7.org/CodeSystem/"
_INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
_REST: Final = {"system": f"{_HL7}audit-event-type", "code": "rest", "display": "Restful Operation"}
_DISCLOSE: Final = {"system": f"{_HL7}iso-21089-lifecycle", "code": "disclose"}
_DENIED: Final = {"system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType", "code": "AuthZ-Consent"}
_SYSTEM_OBJECT: Final = {"system": f"{_HL7}audit-entity-type", "code": "2"}
_PERSON: Final = {"system": f"{_HL7}audit-entity-type", "code": "1"}
_ORGANISATION: Final = "urn:carecode:organisation"
_STAFF: Final = "urn:carecode:staff"
_SUCCESS: Final = "0"
_FAILURE: Final = "8"
_MACHINE_NAME: Final = "1"
_MACHINES: Final = frozenset({Role.SYSTEM, Role.INTEGRATOR})
_REPLACED: Final = "replaces an entry"
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With what a cell begins that a spreadsheet would run (OWASP, CSV injection)."""


def audit_bundle(looks: Iterable[Look], patient: str, now: datetime) -> Json:
    """Return a Bundle (``collection``) of her entries in the order given; ``patient`` is her own number of herself."""
    events = [event_of(look, patient) for look in looks]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _instant(now),
        "entry": [{"fullUrl": f"urn:carecode:log:{event['id']}", "resource": event} for event in events],
    }


def event_of(look: Look, patient: str) -> Json:
    """Return one entry as an AuditEvent; its id is the entry's hash, by which it is found in the log."""
    entry = look.entry
    profile, shape = _shape(look)
    return {
        "resourceType": "AuditEvent",
        "id": entry.hash.hex(),
        "meta": {"profile": [BALP + profile]},
        **shape,
        "recorded": _instant(entry.at),
        "purposeOfEvent": [{"coding": [_purpose(entry.purpose)]}],
        "source": {
            "site": PLATFORM,
            "observer": _observer(),
            "type": [{"system": f"{_HL7}security-source-type", "code": "6" if entry.action == "refuse" else "4"}],
        },
        "entity": [_patient(patient), _matter(entry, patient, profile)],
    }


def _shape(look: Look) -> tuple[str, Json]:
    """Return the profile's name, and type, subtype, action, outcome and agents."""
    entry = look.entry
    match entry.action:
        case "refuse":
            return "AuthZconsent", {
                "type": _dcm("110113", "Security Alert"),
                "subtype": [_DENIED],
                "action": "E",
                "outcome": _FAILURE,
                "outcomeDesc": entry.basis,
                "agent": _asking(look),
            }
        case "deposit" if entry.basis == _REPLACED:
            return "PatientUpdate", _rest("update", "U", _sending(look))
        case "deposit" | "decide":
            return "PatientCreate", _rest("create", "C", _sending(look))
        case "disclose" if look.organisation is not None and entry.role in _MACHINES:
            return "PatientQuery", _rest("search-type", "E", _querying(look))
        case "disclose" if look.organisation is not None:
            return "PrivacyDisclosure.Source", {
                "type": _dcm("110106", "Export"),
                "subtype": [_DISCLOSE, {"system": _INTERACTION, "code": "read"}],
                "action": "R",
                "outcome": _SUCCESS,
                "agent": [
                    _machine("110153", "Source Role ID", PLATFORM),
                    _machine("110152", "Destination Role ID", entry.organisation),
                    _user(look, "IRCP"),
                ],
            }
        case _:  # she herself, who acts for her, an identification
            agents = [
                _machine("110152", "Destination Role ID", entry.organisation),
                _machine("110153", "Source Role ID", PLATFORM),
                _user(look, "IRCP"),
            ]
            return "PatientRead", _rest("read", "R", agents)


def _rest(interaction: str, action: str, agents: list[Json]) -> Json:
    subtype = [{"system": _INTERACTION, "code": interaction}]
    return {"type": _REST, "subtype": subtype, "action": action, "outcome": _SUCCESS, "agent": agents}


def _sending(look: Look) -> list[Json]:
    return [
        _machine("110153", "Source Role ID", look.entry.organisation),
        _machine("110152", "Destination Role ID", PLATFORM),
        _user(look, "AUT"),
    ]


def _querying(look: Look) -> list[Json]:
    return [
        _machine("110153", "Source Role ID", look.entry.organisation),
        _machine("110152", "Destination Role ID", PLATFORM),
        _user(look, "IRCP"),
    ]


def _asking(look: Look) -> list[Json]:
    """Return who asked, for whom, with which program, and who decided."""
    entry = look.entry
    program = _machine("110150", "Application", entry.organisation)
    place = {
        "type": {"coding": [{"system": f"{_HL7}v3-RoleClass", "code": "PROV"}]},
        "who": _organisation(entry.organisation),
        "requestor": False,
    }
    decider = {
        "type": {"coding": [{"system": f"{_HL7}extra-security-role-type", "code": "authserver"}]},
        "who": _observer(),
        "requestor": False,
    }
    return [program, _user(look, "IRCP"), place, decider]


def _machine(code: str, display: str, name: str) -> Json:
    return {
        "type": {"coding": [_dcm(code, display)]},
        "who": _organisation(name),
        "requestor": False,
        "network": {"address": name, "type": _MACHINE_NAME},
    }


def _user(look: Look, part: str) -> Json:
    """Return the person (or program) who did it, by name and by the id the log knows."""
    entry = look.entry
    kind = "Practitioner"
    if entry.role in _MACHINES:
        kind = "Device"
    elif look.organisation is None:
        kind = "RelatedPerson" if entry.requester.startswith("delegate:") else "Patient"
    return {
        "type": {"coding": [{"system": f"{_HL7}v3-ParticipationType", "code": part}]},
        "role": [{"coding": [{"system": "urn:carecode:role", "code": entry.role}]}],
        "who": {"type": kind, "identifier": {"system": _STAFF, "value": entry.requester}},
        "name": ", ".join(one for one in (entry.requester_name, entry.requester_title) if one),
        "requestor": True,
        "purposeOfUse": [{"coding": [_purpose(entry.purpose)]}],
    }


def _patient(patient: str) -> Json:
    return {
        "what": {"reference": f"Patient/{patient}"},
        "type": _PERSON,
        "role": {"system": f"{_HL7}object-role", "code": "1", "display": "Patient"},
    }


def _matter(entry: Entry, patient: str, profile: str) -> Json:
    """Return what it was about: the query, the consent, or her data by category."""
    detail = [{"type": "receipt", "valueString": entry.receipt_number}, {"type": "basis", "valueString": entry.basis}]
    if entry.depositor is not None:
        detail.append({"type": "depositor", "valueString": entry.depositor})
    categories = ",".join(one.name.lower() for one in sorted(entry.categories))
    if profile == "PatientQuery":
        asked = f"category={categories}&depositor={entry.depositor or ''}"
        return {
            "type": _SYSTEM_OBJECT,
            "role": {"system": f"{_HL7}object-role", "code": "24", "display": "Query"},
            "description": f"{asked}&receipt={entry.receipt_number}",
            "query": base64.b64encode(asked.encode()).decode(),
        }
    if profile == "AuthZconsent":
        consent = {"system": "http://hl7.org/fhir/resource-types", "code": "Consent"}
        return {"what": {"type": "Consent", "display": entry.basis}, "type": consent, "detail": detail}
    what: Json = {"type": "Consent", "display": entry.basis} if entry.action == "decide" else {"display": categories}
    if entry.action == "identify":
        what = {"reference": f"Patient/{patient}"}
    elif not categories and entry.action != "decide":
        what = {"display": "entries"}
    detail += [{"type": "category", "valueString": one.name.lower()} for one in sorted(entry.categories)]
    role = {"system": f"{_HL7}object-role", "code": "4", "display": "Domain Resource"}
    return {"what": what, "type": _SYSTEM_OBJECT, "role": role, "detail": detail}


def _observer() -> Json:
    return _organisation(PLATFORM)


def _organisation(handle: str) -> Json:
    return {"type": "Organization", "identifier": {"system": _ORGANISATION, "value": handle}}


def _purpose(purpose: Purpose) -> Json:
    own = purpose in {Purpose.IDENTIFY, Purpose.REGISTER}  # HL7 has no word for seeing a card only
    return {"system": "urn:carecode:purpose" if own else f"{_HL7}v3-ActReason", "code": purpose.value}


def _dcm(code: str, display: str) -> Json:
    return {"system": DCM, "code": code, "display": display}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def table(rows: Iterable[Sequence[str]]) -> bytes:
    r"""Return rows as CSV: UTF-8 with its mark, every cell in quotes, none that a spreadsheet would run.

    What begins like a formula gets an apostrophe in front, which spreadsheets take as "this is text".

    >>> table([["who", "=1+1"]]).decode("utf-8-sig")
    '"who","\'=1+1"\r\n'
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    cell = cell.replace("\0", "")
    return f"'{cell}" if cell.lstrip(" \xa0").startswith(_FORMULAS) else cell
