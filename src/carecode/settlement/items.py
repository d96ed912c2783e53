"""What an institution charges for: one row per item, with its list price.

Pure.  To add an item, add one row to ``ITEMS``.  Prices are yuan per unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the price list."""

    code: str
    name: str
    name_zh: str
    price: Decimal


def item_of(code: str) -> Item:
    """Return the row of an item.

    >>> item_of("outpatient-visit").price
    Decimal('25.00')

    Raises InvalidInputError for a code that has no row.
    """
    if code not in ITEMS:
        raise InvalidInputError("item-unknown", "No such item. Choose one of the price list.")
    return ITEMS[code]


def _rows(*items: Item) -> Mapping[str, Item]:
    return MappingProxyType({item.code: item for item in items})


ITEMS: Final = _rows(
    Item("outpatient-visit", "Outpatient visit", "门诊诊查", Decimal("25.00")),
    Item("emergency-visit", "Emergency visit", "急诊诊查", Decimal("40.00")),
    Item("blood-count", "Blood count", "血常规", Decimal("22.00")),
    Item("hba1c", "HbA1c", "糖化血红蛋白", Decimal("68.00")),
    Item("kidney-panel", "Kidney function panel", "肾功能", Decimal("96.00")),
    Item("ultrasound-abdomen", "Ultrasound, abdomen", "腹部超声", Decimal("180.00")),
    Item("chest-x-ray", "Chest X-ray", "胸部X线", Decimal("85.00")),
    Item("injection", "Injection", "注射", Decimal("6.50")),
    Item("vaccination-programme", "Vaccination of the national programme", "免疫规划接种", Decimal("0.00")),
    Item("metformin-500mg-60", "Metformin 500 mg, 60 tablets", "二甲双胍 500毫克 60片", Decimal("23.40")),
    Item("blood-sugar-strips-50", "Blood sugar strips, 50", "血糖试纸 50片", Decimal("89.00")),
)
