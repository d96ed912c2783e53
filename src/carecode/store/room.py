"""A room's named queries on the room's own connections: one call each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecode.store.queries import queries

if TYPE_CHECKING:
    from carecode.store.database import Database


class Room:
    """Runs the named queries of one room; a database that does not answer is UnavailableError."""

    def __init__(self, database: Database, name: str) -> None:
        """Read ``<name>/sql/queries.sql`` and use the login role ``carecode_<name>``."""
        self._database = database
        self._name = name
        self._sql = queries(name)

    async def run(self, query: str, *arguments: object) -> None:
        """Run a query for its effect."""
        async with self._database.connection(self._name) as connection:
            await connection.execute(self._sql[query], *arguments)

    async def fetch(self, query: str, *arguments: object) -> list[Any]:
        """Return the rows of a query."""
        async with self._database.connection(self._name) as connection:
            rows: list[Any] = await connection.fetch(self._sql[query], *arguments)
            return rows
