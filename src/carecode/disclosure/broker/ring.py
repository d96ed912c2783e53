"""The broker's own ring: the key-encryption keys, one per epoch, in a file that only the broker opens.

Its secrets are drawn at random: nothing in the server's key ring leads to them.  A data key is wrapped
with AES-256-SIV (RFC 5297: made for wrapping keys, needs no nonce, so nothing runs out) under the key
of the current epoch, bound to its resident and its own number::

    wrapped  =  epoch (4 bytes, big-endian) | SIV (16) | ciphertext (32)

The file is JSON of mode 0600, replaced whole: ``{"carecode_broker": 1, "root", "epochs", ...}``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from carecode.kernel.errors import ConflictError, CorruptError, NotFoundError, RefusedError

FILE_NAME: Final = "broker.json"
KEY_BYTES: Final = 32
EPOCH_BYTES: Final = 4
WRAPPED_BYTES: Final = EPOCH_BYTES + 16 + KEY_BYTES
RING_BYTES_MAX: Final = 65_536
EPOCHS_MAX: Final = 64
_FORMAT: Final = 1
_BOUND: Final = b"carecode data key|"


class Epoch(msgspec.Struct, frozen=True):
    """One key-encryption key, and since when it is used."""

    number: int
    key: str  # 64 hexadecimal digits
    since: datetime

    def __repr__(self) -> str:
        """Hide the key."""
        return f"Epoch({self.number})"


class Escrow(msgspec.Struct, frozen=True):
    """What was shared last: among how many, how many are needed, and which epochs the shares hold."""

    shares: int
    threshold: int
    epochs: tuple[int, ...]
    at: datetime


class Contents(msgspec.Struct, frozen=True):
    """The file."""

    carecode_broker: int
    root: str
    epochs: tuple[Epoch, ...]  # the last one is current
    rotating: bool = False  # keys of earlier epochs may still stand in the database
    log_key: str | None = None  # the public log's key, as it was at first sight
    escrow: Escrow | None = None

    def __repr__(self) -> str:
        """Hide the keys."""
        return "Contents(...)"


class BrokerRing:
    """The key-encryption keys, ready to wrap (about 2 us) and to unwrap (about 2 us)."""

    def __init__(self, contents: Contents, path: Path | None = None) -> None:
        """Hold a ring; with a path, each change is written there first."""
        self._path = path
        self._ciphers: dict[bytes, AESSIV] = {}
        self._take(contents)

    def __repr__(self) -> str:
        """Hide the keys."""
        return "BrokerRing(...)"

    @classmethod
    def made(cls, random_bytes: Callable[[int], bytes], now: datetime, path: Path | None = None) -> BrokerRing:
        """Draw a new ring; with a path, it is written there unless one is there already (ConflictError)."""
        first = Epoch(1, random_bytes(KEY_BYTES).hex(), now)
        contents = Contents(_FORMAT, random_bytes(KEY_BYTES).hex(), (first,))
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, contents, may_replace=False)
        return cls(contents, path)

    @classmethod
    def open(cls, path: Path) -> BrokerRing:
        """Read the ring at ``path``.

        NotFoundError when there is none, RefusedError when others on this machine may read or
        replace it, CorruptError when it is not a broker's ring.
        """
        return cls(_read(path), path)

    @property
    def contents(self) -> Contents:
        """What the file holds now."""
        return self._contents

    @property
    def current(self) -> int:
        """The number of the epoch that wraps."""
        return self._contents.epochs[-1].number

    def wrap(self, owner: bytes, key_id: bytes, dek: bytes) -> bytes:
        """Wrap a data key of a resident (both numbers 16 bytes) under the current epoch."""
        epoch = self._current_bytes
        return epoch + self._ciphers[epoch].encrypt(dek, [_BOUND + epoch + owner + key_id])

    def unwrap(self, owner: bytes, key_id: bytes, wrapped: bytes) -> bytes:
        """Open what ``wrap`` made; CorruptError when a byte, the resident, the number or the ring differs."""
        epoch = wrapped[:EPOCH_BYTES]
        cipher = self._ciphers.get(epoch)
        if cipher is None or len(wrapped) != WRAPPED_BYTES:
            raise CorruptError("key-of-another-ring", "A stored key is not of this ring. Restore the broker's ring.")
        try:
            return cipher.decrypt(wrapped[EPOCH_BYTES:], [_BOUND + epoch + owner + key_id])
        except InvalidTag:
            raise CorruptError("key-broken", "A stored key does not verify. Call the operator.") from None

    def tag(self, owner: bytes) -> bytes:
        """Return a resident's mark in the list of the erased (32 bytes): without this ring it says nothing."""
        return blake2b(owner, key=self._tag_key, digest_size=32).digest()

    def begin_epoch(self, random_bytes: Callable[[int], bytes], now: datetime) -> int:
        """Add a key-encryption key, current from now on; return its number."""
        epochs = self._contents.epochs
        if len(epochs) >= EPOCHS_MAX:
            raise ConflictError("epochs-many", "There are too many epochs. First: carecode keys rotate --drop-old.")
        fresh = Epoch(epochs[-1].number + 1, random_bytes(KEY_BYTES).hex(), now)
        self._change(msgspec.structs.replace(self._contents, epochs=(*epochs, fresh), rotating=True))
        return fresh.number

    def end_rotation(self) -> None:
        """Note that no stored key is of an earlier epoch any more."""
        self._change(msgspec.structs.replace(self._contents, rotating=False))

    def drop_before(self, number: int) -> int:
        """Destroy the keys of epochs before ``number``: what they wrapped never opens again.  Return how many."""
        kept = tuple(epoch for epoch in self._contents.epochs if epoch.number >= number)
        dropped = len(self._contents.epochs) - len(kept)
        if dropped:
            self._change(msgspec.structs.replace(self._contents, epochs=kept))
        return dropped

    def pin_log(self, vkey: str) -> None:
        """Remember the public log's key."""
        self._change(msgspec.structs.replace(self._contents, log_key=vkey))

    def note_escrow(self, escrow: Escrow) -> None:
        """Remember that the ring was shared."""
        self._change(msgspec.structs.replace(self._contents, escrow=escrow))

    def secret(self) -> bytes:
        """Return all that is secret, to be shared among keepers: root and epochs."""
        return msgspec.msgpack.encode((self._contents.root, self._contents.epochs))

    @classmethod
    def of_secret(cls, secret: bytes, path: Path) -> BrokerRing:
        """Make the ring again from ``secret()`` and write it to ``path``; ConflictError when one is there."""
        try:
            root, epochs = msgspec.msgpack.decode(secret, type=tuple[str, tuple[Epoch, ...]])
        except msgspec.MsgspecError:
            raise CorruptError("ring-unreadable", "This is not a key broker's ring.") from None
        contents = Contents(_FORMAT, root, epochs)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ring = cls(contents, path)
        _write(path, contents, may_replace=False)
        return ring

    def _change(self, contents: Contents) -> None:
        if self._path is not None:
            _write(self._path, contents, may_replace=True)
        self._take(contents)

    def _take(self, contents: Contents) -> None:
        if contents.carecode_broker != _FORMAT or not contents.epochs:
            raise _unreadable()
        try:
            root = bytes.fromhex(contents.root)
            self._ciphers = {_epoch_bytes(epoch.number): AESSIV(_expand(epoch)) for epoch in contents.epochs}
        except (ValueError, OverflowError):
            raise _unreadable() from None
        self._tag_key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"erased").derive(root)
        self._contents = contents
        self._current_bytes = _epoch_bytes(contents.epochs[-1].number)


