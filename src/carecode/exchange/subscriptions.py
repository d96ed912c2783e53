"""Which institutions are told when two of their numbers became one person's, and where.

One address for each institution.  What is told, ``pmir_message.py`` writes: an institution's own numbers and no
name, and only where it holds both.

Source: IHE PMIR 1.5, 2:3.94 (ITI-94), in a small form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.kernel.errors import InvalidInputError
from carecode.store.room import Room

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.store.database import Database

ENDPOINT_LENGTH_MAX: Final = 500

_ENDPOINT: Final = re.compile(
    r"https://[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?::\d{1,5})?(?:/[A-Za-z0-9._~/$-]*)?",
    re.IGNORECASE,
)
_ALL_DIGITS: Final = re.compile(r"https://[\d.]+(?:[:/]|\Z)")


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where one institution is told."""

    organisation: str
    id: UUID
    endpoint: str = field(repr=False)
    made_at: datetime


class Subscriptions:
    """Every institution's, stored."""

    def __init__(self, database: Database) -> None:
        """Use the role ``carecode_exchange``."""
        self._room = Room(database, "exchange")

    async def put(self, organisation: str, ident: UUID, endpoint: str, now: datetime) -> Subscription:
        """Tell an institution at ``endpoint`` from now on, and no longer at another."""
        await self._room.run("subscribe", organisation, ident, checked(endpoint), now)
        return Subscription(organisation, ident, endpoint, now)

    async def of(self, organisation: str) -> Subscription | None:
        """Return an institution's, or None."""
        rows = await self._room.fetch("subscription", organisation)
        return Subscription(organisation, UUID(int=rows[0][0].int), rows[0][1], rows[0][2]) if rows else None

    async def all(self) -> list[Subscription]:
        """Return everybody's, for who delivers."""
        rows = await self._room.fetch("subscriptions")
        return [Subscription(row[0], UUID(int=row[1].int), row[2], row[3]) for row in rows]

    async def end(self, organisation: str, ident: UUID) -> None:
        """Tell an institution nothing any more; nothing happens when it has another by now."""
        await self._room.run("unsubscribe", organisation, ident)


def checked(endpoint: str) -> str:
    """Check an address to tell somebody at: https, a host with a name, a plain path.

    >>> checked("https://hospital.example/fhir/$process-message")
    'https://hospital.example/fhir/$process-message'

    InvalidInputError ``subscription-endpoint`` for anything else; a bare number of a machine is no name.
    """
    if len(endpoint) > ENDPOINT_LENGTH_MAX or not _ENDPOINT.fullmatch(endpoint) or _ALL_DIGITS.match(endpoint):
        raise InvalidInputError(
            "subscription-endpoint", "The endpoint is an https address with a host name and a plain path."
        )
    return endpoint
