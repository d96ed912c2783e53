"""What a subscriber is told: its own numbers and nothing else, and only where it holds both."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

from carecode.api.feeding import change
from carecode.exchange.pmir_message import EVENT, Stamp, joined, parted
from carecode.identity.identifiers import Identifier, hospital_system, parse

STAMP = Stamp(UUID(int=1), UUID(int=2), "https://carecode.example/fhir", datetime(2026, 11, 24, 8, tzinfo=UTC))


def own(value: str) -> Identifier:
    return parse(hospital_system("county-2"), value)


def test_a_join_names_what_went_and_what_stays() -> None:
    written = joined([own("C-1"), own("C-2")], [own("C-9")], STAMP)
    assert written is not None
    bundle = json.loads(written)
    header, history = (entry["resource"] for entry in bundle["entry"])
    assert (bundle["type"], header["eventUri"], history["type"]) == ("message", EVENT, "history")
    assert header["focus"] == [{"reference": bundle["entry"][1]["fullUrl"]}]
    patients = [entry["resource"] for entry in history["entry"]]
    assert [one["identifier"][0]["value"] for one in patients] == ["C-1", "C-2"]
    assert {one["active"] for one in patients} == {False}
    assert {frozenset(one) for one in patients} == {frozenset({"resourceType", "identifier", "active", "link"})}
    for one in patients:
        read = change(one, "county-2")
        assert read.into == own("C-9")


def test_a_parting_makes_each_a_person_again() -> None:
    written = parted([own("C-1")], [own("C-9")], STAMP)
    assert written is not None
    patients = [entry["resource"] for entry in json.loads(written)["entry"][1]["resource"]["entry"]]
    assert [(one["identifier"][0]["value"], one["active"], "link" in one) for one in patients] == [
        ("C-1", True, False),
        ("C-9", True, False),
    ]


def test_nothing_is_told_where_one_number_is_not_its_own() -> None:
    for one, other in (([], [own("C-9")]), ([own("C-1")], []), ([], [])):
        assert joined(one, other, STAMP) is None
        assert parted(one, other, STAMP) is None
