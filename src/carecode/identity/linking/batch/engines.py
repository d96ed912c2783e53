"""Where the statements run: DuckDB on one machine, Spark on many.  What differs between them stands here only.

Both are given the same SQL.  A statement tells what equality tells and what is surely no slip; where letters must be
counted it says NULL, and ``compare`` itself is asked (``ask``): some percent of the pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Any, Final, Protocol, Self

from carecode.identity.linking.batch.columns import engine
from carecode.identity.linking.batch.patterns import level_of
from carecode.identity.linking.levels import _LONG_LATIN, _SHORT_LATIN

Rows = list[tuple[Any, ...]]

MEMORY_MB: Final = 1200  # DuckDB's own bound; it writes to the folder what is beyond


class Engine(Protocol):
    """Runs statements; keeps what they give under a name."""

    hashing: str  # the function that makes a 64-bit number of several texts
    all_at_once: bool  # keys of all letters in one statement, rather than little memory at a time

    def given(self, source: Any) -> None:  # noqa: ANN401 - an Arrow table or a path
        """Make the columns of the records readable as ``given``."""

    def keep(self, name: str, statement: str) -> None:
        """Run a SELECT and keep what it gives as a table, in place of any of that name."""

    def put(self, name: str, columns: Mapping[str, Sequence[Any]], types: Sequence[str]) -> None:
        """Keep a small table that Python made."""

    def drop(self, *names: str) -> None:
        """Forget tables; one that is not there is no error."""

    def rows(self, statement: str) -> Rows:
        """Run a SELECT and give its rows."""

    def ask(self, name: str, statement: str, field: str) -> bool:
        """Keep as (a, b, level) what ``compare`` says of one field of the pairs that a statement gives.

        The statement gives a, b, the field's columns of the one and of the other.  False if there are none.
        """


_MACROS: Final = r"""
CREATE TEMP MACRO is_ascii(x) AS strlen(x) = length(x);
CREATE TEMP MACRO is_decimal(x) AS regexp_full_match(x, '\p{Nd}+');
CREATE TEMP MACRO figures(x) AS regexp_replace(x, '\P{Nd}', '', 'g');
CREATE TEMP MACRO skeleton(x) AS substr(x, 1, 1)
  || array_to_string(list_sort(list_distinct(string_split(translate(substr(x, 2), 'aeiouyhw', ''), ''))), '');
CREATE TEMP MACRO digits_apart(a, b) AS CASE WHEN length(a) = length(b) THEN hamming(a, b) ELSE 2 END;
CREATE TEMP MACRO surely_apart(a, b, most) AS
  CASE
    WHEN abs(length(a) - length(b)) > most THEN TRUE
    WHEN NOT is_ascii(a || b) THEN FALSE
    WHEN most = 1 AND length(a) = length(b) THEN hamming(a, b) > 2
    WHEN least(length(a), length(b)) >= 8
      AND 3 * jaro_similarity(a, b) < 2.499 - 2.0 * most / greatest(length(a), length(b)) THEN TRUE
    ELSE levenshtein(a, b) > 2 * most
  END;
"""
_SHARED: Final = {
    "no_slip(a, b)": """
  CASE
    WHEN a = b THEN FALSE
    WHEN least(length(a), length(b)) < $short THEN TRUE
    WHEN least(length(a), length(b)) < $long THEN surely_apart(a, b, 1)
    ELSE surely_apart(a, b, 2)
  END""",
    "perhaps_one_door(a, b)": """
  CASE
    WHEN least(length(a), length(b)) < $long THEN FALSE
    WHEN surely_apart(a, b, 2) THEN FALSE
    ELSE figures(a) = figures(b)
  END""",
}
"""Functions that both engines have in the same words; ``$short`` and ``$long`` are those of ``levels``."""


class DuckEngine:
    """DuckDB in this process.  Close it: the tables are in its memory."""

    hashing = "hash"
    all_at_once = False

    def __init__(self, folder: Path | None = None, *, memory_mb: int = MEMORY_MB, threads: int = 0) -> None:
        """Start one.  ``folder``: where what does not fit ``memory_mb`` is written; ``threads`` 0: all cores."""
        duckdb = engine("duckdb")
        settings: dict[str, Any] = {"memory_limit": f"{memory_mb}MB", "preserve_insertion_order": False}
        if folder is not None:
            settings["temp_directory"] = str(folder)
        if threads:
            settings["threads"] = threads
        self._base = duckdb.connect(":memory:", config=settings)
        self._base.execute(_MACROS)
        for name, text in shared().items():
            self._base.execute(f"CREATE TEMP MACRO {name} AS {text}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything."""
        self._base.close()

    def given(self, source: Any) -> None:  # noqa: ANN401 - an Arrow table or a path
        """Read an Arrow table or a Parquet file."""
        if isinstance(source, (str, Path)):
            self._base.read_parquet(str(source)).create_view("given", replace=True)
        else:
            self._base.register("given", source)

    def keep(self, name: str, statement: str) -> None:
        """Run a SELECT and keep what it gives."""
        self._base.execute(f"CREATE OR REPLACE TABLE {name} AS {statement}").fetchall()

    def put(self, name: str, columns: Mapping[str, Sequence[Any]], types: Sequence[str]) -> None:
        """Keep a small table that Python made."""
        arrow = engine("pyarrow")
        self._base.register("put_here", arrow.table(dict(columns)))
        listed = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in zip(columns, types, strict=True))
        self.keep(name, f"SELECT {listed} FROM put_here")  # noqa: S608 - names of this package
        self._base.unregister("put_here")

    def drop(self, *names: str) -> None:
        """Forget tables."""
        for name in names:
            self._base.execute(f"DROP TABLE IF EXISTS {name}").fetchall()

    def rows(self, statement: str) -> Rows:
        """Run a SELECT and give its rows; all are fetched, or the next statement would find it open."""
        found: Rows = self._base.execute(statement).fetchall()
        return found

    def ask(self, name: str, statement: str, field: str) -> bool:
        """Keep what ``compare`` says of the pairs that a statement gives; False if there are none."""
        asked = sorted(self.rows(statement), key=lambda row: row[2:])  # the lunar calendar is read year by year
        if not asked:
            return False
        levels = [level_of(field, row[2:]) for row in asked]
        columns = {"a": [row[0] for row in asked], "b": [row[1] for row in asked], "level": levels}
        self.put(name, columns, ("BIGINT", "BIGINT", "INT"))
        return True

    def write(self, out: Path, statement: str) -> None:
        """Run a SELECT and write what it gives as a Parquet file, at most a piece of it in memory."""
        self._base.execute(f"COPY ({statement}) TO '{out}' (FORMAT parquet)").fetchall()


def shared() -> dict[str, str]:
    """Give the functions that both engines have in the same words: their heads and bodies."""
    return {head: Template(text).substitute(short=_SHORT_LATIN, long=_LONG_LATIN) for head, text in _SHARED.items()}
