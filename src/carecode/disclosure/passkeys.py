"""Passkeys: made with user verification, kept by their public keys, checked with a counter.

Sources: W3C Web Authentication Level 3, 7.1 (registration) and 7.2 (assertion).  Attestation is not
asked for: which maker's key she uses is no business of the platform.  Every refusal of an assertion
is the same, whatever was wrong, so that nothing can be learned about who is known here.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec
import webauthn
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from carecode.crypto.keyed import keyed_hash
from carecode.disclosure.ceremonies import CHALLENGE_BYTES, CHALLENGE_TIME, Ceremony, too_late
from carecode.kernel.errors import ConflictError, RefusedError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carecode.disclosure.ceremonies import Ceremonies
    from carecode.store.database import Database

PASSKEYS_MAX: Final = 20  # of one owner
_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_NAMELESS: Final = frozenset({"enter", "join"})  # ceremonies that begin without knowing who comes
_TEXT_MAX: Final = 16_000  # characters of one field of a credential


@dataclass(frozen=True, slots=True)
class Site:
    """Under which name this server was asked: passkeys are bound to it."""

    host: str  # the relying party's id
    origin: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose passkey: a person who works, or a resident."""

    account: UUID | None = None
    resident: ResidentId | None = None


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it in her list."""

    id: UUID
    synced: bool  # copied to her other devices by its maker
    added_on: date
    used_on: date | None


class Passkeys:
    """Makes, checks, lists and cancels passkeys."""

    def __init__(
        self, database: Database, ceremonies: Ceremonies, key: bytes, random_bytes: Callable[[int], bytes]
    ) -> None:
        """Use the role ``carecode_disclosure``; ``key`` derives the handles that authenticators keep."""
        self._room = Room(database, "disclosure")
        self._ceremonies = ceremonies
        self._key = key
        self._random_bytes = random_bytes

    async def ask_new(self, site: Site, owner: Owner, name: str, ceremony: Ceremony) -> dict[str, Any]:
        """Return what a browser needs to make a passkey (PublicKeyCredentialCreationOptionsJSON).

        ConflictError ``passkeys-many`` when the owner has PASSKEYS_MAX.
        """
        known = await self._room.fetch("passkeys_of", owner.account, owner.resident)
        if len(known) >= PASSKEYS_MAX:
            raise ConflictError("passkeys-many", "There are too many passkeys. Cancel one that is not used any more.")
        challenge = await self._ceremonies.begin(replace(ceremony, account=owner.account, resident=owner.resident))
        options = webauthn.generate_registration_options(
            rp_id=site.host,
            rp_name="CareCode",
            user_id=self._handle(owner),
            user_name=name,
            user_display_name=name,
            challenge=challenge,
            timeout=_milliseconds(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=row["credential_id"]) for row in known],
            supported_pub_key_algs=_ALGORITHMS,
        )
        return _as_json(webauthn.options_to_json(options))

    async def check_new(
        self, site: Site, credential: Mapping[str, Any], kind: str, now: datetime
    ) -> tuple[Ceremony, VerifiedRegistration]:
        """Verify a passkey that was just made; nothing is kept yet.

        RefusedError ``passkey-refused`` when it does not verify, ``sign-in-again`` for its challenge.
        """
        challenge = challenge_of(credential)
        ceremony = await self._ceremonies.claim(challenge, kind, now)
        try:
            made = webauthn.verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise refused() from error
        return ceremony, made

    async def keep(self, owner: Owner, made: VerifiedRegistration, now: datetime) -> None:
        """Keep a verified passkey; RefusedError when its credential is somebody's already."""
        kept = await self._room.fetch(
            "add_passkey", made.credential_id, UUID(bytes=self._random_bytes(16), version=4), owner.account,
            owner.resident, made.credential_public_key, made.sign_count, made.credential_backed_up, _day(now),
        )  # fmt: skip
        if not kept:
            raise refused()

    async def ask(self, site: Site, ceremony: Ceremony, owner: Owner | None = None) -> dict[str, Any]:
        """Return what a browser needs to prove a passkey (PublicKeyCredentialRequestOptionsJSON).

        Without ``owner`` the browser offers what it has for this site: the answer is the same for everybody.
        """
        known = await self._room.fetch("passkeys_of", owner.account, owner.resident) if owner else []
        challenge = await self._ceremonies.begin(ceremony)
        options = webauthn.generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            timeout=_milliseconds(),
            allow_credentials=[PublicKeyCredentialDescriptor(id=row["credential_id"]) for row in known],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return _as_json(webauthn.options_to_json(options))

    async def check(
        self, site: Site, credential: Mapping[str, Any], kind: str, now: datetime
    ) -> tuple[Ceremony, Owner]:
        """Verify an assertion: what its challenge was for, and whose passkey it is.

        RefusedError ``passkey-refused`` for every fault of the passkey, its owner's handle and its
        counter, ``sign-in-again`` for its challenge.
        """
        challenge = challenge_of(credential)
        ceremony = await self._ceremonies.claim(challenge, kind, now)
        number = _bytes_of(credential.get("rawId"))
        rows = await self._room.fetch("passkey", number)
        if not rows:
            raise refused()
        row = rows[0]
        owner = Owner(row["account"], ResidentId(row["resident_id"]) if row["resident_id"] else None)
        try:
            used = webauthn.verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                credential_public_key=row["public_key"],
                credential_current_sign_count=row["sign_count"],
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise refused() from error
        handle = _response(credential).get("userHandle")
        if not handle and kind in _NAMELESS:
            raise refused()  # 7.2, 6.: whom nobody named must be named by the authenticator
        if handle and not hmac.compare_digest(_bytes_of(handle), self._handle(owner)):
            raise refused()
        if not await self._room.fetch("use_passkey", number, row["sign_count"], used.new_sign_count, _day(now)):
            raise refused()
        return ceremony, owner

    async def of(self, owner: Owner) -> list[Passkey]:
        """List an owner's passkeys, newest first."""
        rows = await self._room.fetch("passkeys_of", owner.account, owner.resident)
        return [Passkey(row["id"], row["synced"], row["added_on"], row["used_on"]) for row in rows]

    async def cancel(self, owner: Owner, passkey: UUID) -> bool:
        """Cancel one passkey of an owner; whether it was there and hers."""
        return bool(await self._room.fetch("remove_passkey", owner.account, owner.resident, passkey))

    async def cancel_all(self, owner: Owner) -> int:
        """Cancel every passkey of an owner; how many there were."""
        return len(await self._room.fetch("remove_passkeys", owner.account, owner.resident))

    def _handle(self, owner: Owner) -> bytes:
        """Give the random-looking handle under which an authenticator keeps the owner: 32 bytes, no number of hers."""
        kind, number = (b"staff", owner.account) if owner.account else (b"resident", owner.resident)
        return keyed_hash(self._key, b"passkey owner", kind, number.bytes if number else b"")


