"""Vaccines of the town: China's national schedule for children, and what adults are offered.

Source: national immunization programme (2021 edition), shortened; CVX codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from carecode.demo.terms import CVX, Term


@dataclass(frozen=True, slots=True)
class Dose:
    """One dose of the children's schedule."""

    months: int  # of age
    vaccine: str  # key of VACCINES
    number: int


VACCINES: Final[dict[str, Term]] = {
    "hepatitis B": Term(CVX, "08", "Hep B, adolescent or pediatric", "乙肝疫苗", "", "Hepatitis B"),
    "bcg": Term(CVX, "19", "BCG", "卡介苗", "", "Tuberculosis (BCG)"),
    "polio": Term(CVX, "10", "IPV", "脊灰灭活疫苗", "", "Polio"),
    "dtp": Term(CVX, "20", "DTaP", "百白破疫苗", "", "Diphtheria, tetanus and whooping cough"),
    "mmr": Term(CVX, "03", "MMR", "麻腮风疫苗", "", "Measles, mumps and rubella"),
    "encephalitis": Term(CVX, "39", "Japanese encephalitis SC", "乙脑疫苗", "", "Japanese encephalitis"),
    "meningitis": Term(CVX, "114", "meningococcal MCV4P", "流脑疫苗", "", "Meningitis"),
    "hepatitis A": Term(CVX, "83", "Hep A, ped/adol, 2 dose", "甲肝疫苗", "", "Hepatitis A"),
    "chickenpox": Term(CVX, "21", "varicella", "水痘疫苗", "", "Chickenpox"),
    "influenza": Term(CVX, "140", "Influenza, seasonal, injectable, preservative free", "流感疫苗", "", "Influenza"),
    "covid": Term(CVX, "511", "COVID-19 IV Non-US Vaccine (CoronaVac, Sinovac)", "新冠灭活疫苗", "", "COVID-19"),
    "pneumococcal": Term(
        CVX, "33", "pneumococcal polysaccharide vaccine, 23 valent", "23价肺炎疫苗", "", "Pneumococcal"
    ),
    "tetanus": Term(CVX, "113", "Td (adult) preservative free", "破伤风加强针", "", "Tetanus booster"),
    "hpv": Term(CVX, "165", "HPV9", "九价HPV疫苗", "", "HPV"),
}

SCHEDULE: Final = (
    Dose(0, "hepatitis B", 1),
    Dose(0, "bcg", 1),
    Dose(1, "hepatitis B", 2),
    Dose(2, "polio", 1),
    Dose(3, "polio", 2),
    Dose(3, "dtp", 1),
    Dose(4, "polio", 3),
    Dose(4, "dtp", 2),
    Dose(5, "dtp", 3),
    Dose(6, "hepatitis B", 3),
    Dose(6, "meningitis", 1),
    Dose(8, "mmr", 1),
    Dose(8, "encephalitis", 1),
    Dose(9, "meningitis", 2),
    Dose(12, "chickenpox", 1),
    Dose(18, "dtp", 4),
    Dose(18, "mmr", 2),
    Dose(18, "hepatitis A", 1),
    Dose(24, "encephalitis", 2),
    Dose(36, "meningitis", 3),
    Dose(48, "polio", 4),
    Dose(48, "chickenpox", 2),
    Dose(72, "meningitis", 4),
)
WELL_CHILD_MONTHS: Final = tuple(sorted({dose.months for dose in SCHEDULE if dose.months} | {30, 60, 84, 108, 132}))
