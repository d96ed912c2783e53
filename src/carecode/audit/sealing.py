"""Disclosures that wait for the log at the same time are committed together: one flush for all.

Each still has its own entry, chain, hash and receipt.  One whose chain another transaction holds, and
all of a call that failed as a whole, are tried again alone, so that nobody's trouble is another's.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from carecode.kernel.errors import ConflictError, RefusedError, UnavailableError
from carecode.store.queries import queries
from carecode.store.together import Together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from carecode.kernel.vocabulary import RecordKey
    from carecode.store.database import Database

_SEALED: Final = 0
_BUSY: Final = 1
_CAPPED: Final = 3
_UNCOUNTED: Final = frozenset({"system", "resident"})
_DECIDED_ON_OLDER: Final = "CC001"
_HOUR_USED_UP: Final = "CC003"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One entry that opens rows, as the log's functions take it."""

    keys: tuple[RecordKey, ...]
    receipt: UUID
    requester: str
    name: str
    title: str
    role: str
    organisation: str
    purpose: str
    basis: str
    categories: list[int]
    depositor: str | None
    decided_at: datetime
    opens: int
    until: datetime | None

    def arguments(self) -> tuple[object, ...]:
        """Return what ``seal`` takes, in its order."""
        return (list(self.keys), *self._rest(self.categories))

    def literals(self) -> tuple[object, ...]:
        """Return what ``seal_many`` takes of each: its lists as array literals, for they differ in length."""
        keys = "{" + ",".join(str(key) for key in self.keys) + "}"
        return (keys, *self._rest("{" + ",".join(str(one) for one in self.categories) + "}"))

    def _rest(self, categories: object) -> tuple[object, ...]:
        return (
            self.receipt,
            self.requester,
            self.name,
            self.title,
            self.role,
            self.organisation,
            self.purpose,
            self.basis,
            categories,
            self.depositor,
            self.decided_at,
            self.opens,
            self.until,
        )


class Sealing:
    """Seals disclosures, those of one moment together."""

    def __init__(self, database: Database) -> None:
        """Use the role ``carecode_audit``."""
        self._database = database
        self._sql = queries("audit")
        self._together = Together[Disclosure, Any](self._many, _apart)

    async def seal(self, disclosure: Disclosure) -> datetime:
        """Commit and flush one disclosure; return its time.

        Raises ConflictError when she revoked since ``decided_at``, UnavailableError when another
        append holds her chain for more than a second, RefusedError ``capped`` when the asker or the
        institution has used up its hour.
        """
        at: datetime | None = await self._together.ask(disclosure)
        return await self._alone(disclosure) if at is None else at

    async def settled(self) -> None:
        """Wait until the call under way, if any, is committed."""
        await self._together.settled()

    async def _many(self, disclosures: Sequence[Disclosure]) -> Sequence[datetime | BaseException | None]:
        """Seal all; None for one that must be tried again alone."""
        columns = [list(column) for column in zip(*(one.literals() for one in disclosures), strict=True)]
        try:
            async with self._database.connection("audit") as connection:
                ats, states = await connection.fetchrow(self._sql["seal_many"], *columns)
        except asyncpg.PostgresError:
            return [None] * len(disclosures)
        return [_answer(at, state) for at, state in zip(ats, states, strict=True)]

    async def _alone(self, disclosure: Disclosure) -> datetime:
        with log_errors():
            async with self._database.connection("audit") as connection:
                at: datetime = await connection.fetchval(self._sql["seal"], *disclosure.arguments())
        return at


def _apart(one: Disclosure) -> tuple[object, ...]:
    """Keep chains apart, and a person's own disclosures, so that her hour is counted one by one."""
    return (one.keys[0],) if one.role in _UNCOUNTED else (one.keys[0], one.requester)


def _answer(at: datetime | None, state: int) -> datetime | BaseException | None:
    if state == _SEALED:
        return at
    if state == _BUSY:
        return None
    return capped() if state == _CAPPED else decided_again()


def decided_again() -> ConflictError:
    """Say that she changed a decision between its reading and the entry."""
    return ConflictError("decided-again", "She changed a decision at this moment. Try again.")


def capped() -> RefusedError:
    """Say that the asker has opened as many records as one may within an hour."""
    return RefusedError(
        "capped", "You opened as many records as one may within an hour. Your privacy officer can help."
    )


@contextlib.contextmanager
def log_errors() -> Iterator[None]:
    """Turn what the log's functions raise into the errors that callers act on; others pass."""
    try:
        yield
    except asyncpg.LockNotAvailableError as error:
        raise UnavailableError("log-busy", "Her log is busy at this moment. Nothing was opened; try again.") from error
    except asyncpg.PostgresError as error:
        if error.sqlstate == _DECIDED_ON_OLDER:
            raise decided_again() from error
        if error.sqlstate == _HOUR_USED_UP:
            raise capped() from error
        raise
