"""Amounts: to the cent, never negative, never rounded in silence."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from carecode.kernel.errors import InvalidInputError
from carecode.settlement.items import ITEMS, item_of
from carecode.settlement.money import AMOUNT_MAX, change_due, checked, parse, total, written

amounts = st.decimals(min_value=0, max_value=AMOUNT_MAX, places=2)
small_amounts = st.decimals(min_value=0, max_value=Decimal("99999.99"), places=2)


@given(amounts)
@example(AMOUNT_MAX)
@example(Decimal("-0.00"))
@example(Decimal("1E+9"))
def test_a_checked_amount_is_the_same_amount_with_two_places(amount: Decimal) -> None:
    out = checked(amount)
    assert out == amount
    assert out.as_tuple().exponent == -2
    assert not out.is_signed()


@given(st.decimals(allow_nan=True, allow_infinity=True))
@example(Decimal("sNaN"))
@example(Decimal("1E+999999"))
@example(Decimal("1E-999999"))
@example(Decimal("0.001"))
@example(AMOUNT_MAX + Decimal("0.01"))
def test_every_decimal_is_either_kept_exactly_or_refused(amount: Decimal) -> None:
    good = amount.is_finite() and 0 <= amount <= AMOUNT_MAX and (Fraction(amount) * 100).denominator == 1
    if good:
        assert Fraction(checked(amount)) == Fraction(amount)
    else:
        with pytest.raises(InvalidInputError):
            checked(amount)


@pytest.mark.parametrize("amount", [185.48, 25, "25.00", None, True])
def test_what_is_no_decimal_is_refused(amount: object) -> None:
    with pytest.raises(InvalidInputError):
        checked(amount)  # type: ignore[arg-type]  # what the test is about


@given(amounts)
def test_what_is_written_is_read_again(amount: Decimal) -> None:
    assert parse(written(amount)) == amount
    assert parse("¥" + written(amount)) == amount


@given(st.text(max_size=40))
@example("-1")
@example("1.234")
@example("1,23")
@example("12,345,6")
@example("1e3")
@example("NaN")
@example("0x10")
@example("1_000")
@example("99999999999")
@example("0" * 33)
def test_any_text_is_read_as_a_right_amount_or_refused(text: str) -> None:
    try:
        amount = parse(text)
    except InvalidInputError:
        assert not text.isascii() or not text.isdigit() or len(text) > 10
    else:
        assert checked(amount) == amount


@pytest.mark.parametrize(
    "text", ["-1", "1.234", "1,23", "12,345,6", "1e3", "NaN", "0x10", "1_000", "1 000", "", "¥", "٣"]
)
def test_what_could_be_misread_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse(text)


@given(small_amounts, small_amounts)
def test_due_and_change_make_what_was_given(due: Decimal, tendered: Decimal) -> None:
    if tendered < due:
        with pytest.raises(InvalidInputError) as caught:
            change_due(due, tendered)
        assert caught.value.code == "cash-too-little"
        assert not any(character.isdigit() for character in caught.value.message)
    else:
        change = change_due(due, tendered)
        assert change >= 0
        assert due + change == tendered


@given(st.lists(small_amounts, max_size=30))
def test_a_total_is_the_exact_sum_in_any_order(lines: list[Decimal]) -> None:
    assert Fraction(total(lines)) == sum((Fraction(line) for line in lines), Fraction(0))
    assert total(reversed(lines)) == total(lines)


@given(amounts, amounts)
def test_a_total_beyond_the_largest_amount_is_refused(one: Decimal, other: Decimal) -> None:
    assume(one + other > AMOUNT_MAX)
    with pytest.raises(InvalidInputError):
        total([one, other])


def test_every_price_is_a_right_amount_and_every_item_is_found_by_its_code() -> None:
    for code, item in ITEMS.items():
        assert item_of(code) is item
        assert item.code == code
        assert checked(item.price) == item.price
        assert item.name
        assert item.name_zh


def test_an_unknown_item_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        item_of("something-else")
