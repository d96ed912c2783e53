"""A witness: it signs that a log only ever grew, and remembers the last tree it signed of each log.

It runs as a process of its own, with its own key and its own folder, best on a machine of somebody
else's.  It knows nothing of what a log holds: it sees sizes, roots and proofs.  What it signed it has
on disk, flushed, before it answers: a kill at any moment makes it forget nothing it has said.

Sources: C2SP tlog-witness (``add-checkpoint``: form, checks, answers), tlog-cosignature.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Final

from carecode.audit.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from carecode.audit.notes import (
    COSIGNATURE,
    ED25519,
    NOTE_BYTES_MAX,
    Checkpoint,
    NoteKey,
    base64_bytes,
    base64_text,
    cosign,
    decimal,
    held,
    join,
    public_key,
    split,
)
from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import CareCodeError, ConflictError, CorruptError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

PROOF_LINES_MAX: Final = 63  # tlog-witness: "MUST NOT send more than 63 consistency proof lines"
REQUEST_BYTES_MAX: Final = NOTE_BYTES_MAX + 4_096  # the old size and 63 lines of 45 characters before the note
KEY_FILE: Final = "witness.json"
VKEY_FILE: Final = "witness.vkey"
TEXT: Final = "text/plain; charset=utf-8"
SIZE_TEXT: Final = "text/x.tlog.size"
_OLD: Final = "old "
_PRIVATE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Answer:
    """What the witness answers: an HTTP status, a media type, a body."""

    status: int
    body: str
    media_type: str = TEXT


@dataclass(frozen=True, slots=True)
class Request:
    """What a log sends: the size it believes we know, the proof from there, the signed checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    @classmethod
    def parse(cls, body: bytes) -> Request:
        """Read ``old SIZE``, proof lines, an empty line, a note.  Raises InvalidInputError for anything else."""
        if len(body) > REQUEST_BYTES_MAX:
            raise _bad_request()
        try:
            head, empty, note = body.decode().partition("\n\n")
        except UnicodeDecodeError as error:
            raise _bad_request() from error
        old, *proof = head.split("\n")
        if not empty or not old.startswith(_OLD) or len(proof) > PROOF_LINES_MAX:
            raise _bad_request()
        return cls(decimal(old.removeprefix(_OLD)), tuple(base64_bytes(line, HASH_BYTES) for line in proof), note)

    def text(self) -> str:
        """Write the request as :meth:`parse` reads it."""
        lines = [f"{_OLD}{self.old}", *(base64_text(step) for step in self.proof)]
        return "\n".join(lines) + "\n\n" + self.note


@dataclass(frozen=True, slots=True)
class Seen:
    """The last tree of a log that we signed, and when (seconds since 1970)."""

    checkpoint: Checkpoint
    time_seconds: int


