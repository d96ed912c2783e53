"""Coded terms of the town in two languages, and how FHIR R4 writes them.

``text`` is English; its Chinese stands in the standard translation extension, and a second coding
carries the Chinese name of the ICD-10 code where there is one.
Sources: SNOMED CT, LOINC, UCUM, ICD-10, ATC and CVX codes; HL7 FHIR R4 data types.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

Json = dict[str, Any]

SNOMED: Final = "http://snomed.info/sct"
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
ATC: Final = "http://www.whocc.no/atc"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
TRANSLATION: Final = "http://hl7.org/fhir/StructureDefinition/translation"


@dataclass(frozen=True, slots=True)
class Term:
    """One coded idea: its code, its English and its Chinese, and an ICD-10 code if it is a disease."""

    system: str
    code: str
    en: str
    zh: str
    icd: str = ""
    short: str = ""  # what a page shows when ``en`` is a long official name


@cache
def codeable(term: Term) -> Json:
    """Write a FHIR CodeableConcept.  One object per term: resources share it, so copy before changing it."""
    codings = [{"system": term.system, "code": term.code, "display": term.en}]
    if term.icd:
        codings.append({"system": ICD_10, "code": term.icd, "display": term.zh})
    return {"coding": codings, "text": term.short or term.en, "_text": translated(term.zh)}


def sct(code: str, en: str, zh: str, icd: str = "") -> Term:
    """Make a SNOMED CT term."""
    return Term(SNOMED, code, en, zh, icd)


def loinc(code: str, en: str, zh: str, short: str = "") -> Term:
    """Make a LOINC term; ``short`` is its everyday name."""
    return Term(LOINC, code, en, zh, "", short)


def translated(zh: str) -> Json:
    """Write the Chinese beside a FHIR string: the value of its ``_`` twin."""
    return {
        "extension": [
            {
                "url": TRANSLATION,
                "extension": [
                    {"url": "lang", "valueCode": "zh-CN"},
                    {"url": "content", "valueString": zh},
                ],
            }
        ]
    }


@cache
def coded(table: str, code: str, display: str) -> Json:
    """Write a CodeableConcept of one of HL7's own tables; shared like ``codeable``."""
    return {"coding": [{"system": HL7 + table, "code": code, "display": display}]}


def quantity(value: float, unit: str, code: str) -> Json:
    """Write a FHIR Quantity with its UCUM code."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code}
