"""Her decisions as FHIR R4 Consents, one each.  Pure; ``fhir_consent_reading`` reads them back.

``policy.uri`` says which of CareCode's rules it is (``urn:carecode:policy:entry/hide``), the provision says the same in
FHIR's words, so that both must agree when it is read.  ``meta.profile`` names the IHE PCF profile that a Consent
conforms to, and none where PCF has no words for it (docs/consent.md).

Institutions, people and entries stand as identifiers, not as addresses: none of them is to be found on a server by
reading her file.
Sources: FHIR R4 6.2 (Consent), IHE ITI PCF 1.1 3:5.8 (Basic, Intermediate, Advanced), HL7 v3 ActReason and ActCode.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from carecode.disclosure.choices import SUMMARY, Kind, Wish
from carecode.kernel.vocabulary import ALL_CATEGORIES, PLATFORM, Category, Closed
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from carecode.disclosure.decisions import Decision
    from carecode.disclosure.delegationbook import Delegation

Json = dict[str, Any]

ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
RESOURCE_TYPES: Final = "http://hl7.org/fhir/resource-types"
URI: Final = "urn:ietf:rfc:3986"
ORGANISATION: Final = "urn:carecode:organisation"
STAFF: Final = "urn:carecode:staff"
CATEGORY: Final = "urn:carecode:category"
LABEL: Final = "urn:carecode:label"  # for the one label that HL7 has no code for
PURPOSE: Final = "urn:carecode:purpose"  # for the one purpose that HL7 has no code for
POLICY: Final = "urn:carecode:policy:"
PCF: Final = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF."

TREATMENT: Final = {"system": ACT_REASON, "code": "TREAT"}
EMERGENCY: Final = {"system": ACT_REASON, "code": "BTG"}
REQUEST: Final = {"system": ACT_REASON, "code": "PATRQT"}
STATISTICS: Final = {"system": PURPOSE, "code": "STATISTICS"}
BASIC_PURPOSES: Final = frozenset({"TREAT", "HPAYMT", "HOPERAT", "BTG"})  # PCF, BasicPurposeVS
ADVANCED_LABELS: Final = frozenset({"R", "N", "ETH", "ETHUD", "OPIOIDUD", "PSY", "SEX", "HIV"})  # AdvancedSecurityTagVS
_PURPOSES: Final = {
    # what a kind is about, where it is not treatment alone
    Kind.PERSON: (TREATMENT, EMERGENCY),
    Kind.EMERGENCY_LABEL: (EMERGENCY,),
    Kind.EMERGENCY: (EMERGENCY,),
    Kind.STATISTICS: (STATISTICS,),
    Kind.EVERYTHING: (TREATMENT, EMERGENCY, STATISTICS),
}
_SUMMARY: Final = tuple(sorted(SUMMARY))
_CLOSING: Final = frozenset({"refuse", "ask", "close", "out", "no", "lock", "hide", "hide-open", "keep"})
"""Choices that deny; every other permits."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose consents these are, as others may see it."""

    patient: str = field(repr=False)  # her own number of herself: Patient.id under which she reads her record


def consents_of(decisions: Sequence[Decision], delegations: Sequence[Delegation], whose: Whose, now: datetime) -> Json:
    """Return a Bundle of all decisions and delegations that stand, in the order given.

    ``type`` is ``collection``: loading it into a FHIR server by itself changes nothing there.
    """
    made = [consent_of(one.wish, one.id, one.made_at, whose) for one in decisions]
    made += [_delegation(one, whose) for one in delegations]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _instant(now),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in made],
    }


def consent_of(wish: Wish, number: UUID, made_at: datetime, whose: Whose) -> Json:
    """Return one decision as a Consent."""
    provision = provision_of(wish)
    period = _period(wish.from_at, wish.until_at)
    return _consent(f"{wish.kind}/{wish.choice}", number, made_at, {**provision, **period}, whose)


def provision_of(wish: Wish) -> Json:
    """Return what a wish permits or denies, without its period.

    Raises nothing for a checked wish; ``reading`` builds it again to compare.
    """
    return {"type": "deny" if wish.choice in _CLOSING else "permit", **_actor(wish), **_rule(wish)}


def _rule(wish: Wish) -> Json:
    """Return purpose, labels, categories, data and exceptions."""
    rule: Json = {"purpose": [dict(one) for one in _PURPOSES.get(wish.kind, (TREATMENT,))]}
    match wish.kind:
        case Kind.ENTRY | Kind.VISIT:
            return _data_rule(wish)
        case Kind.LABEL | Kind.EMERGENCY_LABEL:
            rule["securityLabel"] = [label_coding(Closed(int(wish.about)))]
        case Kind.CATEGORY:
            rule["class"] = classes([Category(int(wish.about))])
        case Kind.KEEP:
            rule["data"] = [_data("authoredby", "Organization", ORGANISATION, wish.whom)]
        case Kind.INSTITUTION if wish.choice == "summary":
            rule["class"] = classes(_SUMMARY)
    return rule


