"""A truth to evaluate against: which record is about whom, and what went wrong when it was written.

CSV or Parquet with the columns ``record`` (SYSTEM|VALUE) or ``source`` and ``local_id``, ``entity``, and perhaps
``class`` (several are parted by semicolons).  A line that cannot be used is refused with its number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from carecode.exchange.people_files import PARQUET, Refused, parquet_rows, table
from carecode.exchange.refusals import SentRefusedError

RECORDS_MAX: Final = 10_000_000
TEXT_MAX: Final = 400
CLASSES_OF_RECORD_MAX: Final = 20
CLASS_CHARACTERS_MAX: Final = 60

_HEADERS: Final = {
    "record": "record", "记录": "record", "record id": "record",
    "source": "source", "来源": "source", "来源机构": "source",
    "local id": "local_id", "病历号": "local_id", "本地编号": "local_id",
    "entity": "entity", "truth": "entity", "person": "entity", "cluster": "entity", "实体": "entity", "人员": "entity",
    "class": "class", "classes": "class", "error class": "class", "errors": "class", "类别": "class",
    "错误类别": "class",
}  # fmt: skip


class Fact(NamedTuple):
    """What is true of one record."""

    entity: str
    classes: tuple[str, ...]


class Truth(NamedTuple):
    """What is true of all records, by "SYSTEM|VALUE" or "source|local number"."""

    records: dict[str, Fact]
    refused: tuple[Refused, ...]


def truth(path: Path) -> Truth:
    """Read a truth file.  SentRefusedError when it is none, cannot be read or has more than RECORDS_MAX lines.

    A record that stands twice counts once; under another entity it is refused.
    """
    found: dict[str, Fact] = {}
    refused: list[Refused] = []
    for row in _rows(path):
        if isinstance(row, Refused):
            refused.append(row)
            continue
        line, values = row
        record = values["record"] or (
            f"{values['source']}|{values['local_id']}" if values["source"] and values["local_id"] else ""
        )
        entity = values["entity"]
        if not record or not entity:
            refused.append(Refused(line, "truth-line-empty", "The line does not say which record or about whom."))
        elif len(record) > TEXT_MAX or len(entity) > TEXT_MAX:
            refused.append(Refused(line, "truth-line-long", f"A text has more than {TEXT_MAX} characters."))
        elif found.setdefault(record, Fact(entity, _classes(values["class"]))).entity != entity:
            refused.append(Refused(line, "truth-twice", "This record stood before under another entity."))
        elif len(found) > RECORDS_MAX:
            raise SentRefusedError("truth-many", f"A truth has at most {RECORDS_MAX:,} records.")
    return Truth(found, tuple(refused))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]] | Refused]:
    """Give each line's values by field, "" for what is not there."""
    try:
        with path.open("rb") as file:
            if file.read(len(PARQUET)) != PARQUET:
                file.seek(0)
                header, lines = table(file, lambda cells: sum(map(bool, map(_field, cells))))
                fields = _fields(header)
                for row in lines:
                    yield row if isinstance(row, Refused) else (row[0], _values(fields, row[1]))
                return
    except OSError as error:
        raise SentRefusedError("file-unreadable", f"The file cannot be read: {error.strerror}.") from None
    fields = []
    for line, cells in parquet_rows(path, _field):
        if line == 1:
            fields = _fields(cells)
        else:
            yield line, _values(fields, cells)


def _field(header: str) -> str:
    """Say which field a header is, "" for none."""
    spelled = unicodedata.normalize("NFKC", header[:TEXT_MAX]).strip().lower()
    return _HEADERS.get(spelled.replace("_", " ").replace("-", " "), "")


def _fields(header: Sequence[str]) -> list[str]:
    """Say which field each column is; the first column of a field counts."""
    fields: list[str] = []
    for cell in header:
        field = _field(cell)
        fields.append("" if field in fields else field)
    if "entity" not in fields or not ("record" in fields or {"source", "local_id"} <= set(fields)):
        raise SentRefusedError(
            "truth-header", "A truth has the columns record and entity, and perhaps class. Name them in the first line."
        )
    return fields


def _values(fields: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    values = dict.fromkeys(("record", "source", "local_id", "entity", "class"), "")
    values.update((field, cell.strip()) for field, cell in zip(fields, cells, strict=True) if field)
    return values


def _classes(text: str) -> tuple[str, ...]:
    """Give the classes of one record, each once; control characters are left out and long ones cut."""
    words = text.split(";")[:CLASSES_OF_RECORD_MAX]
    plain = ("".join(sign for sign in word if sign.isprintable()).strip()[:CLASS_CHARACTERS_MAX] for word in words)
    return tuple(dict.fromkeys(word for word in plain if word))
