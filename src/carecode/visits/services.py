"""Services a person can wait for, and how a waiting number is written.

Pure.  To add a service, add one row to ``SERVICES`` with a letter that is still free.  There is no row for
emergencies: they are seen by need, never by number.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Service:
    """One service with the letter that its numbers begin with."""

    code: str
    letter: str  # one of A to Z, each used once
    name: str
    name_zh: str


def service_of(code: str) -> Service:
    """Return the row of a service.

    >>> service_of("paediatrics").letter
    'B'

    Raises InvalidInputError for a code that has no row.
    """
    if code not in SERVICES:
        raise InvalidInputError("service-unknown", "No such service. Choose one of the list.")
    return SERVICES[code]


def service_of_letter(letter: str) -> Service:
    """Return the service whose numbers begin with this letter; InvalidInputError if none does."""
    for service in SERVICES.values():
        if service.letter == letter:
            return service
    raise InvalidInputError("service-unknown", "No service's numbers begin with this letter.")


def written(letter: str, number: int) -> str:
    """Write a waiting number as slips and boards show it.

    >>> written("A", 47), written("B", 1024)
    ('A-047', 'B-1024')
    """
    return f"{letter}-{number:03d}"


def _rows(*services: Service) -> Mapping[str, Service]:
    return MappingProxyType({service.code: service for service in services})


SERVICES: Final = _rows(
    Service("internal-medicine", "A", "Internal medicine", "内科"),
    Service("paediatrics", "B", "Paediatrics", "儿科"),
    Service("surgery", "C", "Surgery", "外科"),
    Service("gynaecology", "D", "Gynaecology and obstetrics", "妇产科"),
    Service("general-practice", "E", "General practice", "全科"),
    Service("chinese-medicine", "F", "Chinese medicine", "中医科"),
    Service("ophthalmology", "G", "Eyes", "眼科"),
    Service("ear-nose-throat", "H", "Ear, nose and throat", "耳鼻喉科"),
    Service("dentistry", "J", "Teeth", "口腔科"),
    Service("dermatology", "K", "Skin", "皮肤科"),
    Service("vaccination", "L", "Vaccination", "预防接种"),
    Service("laboratory", "M", "Laboratory", "检验科"),
    Service("imaging", "N", "Imaging", "影像科"),
    Service("pharmacy", "P", "Pharmacy", "药房"),
)
