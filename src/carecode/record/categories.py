"""Under which of the eleven categories a resource is disclosed, where its type alone does not say.

Sources: HL7 observation-category; HL7 v2 table 0074 (diagnostic service sections); LOINC document
codes; SNOMED CT procedure categories of ServiceRequest.  A code that is not listed falls to the
category of its type's default, never to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from carecode.kernel.vocabulary import Category
from carecode.record.rows import Decoded

LABORATORY_CODES: Final = frozenset(
    # observation-category; v2-0074: laboratory, blood bank, chemistry, cytopathology, genetics, haematology,
    # immunology, microbiology, mycobacteriology, mycology, parasitology, surgical pathology, serology,
    # toxicology, virology; SNOMED CT "laboratory procedure"; LOINC "pathology", "microbiology",
    # "chemistry" and "haematology studies"
    [
        "laboratory",
        "LAB",
        "BLB",
        "CH",
        "CP",
        "GE",
        "HM",
        "IMM",
        "MB",
        "MCB",
        "MYC",
        "PAR",
        "SP",
        "SR",
        "TX",
        "VR",
        "108252007",
        "60567-5",
        "18725-2",
        "18719-5",
        "18723-7",
    ]
)
IMAGING_CODES: Final = frozenset(
    # observation-category; v2-0074: radiology, CT, cardiac, OB, radiology and vascular ultrasound, MRI,
    # nuclear medicine, nuclear magnetic resonance, cineradiograph, radiograph; SNOMED CT "imaging";
    # LOINC "diagnostic imaging study"
    {"imaging", "RAD", "CT", "CUS", "OUS", "RUS", "VUS", "NMR", "NMS", "XRC", "RX", "363679005", "18748-4"}
)


def observation_category(resource: Decoded) -> Category:
    """Sort an Observation: laboratory, imaging, or any other (vital signs, surveys, social history)."""
    return _by_code(resource, Category.OBSERVATIONS)


def report_category(resource: Decoded) -> Category:
    """Sort a DiagnosticReport: laboratory, imaging, or a written note.

    A report with text but no results is a document, whatever it is called: hospitals send history
    and physical notes as reports, and free text is the most guarded category.
    """
    category = _by_code(resource, Category.DOCUMENTS)
    if category is Category.DOCUMENTS and resource.get("result"):
        return Category.LABORATORY
    return category


def order_category(resource: Decoded) -> Category:
    """Sort a ServiceRequest with what it orders."""
    return _by_code(resource, Category.PROCEDURES)


def _by_code(resource: Decoded, otherwise: Category) -> Category:
    for code in _category_codes(resource.get("category")):
        if code in LABORATORY_CODES:
            return Category.LABORATORY
        if code in IMAGING_CODES:
            return Category.IMAGING
    return otherwise


def _category_codes(concepts: Any) -> Iterator[str]:  # noqa: ANN401 - decoded JSON
    if isinstance(concepts, list):
        for concept in concepts:
            if isinstance(concept, dict):
                for coding in concept.get("coding", ()):
                    if isinstance(coding, dict) and isinstance(code := coding.get("code"), str):
                        yield code
