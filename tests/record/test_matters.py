"""Which resources of one deposit belong to the same matter, and to which visit."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest

from carecode.kernel.vocabulary import Closed
from carecode.record.matters import ROUNDS_MAX, links_of, spread, visit_of

NOTHING = Closed(0)


def spread_of(resources: list[tuple[str, Any, Closed]]) -> list[Closed]:
    return spread([links_of(*one) for one in resources])


def uuid(number: int) -> str:
    return str(UUID(int=number))


def given_matter() -> list[tuple[str, dict[str, Any], Closed]]:
    """A visit with two diagnoses, one of them HIV; what was done for each of them."""
    visit, other = {"reference": f"Encounter/{uuid(1)}"}, {"reference": f"Encounter/{uuid(2)}"}
    return [
        ("Encounter", {"id": uuid(1), "class": {"code": "AMB"}}, NOTHING),
        ("Condition", {"id": "hiv", "encounter": visit}, Closed.HIV),
        ("Condition", {"id": "flu", "encounter": visit}, NOTHING),
        ("MedicationRequest", {"id": "art", "reasonReference": [{"reference": "Condition/hiv"}]}, NOTHING),
        ("MedicationRequest", {"id": "tea", "reasonReference": [{"reference": "Condition/flu"}]}, NOTHING),
        ("MedicationDispense", {"id": "pick", "authorizingPrescription": [{"reference": "MedicationRequest/art"}]},
         NOTHING),
        ("Claim", {"id": "bill", "diagnosis": [{"diagnosisReference": {"reference": "Condition/hiv"}}]}, NOTHING),
        ("Claim", {"id": "pharmacy", "prescription": {"reference": "MedicationRequest/art"}}, NOTHING),
        ("ExplanationOfBenefit", {"id": "eob", "claim": {"reference": "Claim/pharmacy"}}, NOTHING),
        ("Claim", {"id": "other", "item": [{"encounter": [other]}]}, NOTHING),
        ("ServiceRequest", {"id": "order", "reasonReference": [{"reference": "Condition/hiv"}]}, NOTHING),
        ("Observation", {"id": "ordered", "basedOn": [{"reference": "ServiceRequest/order"}]}, NOTHING),
        ("DiagnosticReport", {"id": "report", "result": [{"reference": "Observation/ordered"}]}, NOTHING),
        ("DocumentReference", {"id": "letter", "context": {"related": [{"reference": "Condition/hiv"}]}},
         Closed.UNLABELLED),
        ("Provenance", {"id": "p", "target": [{"reference": "DocumentReference/letter"}]}, NOTHING),
        ("Observation", {"id": "pulse", "encounter": visit}, NOTHING),
    ]  # fmt: skip


def test_labels_spread_to_claims_medicines_and_documents_of_the_same_matter() -> None:
    matter = given_matter()
    got = {body["id"]: closed for (_, body, _), closed in zip(matter, spread_of(matter), strict=True)}
    for ident in ("hiv", "art", "pick", "bill", "pharmacy", "eob", "order", "ordered", "report"):
        assert got[ident] == Closed.HIV, ident
    for ident in (uuid(1), "flu", "tea", "other", "pulse"):
        assert got[ident] == NOTHING, ident
    assert got["letter"] == Closed.HIV | Closed.UNLABELLED
    assert got["p"] == Closed.HIV | Closed.UNLABELLED  # it would show that the letter exists


def test_a_labelled_visit_labels_all_of_it() -> None:
    matter = given_matter()
    matter[0] = ("Encounter", {"id": uuid(1), "diagnosis": [{"condition": {"reference": "Condition/hiv"}}]}, NOTHING)
    got = {body["id"]: closed for (_, body, _), closed in zip(matter, spread_of(matter), strict=True)}
    assert got[uuid(1)] == got["pulse"] == got["flu"] == got["tea"] == Closed.HIV
    assert got["other"] == NOTHING


def test_a_report_hands_its_own_label_to_its_results_but_not_one_results_to_the_others() -> None:
    report = {"id": "r", "result": [{"reference": "Observation/a"}, {"reference": "Observation/b"}]}
    a, b = ("Observation", {"id": "a"}), ("Observation", {"id": "b"})
    both = spread_of([("DiagnosticReport", report, Closed.STD), (*a, NOTHING), (*b, NOTHING)])
    assert both == [Closed.STD] * 3
    one = spread_of([("DiagnosticReport", report, NOTHING), (*a, Closed.STD), (*b, NOTHING)])
    assert one == [Closed.STD, Closed.STD, NOTHING]


def test_a_circle_ends_and_a_long_chain_is_followed_so_far() -> None:
    ring = [("Procedure", {"id": f"{n}", "partOf": [{"reference": f"Procedure/{(n + 1) % 5}"}]}, NOTHING)
            for n in range(5)]  # fmt: skip
    ring[0] = (*ring[0][:2], Closed.PSY)
    assert spread_of(ring) == [Closed.PSY] * 5
    chain = [("Procedure", {"id": f"{n}", "partOf": [{"reference": f"Procedure/{n + 1}"}]}, NOTHING) for n in range(40)]
    chain.append(("Procedure", {"id": "40"}, Closed.PSY))
    got = spread_of(chain)
    assert got[-1 - ROUNDS_MAX :] == [Closed.PSY] * (ROUNDS_MAX + 1)


def test_other_reasons_for_being_closed_do_not_spread() -> None:
    closed = Closed.LOCKED | Closed.UNSHARED | Closed.UNLABELLED
    matter = [("Condition", {"id": "c"}, closed), ("Claim", {"id": "b", "diagnosis": [{"reference": "Condition/c"}]},
              NOTHING)]  # fmt: skip
    assert spread_of(matter) == [closed, NOTHING]


VISITS: Final[list[tuple[str, dict[str, Any], int | None]]] = [
    ("Encounter", {"id": uuid(7)}, 7),
    ("Observation", {"encounter": {"reference": f"Encounter/{uuid(7)}"}}, 7),
    ("Observation", {"encounter": {"reference": f"Encounter/{uuid(7)}/_history/2"}}, 7),
    ("MedicationDispense", {"context": {"reference": f"Encounter/{uuid(7)}"}}, 7),
    ("MedicationDispense", {"context": {"reference": f"EpisodeOfCare/{uuid(7)}"}}, None),
    ("DocumentReference", {"context": {"encounter": [{"reference": f"Encounter/{uuid(7)}"}]}}, 7),
    ("Claim", {"item": [{"sequence": 1}, {"encounter": [{"reference": f"Encounter/{uuid(7)}"}]}]}, 7),
    ("ExplanationOfBenefit", {"item": [{"encounter": [{"reference": f"Encounter/{uuid(7)}"}]}]}, 7),
    ("Condition", {"encounter": {"reference": "Encounter/not-a-uuid"}}, None),
    ("Condition", {"encounter": {"reference": f"Procedure/{uuid(7)}"}}, None),
    ("Condition", {}, None),
]


@pytest.mark.parametrize(("name", "resource", "expected"), VISITS)
def test_which_visit_a_resource_belongs_to(name: str, resource: dict[str, Any], expected: int | None) -> None:
    assert visit_of(name, resource) == (None if expected is None else UUID(int=expected))
