"""The doors of comparing, as pages of stewards and desks knock at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carecode.disclosure.stewards_building import StewardDoors
    from carecode.web.page import Page


def doors(page: Page) -> StewardDoors:
    """Give the doors."""
    return page.app.steward
