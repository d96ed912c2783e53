"""Her decisions as FHIR Consents: written as PCF says, and read back the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecode.disclosure.choices import KINDS, LABELS, OFFERED, Kind, Whom, Wish
from carecode.disclosure.decisions import Decision
from carecode.disclosure.delegationbook import Delegation, Scope
from carecode.disclosure.fhir_consent import ACT_CODE, ACT_REASON, PCF, Whose, consents_of
from carecode.disclosure.fhir_consent_parts import Reading
from carecode.disclosure.fhir_consent_reading import missing, wishes_of
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Category, Closed, ResidentId

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
HER: Final = "0123456789abcdef" * 2
WHOSE: Final = Whose(HER)
HOSPITALS: Final = ("county-hospital", "east-clinic", "insurer")
DOCTOR: Final = "staff:wang"
ENTRY: Final = "0190a3c4-0000-7000-8000-00000000000e"
READING: Final = Reading(HER, frozenset(HOSPITALS), frozenset({DOCTOR}), frozenset(), frozenset(), NOW)
ABOUT: Final = {
    "category": [str(int(one)) for one in OFFERED],
    "label": [str(int(one)) for one in LABELS],
    "resource": [ENTRY, str(UUID(int=5))],
    "": [""],
}
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by timezones


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """Every wish that ``checked`` accepts, whatever its days."""
    kind = draw(st.sampled_from(list(Kind)))
    row = KINDS[kind]
    whom = {
        Whom.ALL: [""],
        Whom.INSTITUTION: list(HOSPITALS),
        Whom.EITHER: ["", *HOSPITALS],
        Whom.PERSON: [DOCTOR],
    }[row.whom]
    choice = draw(st.sampled_from(["0", "30", "365"] if kind is Kind.WINDOW else list(row.words)))
    start, end = sorted([draw(MOMENTS), draw(MOMENTS)])
    return Wish(
        kind,
        choice,
        draw(st.sampled_from(whom)),
        draw(st.sampled_from(ABOUT[row.about])),
        draw(st.sampled_from([None, start])),
        draw(st.sampled_from([None, end + timedelta(microseconds=1)])),
    )


def decided(number: int, wish: Wish) -> Decision:
    start = wish.from_at or min(NOW, wish.until_at or NOW) - timedelta(days=3)
    return Decision(UUID(int=number), wish.kind, wish.whom, wish.about, wish.choice, start, wish.until_at, NOW, "self",
                    None, None)  # fmt: skip


def exported(*all_wishes: Wish) -> dict[str, Any]:
    bundle = consents_of([decided(n, one) for n, one in enumerate(all_wishes)], [], WHOSE, NOW)
    again: dict[str, Any] = json.loads(json.dumps(bundle))  # what a file is
    return again


def in_force(wish: Wish) -> Wish:
    begun = wish.from_at is None or wish.from_at <= NOW
    return replace(wish, from_at=None) if begun else wish


# ------------------------------------------------------------------------------------------------------- round trip
@settings(deadline=None)
@given(st.lists(wishes(), max_size=8, unique_by=lambda one: (one.kind, one.whom, one.about)))
def test_what_was_written_is_read_the_same_and_twice_changes_nothing(chosen: list[Wish]) -> None:
    bundle = exported(*chosen)
    read = wishes_of(bundle, READING)
    assert read == [in_force(one) for one in chosen if one.until_at is None or one.until_at > NOW]
    assert wishes_of(bundle, READING) == read
    standing = [decided(n, one) for n, one in enumerate(read)]
    assert missing(read, standing, NOW) == []
    assert missing(read, [], NOW) == read
    assert exported(*read) == exported(*wishes_of(exported(*read), READING))


def every_wish() -> list[Wish]:
    found = []
    for kind, row in KINDS.items():
        whom = {Whom.INSTITUTION: HOSPITALS[0], Whom.PERSON: DOCTOR}.get(row.whom, "")
        for choice in row.words:
            found += [Wish(kind, choice, whom, about) for about in ABOUT[row.about]]
            if row.whom is Whom.EITHER:
                found += [Wish(kind, choice, HOSPITALS[1], about) for about in ABOUT[row.about]]
    return found


EVERY: Final = every_wish()


@pytest.mark.parametrize("wish", EVERY, ids=[f"{w.kind}-{w.choice}-{w.about[:6]}" for w in EVERY])
def test_every_decision_is_a_consent_that_its_profile_allows(wish: Wish) -> None:
    consent = exported(wish)["entry"][0]["resource"]
    for name in ("status", "scope", "category", "patient", "dateTime", "performer", "organization", "sourceAttachment"):
        assert consent[name], name
    assert consent["policy"][0].keys() == {"uri"}
    assert "policyRule" not in consent
    assert "verification" not in consent
    assert consent["patient"] == {"reference": f"Patient/{HER}"}
    closing = {"refuse", "ask", "close", "out", "no", "lock", "hide", "hide-open", "keep"}
    assert consent["provision"]["type"] == ("deny" if wish.choice in closing else "permit")
    profile = consent.get("meta", {"profile": [""]})["profile"][0].removeprefix(f"{PCF}consent")
    conforms(profile, consent["provision"])
    covered = {Kind.INSTITUTION, Kind.NEWCOMERS, Kind.PERSON, Kind.ENTRY, Kind.VISIT, Kind.EXCHANGE, Kind.EMERGENCY,
               Kind.STATISTICS, Kind.EVERYTHING, Kind.KEEP, Kind.WINDOW}  # fmt: skip
    assert profile or wish.kind not in covered or wish.choice == "summary"


def conforms(profile: str, provision: dict[str, Any]) -> None:
    """The constraints of PCF 1.1 (3:5.8), written from its text: Basic, Intermediate, Advanced."""
    inner = provision.get("provision", [])
    assert provision["type"] in {"permit", "deny"}
    assert not any("provision" in one for one in inner)
    for part in (provision, *inner):
        for actor in part.get("actor", ()):
            assert actor["role"]["coding"][0]["code"] == "IRCP"
        if profile:
            assert not part.keys() & {"action", "class", "code"}
        if profile in {"Basic", "Intermediate"}:
            assert "securityLabel" not in part
        for data in part.get("data", ()):
            assert data["meaning"] in {"instance", "related", "authoredby"}
            assert data["meaning"] != "related" or data["reference"]["type"] == "Encounter"
            assert data["meaning"] != "authoredby" or data["reference"]["type"] == "Organization"
    if profile == "Basic":
        assert not inner
        assert not provision.keys() & {"data", "dataPeriod"}
        assert {one["code"] for one in provision["purpose"]} <= {"TREAT", "HPAYMT", "HOPERAT", "BTG"}
        assert {one["system"] for one in provision["purpose"]} == {ACT_REASON}


def test_nobody_but_she_is_to_be_found_by_an_address() -> None:
    for entry in exported(*EVERY)["entry"]:
        text = json.dumps(entry)
        assert text.count('"reference": "') == text.count(f'"reference": "Patient/{HER}"')


def refusal(sent: object, reading: Reading = READING) -> str:
    with pytest.raises(InvalidInputError) as raised:
        wishes_of(sent, reading)
    return raised.value.code


# ------------------------------------------------------------------------------------------------------- delegations
def delegation(number: int = 77) -> Delegation:
    return Delegation(
        UUID(int=number),
        ResidentId(UUID(int=1)),
        ResidentId(UUID(int=2)),
        "delegate",
        Scope(frozenset({Category.MEDICINES}), Closed.PSY, may_decide=True),
        NOW,
        NOW + timedelta(days=30),
        NOW,
        "delegate:abc",
    )


def test_who_acts_for_her_is_written_and_cannot_be_brought_in() -> None:
    bundle = consents_of([], [delegation()], WHOSE, NOW)
    consent = bundle["entry"][0]["resource"]
    assert consent["policy"] == [{"uri": "urn:carecode:policy:acting/delegate/decides"}]
    assert consent["provision"]["actor"][0]["reference"]["type"] == "RelatedPerson"
    assert consent["provision"]["securityLabel"] == [{"system": ACT_CODE, "code": "PSY"}]
    assert str(UUID(int=2)) not in json.dumps(bundle)
    assert wishes_of(bundle, replace(READING, acting=frozenset({str(UUID(int=77))}))) == []
    assert refusal(bundle) == "consent-acting"


def test_policy_and_provision_must_agree() -> None:
    for wish in EVERY:
        changed = exported(wish)
        provision = changed["entry"][0]["resource"]["provision"]
        provision["type"] = "permit" if provision["type"] == "deny" else "deny"
        assert refusal(changed) == "consent-policy-differs", wish
    unknown = exported(EVERY[0])
    unknown["entry"][0]["resource"]["policy"] = [{"uri": "urn:carecode:policy:score/high"}]
    assert refusal(unknown) == "consent-policy"
