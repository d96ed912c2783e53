"""The health code's door: phones that may show codes, and the verifying of what they show.

It knows a bearer number and phones, never a person.  Of a verified code it keeps a keyed hash of
the handle and the day, nothing about the desk, so that no trail of anybody can be read from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from carecode.crypto.keyed import keyed_hash
from carecode.crypto.sealing import NONCE_BYTES, seal, unseal
from carecode.healthcode.checks import ACCEPTS, Checks, Device
from carecode.kernel.errors import InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Bearer, CodePurpose, Presentation
from carecode.store.queries import queries

if TYPE_CHECKING:
    from uuid import UUID

    from carecode.crypto.keyring import KeyRing
    from carecode.store.database import Database

ROOM: Final = "healthcode"
BATCH_MAX: Final = 256  # handles; about a month of daily use
DEVICES_MAX: Final = 100  # listed for one bearer
LABEL_CHARACTERS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class RegisteredDevice:
    """A phone as its bearer sees it in her list."""

    number: int
    algorithm: int
    label: str = field(repr=False)  # what she calls it
    registered_at: date
    revoked_at: date | None


class Verifier:
    """Registers phones, hands out handles and verifies codes."""

    __slots__ = ("_checks", "_database", "_label_key", "_nonce_key", "_used_key")

    def __init__(self, database: Database, ring: KeyRing) -> None:
        """Take the database and the keys of this room."""
        self._database = database
        self._checks = Checks(ring)
        self._used_key = ring.key("healthcode.used")
        self._label_key = ring.key("healthcode.label")
        self._nonce_key = ring.key("healthcode.label-nonce")

    async def verify(
        self, text: str, expected: CodePurpose, now: datetime, desk_number: str | None = None
    ) -> Presentation:
        """Accept a code once, for the purpose it was made for, or refuse it in words for the desk.

        ``desk_number`` (four digits) counts for PAY and OPEN_RECORD only.  InvalidInputError
        ``code-malformed``; RefusedError ``code-foreign``, ``-unknown``, ``-wrong-purpose``,
        ``-expired``, ``-future``, ``-desk-number``, ``-revoked``, ``-bad-signature``, ``-used``.
        Of any number of calls at once with one code exactly one returns.  Only a code that is
        good in all else is marked used: nobody can spend a handle by photographing it.
        """
        shown = self._checks.recognise(text, expected, now, desk_number)
        used = keyed_hash(self._used_key, shown.code.handle)
        async with self._database.connection(ROOM) as connection:
            row = await connection.fetchrow(queries(ROOM)["find_device"], shown.device_number)
            found = Device(row[0], Bearer(row[1]), row[2], row[3], row[4]) if row is not None else None
            device = self._checks.check(shown, found)
            done = await connection.execute(queries(ROOM)["use_handle"], used, now.astimezone(UTC).date())
        if _rows(done) != 1:
            raise RefusedError("code-used", "This code was used already. Ask her to refresh the screen.")
        return Presentation(device.bearer, expected, now, shown.desk_number or None)

    async def register_device(self, bearer: UUID, algorithm: int, public_key: bytes, label: str, now: datetime) -> int:
        """Let a phone show codes for ``bearer``; return the phone's number.

        ``algorithm`` 1 is Ed25519 with 32 bytes, 2 is P-256 with 65 bytes.  InvalidInputError for
        another algorithm, a key that is no good point, or a label over LABEL_CHARACTERS_MAX.
        """
        accepts = ACCEPTS.get(algorithm)
        if accepts is None or not accepts(public_key):
            raise InvalidInputError("device-key", "The phone sent a key that cannot be used. Start again on the phone.")
        if len(label) > LABEL_CHARACTERS_MAX or not label.isprintable():
            raise InvalidInputError("device-label", f"Give the phone a name of at most {LABEL_CHARACTERS_MAX} letters.")
        sealed = self._seal_label(bearer, public_key, label)
        async with self._database.connection(ROOM) as connection:
            number: int = await connection.fetchval(
                queries(ROOM)["register_device"], bearer, algorithm, public_key, sealed, now.astimezone(UTC).date()
            )
        return number

    async def batch(self, device: int, count: int = BATCH_MAX) -> list[tuple[str, str]]:
        """Hand out the next ``count`` handles of a phone as (handle, secret), both hexadecimal.

        The caller has checked that the phone is the asker's own.  No handle is ever handed out
        twice.  InvalidInputError for a count outside 1..BATCH_MAX; NotFoundError for a phone that
        is not there or was revoked.
        """
        if not 1 <= count <= BATCH_MAX:
            raise InvalidInputError("batch-size", f"A phone gets 1 to {BATCH_MAX} codes at a time.")
        async with self._database.connection(ROOM) as connection:
            first: int | None = await connection.fetchval(queries(ROOM)["advance_serial"], device, count)
        if first is None:
            raise _no_device()
        issued = (self._checks.handles.issue(device, serial) for serial in range(first, first + count))
        return [(handle.hex(), secret.hex()) for handle, secret in issued]

    async def revoke(self, device: int, now: datetime) -> None:
        """Refuse every code of a phone from the next one on, for ever.

        The caller has checked that the phone is the asker's own.  Revoking again changes nothing.
        NotFoundError for a phone that is not there.
        """
        async with self._database.connection(ROOM) as connection:
            done = await connection.execute(queries(ROOM)["revoke_device"], device, now.astimezone(UTC).date())
        if _rows(done) != 1:
            raise _no_device()

    async def devices(self, bearer: UUID) -> list[RegisteredDevice]:
        """List a bearer's phones, revoked ones too, newest first, at most DEVICES_MAX."""
        async with self._database.connection(ROOM) as connection:
            rows = await connection.fetch(queries(ROOM)["devices_of_bearer"], bearer, DEVICES_MAX)
        return [
            RegisteredDevice(
                row["device_number"],
                row["algorithm"],
                unseal(self._label_key, row["label"], bearer.bytes + row["public_key"]).decode(),
                row["registered_at"],
                row["revoked_at"],
            )
            for row in rows
        ]

    def _seal_label(self, bearer: UUID, public_key: bytes, label: str) -> bytes:
        """Seal what she calls her phone: people write their names there.

        The nonce is a keyed hash of all that is sealed, so it repeats only with everything else.
        """
        place, plain = bearer.bytes + public_key, label.encode()
        return seal(self._label_key, keyed_hash(self._nonce_key, place, plain)[:NONCE_BYTES], plain, place)


def _rows(status: str) -> int:
    """Read the row count at the end of PostgreSQL's command tag, ``INSERT 0 1``."""
    return int(status.rpartition(" ")[2])


def _no_device() -> NotFoundError:
    return NotFoundError("device-unknown", "This phone is not registered, or was cancelled.")
