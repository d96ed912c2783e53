"""The doors of second persons, as pages of the clinic, of officers and of residents knock at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from carecode.disclosure.watch import Watch
    from carecode.web.page import Page


class Watched(Protocol):
    """The built application, as far as it watches."""

    @property
    def watch(self) -> Watch:
        """Emergencies, reports, orders and the officers' work."""


def doors(page: Page) -> Watch:
    """Give the doors."""
    return cast("Watched", page.app).watch
