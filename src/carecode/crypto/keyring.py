"""The key ring: one root secret from which every key of the platform is derived by name.

A file with mode 0600, or the output of a program (the hook for a key service), holds the root as
JSON: ``{"carecode_keys": 1, "root": "<64 hexadecimal digits>"}``.  Nothing else is secret: whoever
has the root has every key, whoever loses it has lost every sealed byte.

Source: RFC 5869 (HKDF) with SHA-256, an empty salt and the name as info.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import stat
import subprocess  # only to start the operator's own key program, see _ask
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import crypto_sign_seed_keypair

from carecode.kernel.errors import CorruptError, InvalidInputError, RefusedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT_BYTES: Final = 32
FILE_NAME: Final = "ring.json"
PROGRAM_SECONDS: Final = 30  # a key service that takes longer is down
MAX_RING_BYTES: Final = 4096

_NAME: Final = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_ROOT: Final = re.compile(r"[0-9a-f]{64}")
_FORMAT: Final = 1


class KeyRing:
    """Every key of the platform, by name, from one root secret.

    >>> ring = KeyRing(bytes(32))
    >>> len(ring.key("record.kek")), ring.key("record.kek") == ring.key("record.tokens")
    (32, False)
    """

    __slots__ = ("_derived", "_root")

    def __init__(self, root: bytes) -> None:
        """Hold a root of 32 bytes; InvalidInputError for any other length."""
        if len(root) != ROOT_BYTES:
            raise InvalidInputError("key-ring-root", f"The root of a key ring has {ROOT_BYTES} bytes.")
        self._root = root
        self._derived: dict[str, bytes] = {}

    def __repr__(self) -> str:
        """Hide the keys: rings end up in tracebacks."""
        return "KeyRing(...)"

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuse to be pickled: a key ring does not travel."""
        raise TypeError("a key ring does not travel between processes; open it again there")

    @classmethod
    def open(cls, path: Path, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> KeyRing:
        """Read the ring at ``path``; make it, and its folder, when there is none.

        Two processes that open at once get the same ring.  RefusedError when others on this
        machine may read the file or replace it; CorruptError when it is not a key ring.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise RefusedError(
                "key-folder-open",
                "Others may write to the folder of the key ring. Close it: chmod go-w on that folder.",
            )
        if not path.exists():
            _create(path, random_bytes)
        return cls(_root_of(_read_private(path)))

    @classmethod
    def from_environment(cls, data: Path) -> KeyRing:
        """Open the ring that CARECODE_KEYS names, or the one in the folder ``data``.

        ``CARECODE_KEYS`` is a path, or ``command:PROGRAM ARGUMENTS``, a program that prints the
        ring: the hook for a key service.  UnavailableError when the program fails.
        """
        named = os.environ.get("CARECODE_KEYS", "")
        if named.startswith("command:"):
            return cls(_root_of(_ask(named.removeprefix("command:"))))
        return cls.open(Path(named) if named else data / "keys" / FILE_NAME)

    def key(self, name: str) -> bytes:
        """Return the 32 bytes of the key ``name``; the same name gives the same key.

        Names are lower case words joined by dots or dashes (``record.kek``); any other form is a
        mistake of the caller and raises InvalidInputError.  Costs a dictionary look-up after the
        first call.
        """
        derived = self._derived.get(name)
        if derived is None:
            if not _NAME.fullmatch(name):
                raise InvalidInputError("key-name", "A key's name is lower case words joined by dots.")
            derived = self._derived[name] = self._expand(f"key:{name}")
        return derived

    def password(self, role: str) -> str:
        """Return the database password of a login role: 64 hexadecimal digits."""
        return self._expand(f"password:{role}").hex()

    @property
    def issuer_seed(self) -> bytes:
        """The Ed25519 seed (32 bytes) with which the platform signs what it issues."""
        return self._expand("issuer:ed25519")

    def issuer_public(self) -> bytes:
        """Return the platform's Ed25519 public key, 32 bytes, for everybody to see."""
        public, _secret = crypto_sign_seed_keypair(self.issuer_seed)
        return public

    def _expand(self, info: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=ROOT_BYTES, salt=None, info=info.encode()).derive(self._root)


def _create(path: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Write a new ring beside ``path`` and link it there whole, unless another process was first."""
    body = msgspec.json.encode({"carecode_keys": _FORMAT, "root": random_bytes(ROOT_BYTES).hex()})
    draft = path.with_name(f".{path.name}.{random_bytes(8).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # the other process's ring is the ring
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # a ring lost in a power cut takes every record with it
    finally:
        os.close(folder)


def _read_private(path: Path) -> bytes:
    """Read the file through one descriptor, so that what was checked is what is read."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise RefusedError(
                "key-file-open",
                "Others on this machine may read the key ring. Close it: chmod 600 on that file.",
            )
        return file.read(MAX_RING_BYTES)


def _ask(command: str) -> bytes:
    """Run the operator's key program, without a shell, and return what it printed."""
    try:
        return subprocess.run(  # noqa: S603 - the operator names this program in the environment, to be run
            shlex.split(command), check=True, capture_output=True, timeout=PROGRAM_SECONDS
        ).stdout
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        # From None: the failed call would carry what the program printed into tracebacks.
        raise UnavailableError(
            "key-program-failed", "The program named in CARECODE_KEYS did not print a key ring."
        ) from None


def _root_of(body: bytes) -> bytes:
    try:
        ring = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        ring = {}
    root = ring.get("root")
    if ring.get("carecode_keys") != _FORMAT or not isinstance(root, str) or not _ROOT.fullmatch(root):
        raise CorruptError("key-ring-unreadable", "This is not a key ring. Restore it from its backup.")
    return bytes.fromhex(root)