def _data_rule(wish: Wish) -> Json:
    uuid = f"urn:uuid:{wish.about}"
    data = [_data("related", "Encounter", URI, uuid) if wish.kind is Kind.VISIT else _data("instance", "", URI, uuid)]
    if wish.choice in {"lock", "hide-open"}:
        exception = {"type": "permit", "purpose": [EMERGENCY]}
        return {"purpose": [TREATMENT], "data": data, "provision": [exception]}
    if wish.choice == "keep":
        return {"purpose": [TREATMENT], "data": data}
    return {"purpose": [TREATMENT, EMERGENCY], "data": data}


def classes(categories: Iterable[Category]) -> list[Json]:
    """Return categories as CareCode names them, then the FHIR types that each holds whatever they say."""
    chosen = sorted(categories)
    types = sorted(name for name, row in TYPES.items() if not row.directory and row.category in chosen)
    return [
        *({"system": CATEGORY, "code": one.name.lower()} for one in chosen),
        *({"system": RESOURCE_TYPES, "code": name} for name in types),
    ]


def label_coding(label: Closed) -> Json:
    """Return a sensitive label as HL7 writes it; CareCode's own word for free text that nobody coded."""
    own = label is Closed.UNLABELLED
    return {"system": LABEL if own else ACT_CODE, "code": str(label.name)}


def _actor(wish: Wish) -> Json:
    if not wish.whom or wish.kind is Kind.KEEP:
        return {}
    person = wish.kind is Kind.PERSON
    reference = _reference("Practitioner", STAFF, wish.whom) if person else organisation(wish.whom)
    return {"actor": [{"role": {"coding": [{"system": PARTICIPATION, "code": "IRCP"}]}, "reference": reference}]}


def organisation(handle: str) -> Json:
    """Return a Reference to an institution by the handle it has here."""
    return _reference("Organization", ORGANISATION, handle)


def _reference(kind: str, system: str, value: str) -> Json:
    return {**({"type": kind} if kind else {}), "identifier": {"system": system, "value": value}}


def _data(meaning: str, kind: str, system: str, value: str) -> Json:
    return {"meaning": meaning, "reference": _reference(kind, system, value)}


def _delegation(one: Delegation, whose: Whose) -> Json:
    """Return who acts for her.  Written, never read: it takes that person's yes, which no file can give."""
    rights = [name for name, given in _rights(one) if given]
    provision: Json = {
        "type": "permit",
        "actor": [
            {
                "role": {"coding": [{"system": PARTICIPATION, "code": "IRCP"}]},
                "reference": _reference("RelatedPerson", STAFF, one.requester),
            }
        ],
        "purpose": [REQUEST],
    }
    if one.scope.labels:
        provision["securityLabel"] = [label_coding(label) for label in one.scope.labels]
    if one.scope.categories != ALL_CATEGORIES:
        provision["class"] = classes(one.scope.categories)
    provision |= _period(one.from_at, one.until_at)
    return _consent("/".join(("acting", one.kind, *rights)), one.id, one.from_at, provision, whose)


def _rights(one: Delegation) -> tuple[tuple[str, bool], ...]:
    return ("decides", one.scope.may_decide), ("shows-code", one.scope.may_show_code)


def _consent(policy: str, number: UUID, made_at: datetime, provision: Json, whose: Whose) -> Json:
    profile = profile_of(provision)
    patient = {"reference": f"Patient/{whose.patient}"}
    kind, _, choice = policy.partition("/")
    return {
        "resourceType": "Consent",
        "id": str(number),
        **({"meta": {"profile": [profile]}} if profile else {}),
        "status": "active",
        "scope": _concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_concept("http://loinc.org", "59284-0")],
        "patient": patient,
        "dateTime": _instant(made_at),
        "performer": [patient],
        "organization": [organisation(PLATFORM)],
        "sourceAttachment": {"contentType": "text/plain", "language": "en", "title": f"CareCode: {kind}, {choice}"},
        "policy": [{"uri": POLICY + policy}],
        "provision": provision,
    }


def profile_of(provision: Json) -> str | None:
    """Return the narrowest PCF profile that a provision conforms to, or None."""
    parts = [provision, *provision.get("provision", ())]
    if any("class" in part or "code" in part or "action" in part for part in parts):
        return None
    labels = {label["code"] for part in parts for label in part.get("securityLabel", ())}
    if labels:
        return f"{PCF}consentAdvanced" if labels <= ADVANCED_LABELS else None
    purposes = {(one["system"], one["code"]) for part in parts for one in part.get("purpose", ())}
    if len(parts) > 1 or any("data" in part or "dataPeriod" in part for part in parts):
        return f"{PCF}consentIntermediate"
    if any(system != ACT_REASON or code not in BASIC_PURPOSES for system, code in purposes):
        return f"{PCF}consentIntermediate"
    return f"{PCF}consentBasic"


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _period(start: datetime | None, end: datetime | None) -> Json:
    period = {name: _instant(at) for name, at in (("start", start), ("end", end)) if at is not None}
    return {"period": period} if period else {}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
