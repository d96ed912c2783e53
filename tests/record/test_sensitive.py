"""Which codes and words carry which sensitive label: the shipped value sets, case by case."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

import pytest

from carecode.kernel.vocabulary import Closed
from carecode.record.labels import labels_of
from carecode.record.sensitive import LABELS, SENSITIVITY, Sensitivity, ValueSet, value_sets

SCT, LOINC = "http://snomed.info/sct", "http://loinc.org"
SYSTEMS: Final = {
    "sct": SCT,
    "loinc": LOINC,
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "gbt": "urn:gb:GB/T 14396",
    "icd9": "http://hl7.org/fhir/sid/icd-9-cm",
    "icd9p": "urn:oid:2.16.840.1.113883.6.104",
    "pcs": "http://www.cms.gov/Medicare/Coding/ICD10-PCS",
    "icd11": "http://id.who.int/icd/release/11/mms",
    "icpc": "http://hl7.org/fhir/sid/icpc-2",
    "atc": "http://www.whocc.no/atc",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "race": "urn:oid:2.16.840.1.113883.6.238",
    "local": "urn:example:hospital:list",
}
CASES_MIN: Final = 50


def cases() -> list[Any]:
    found = []
    for label in LABELS:
        with (Path(__file__).parent / "labels" / f"{label.name}.csv").open(encoding="utf-8", newline="") as file:
            found += [
                pytest.param(
                    label, row["hit"] == "1", row["system"], row["code"], row["display"], id=f"{label.name}-{n}"
                )
                for n, row in enumerate(csv.DictReader(file))
            ]
    return found


CASES = cases()


@pytest.mark.parametrize(("label", "hit", "system", "code", "display"), CASES)
def test_a_code_carries_its_label(label: Closed, *, hit: bool, system: str, code: str, display: str) -> None:
    resource = {
        "code": {"coding": [{"system": SYSTEMS[system], "code": code, **({"display": display} if display else {})}]}
    }
    assert bool(labels_of("Observation", resource) & label) is hit


@pytest.mark.parametrize("label", LABELS)
def test_every_label_has_fifty_coded_cases_and_some_that_only_look_alike(label: Closed) -> None:
    mine = [case.values for case in CASES if case.values[0] is label]
    assert sum(bool(one[1]) for one in mine) >= CASES_MIN
    assert sum(not one[1] for one in mine) >= 15
    assert len({one[2:4] for one in mine}) == len(mine)


def verhoeff(digits: str) -> bool:
    """SNOMED CT's check digit: the last one (SNOMED CT Technical Implementation Guide, 5.5)."""
    product = [
        [(a + b) % 5 if b < 5 else 5 + (a + b) % 5 for b in range(10)]
        if a < 5
        else [5 + (a - b) % 5 if b < 5 else (a - b) % 5 for b in range(10)]
        for a in range(10)
    ]
    turn = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    while len(turn) < 8:
        turn.append([turn[1][one] for one in turn[-1]])
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = product[check][turn[place % 8][int(digit)]]
    return check == 0


def luhn(code: str) -> bool:
    """LOINC's check digit, modulus 10 (LOINC Users' Guide, appendix C)."""
    body, _, check = code.partition("-")
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body)))
    return (10 - sum(one // 10 + one % 10 for one in doubled) % 10) % 10 == int(check)


@pytest.mark.parametrize("one", value_sets(), ids=lambda one: one.label.name)
def test_every_listed_code_has_its_check_digit_and_a_name(one: ValueSet) -> None:
    assert one.version.count(".") == 2
    assert one.url == f"urn:carecode:valueset:{one.label.name}"
    for (system, code), display in one.codes.items():
        assert display, code
        assert system != SCT or verhoeff(code), code
        assert system != LOINC or luhn(code), code


@pytest.mark.parametrize("one", value_sets(), ids=lambda one: one.label.name)
def test_every_listed_code_and_word_carries_its_label(one: ValueSet) -> None:
    fresh = Sensitivity(value_sets())
    for system, code in one.codes:
        assert fresh.of_code(system, code, None) & one.label, code
    for family, ranges in one.ranges.items():
        for row in ranges:
            assert row.first <= row.last, row
            assert fresh.of_code(family, row.first, None) & one.label, row
            assert fresh.of_code(family, row.last + "0", None) & one.label, row
            for exception in row.exceptions:
                assert row.first <= exception[: len(row.first)], row
    for word in (*one.english, *one.chinese):
        assert fresh.of_text(f"({word.replace('*', '')})") & one.label, word
    for word in one.exceptions:
        assert not fresh.of_text(f"{word}.") & one.label, word


def test_systems_are_told_apart() -> None:
    assert SENSITIVITY.of_code(LOINC, "2106-3", None) == Closed.PREGNANT
    assert SENSITIVITY.of_code("urn:oid:2.16.840.1.113883.6.238", "2106-3", "White") == 0
    assert SENSITIVITY.of_code(None, "B24", None) == 0
    assert SENSITIVITY.of_code("http://hl7.org/fhir/sid/cvx", "042", None) == 0


def test_what_looks_alike_hides_nothing_that_stands_beside_it() -> None:
    assert SENSITIVITY.of_text("Hearing aids; HIV positive since 2019") & Closed.HIV
    assert SENSITIVITY.of_text("HEARING AIDS, DIES OF AIDS") & Closed.HIV
    assert SENSITIVITY.of_text("ST depression on exertion. Known depression.") & Closed.PSY
    assert SENSITIVITY.of_text("妇产科：产前检查") & Closed.PREGNANT
    assert SENSITIVITY.of_text("Non-alcoholic fatty liver; alcohol dependence") & Closed.SUD
