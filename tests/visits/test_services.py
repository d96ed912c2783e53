"""The table of services and how waiting numbers are written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.kernel.errors import InvalidInputError
from carecode.visits.services import SERVICES, service_of, service_of_letter, written


def test_every_service_has_a_letter_of_its_own() -> None:
    letters = [service.letter for service in SERVICES.values()]
    assert len(set(letters)) == len(letters)
    assert all(re.fullmatch(r"[A-Z]", letter) for letter in letters)


def test_every_service_is_found_by_its_code_and_by_its_letter() -> None:
    for code, service in SERVICES.items():
        assert service_of(code) is service
        assert service_of_letter(service.letter) is service
        assert service.code == code
        assert service.name
        assert service.name_zh


def test_internal_medicine_is_a_and_paediatrics_is_b() -> None:
    assert (service_of("internal-medicine").letter, service_of("internal-medicine").name_zh) == ("A", "内科")
    assert (service_of("paediatrics").letter, service_of("paediatrics").name_zh) == ("B", "儿科")


@pytest.mark.parametrize("code", ["", "A", "internal medicine", "INTERNAL-MEDICINE"])
def test_an_unknown_service_is_refused_without_repeating_it(code: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        service_of(code)
    assert caught.value.code == "service-unknown"
    assert code == "" or code not in caught.value.message.split()


def test_a_letter_without_a_service_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        service_of_letter("Z")


@given(st.integers(1, 99_999), st.integers(1, 99_999))
def test_two_numbers_are_written_alike_only_if_they_are_the_same(one: int, other: int) -> None:
    assert (written("A", one) == written("A", other)) == (one == other)
    assert re.fullmatch(r"A-\d{3,5}", written("A", one))
