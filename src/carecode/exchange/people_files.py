"""Files of people: CSV and Parquet, one row a record of one source, as a stream that forgets what it gave.

Reads what it is given and nothing else.  A CSV is UTF-8 or GB18030, told by its first lines that are not plain
ASCII; separated by commas, tabs or semicolons, told by its header.  A line that cannot be read is refused with its
number, and the next one is read: a quotation mark that nobody closes costs its own line, not the rest of the file.
A field in quotation marks may hold line ends (RFC 4180 2.6), at most LINES_OF_ROW_MAX.

The whole file is refused (SentRefusedError) only when its first line is not one of people or its encoding is none
of the two.  Memory is bounded by BLOCK_BYTES, whatever the file holds.
"""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from carecode.exchange.people_columns import Header, header_of, record_of
from carecode.exchange.refusals import SentRefusedError
from carecode.identity.linking.standardise import Record

BLOCK_BYTES: Final = 1024 * 1024
LINE_BYTES_MAX: Final = 64 * 1024
LINES_OF_ROW_MAX: Final = 5
ROWS_OF_BATCH: Final = 10_000
ENCODINGS: Final = ("utf-8", "gb18030")

_MARK_UTF_8: Final = b"\xef\xbb\xbf"
_MARKS_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
PARQUET: Final = b"PAR1"
_SEPARATORS: Final = ",\t;"
_TOO_LONG: Final = b"\0too long"  # no line of a file has this: a NUL is refused before


class Sent(NamedTuple):
    """One person as one row has her."""

    line: int  # of the file, the header's is 1; of Parquet the row's number + 1
    record: Record
    notes: tuple[str, ...]  # keys of ``people_columns.NOTES``: what was left out of her


class Refused(NamedTuple):
    """One row that was not taken.  Never holds a value of it."""

    line: int
    code: str
    message: str


Row = Sent | Refused