class Memory:
    """The folder in which a witness keeps its key and the last note it cosigned of each log.

    One file per log, replaced whole and flushed with its folder.  A file that cannot be read stops
    the witness: it must never begin anew with a log it has seen.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Open the folder; make it, and a key ring of its own, on first use.

        ConflictError when another witness uses the folder, RefusedError when others may read its key,
        CorruptError when the key is none.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._lock = _locked(folder / "witness.lock")
        self.seed = KeyRing.open(folder / KEY_FILE).key("witness")
        self.key = public_key(name, COSIGNATURE, self.seed)
        _write_flushed(folder / VKEY_FILE, f"{self.key.vkey()}\n".encode(), 0o644)

    def close(self) -> None:
        """Give the folder free."""
        self._lock.close()

    def seen(self, origin: str) -> Seen | None:
        """Return the last tree signed of this log, None when there is none.  CorruptError when unreadable."""
        path = self._path(origin)
        if not path.exists():
            return None
        try:
            note = path.read_text("utf-8")
            checkpoint = Checkpoint.parse(split(note)[0])
            times = [one.time_seconds for one in held(note, [self.key])]
        except (CareCodeError, UnicodeDecodeError) as error:
            raise _forgotten() from error
        if checkpoint.origin != origin or len(times) != 1 or times[0] is None:
            raise _forgotten()
        return Seen(checkpoint, times[0])

    def keep(self, origin: str, note: str) -> None:
        """Remember a note that carries our cosignature; it is on disk when this returns."""
        _write_flushed(self._path(origin), note.encode())

    def _path(self, origin: str) -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()}.note"


class Witness:
    """Cosigns checkpoints of the logs whose keys it was given, each only if it follows from the last."""

    def __init__(self, memory: Memory, logs: Iterable[NoteKey], clock: Callable[[], int]) -> None:
        """Trust these logs' keys, by name (which is the log's origin); ``clock`` tells seconds since 1970."""
        self._memory = memory
        self._clock = clock
        self._keys: dict[str, list[NoteKey]] = {}
        for key in logs:
            if key.kind == ED25519:
                self._keys.setdefault(key.name, []).append(key)

    @property
    def key(self) -> NoteKey:
        """The witness's own public key."""
        return self._memory.key

    def add_checkpoint(self, body: bytes) -> Answer:
        """Check one request and answer it.  Costs one flush of the disk; call it from one thread only.

        The order of checks and their statuses are those of tlog-witness: 400, 404, 403, 400, 409, 422.
        """
        try:
            request = Request.parse(body)
            text, _lines = split(request.note)
            checkpoint = Checkpoint.parse(text)
        except InvalidInputError as error:
            return Answer(400, f"{error.message}\n")
        trusted = self._keys.get(checkpoint.origin)
        if trusted is None:
            return Answer(404, "This witness does not know that log.\n")
        if not _signed(request.note, trusted):
            return Answer(403, "None of the signatures is by a key that this witness trusts for the log.\n")
        if request.old > checkpoint.size:
            return Answer(400, "The old size is greater than the new one.\n")
        return self._decide(request, text, checkpoint)

    def _decide(self, request: Request, text: str, new: Checkpoint) -> Answer:
        seen = self._memory.seen(new.origin)
        size, root = (seen.checkpoint.size, seen.checkpoint.root) if seen else (0, EMPTY_ROOT)
        if request.old != size:
            return Answer(409, f"{size}\n", SIZE_TEXT)
        if new.size == size and new.root != root:
            return Answer(409, f"{size}\n", SIZE_TEXT)
        if not verify_consistency(size, root, new.size, new.root, request.proof):
            return Answer(422, "The proof does not show that the log only grew.\n")
        # A clock that was set back must not make us say that we saw the larger tree earlier.
        now = max(self._clock(), seen.time_seconds if seen else 0)
        line = cosign(text, self.key.name, self._memory.seed, now)
        kept = join(text, [*_by_the_log(request.note, self._keys[new.origin]), line])
        if len(kept.encode()) > NOTE_BYTES_MAX:
            return Answer(400, "The checkpoint is too long.\n")
        self._memory.keep(new.origin, kept)
        return Answer(200, line)


def _signed(note: str, trusted: list[NoteKey]) -> bool:
    try:
        return bool(held(note, trusted))
    except CorruptError:
        return False


def _by_the_log(note: str, trusted: list[NoteKey]) -> list[str]:
    """Return one signature line of each of the log's keys: with them a second root for one size proves its lie."""
    own = {(key.name, key.id) for key in trusted}
    lines = {(line.name, line.key_id): line.text() for line in reversed(split(note)[1])}
    return [text for by, text in lines.items() if by in own]


def _locked(path: Path) -> IO[bytes]:
    handle = path.open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise ConflictError(
            "witness-running", "Another witness uses this folder. Stop it, or choose another."
        ) from None
    return handle


def _write_flushed(path: Path, body: bytes, mode: int = _PRIVATE) -> None:
    """Replace a file whole: after a crash it holds the old bytes or the new ones, flushed with its folder."""
    draft = path.with_name(f".{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _bad_request() -> InvalidInputError:
    return InvalidInputError("witness-request", "Send the old size, the proof, an empty line and the checkpoint.")


def _forgotten() -> CorruptError:
    return CorruptError("witness-memory", "What the witness last signed cannot be read. Restore its folder.")
