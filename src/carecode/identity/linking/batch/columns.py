"""``Features`` as columns: the table that the batch path reads, one row a record with its ``rid``.

The columns have the names and meanings of ``Features``; "" is unknown, and nothing is null.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from itertools import starmap
from typing import Any, Final

from carecode.identity.linking.features import Features
from carecode.kernel.errors import UnavailableError

FEATURES: Final = tuple(Features.__struct_fields__)
"""The columns beside ``rid``, in the order of ``Features``."""


class Columns:
    """Collects records into an Arrow table.  About 2 us a record; memory: the texts."""

    __slots__ = ("_lists", "_rids")

    def __init__(self) -> None:
        """Start with none."""
        self._rids: list[int] = []
        self._lists: list[list[object]] = [[] for _ in FEATURES]

    def append(self, rid: int, record: Features) -> None:
        """Add one record.  ``rid``: any number of 0 to 2^63 - 1, each once."""
        self._rids.append(rid)
        for name, values in zip(FEATURES, self._lists, strict=True):
            value = getattr(record, name)
            values.append(value if value.__class__ is bool else str(value))

    def table(self) -> Any:  # noqa: ANN401 - pyarrow ships no types
        """Give the ``pyarrow.Table``.  Raises UnavailableError without the extra ``link``."""
        arrow = engine("pyarrow")
        return arrow.table({"rid": self._rids, **dict(zip(FEATURES, self._lists, strict=True))})


def table_of(records: Iterable[tuple[int, Features]]) -> Any:  # noqa: ANN401 - pyarrow ships no types
    """Give the Arrow table of (rid, record) pairs."""
    columns = Columns()
    for _ in starmap(columns.append, records):
        pass
    return columns.table()


def engine(name: str) -> Any:  # noqa: ANN401 - modules without types
    """Import a package of an extra.  Raises UnavailableError that says which extra to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        extra = "spark" if name.startswith("pyspark") else "link"
        raise UnavailableError(
            "linking-extra-missing", f"Linking in bulk needs more packages: install carecode[{extra}]."
        ) from error
