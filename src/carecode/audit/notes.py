"""Signed notes: the form in which a log says what it holds, and in which witnesses say they saw it.

A note is a text, an empty line, and signature lines ``— NAME BASE64(key id, 4 bytes | signature)``.
A checkpoint is a note whose text is origin, size and root of the tree.  A cosignature is a
signature line of a witness over the checkpoint's text and a time.

Every part is byte for byte what the sources say, so that readers written elsewhere read ours and
we read theirs.  Kinds of signature that this module does not know (ML-DSA-44 among them) are
carried along and never counted.

Sources: C2SP signed-note, tlog-checkpoint, tlog-cosignature; RFC 8032 (Ed25519); RFC 4648 clause 4.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from nacl.bindings import crypto_sign_seed_keypair

from carecode.crypto.signatures import ED25519_PUBLIC_BYTES, SIGNATURE_BYTES, ed25519_sign, ed25519_verify
from carecode.kernel.errors import CorruptError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ED25519: Final = 0x01
"""Kind of a log's own signature, over the text alone."""
COSIGNATURE: Final = 0x04
"""Kind of a witness's Ed25519 signature, over a time and the text."""
ML_DSA_44: Final = 0x06
"""Kind of a witness's ML-DSA-44 signature; read and kept, not yet verified here."""

NOTE_BYTES_MAX: Final = 131_072  # sixteen signatures of 5 kB, as the source demands, and some more
SIGNATURES_MAX: Final = 64
NAME_BYTES_MAX: Final = 255  # tlog-cosignature: cosigner_name<1..2^8-1>, log_origin<1..2^8-1>
EXTENSIONS_MAX: Final = 16
SIZE_MAX: Final = 2**63 - 1
ROOT_BYTES: Final = 32
KEY_ID_BYTES: Final = 4
TIME_BYTES: Final = 8
SIGNED_BYTES_MAX: Final = 5_000  # "post-quantum signatures can be up to nearly 5kB"

