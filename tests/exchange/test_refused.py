"""Bundles that cannot be taken: each refused whole, with its place, and nothing stored."""

from __future__ import annotations

import json

import pytest

from carecode.app import App
from carecode.exchange.refusals import SentRefusedError, outcome_of
from carecode.kernel.vocabulary import Requester
from tests.exchange.conftest import Rows
from tests.exchange.samples import HER, VISIT, bundle, entry, observation, patient, practitioner

ABSENT = "01a2076b-4400-7404-8101-010101010101"
GOOD = entry(patient(), HER)
DIRECTORY = entry({"resourceType": "Location", "name": "Ward"})
ABOUT_HER = json.loads(observation(HER))

BAD: dict[str, tuple[bytes, str, str]] = {
    "not JSON": (b"{", "json-malformed", ""),
    "not a bundle": (json.dumps(patient()).encode(), "bundle-malformed", "Bundle"),
    "another type of bundle": (bundle(GOOD, kind="document"), "bundle-type", "Bundle.type"),
    "no entry": (bundle(), "bundle-empty", "Bundle.entry"),
    "no request": (
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"}}]}',
        "request-missing",
        "Bundle.entry[0]",
    ),
    "no resource": (
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Patient"}}]}',
        "resource-missing",
        "Bundle.entry[0]",
    ),
    "a method of reading": (
        bundle(entry(patient(), method="GET")),
        "method-unsupported",
        "Bundle.entry[0].request.method",
    ),
    "deleting": (
        bundle(GOOD, entry(patient(), method="DELETE")),
        "method-unsupported",
        "Bundle.entry[1].request.method",
    ),
    "an empty fullUrl": (
        bundle(GOOD).replace(HER.encode(), b""),
        "empty-value",
        "Bundle.entry[0].fullUrl",
    ),
    "PUT in a transaction": (
        bundle(GOOD, entry({**ABOUT_HER, "id": "a"}, method="PUT", url="Observation/a")),
        "method-unsupported",
        "Bundle.entry[1].request.method",
    ),
    "another address": (bundle(entry(patient(), url="Observation")), "request-url", "Bundle.entry[0].request.url"),
    "an unknown member": (
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"what":1}]}',
        "bundle-malformed",
        "Bundle.entry[0]",
    ),
    "unknown type": (
        bundle(GOOD, entry({"resourceType": "Group"})),
        "unknown-type",
        "Bundle.entry[1].resource.resourceType",
    ),
    "no type": (
        bundle(GOOD).replace(b'"resourceType": "Patient", ', b""),
        "resource-type",
        "Bundle.entry[0].resource.resourceType",
    ),
    "dangling urn": (
        bundle(GOOD, entry(observation(HER)), entry(observation(HER, encounter={"reference": VISIT}))),
        "reference-unresolved",
        "Bundle.entry[2].resource.encounter.reference",
    ),
    "dangling contained": (
        bundle(GOOD, entry(observation(HER, specimen={"reference": "#none"}))),
        "reference-unresolved",
        "Bundle.entry[1].resource.specimen.reference",
    ),
    "dangling literal": (
        bundle(GOOD, entry(observation(HER, encounter={"reference": f"Encounter/{ABSENT}"}))),
        "reference-unresolved",
        "Bundle.entry[1].resource.encounter.reference",
    ),
    "unresolved condition": (
        bundle(GOOD, entry(observation(HER, performer=[{"reference": "Practitioner?identifier=urn:x|none"}]))),
        "reference-unresolved",
        "Bundle.entry[1].resource.performer[0].reference",
    ),
    "another query": (
        bundle(GOOD, entry(observation(HER, performer=[{"reference": "Practitioner?name=x"}]))),
        "reference-unsupported",
        "Bundle.entry[1].resource.performer[0].reference",
    ),
    "nobody of that number": (
        bundle(entry(observation("Patient/0123456789abcdef0123456789abcdef"))),
        "reference-unresolved",
        "Bundle.entry[0].resource.subject.reference",
    ),
    "the placeholder itself": (
        bundle(entry(observation("Patient/00000000-carecode-her-id-0000000"))),
        "reference-unresolved",
        "Bundle.entry[0].resource.subject.reference",
    ),
    "nobody at all": (bundle(DIRECTORY, entry({"resourceType": "Basic"})), "no-patient", "Bundle.entry[1].resource"),
    "two patients": (bundle(GOOD, entry(patient("P-2"))), "two-patients", "Bundle.entry[1].resource"),
    "a patient without a number": (
        bundle(entry({"resourceType": "Patient", "identifier": [{"value": "7"}]})),
        "patient-identifier",
        "Bundle.entry[0].resource.identifier",
    ),
    "a patient with an empty number": (
        bundle(entry({"resourceType": "Patient", "identifier": [{"system": "urn:x", "value": " "}]})),
        "identifier-empty",
        "Bundle.entry[0].resource.identifier[0]",
    ),
    "one fullUrl twice": (bundle(GOOD, entry(observation(HER), HER)), "full-url-twice", "Bundle.entry[1].fullUrl"),
    "an empty object": (
        bundle(GOOD, entry({**ABOUT_HER, "code": {"coding": [{}]}})),
        "empty-value",
        "Bundle.entry[1].resource.code.coding[0]",
    ),
    "an empty string": (
        bundle(GOOD, entry({**ABOUT_HER, "status": ""})),
        "empty-value",
        "Bundle.entry[1].resource.status",
    ),
    "a status that is a list": (
        bundle(GOOD, entry({**ABOUT_HER, "status": ["x"]})),
        "value-type",
        "Bundle.entry[1].resource.status",
    ),
    "a visit whose status is a number": (
        bundle(GOOD, entry({"resourceType": "Encounter", "status": 5, "subject": {"reference": HER}})),
        "value-type",
        "Bundle.entry[1].resource.status",
    ),
    "a number that no float holds": (
        bundle(GOOD, entry(observation(HER).replace('"status"', '"valueRange": {"low": {"value": 1e400}}, "status"'))),
        "number-too-large",
        "Bundle.entry[1].resource.valueRange.low.value",
    ),
    "a number of three thousand digits": (
        bundle(GOOD, entry(observation(HER).replace('"status"', f'"valueInteger": 0.{"1" * 3000}, "status"'))),
        "number-too-large",
        "Bundle.entry[1].resource.valueInteger",
    ),
    "null": (bundle(GOOD, entry({**ABOUT_HER, "note": None})), "null-value", "Bundle.entry[1].resource.note"),
    "a property twice": (
        bundle(GOOD, entry(observation(HER).replace('"status"', '"status": "final", "status"'))),
        "duplicate-property",
        "Bundle.entry[1].resource",
    ),
    "a property of the entry twice": (
        bundle(GOOD.replace('"request"', '"fullUrl": "urn:x", "request"')),
        "duplicate-property",
        "Bundle",
    ),
    "ifNoneExist on her resource": (
        bundle(GOOD, entry(observation(HER), ifNoneExist="identifier=urn:x|1")),
        "condition-unsupported",
        "Bundle.entry[1].request.ifNoneExist",
    ),
    "ifNoneExist by name": (
        bundle(entry(practitioner(), ifNoneExist="name=x")),
        "condition-unsupported",
        "Bundle.entry[0].request.ifNoneExist",
    ),
    "a directory entry that names her": (
        bundle(GOOD, entry({"resourceType": "Location", "managingOrganization": {"reference": HER}})),
        "directory-names-resident",
        "Bundle.entry[1].resource",
    ),
    "a directory entry that holds her": (
        bundle(entry({"resourceType": "Location", "contained": [{"resourceType": "Patient", "id": "p"}]})),
        "directory-names-resident",
        "Bundle.entry[0].resource",
    ),
    "too deep": (
        bundle(GOOD, entry({**ABOUT_HER, "extension": json.loads('[{"extension":' * 40 + "[1]" + "}]" * 40)})),
        "too-deep",
        "",
    ),
    "an id that is none": (bundle(entry({**patient(), "id": "a b"})), "id", "Bundle.entry[0].resource.id"),
}  # fmt: skip