def challenge_of(credential: Mapping[str, Any]) -> bytes:
    """Read the challenge that a browser says it answered; RefusedError ``sign-in-again`` when there is none."""
    try:
        said = msgspec.json.decode(_bytes_of(_response(credential).get("clientDataJSON")))
        challenge = _bytes_of(said.get("challenge"))
    except (msgspec.MsgspecError, AttributeError, UnicodeDecodeError, RecursionError) as error:
        raise too_late() from error
    if len(challenge) != CHALLENGE_BYTES:
        raise too_late()
    return challenge


def _response(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    response = credential.get("response")
    if not isinstance(response, dict):
        raise too_late()
    return response


def _bytes_of(text: object) -> bytes:
    """Decode base64url of a bounded length; RefusedError for anything else."""
    if not isinstance(text, str) or len(text) > _TEXT_MAX:
        raise refused()
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as error:
        raise refused() from error


def _as_json(text: str) -> dict[str, Any]:
    options: dict[str, Any] = msgspec.json.decode(text)
    return options


def _milliseconds() -> int:
    return int(CHALLENGE_TIME.total_seconds() * 1000)


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()


def refused() -> RefusedError:
    """Refuse a passkey; one answer for every reason."""
    return RefusedError(
        "passkey-refused", "This passkey does not open anything here. Try again, or sign in differently."
    )
