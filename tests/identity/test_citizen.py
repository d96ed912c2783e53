"""The citizen number against an independent reading of its standard."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity import citizen
from carecode.identity.findings import CHECK_MISFIT

BODIES = st.from_regex(r"[0-9]{17}", fullmatch=True)
# the weights as the standard prints them, and its table of remainders
PRINTED_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PRINTED_CHECKS = dict(enumerate("10X98765432"))


@given(BODIES)
def test_the_check_character_is_the_standards(body: str) -> None:
    total = sum(int(digit) * weight for digit, weight in zip(body, PRINTED_WEIGHTS, strict=True))
    assert citizen.check_character(body) == PRINTED_CHECKS[total % 11]


@given(BODIES)
def test_the_whole_number_is_1_modulo_11(body: str) -> None:
    values = [10 if each == "X" else int(each) for each in body + citizen.check_character(body)]
    assert sum(value * pow(2, 17 - place, 11) for place, value in enumerate(values)) % 11 == 1


@pytest.mark.parametrize("body", ["", "1" * 16, "1" * 18, "1" * 16 + "X", "１" * 17, "1" * 16 + "²"])
def test_only_17_digits_have_a_check_character(body: str) -> None:
    with pytest.raises(ValueError, match="17 digits"):
        citizen.check_character(body)


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_examples_of_the_standard_fit(number: str) -> None:
    assert citizen.check_eighteen(number) is None


@given(st.from_regex(r"[0-9]{8}", fullmatch=True))
def test_a_wrong_date_has_a_position_and_a_right_one_none(digits: str) -> None:
    body = f"110105{digits}002"
    finding = citizen.check_eighteen(body + citizen.check_character(body))
    real = {f"{date(1850, 1, 1) + timedelta(days=offset):%Y%m%d}" for offset in (0, 1)}
    born = citizen.read_date(digits)
    assert (finding is None) == (born is not None)
    assert digits not in real or born is not None
    if finding is not None:
        assert finding.positions
        assert set(finding.positions) <= set(range(7, 15))


@given(st.dates(date(1850, 1, 1), date(2999, 12, 31)))
def test_every_day_since_1850_is_a_birth_date(born: date) -> None:
    assert citizen.read_date(f"{born:%Y%m%d}") == born


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 995), st.sampled_from(["110105", "440524"]))
def test_the_twin_keeps_area_birth_order_and_sex(born: date, order: int, area: str) -> None:
    old = f"{area}{born:%y%m%d}{order:03d}"
    new = citizen.twin(old)
    assert citizen.check_eighteen(new) is None
    assert (new[:6], new[14:17]) == (old[:6], old[12:])
    assert citizen.birth_18(new) == citizen.birth_15(old) == born
    assert citizen.sex_18(new) == citizen.sex_15(old)


@given(st.from_regex(r"[0-9]{12}99[6-9]", fullmatch=True))
def test_the_orders_of_centenarians_stay_as_they_are(old: str) -> None:
    assert citizen.twin(old) == old


def test_the_leap_day_of_1900_never_was() -> None:
    assert citizen.check_fifteen("110105000229001") is not None
    assert citizen.check_fifteen("110105040229001") is None


def test_a_wrong_check_character_is_about_number_18() -> None:
    assert citizen.check_eighteen("110105194912310021") == CHECK_MISFIT
    assert CHECK_MISFIT.positions == (18,)
