"""The broker's own journal: one line per receipt for which it opened keys, each chained to the one before.

A line is ``seq time receipt entry count chain``, separated by spaces: the running number, UTC time, the
receipt's eight shown characters, the hash of the log entry (hexadecimal), how many keys, and
``SHA-256(chain of the line before | the line up to here)``.  No line names a person.

Lines reach the disk at most FLUSH_SECONDS after the keys they tell of, many at once; when the disk
does not keep up, or refuses, no further key is opened.  ``journal.head`` beside the files remembers how
far the journal had come at the last stop and each minute: a journal that ends before that was cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from carecode.kernel.errors import CorruptError, UnavailableError

FLUSH_SECONDS: Final = 0.05
BEHIND_SECONDS_MAX: Final = 1.0
HEAD_SECONDS: Final = 60.0
FILE_BYTES_MAX: Final = 64 << 20
LAST_MAX: Final = 20
_START: Final = sha256(b"carecode broker journal").hexdigest()
_FIELDS: Final = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One line: for which receipt and entry how many keys were opened, when."""

    seq: int
    time: str
    receipt: str
    entry: str
    count: int
    chain: str


class Journal:
    """Appends lines; without a folder (tests, the bench) it only counts them."""

    def __init__(self, folder: Path | None, clock: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        """Open the journal in ``folder`` and check how it ends.

        CorruptError ``journal-broken`` when its last file does not chain, or ends before the head.
        A half-written last line, which a crash leaves, is cut off.
        """
        self._clock = clock
        self._monotonic = monotonic
        self._folder = folder
        self._file: BinaryIO | None = None
        self._pending: list[bytes] = []
        self._pending_since: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._failed = False
        self._headed_at = monotonic()
        self.last: deque[Line] = deque(maxlen=LAST_MAX)
        self.seq, self.chain = 0, _START
        if folder is not None:
            self._open(folder)

    def check(self) -> None:
        """Raise UnavailableError ``journal-behind`` when what was opened is not on the disk in time."""
        late = self._pending_since is not None and self._monotonic() - self._pending_since > BEHIND_SECONDS_MAX
        if self._failed or late:
            raise UnavailableError(
                "journal-behind", "The key keeper cannot write its journal. Nothing was opened; call the operator."
            )

    def append(self, receipt: str, entry: str, count: int) -> None:
        """Add a line; it reaches the disk within FLUSH_SECONDS."""
        self.seq += 1
        time = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
        text = f"{self.seq} {time} {receipt} {entry} {count}"
        self.chain = sha256(f"{self.chain} {text}".encode()).hexdigest()
        self.last.append(Line(self.seq, time, receipt, entry, count, self.chain))
        if self._folder is None:
            return
        self._pending.append(f"{text} {self.chain}\n".encode())
        if self._pending_since is None:
            self._pending_since = self._monotonic()
        if self._task is None:
            self._task = asyncio.ensure_future(self._flush_soon())

    async def close(self) -> None:
        """Bring everything to the disk."""
        if self._task is not None:
            with contextlib.suppress(OSError):
                await self._task
        if self._folder is not None and not self._failed:
            self._write(b"".join(self._pending))
            self._pending.clear()
            self._write_head(self.seq, self.chain)
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _flush_soon(self) -> None:
        try:
            while self._pending:
                await asyncio.sleep(FLUSH_SECONDS)
                pending, self._pending = self._pending, []
                begun = self._pending_since
                await asyncio.to_thread(self._write, b"".join(pending))
                self._pending_since = self._monotonic() if self._pending else None
                if begun is not None and begun - self._headed_at > HEAD_SECONDS and not self._pending:
                    self._headed_at = begun
                    await asyncio.to_thread(self._write_head, self.seq, self.chain)
        except OSError:
            self._failed = True
        finally:
            self._task = None

    def _write(self, data: bytes) -> None:
        if self._folder is None or self._file is None or not data:
            return
        if self._file.tell() + len(data) > FILE_BYTES_MAX:
            self._file.close()
            self._file = _opened(_next_file(self._folder))
        self._file.write(data)
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def _write_head(self, seq: int, chain: str) -> None:
        if self._folder is None:
            return
        draft = self._folder / ".journal.head"
        draft.write_text(f"{seq} {chain}\n")
        draft.replace(self._folder / "journal.head")

    def _open(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = sorted(folder.glob("*.log"))
        if files:
            _cut_half_line(files[-1])
            first, before = _beginning(files)
            for line in checked(files[-1], first, before):
                self.last.append(line)
                self.seq, self.chain = line.seq, line.chain
            if self.seq == 0:
                self.seq, self.chain = first - 1, before
        with contextlib.suppress(FileNotFoundError):
            head_seq, _head_chain = (folder / "journal.head").read_text().split()
            if int(head_seq) > self.seq:
                raise _broken()
        self._file = _opened(files[-1] if files else _next_file(folder))


def checked(path: Path, first: int, before: str) -> list[Line]:
    """Read one file whose first line has number ``first`` and follows ``before``; CorruptError where it does not."""
    found: list[Line] = []
    for text in path.read_text("ascii", errors="replace").splitlines():
        fields = text.split(" ")
        if len(fields) != _FIELDS or not fields[0].isdigit() or not fields[4].isdigit():
            raise _broken()
        expected = sha256(f"{before} {text.rpartition(' ')[0]}".encode()).hexdigest()
        if fields[5] != expected or int(fields[0]) != first + len(found):
            raise _broken()
        before = expected
        found.append(Line(int(fields[0]), fields[1], fields[2], fields[3], int(fields[4]), expected))
    return found


def verify(folder: Path) -> int:
    """Read the whole journal and return how many lines it has; CorruptError when one does not follow."""
    first, before = 1, _START
    for path in sorted(folder.glob("*.log")):
        lines = checked(path, first, before)
        if lines:
            first, before = lines[-1].seq + 1, lines[-1].chain
    with contextlib.suppress(FileNotFoundError):
        if int((folder / "journal.head").read_text().split()[0]) >= first:
            raise _broken()
    return first - 1


def _beginning(files: list[Path]) -> tuple[int, str]:
    """Return the number and the chain with which the last file must begin."""
    for path in reversed(files[:-1]):
        lines = path.read_bytes().splitlines()
        if lines:
            fields = lines[-1].decode("ascii", errors="replace").split(" ")
            if len(fields) != _FIELDS or not fields[0].isdigit():
                raise _broken()
            return int(fields[0]) + 1, fields[5]
    return 1, _START


def _cut_half_line(path: Path) -> None:
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(data.rfind(b"\n") + 1)


def _next_file(folder: Path) -> Path:
    numbers = [int(path.stem) for path in folder.glob("*.log")]
    return folder / f"{max(numbers, default=0) + 1:06}.log"


def _opened(path: Path) -> BinaryIO:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(handle, "ab")


def _broken() -> CorruptError:
    return CorruptError(
        "journal-broken", "The key keeper's journal was changed or cut off. Keep it as it is and call the operator."
    )
