"""The stewards' lines of the site map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.web.page import route
from carecode.web.steward import case, queue, undo

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from carecode.web.doors import App

FORMS: Final = (
    "/steward/person",
    "/steward/undo",
    "/steward/undo/do",
    "/steward/cases/{case}/answer",
    "/steward/cases/{case}/numbers",
)
"""Addresses that only take forms."""


def routes(app: App) -> list[BaseRoute]:
    """List the pages of index stewards."""
    pages = (
        ("GET", "/steward", queue.show),
        ("POST", "/steward/person", queue.person),
        ("GET", "/steward/cases/{case}", case.show),
        ("POST", "/steward/cases/{case}/numbers", case.numbers),
        ("POST", "/steward/cases/{case}/answer", case.answer),
        ("POST", "/steward/undo", undo.preview),
        ("POST", "/steward/undo/do", undo.undo),
    )
    return [route(app, path, handler, area="steward", method=method) for method, path, handler in pages]
