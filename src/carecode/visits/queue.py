"""The door of visits: check in, wait, be called.

A row belongs to one institution and names the person by that institution's own pseudonym only.  It holds no
index id, no record key, no code, no desk and no time finer than the day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import InvalidInputError, UnavailableError
from carecode.store.queries import queries
from carecode.visits.services import service_of, service_of_letter, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from typing import Any

    from carecode.store.database import Database

WAITING_SHOWN_MAX: Final = 500  # of one institution and day: more than any board or desk page shows
_PSEUDONYM: Final = re.compile(r"[0-9a-f]{32}")
_ORGANISATION_CHARACTERS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in a queue: what the slip, the board and her phone show.  It names nobody."""

    number: str  # "A-047"
    service: str  # a code of SERVICES
    waiting_before: int  # people not yet called with a lower number; 0 once called
    called: bool = False


class Queue:
    """Waiting numbers of all institutions; each call sees one institution and one day."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries = queries("visits")

    async def check_in(self, *, organisation: str, patient: str, service: str, on: date) -> Ticket:
        """Give a number, or the same number again.

        ``patient`` is the institution's own pseudonym (32 lower hexadecimal characters), ``service`` a code of
        SERVICES.  Numbers of one institution, service and day are 1, 2, 3, ... without a gap, however many
        desks ask at once; a repeated check-in returns the first number.  One round trip.

        Raises InvalidInputError for a malformed pseudonym or unknown service, UnavailableError after
        99,999 numbers (the table's bound).
        """
        letter = service_of(service).letter
        _demand_organisation(organisation)
        _demand_pseudonym(patient)
        async with self._database.connection("visits") as connection:
            row = await connection.fetchrow(self._queries["check_in"], organisation, on, letter, patient)
        if row is None:
            raise UnavailableError("queue-full", "This queue has no numbers left today. Write one by hand.")
        return _ticket(row)

    async def waiting(self, organisation: str, on: date) -> list[Ticket]:
        """List who waits, by letter and number, at most WAITING_SHOWN_MAX; numbers only, no names."""
        async with self._database.connection("visits") as connection:
            rows = await connection.fetch(self._queries["waiting"], organisation, on, WAITING_SHOWN_MAX)
        return [_ticket(row) for row in rows]

    async def ticket_of(self, organisation: str, patient: str, on: date) -> Ticket | None:
        """Return her ticket of that day, or None.

        Of several the one that will be called next; of several already called the first by letter.
        """
        _demand_pseudonym(patient)
        async with self._database.connection("visits") as connection:
            row = await connection.fetchrow(self._queries["ticket_of"], organisation, on, patient)
        return _ticket(row) if row is not None else None

    async def call_next(self, organisation: str, service: str, on: date) -> Ticket | None:
        """Call the lowest waiting number of a service, or return None when nobody waits.

        Two rooms that call at once get two different numbers.
        """
        letter = service_of(service).letter
        async with self._database.connection("visits") as connection:
            row = await connection.fetchrow(self._queries["call_next"], organisation, on, letter)
        return _ticket(row) if row is not None else None


def _ticket(row: Mapping[str, Any]) -> Ticket:
    service = service_of_letter(row["letter"])
    return Ticket(written(row["letter"], row["number"]), service.code, row["waiting_before"], row["called"])


def _demand_pseudonym(patient: str) -> None:
    # Anything else, a document number above all, must never be stored here.
    if not _PSEUDONYM.fullmatch(patient):
        raise InvalidInputError(
            "patient-pseudonym", "A patient is named by this institution's own 32-character number."
        )


def _demand_organisation(organisation: str) -> None:
    if not 1 <= len(organisation) <= _ORGANISATION_CHARACTERS_MAX or not organisation.isprintable():
        raise InvalidInputError("organisation", "An institution is named by its handle.")
