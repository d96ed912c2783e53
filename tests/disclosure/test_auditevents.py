"""Her log as AuditEvents of IHE's Basic Audit Log Patterns, and as a table that runs nothing."""

from __future__ import annotations

import base64
import csv
import io
import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecode.audit.log import Entry
from carecode.disclosure.auditevents import BALP, DCM, audit_bundle, event_of, table
from carecode.disclosure.people import Organisation
from carecode.disclosure.privacy import Look
from carecode.kernel.vocabulary import ALL_CATEGORIES, Category, Purpose, RecordKey, Role

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
HER: Final = "0123456789abcdef" * 2
KEY: Final = RecordKey(UUID(int=0xBAD))
RECEIPT: Final = UUID(int=0xFEED)
HOSPITAL: Final = Organisation("county-hospital", "County Hospital", "县医院", "hospital")
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"


def look(action: str = "disclose", role: Role = Role.CLINICIAN, **more: Any) -> Look:  # noqa: ANN401 - any field
    of_hers = role is Role.RESIDENT
    fields: dict[str, Any] = {
        "seq": 1,
        "at": NOW,
        "requester": "resident" if of_hers else "staff:wang",
        "requester_name": "Wang Fang",
        "requester_title": "internal medicine",
        "role": role.value,
        "organisation": "self" if of_hers else "county-hospital",
        "action": action,
        "purpose": Purpose.PATRQT if of_hers else Purpose.TREAT,
        "basis": "code",
        "categories": frozenset({Category.ALLERGIES, Category.MEDICINES}),
        "depositor": None,
        "receipt_number": "ABCD-1234",
        "keys": (KEY,),
        "chain": KEY,
        "receipt": RECEIPT,
        "opens": None,
        "until": None,
        "prev": b"",
        "hash": bytes(32),
        "form": 2,
    }
    return Look(Entry(**{**fields, **more}), None if of_hers else HOSPITAL)


LOOKS: Final = {
    "opened by a doctor": (look(), "PrivacyDisclosure.Source"),
    "opened whole": (look(categories=ALL_CATEGORIES), "PrivacyDisclosure.Source"),
    "in an emergency": (look(purpose=Purpose.ETREAT, basis="emergency"), "PrivacyDisclosure.Source"),
    "by an authority": (look(role=Role.OFFICER, purpose=Purpose.HLEGAL, basis="order"), "PrivacyDisclosure.Source"),
    "by a computer": (look(role=Role.SYSTEM, depositor="county-hospital"), "PatientQuery"),
    "identified": (look("identify", Role.DESK, purpose=Purpose.REGISTER, categories=frozenset()), "PatientRead"),
    "deposited": (look("deposit", Role.SYSTEM, basis="deposit", categories=frozenset()), "PatientCreate"),
    "written": (look("deposit", basis="deposit", categories=frozenset()), "PatientCreate"),
    "replaced": (look("deposit", basis="replaces an entry", categories=frozenset()), "PatientUpdate"),
    "refused": (look("refuse", basis="no-code", categories=frozenset()), "AuthZconsent"),
    "she read": (look(role=Role.RESIDENT, basis="self"), "PatientRead"),
    "she decided": (look("decide", Role.RESIDENT, basis="refuse county-hospital", categories=frozenset()),
                    "PatientCreate"),
    "her daughter read": (look(role=Role.RESIDENT, requester="delegate:ab", requester_title="acts for you"),
                          "PatientRead"),
    "emergency declared": (look("decide", basis="emergency declared a", purpose=Purpose.ETREAT, categories=frozenset()),
                           "PatientCreate"),
}  # fmt: skip


def code_of(concept: dict[str, Any]) -> tuple[str, str]:
    coding = concept["coding"][0] if "coding" in concept else concept
    return coding["system"], coding["code"]


def agents_of(event: dict[str, Any], system: str, code: str) -> list[dict[str, Any]]:
    return [one for one in event["agent"] if code_of(one["type"]) == (system, code)]


def check_all(event: dict[str, Any]) -> None:
    """FHIR R4 6.4 and what every BALP profile has: type, outcome, a patient who is she."""
    assert event["recorded"].endswith("Z")
    assert event["action"] in {"C", "R", "U", "D", "E"}
    assert event["outcome"] in {"0", "4", "8", "12"}
    assert event["source"]["observer"]
    assert event["purposeOfEvent"]
    assert all(isinstance(one["requestor"], bool) for one in event["agent"])
    for entity in event["entity"]:
        assert not ("name" in entity and "query" in entity)  # sev-1
    patients = [one for one in event["entity"] if code_of(one["type"]) == (f"{HL7}audit-entity-type", "1")]
    assert len(patients) == 1
    assert code_of(patients[0]["role"]) == (f"{HL7}object-role", "1")
    assert patients[0]["what"] == {"reference": f"Patient/{HER}"}


def check_user(event: dict[str, Any], parts: set[str]) -> None:
    users = [one for one in event["agent"] if code_of(one["type"])[0] == f"{HL7}v3-ParticipationType"]
    assert len(users) == 1
    assert code_of(users[0]["type"])[1] in parts
    assert users[0]["requestor"] is True
    assert users[0]["who"]
    assert not users[0].keys() & {"network", "media", "location"}


def check_rest(event: dict[str, Any], interaction: str, action: str, *, client: str, server: str) -> None:
    assert code_of(event["type"]) == (f"{HL7}audit-event-type", "rest")
    assert (INTERACTION, interaction) in [code_of(one) for one in event["subtype"]]
    assert (event["action"], event["outcome"]) == (action, "0")
    for role, name in ((client, "client"), (server, "server")):
        found = agents_of(event, DCM, role)
        assert len(found) == 1, name
        assert found[0]["who"]
        assert found[0]["network"]["address"]
    assert agents_of(event, DCM, server)[0]["who"]["identifier"]["value"] == "carecode"