def _epoch_bytes(number: int) -> bytes:
    return number.to_bytes(EPOCH_BYTES)


def _expand(epoch: Epoch) -> bytes:
    """Return the 64 bytes of AES-256-SIV."""
    key = bytes.fromhex(epoch.key)
    return HKDF(algorithm=SHA256(), length=2 * KEY_BYTES, salt=None, info=b"data keys").derive(key)


def _read(path: Path) -> Contents:
    if path.parent.exists() and path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RefusedError(
            "key-folder-open", "Others may write to the folder of the broker's ring. Close it: chmod go-w on it."
        )
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise RefusedError(
                    "key-file-open", "Others on this machine may read the broker's ring. Close it: chmod 600 on it."
                )
            body = file.read(RING_BYTES_MAX)
    except FileNotFoundError:
        raise NotFoundError(
            "ring-missing", "The key broker's ring is not here. Restore it: carecode keys recover, or its backup."
        ) from None
    try:
        return msgspec.json.decode(body, type=Contents)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _unreadable() from None


def _write(path: Path, contents: Contents, *, may_replace: bool) -> None:
    """Write beside and put in place whole: a ring lost in a power cut takes every record with it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(contents) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if may_replace:
            draft.replace(path)
        else:
            os.link(draft, path)
    except FileExistsError:
        raise ConflictError("ring-exists", "A key broker's ring is here already. Nothing was changed.") from None
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unreadable() -> CorruptError:
    return CorruptError("ring-unreadable", "This is not a key broker's ring. Restore it from its backup.")
