"""Files, folders and archives as single contents, read in bounded steps.

Reads disk and nothing else; blocking, so the door calls it in a thread.
Sources: PKWARE APPNOTE 4.3 (zip), RFC 1952 (gzip), bzip2 file format.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from carecode.exchange.refusals import SentRefusedError

UNPACKED_BYTES_MAX: Final = 200 * 1024 * 1024
"""Bytes of one file, after unpacking."""
MEMBERS_MAX: Final = 10_000
"""Files of one archive."""
FILES_MAX: Final = 200_000
"""Files of one load."""

_STEP_BYTES: Final = 1024 * 1024
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MAGIC_BYTES: Final = 4
_BROKEN: Final = (EOFError, zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Source:
    """One content to be loaded: a file, or one file of an archive."""

    path: Path
    member: str | None = None
    refusal: SentRefusedError | None = field(default=None, repr=False)  # found while listing

    @property
    def name(self) -> str:
        """How a report calls it."""
        return f"{self.path}" if self.member is None else f"{self.path}/{self.member}"


def sources(paths: Sequence[Path]) -> list[Source]:
    """List every content under ``paths``, folders in the order of their names; hidden files are left out.

    SentRefusedError ``too-many-files`` above FILES_MAX; what cannot be listed carries its refusal.
    """
    found: list[Source] = []
    for path in paths:
        for file in _files(path):
            found.extend(_members(file))
            if len(found) > FILES_MAX:
                raise SentRefusedError("too-many-files", f"More than {FILES_MAX} files in one load.")
    return found


def read(source: Source) -> bytes:
    """Read one content, unpacked: at most UNPACKED_BYTES_MAX.

    SentRefusedError ``file-unreadable``, ``file-too-large``, ``archive-broken`` or
    ``archive-in-archive``.
    """
    if source.refusal is not None:
        raise source.refusal
    try:
        if source.member is not None:
            return _member(source.path, source.member)
        with source.path.open("rb") as file:
            magic = file.read(_MAGIC_BYTES)
            file.seek(0)
            return _bounded(_opened(file, magic))
    except _BROKEN:
        raise _broken() from None
    except OSError as error:
        # bz2 says "Invalid data stream" with an OSError that names no file.
        if error.errno is None:
            raise _broken() from None
        raise SentRefusedError("file-unreadable", f"The file cannot be read: {error.strerror}.") from None


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))


def _members(path: Path) -> list[Source]:
    """List the files of an archive; any other file stands for itself."""
    try:
        with path.open("rb") as file:
            if file.read(_MAGIC_BYTES) not in _ZIP:
                return [Source(path)]
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except OSError:
        return [Source(path)]  # reading it says why
    except (*_BROKEN, ValueError):
        return [Source(path, refusal=_broken())]
    if len(names) > MEMBERS_MAX:
        return [Source(path, refusal=SentRefusedError("too-many-files", f"More than {MEMBERS_MAX} files in it."))]
    return [Source(path, name) for name in names]


def _member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive, archive.open(name) as packed:
        data = _bounded(packed)
    magic = data[:_MAGIC_BYTES]
    if magic in _ZIP:
        raise SentRefusedError("archive-in-archive", "An archive inside an archive is not opened.")
    return _bounded(_opened(io.BytesIO(data), magic))


def _opened(file: io.BufferedIOBase, magic: bytes) -> io.BufferedIOBase:
    """Unpack by content, whatever the name says."""
    if magic.startswith(b"BZh"):
        return bz2.open(file)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(file)
    return file


def _bounded(file: io.BufferedIOBase | IO[bytes]) -> bytes:
    """Read to the end, and stop at the bound: a small file may unpack to a terabyte."""
    steps: list[bytes] = []
    total = 0
    while step := file.read(_STEP_BYTES):
        total += len(step)
        if total > UNPACKED_BYTES_MAX:
            raise SentRefusedError(
                "file-too-large", f"It holds more than {UNPACKED_BYTES_MAX >> 20} MB; split it.", issue="too-long"
            )
        steps.append(step)
    return b"".join(steps)


def _broken() -> SentRefusedError:
    return SentRefusedError(
        "archive-broken", "The file ends too early or is damaged; nothing of it was stored. Copy it again."
    )
