"""Numbers that cannot be a living person's.

* Citizen numbers stand in areas 99xxxx.  GB/T 2260 assigns 11 to 82 (and residence permits use 83);
  a foreign resident's number begins with 9 and then such a province, so 99 begins neither.  The check
  character is right, so that every check is exercised.
* Telephones have eleven digits beginning with 1000.  Mobile numbers begin with 13 to 19; what begins
  with 10 are the operators' own short numbers, so an eleven-digit one reaches nobody.
* Insurance numbers begin with DEMO; birth certificates with Z99 (again no province's 99).

A running number makes each of them unique whatever the date of birth.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from carecode.identity.identifiers import (
    BIRTH_CERTIFICATE_SYSTEM,
    CITIZEN_SYSTEM,
    INSURANCE_SYSTEM,
    check_character,
)

PEOPLE_MAX: Final = 100_000
_ORDERS: Final = 499  # pairs of an odd (male) and an even (female) order number, 001 to 998

HOSPITAL_SYSTEMS: Final = "urn:carecode:demo:"
# where each institution's numbers begin and by how much they step: no two give one person equal digits
_COUNTS: Final = {"county-2": (48_117, 48_271), "city-1": (730_021, 69_621), "east-clinic": (291_307, 39_373)}
_PREFIXES: Final = {"county-2": "C2", "city-1": "H1", "east-clinic": "E"}


def citizen_number(person: int, birth_date: date, sex: str) -> tuple[str, str]:
    """Write the citizen number of the town's nth person: (system, value)."""
    area, pair = divmod(person, _ORDERS)
    order = 2 * pair + (1 if sex == "male" else 2)
    first_17 = f"99{area:04d}{birth_date:%Y%m%d}{order:03d}"
    return CITIZEN_SYSTEM, first_17 + check_character(first_17)


def old_citizen_number(number: tuple[str, str]) -> tuple[str, str]:
    """Write the 15-digit number that stood on the card before 1999, for births before 2000."""
    system, value = number
    return system, value[:6] + value[8:17]


def insurance_number(person: int) -> tuple[str, str]:
    """Write the insurance number of the town's nth person."""
    return INSURANCE_SYSTEM, f"DEMO{person:08d}"


def birth_certificate(person: int) -> tuple[str, str]:
    """Write the birth certificate of the town's nth person."""
    return BIRTH_CERTIFICATE_SYSTEM, f"Z99{person:07d}"


def hospital_number(person: int, organisation: str) -> tuple[str, str]:
    """Write an institution's own number for the town's nth person."""
    start, step = _COUNTS[organisation]
    number = (person * step + start) % 999_983  # a prime: no two people share a number
    return f"{HOSPITAL_SYSTEMS}{organisation}:patient", f"{_PREFIXES[organisation]}-{number:06d}"


def telephone(household: int, line: int) -> str:
    """Write a telephone number of a household; line 0 is the one that all of them share."""
    return f"1000{household:06d}{line}"
