"""The same statements on Spark, for what one machine does not hold.

Needs the extra ``spark`` (pyspark, Apache-2.0) and Java 17 or later.  Each kept table is written as Parquet to a
folder that all machines see, so that no statement is worked out twice.  ``compare`` runs where the rows are.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from carecode.identity.linking.batch.columns import engine
from carecode.identity.linking.batch.engines import Rows, shared
from carecode.identity.linking.batch.patterns import FIELD_COLUMNS, level_of

PARTITIONS_LOCAL: Final = 4
DRIVER_MEMORY: Final = "3g"

# The same names as in engines.py.  Spark's levenshtein counts characters; it bounds our distance as there.
_FUNCTIONS: Final = {
    "is_ascii(x)": "octet_length(x) = char_length(x)",
    "is_decimal(x)": r"x RLIKE '^\\p{Nd}+$'",
    "figures(x)": r"regexp_replace(x, '\\P{Nd}', '')",
    "skeleton(x)": (
        "substr(x, 1, 1) || array_join("
        "array_sort(array_distinct(split(translate(substr(x, 2), 'aeiouyhw', ''), ''))), '')"
    ),
    "digits_apart(a, b)": "CASE WHEN length(a) = length(b) THEN levenshtein(a, b) ELSE 2 END",
    "surely_apart(a, b, most)": "abs(length(a) - length(b)) > most OR levenshtein(a, b) > 2 * most",
}
_SETTINGS: Final = {
    "spark.driver.memory": DRIVER_MEMORY,
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": str(PARTITIONS_LOCAL),
    "spark.sql.ansi.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
}


class SparkEngine:
    """A Spark session of its own on this machine, or one that the caller gives."""

    hashing = "xxhash64"
    all_at_once = True

    def __init__(self, folder: Path, session: Any = None, *, master: str = "local[2]") -> None:  # noqa: ANN401
        """Use ``session``, or start one; tables are written below ``folder`` and removed by ``close``."""
        self._own = session is None
        if session is None:
            builder = engine("pyspark.sql").SparkSession.builder.master(master).appName("carecode-linking")
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else its workers are another Python
            for name, value in _SETTINGS.items():
                builder = builder.config(name, value)
            session = builder.getOrCreate()
        self._session = session
        self._folder = Path(tempfile.mkdtemp(prefix="linking-", dir=folder))
        self._written = 0
        for head, text in {**_FUNCTIONS, **shared()}.items():
            name, _, rest = head.partition("(")
            arguments = ", ".join(
                f"{one} {'INT' if one == 'most' else 'STRING'}" for one in rest.rstrip(")").split(", ")
            )
            session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {name}({arguments}) RETURN {text}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was written; stop the session if it is ours."""
        if self._own:
            self._session.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def given(self, source: Any) -> None:  # noqa: ANN401 - an Arrow table or a path
        """Read a Parquet file or folder; an Arrow table is written as one first."""
        if not isinstance(source, (str, Path)):
            path = self._next()
            path.mkdir()
            engine("pyarrow.parquet").write_table(source, path / "given.parquet")
            source = path
        self._session.read.parquet(str(source)).createOrReplaceTempView("given")

    def keep(self, name: str, statement: str) -> None:
        """Run a SELECT and keep what it gives as Parquet."""
        self._keep(name, self._session.sql(statement))

    def put(self, name: str, columns: Mapping[str, Sequence[Any]], types: Sequence[str]) -> None:
        """Keep a small table that Python made."""
        kinds = {"VARCHAR": "STRING"}
        schema = ", ".join(f"{column} {kinds.get(kind, kind)}" for column, kind in zip(columns, types, strict=True))
        rows = list(zip(*columns.values(), strict=True))
        self._keep(name, self._session.createDataFrame(rows, schema))

    def drop(self, *names: str) -> None:
        """Forget tables; their files go with ``close``."""
        for name in names:
            self._session.catalog.dropTempView(name)

    def rows(self, statement: str) -> Rows:
        """Run a SELECT and give its rows."""
        return [tuple(row) for row in self._session.sql(statement).collect()]

    def ask(self, name: str, statement: str, field: str) -> bool:
        """Keep what ``compare`` says of the pairs that a statement gives, asked where the rows are."""
        functions = engine("pyspark.sql.functions")
        asked = self._session.sql(statement)
        columns = [f"{side}_{column}" for side in "lr" for column in FIELD_COLUMNS[field]]
        say = functions.udf(lambda *values: level_of(field, values), "int")
        self._keep(name, asked.select("a", "b", say(*columns).alias("level")))
        return True

    def _keep(self, name: str, frame: Any) -> None:  # noqa: ANN401 - pyspark's DataFrame
        """Write a frame and read it back under a name."""
        path = str(self._next())
        frame.write.parquet(path)
        self._session.read.parquet(path).createOrReplaceTempView(name)

    def _next(self) -> Path:
        """Name the next folder."""
        self._written += 1
        return self._folder / f"{self._written:04d}"