def people(path: Path, *, source: str = "", encoding: str = "") -> Iterator[Row]:
    """Read a file of people, CSV or Parquet by its content; ``source`` for rows that name none.

    ``encoding`` is one of ENCODINGS or "" to find out.  Raises SentRefusedError, also when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(PARQUET)) != PARQUET:
                file.seek(0)
                yield from from_csv(file, source=source, encoding=encoding)
                return
    except OSError as error:
        raise SentRefusedError("file-unreadable", f"The file cannot be read: {error.strerror}.") from None
    yield from from_parquet(path, source=source)


def is_people(start: bytes) -> bool:
    r"""Say whether a file that begins so is Parquet or a CSV whose first line is one of people.

    >>> is_people("姓名,性别,出生日期\n".encode()), is_people(b'{"resourceType": "Bundle"}')
    (True, False)
    """
    if start.startswith(PARQUET):
        return True
    line = start.removeprefix(_MARK_UTF_8).partition(b"\n")[0].rstrip(b"\r")
    if not line or len(line) > LINE_BYTES_MAX or b"\0" in line:
        return False
    for encoding in ENCODINGS:
        try:
            text = line.decode(encoding)
            return any(header_of(_split(text, separator)).names_people for separator in _SEPARATORS)
        except (UnicodeDecodeError, SentRefusedError, csv.Error):
            continue
    return False


def from_csv(file: IO[bytes], *, source: str = "", encoding: str = "") -> Iterator[Row]:
    """Read a CSV of people from its start.  About 20 us a row."""
    cells, rows = table(file, lambda cells: sum(map(bool, header_of(cells).fields)), encoding)
    header = header_of(cells)
    if not header.names_people:
        raise SentRefusedError(
            "people-header", "The first line names no column of people: give at least one such as name or id_number."
        )
    for row in rows:
        yield row if isinstance(row, Refused) else _taken(row[0], header, row[1], source)


def table(
    file: IO[bytes], known: Callable[[Sequence[str]], int], encoding: str = ""
) -> tuple[list[str], Iterator[tuple[int, list[str]] | Refused]]:
    """Read any CSV: its header, and its rows with their lines, as many cells each as the header has.

    ``known`` says how many columns of a header it knows: so the separator is found.
    """
    lines = _decoded(_lines(file), encoding)
    first = next(lines, None)
    if first is None:
        raise SentRefusedError("file-empty", "The file is empty.")
    text = first[1]
    if isinstance(text, Refused):
        raise SentRefusedError(text.code, f"The first line cannot be read. {text.message}")
    try:
        separator = max(_SEPARATORS, key=lambda separator: known(_split(text, separator)))
        header = _split(text, separator)
    except csv.Error:
        raise SentRefusedError("people-header", "A quotation mark of the first line is not closed.") from None
    return header, _rows(lines, separator, len(header))


def from_parquet(path: Path, *, source: str = "") -> Iterator[Row]:
    """Read a Parquet file of people in batches; needs pyarrow, of the extra [link].

    Whole numbers, texts, dates and times are read; any other type is refused with its column.
    """
    header: Header | None = None
    for line, cells in parquet_rows(path, lambda name: header_of([name]).fields[0]):
        if header is None:
            header = header_of(cells)
            if not header.names_people:
                raise SentRefusedError("people-header", "No column of this file is one of people.")
        else:
            yield _taken(line, header, cells, source)


def parquet_rows(path: Path, field_of: Callable[[str], str]) -> Iterator[tuple[int, list[str]]]:
    """Give the header of a Parquet file as line 1 and its rows as text, batch by batch.

    Only columns of which ``field_of`` makes more than "" are read; the others are empty.
    """
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
        errors: Any = importlib.import_module("pyarrow")
    except ImportError:
        raise SentRefusedError(
            "parquet-not-installed", "Parquet needs the package pyarrow. Install carecode[link], or send CSV."
        ) from None
    try:
        with parquet.ParquetFile(path) as opened:
            names = [str(name) for name in opened.schema_arrow.names]
            fields = [field_of(name) for name in names]
            _require_plain(fields, [str(kind) for kind in opened.schema_arrow.types])
            yield 1, names
            line = 1
            for batch in opened.iter_batches(batch_size=ROWS_OF_BATCH):
                columns = [
                    column.to_pylist() if field else None for column, field in zip(batch.columns, fields, strict=True)
                ]
                for place in range(batch.num_rows):
                    line += 1
                    yield line, [_text(column[place]) if column else "" for column in columns]
    except (errors.ArrowException, OSError) as error:
        raise SentRefusedError("file-unreadable", "This Parquet file is damaged. Copy it again.") from error


def _require_plain(fields: Sequence[str], types: Sequence[str]) -> None:
    """Refuse columns that are used and hold lists or other things that are no text."""
    for field, kind in zip(fields, types, strict=True):
        if field and not kind.startswith(
            ("string", "large_string", "int", "uint", "date", "timestamp", "null", "dict")
        ):
            raise SentRefusedError("people-column-type", f"The {field} is {kind}. Write it as text.")


def _text(value: object) -> str:
    """Write a value of Parquet as a CSV has it; a time becomes its day."""
    if value is None:
        return ""
    day = getattr(value, "date", None)
    return str(day()) if callable(day) else str(value)


def _taken(line: int, header: Header, cells: Sequence[str], source: str) -> Row:
    """Make a record of a row, or its refusal."""
    try:
        return Sent(line, *record_of(header, cells, source))
    except SentRefusedError as error:
        return Refused(line, error.code, error.message)


def _lines(file: IO[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """Give the lines in blocks, each with its number; of one that is too long only that it was there."""
    number, rest, skipping = 1, b"", False
    while True:
        block = file.read(BLOCK_BYTES)
        parts = (rest + block).split(b"\n")
        rest = parts.pop() if block else b""
        found = []
        for part in parts:
            long = skipping or len(part) > LINE_BYTES_MAX
            skipping = False
            found.append((number, _TOO_LONG if long else part.removesuffix(b"\r")))
            number += 1
        if len(rest) > LINE_BYTES_MAX:
            rest, skipping = b"", True
        if found:
            yield found
        if not block:
            return


def _decoded(blocks: Iterable[list[tuple[int, bytes]]], encoding: str) -> Iterator[tuple[int, str | Refused]]:
    """Decode lines; the first block with other than ASCII says how.  Blank lines are left out."""
    first = True
    for block in blocks:
        if first:
            first = False
            if block[0][1].startswith(_MARKS_UTF_16):
                raise SentRefusedError("people-encoding", "This file is UTF-16. Save it as UTF-8 and load it again.")
            if block[0][1].startswith(_MARK_UTF_8):
                block[0] = (block[0][0], block[0][1].removeprefix(_MARK_UTF_8))
                encoding = encoding or "utf-8"
        encoding = encoding or _vote(block)
        for number, line in block:
            if line.strip():
                yield number, _decode(number, line, encoding or "utf-8")


def _vote(block: list[tuple[int, bytes]]) -> str:
    """Say which encoding most lines hold that are more than ASCII; "" when none is."""
    utf_8 = other = 0
    for _, line in block:
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            utf_8 += 1
        except UnicodeDecodeError:
            other += 1
    if not utf_8 and not other:
        return ""
    return "utf-8" if utf_8 >= other else "gb18030"


def _decode(number: int, line: bytes, encoding: str) -> str | Refused:
    """Decode one line or say why not."""
    if line == _TOO_LONG:
        return Refused(number, "people-line-long", f"The line has more than {LINE_BYTES_MAX >> 10} KB.")
    if b"\0" in line:
        return Refused(number, "people-line-nul", "The line holds bytes of zero, which are no text.")
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return Refused(number, "people-line-encoding", f"The line is not {encoding.upper()} as the rest of the file.")


def _split(text: str, separator: str) -> list[str]:
    """Split one row; csv.Error for a quotation mark that is not closed or where none may be."""
    return next(csv.reader([text], delimiter=separator, strict=True))


def _rows(
    lines: Iterator[tuple[int, str | Refused]], separator: str, columns: int
) -> Iterator[tuple[int, list[str]] | Refused]:
    """Give the cells of each row, the following lines with it only if together they are one row."""
    ahead: list[tuple[int, str | Refused]] = []
    while (first := ahead.pop(0) if ahead else next(lines, None)) is not None:
        number, text = first
        if isinstance(text, Refused):
            yield text
            continue
        cells = _cells(text, separator, columns)
        if isinstance(cells, str) and text.count('"') % 2:
            joined = _joined(text, ahead, lines, separator, columns)
            cells = cells if joined is None else joined
        if isinstance(cells, str):
            yield Refused(number, f"people-line-{cells}", _WHY[cells].format(columns=columns))
        elif any(cell and not cell.isspace() for cell in cells):
            yield number, cells


def _joined(
    text: str,
    ahead: list[tuple[int, str | Refused]],
    lines: Iterator[tuple[int, str | Refused]],
    separator: str,
    columns: int,
) -> list[str] | None:
    """Join a line with those that follow while its quotation mark stays open; None when that gives no row.

    Lines that were looked at and not used go back into ``ahead``.
    """
    for count in range(1, LINES_OF_ROW_MAX):
        if len(ahead) < count:
            following = next(lines, None)
            if following is None:
                return None
            ahead.append(following)
        more = ahead[count - 1][1]
        if isinstance(more, Refused):
            return None
        text = f"{text}\n{more}"
        if len(text) > LINE_BYTES_MAX:
            return None
        if text.count('"') % 2 == 0:
            cells = _cells(text, separator, columns)
            if isinstance(cells, str):
                return None
            del ahead[:count]
            return cells
    return None


def _cells(text: str, separator: str, columns: int) -> list[str] | str:
    """Split a row into as many cells as there are columns, or say which of ``_WHY`` it is."""
    try:
        cells = _split(text, separator)
    except csv.Error:
        return "quotes"
    while len(cells) > columns and not cells[-1]:
        cells.pop()  # a spreadsheet writes empty columns at the end
    return cells if len(cells) == columns else "columns"


_WHY: Final = {
    "quotes": "A quotation mark is not closed, or stands where none may.",
    "columns": "The line has not {columns} columns, as the first line has.",
}