def check_data(event: dict[str, Any]) -> None:
    data = [one for one in event["entity"] if code_of(one["type"]) == (f"{HL7}audit-entity-type", "2")]
    assert len(data) == 1
    assert data[0]["what"]
    assert code_of(data[0]["role"])[1] in {"4", "3", "20"}


def check_profile(profile: str, event: dict[str, Any]) -> None:
    """The constraints of BALP 1.1.3, written from its StructureDefinitions."""
    match profile:
        case "PatientRead":
            check_rest(event, "read", "R", client="110152", server="110153")
            check_user(event, {"IRCP"})
            check_data(event)
        case "PatientQuery":
            check_rest(event, "search-type", "E", client="110153", server="110152")
            check_user(event, {"IRCP"})
            query = [one for one in event["entity"] if "query" in one]
            assert len(query) == 1
            assert code_of(query[0]["role"]) == (f"{HL7}object-role", "24")
            assert not query[0].keys() & {"what", "lifecycle", "detail"}
            assert base64.b64decode(query[0]["query"], validate=True)
        case "PatientCreate" | "PatientUpdate":
            word, action = ("create", "C") if profile == "PatientCreate" else ("update", "U")
            check_rest(event, word, action, client="110153", server="110152")
            check_user(event, {"AUT", "INF", "CST"})
            check_data(event)
        case "PrivacyDisclosure.Source":
            assert code_of(event["type"]) == (DCM, "110106")
            assert event["action"] == "R"
            assert (f"{HL7}iso-21089-lifecycle", "disclose") in [code_of(one) for one in event["subtype"]]
            source, recipient = agents_of(event, DCM, "110153"), agents_of(event, DCM, "110152")
            assert len(source) == len(recipient) == 1
            assert source[0]["who"] == event["source"]["observer"]  # val-audit-source
            assert source[0]["network"]
            assert recipient[0]["network"]
            assert len(event["entity"]) >= 2
            assert "modifierExtension" not in event
        case "AuthZconsent":
            check_authorization(event)
        case _:
            pytest.fail(f"no such profile: {profile}")


def check_authorization(event: dict[str, Any]) -> None:
    assert code_of(event["type"]) == (DCM, "110113")
    assert code_of(event["subtype"][0])[1] == "AuthZ-Consent"
    assert (event["action"], event["outcome"]) == ("E", "8")
    assert event["outcomeDesc"]
    check_user(event, {"IRCP"})
    client = agents_of(event, DCM, "110150")
    place = agents_of(event, f"{HL7}v3-RoleClass", "PROV")
    decider = agents_of(event, f"{HL7}extra-security-role-type", "authserver")
    assert len(client) == len(place) == len(decider) == 1
    assert client[0]["network"]
    assert not client[0].keys() & {"role", "altId", "name", "purposeOfUse"}
    assert not place[0].keys() & {"role", "name", "network", "policy"}
    assert place[0]["requestor"] is decider[0]["requestor"] is False
    assert decider[0]["who"] == event["source"]["observer"]
    assert code_of(event["entity"][1]["type"]) == ("http://hl7.org/fhir/resource-types", "Consent")
    assert event["entity"][1]["what"]
    assert len(event["entity"]) == 2


@pytest.mark.parametrize("name", LOOKS)
def test_every_entry_is_an_audit_event_of_its_profile(name: str) -> None:
    seen, profile = LOOKS[name]
    event = event_of(seen, HER)
    assert event["meta"]["profile"] == [f"{BALP}{profile}"]
    check_all(event)
    check_profile(profile, event)


def test_it_says_who_why_and_what() -> None:
    event = event_of(LOOKS["in an emergency"][0], HER)
    user = agents_of(event, f"{HL7}v3-ParticipationType", "IRCP")[0]
    assert user["name"] == "Wang Fang, internal medicine"
    assert code_of(event["purposeOfEvent"][0]) == (f"{HL7}v3-ActReason", "ETREAT")
    detail = {(one["type"], one["valueString"]) for one in event["entity"][1]["detail"]}
    assert detail == {("receipt", "ABCD-1234"), ("basis", "emergency"), ("category", "allergies"),
                      ("category", "medicines")}  # fmt: skip
    family = event_of(LOOKS["her daughter read"][0], HER)
    assert agents_of(family, f"{HL7}v3-ParticipationType", "IRCP")[0]["who"]["type"] == "RelatedPerson"
    registered = event_of(LOOKS["identified"][0], HER)
    assert code_of(registered["purposeOfEvent"][0]) == ("urn:carecode:purpose", "REGISTER")


def test_the_bundle_holds_every_entry_in_order_and_no_key_and_no_receipt() -> None:
    looks = [one for one, _ in LOOKS.values()]
    bundle = audit_bundle(looks, HER, NOW)
    assert bundle["type"] == "collection"
    assert [one["resource"]["meta"]["profile"][0] for one in bundle["entry"]] == [
        f"{BALP}{profile}" for _, profile in LOOKS.values()
    ]
    text = json.dumps(bundle)
    for secret in (str(KEY), KEY.hex, str(RECEIPT), RECEIPT.hex):
        assert secret not in text


# ----------------------------------------------------------------------------------------------------------- the table
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5))
def test_a_table_is_read_back_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    written = table(rows)
    assert written.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert [[cell.removeprefix("'") for cell in row] for row in read] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    for row in read:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://x")'])
def test_what_looks_like_a_formula_is_text(cell: str) -> None:
    read = next(csv.reader(io.StringIO(table([[cell]]).decode("utf-8-sig"), newline="")))
    assert read == [f"'{cell}"]
