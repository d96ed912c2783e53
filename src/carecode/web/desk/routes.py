"""The desk's lines of the site map for those who come without a name of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.web.desk import arrivals
from carecode.web.page import route

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from carecode.web.doors import App

FORMS: Final = ("/desk/identify/do",)
"""Addresses that only take forms."""


def routes(app: App) -> list[BaseRoute]:
    """List the pages."""
    pages = (
        ("GET", "/desk/newborn", arrivals.newborn_form),
        ("POST", "/desk/newborn", arrivals.newborn),
        ("GET", "/desk/identify", arrivals.identify_form),
        ("POST", "/desk/identify", arrivals.identify),
        ("POST", "/desk/identify/do", arrivals.identified),
    )
    return [route(app, path, handler, area="desk", method=method) for method, path, handler in pages]