async def test_each_is_refused_whole(house: App, machine: Requester, rows: Rows, subtests: pytest.Subtests) -> None:
    for name, (sent, code, place) in BAD.items():
        with subtests.test(name):
            with pytest.raises(SentRefusedError) as refusal:
                await house.bundles.process(machine, sent)
            assert (refusal.value.code, refusal.value.expression) == (code, place)
            assert not any((await rows()).values())
            outcome = json.loads(outcome_of(refusal.value))["issue"][0]
            assert outcome["severity"] == "error"
            assert outcome.get("expression", [""]) == [place]


async def test_the_unspoilt_bundle_is_taken(house: App, machine: Requester, rows: Rows) -> None:
    """Without this, every test above could be about something else that is wrong with its bundle."""
    await house.bundles.process(machine, bundle(GOOD, DIRECTORY, entry(observation(HER))))
    counted = await rows()
    assert (counted["identity.resident"], counted["record.resource"], counted["record.directory"]) == (1, 2, 1)


async def test_a_refusal_repeats_nothing_that_was_sent(
    house: App, machine: Requester, subtests: pytest.Subtests
) -> None:
    for name, (bad, _, _) in BAD.items():
        sent = bad.replace(b"P-1", b"CANARY-7").replace(b"urn:x", b"urn:canary")
        with subtests.test(name):
            with pytest.raises(SentRefusedError) as refusal:
                await house.bundles.process(machine, sent)
            told = outcome_of(refusal.value).lower()
            assert b"canary" not in told
            assert b"0123456789abcdef" not in told