_DASH: Final = "\u2014 "
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_PUBLIC_BYTES: Final = {ED25519: ED25519_PUBLIC_BYTES, COSIGNATURE: ED25519_PUBLIC_BYTES, ML_DSA_44: 1312}
_CHECKPOINT_LINES: Final = 3
_VKEY_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    r"""What a log says it holds: ``size`` leaves whose tree has this ``root`` (32 bytes).

    >>> Checkpoint("example.com/log", 1, bytes(32), ()).text()
    'example.com/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n'
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Write the lines that are signed, the last line feed included."""
        lines = (self.origin, str(self.size), base64_text(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text (without its signatures) as :meth:`text` writes it, and no other form.

        Raises InvalidInputError ``checkpoint-form`` for anything else: a size with leading zeroes, a
        root that is not 32 bytes, an empty line, a missing last line feed.
        """
        if not text.endswith("\n") or _CONTROL.search(text):
            raise _bad_checkpoint()
        origin, *lines = text[:-1].split("\n")
        if len(lines) < _CHECKPOINT_LINES - 1 or len(lines) > _CHECKPOINT_LINES - 1 + EXTENSIONS_MAX:
            raise _bad_checkpoint()
        size, root, *extensions = lines
        if not origin or len(origin.encode()) > NAME_BYTES_MAX or not all(extensions):
            raise _bad_checkpoint()
        return cls(origin, decimal(size), base64_bytes(root, ROOT_BYTES), tuple(extensions))


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key under its name; ``kind`` says what it signs and how (ED25519, COSIGNATURE, ML_DSA_44)."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes with which its signatures begin.

        >>> NoteKey("example.com/log", 1, bytes(32)).id.hex()
        'a3ad76db'
        """
        return sha256(self.name.encode() + b"\n" + bytes((self.kind,)) + self.public).digest()[:KEY_ID_BYTES]

    def vkey(self) -> str:
        """Write the key in the one line in which keys of logs and witnesses are handed around."""
        return f"{self.name}+{self.id.hex()}+{base64_text(bytes((self.kind,)) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> NoteKey:
        """Read a line that :meth:`vkey` wrote, here or elsewhere.

        A kind that is not known is accepted: its signatures are passed over.  Raises
        InvalidInputError ``key-form``, also when the key's id is not that of the key.
        """
        parts = vkey.strip().split("+", 2)
        if len(parts) != _VKEY_PARTS or not is_name(parts[0]) or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
            raise _bad_key()
        try:
            kind, public = _kind_and_key(base64_bytes(parts[2]))
        except InvalidInputError as error:
            raise _bad_key() from error
        key = cls(parts[0], kind, public)
        if kind in _PUBLIC_BYTES and (key.id.hex() != parts[1] or len(public) != _PUBLIC_BYTES[kind]):
            raise _bad_key()
        return key


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature of a note: whose, by which key, and the bytes after the key's id."""

    name: str
    key_id: bytes
    raw: bytes

    def text(self) -> str:
        """Write the line, its line feed included."""
        return f"{_DASH}{self.name} {base64_text(self.key_id + self.raw)}\n"


@dataclass(frozen=True, slots=True)
class Held:
    """A signature that holds: by this key and, for a cosignature, made at this time (seconds since 1970)."""

    key: NoteKey
    time_seconds: int | None


def public_key(name: str, kind: int, seed: bytes) -> NoteKey:
    """Return the public half of the Ed25519 key of a 32-byte seed."""
    public, _secret = crypto_sign_seed_keypair(seed)
    return NoteKey(name, kind, public)


def sign(text: str, name: str, seed: bytes) -> str:
    """Sign a note's text; return the signature line, its line feed included (kind ED25519)."""
    key = public_key(_checked_name(name), ED25519, seed)
    return SignatureLine(name, key.id, ed25519_sign(seed, text.encode())).text()


def cosign(text: str, name: str, seed: bytes, time_seconds: int) -> str:
    """Cosign a checkpoint's text at a time; return the signature line, its line feed included.

    Source: tlog-cosignature, "Ed25519 signed message".
    """
    key = public_key(_checked_name(name), COSIGNATURE, seed)
    signature = ed25519_sign(seed, _cosigned(text, time_seconds))
    return SignatureLine(name, key.id, time_seconds.to_bytes(TIME_BYTES, "big") + signature).text()


def join(text: str, lines: Iterable[str]) -> str:
    """Put a text and its signature lines together to a note; a line may come without its line feed."""
    return text + "\n" + "".join(line.removesuffix("\n") + "\n" for line in lines)


def split(note: str | bytes) -> tuple[str, list[SignatureLine]]:
    """Take a note apart into its text, last line feed included, and its signatures.

    Raises InvalidInputError ``note-form`` for whatever is not a note of at most NOTE_BYTES_MAX
    bytes and SIGNATURES_MAX signatures.
    """
    written = _decoded(note)
    text, empty, signatures = written.rpartition("\n\n")
    if not empty or not text or not signatures.endswith("\n") or _CONTROL.search(written):
        raise _bad_note()
    lines = signatures[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise _bad_note()
    return text + "\n", [_signature_line(line) for line in lines]


def lines_of(written: str) -> list[SignatureLine]:
    """Read signature lines alone, as a witness answers them.  Raises InvalidInputError ``note-form``."""
    return split("-\n\n" + written)[1]


def held(note: str | bytes, keys: Sequence[NoteKey]) -> list[Held]:
    """Return every signature of the note that holds and is by one of ``keys``, in the note's order.

    Signatures of other keys, and of kinds not known here, are passed over.  Raises CorruptError
    ``note-signature`` when one that claims to be by one of ``keys`` does not hold: a note that
    somebody changed is not to be trusted for its other signatures.
    """
    text, lines = split(note)
    known = {(key.name, key.id): key for key in keys if key.kind in {ED25519, COSIGNATURE}}
    holding: dict[tuple[str, int, bytes], Held] = {}
    for line in lines:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        time_seconds = _verified(text, line, key)
        holding.setdefault((key.name, key.kind, key.public), Held(key, time_seconds))
    return list(holding.values())


def verify(note: str | bytes, keys: Sequence[NoteKey]) -> list[str]:
    """Return the names of those of ``keys`` whose signature on the note holds; see :func:`held`."""
    return [one.key.name for one in held(note, keys)]


def base64_text(data: bytes) -> str:
    """Write bytes in standard base 64 with its padding (RFC 4648 clause 4)."""
    return base64.b64encode(data).decode()


def base64_bytes(text: str, length: int | None = None) -> bytes:
    """Read standard base 64 in its one canonical form.  Raises InvalidInputError ``base64-form``."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _bad_base64() from error
    if base64_text(data) != text or (length is not None and len(data) != length):
        raise _bad_base64()
    return data


def decimal(text: str) -> int:
    """Read a size: decimal, no leading zero, at most SIZE_MAX.  Raises InvalidInputError ``size-form``."""
    if not _DECIMAL.fullmatch(text) or int(text) > SIZE_MAX:
        raise InvalidInputError("size-form", "A size is a whole number without leading zeroes.")
    return int(text)


def is_name(name: str) -> bool:
    """Say whether a key may have this name: not empty, no space, no plus, no control character."""
    return (
        0 < len(name) <= NAME_BYTES_MAX
        and len(name.encode()) <= NAME_BYTES_MAX
        and "+" not in name
        and not any(letter.isspace() or letter < " " for letter in name)
    )


def _verified(text: str, line: SignatureLine, key: NoteKey) -> int | None:
    """Return the time of a cosignature that holds, None for a plain signature that holds."""
    if key.kind == ED25519:
        if not ed25519_verify(key.public, line.raw, text.encode()):
            raise _broken()
        return None
    if len(line.raw) != TIME_BYTES + SIGNATURE_BYTES:
        raise _broken()
    time_seconds = int.from_bytes(line.raw[:TIME_BYTES], "big")
    if time_seconds > SIZE_MAX or not ed25519_verify(key.public, line.raw[TIME_BYTES:], _cosigned(text, time_seconds)):
        raise _broken()
    return time_seconds


def _cosigned(text: str, time_seconds: int) -> bytes:
    return f"cosignature/v1\ntime {time_seconds}\n{text}".encode()


def _signature_line(line: str) -> SignatureLine:
    if not line.startswith(_DASH):
        raise _bad_note()
    name, space, signature = line[len(_DASH) :].partition(" ")
    if not space or not is_name(name):
        raise _bad_note()
    try:
        data = base64_bytes(signature)
    except InvalidInputError as error:
        raise _bad_note() from error
    if not KEY_ID_BYTES < len(data) <= SIGNED_BYTES_MAX:
        raise _bad_note()
    return SignatureLine(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def _decoded(note: str | bytes) -> str:
    if len(note) > NOTE_BYTES_MAX:
        raise _bad_note()
    try:
        data = note if isinstance(note, bytes) else note.encode()
        written = data.decode()
    except UnicodeError as error:
        raise _bad_note() from error
    if len(data) > NOTE_BYTES_MAX:
        raise _bad_note()
    return written


def _kind_and_key(data: bytes) -> tuple[int, bytes]:
    if not 1 < len(data) <= SIGNED_BYTES_MAX:
        raise _bad_key()
    return data[0], data[1:]


def _checked_name(name: str) -> str:
    if not is_name(name):
        raise _bad_key()
    return name


def _bad_note() -> InvalidInputError:
    return InvalidInputError("note-form", "This is not a signed note. Fetch it again.")


def _bad_checkpoint() -> InvalidInputError:
    return InvalidInputError("checkpoint-form", "This is not a checkpoint of a log. Fetch it again.")


def _bad_key() -> InvalidInputError:
    return InvalidInputError("key-form", "This is not a key of a log or witness. Copy the whole line again.")


def _bad_base64() -> InvalidInputError:
    return InvalidInputError("base64-form", "These characters are not base 64 of the right length.")


def _broken() -> CorruptError:
    return CorruptError("note-signature", "A signature of this note does not hold. Do not trust it; fetch it again.")
