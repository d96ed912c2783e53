"""Codes to test with: one ring, its handles, and phones of both algorithms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from carecode.crypto.keyring import KeyRing
from carecode.healthcode.checks import Checks, Device
from carecode.healthcode.format import ED25519, P256
from carecode.healthcode.phone import DeviceKey, draw
from carecode.kernel.vocabulary import Bearer

if TYPE_CHECKING:
    from carecode.kernel.vocabulary import CodePurpose

RING = KeyRing(b"a ring of 32 bytes for the tests")
CHECKS = Checks(RING)
NOW = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)  # the first second of a slot
DESK = "4071"
BEARER = Bearer(UUID(int=0xBEA))


class P256Phone:
    """A phone with the other algorithm, as WebCrypto gives it: signatures are r | s."""

    algorithm = P256

    def __init__(self, scalar: int) -> None:
        self._key = ec.derive_private_key(scalar, ec.SECP256R1())
        self.public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def show(
        self, handle: bytes, secret: bytes, purpose: CodePurpose, now: datetime, desk_number: str | None = None
    ) -> str:
        return draw(self.sign, P256, handle, secret, purpose, now, desk_number)


PHONE = DeviceKey(b"a seed of a phone, 32 bytes long")
PHONE_P256 = P256Phone(0xC0DE)
PHONES: dict[int, DeviceKey | P256Phone] = {ED25519: PHONE, P256: PHONE_P256}


def row(number: int, phone: DeviceKey | P256Phone = PHONE, *, revoked: bool = False) -> Device:
    return Device(number, BEARER, phone.algorithm, phone.public, revoked)


def code_of(
    purpose: CodePurpose,
    serial: int = 0,
    phone: DeviceKey | P256Phone = PHONE,
    now: datetime = NOW,
    desk_number: str | None = DESK,
) -> str:
    """Return a code of phone 1."""
    handle, secret = CHECKS.handles.issue(1, serial)
    return phone.show(handle, secret, purpose, now, desk_number)
