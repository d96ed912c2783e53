"""Proving anew who she is: to unlock a terminal, before break-glass, before she changes her privacy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carecode.disclosure.ceremonies import Ceremony
from carecode.disclosure.passkeys import Owner, refused
from carecode.kernel.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from carecode.disclosure.ceremonies import Ceremonies
    from carecode.disclosure.passkeys import Passkeys, Site
    from carecode.disclosure.people import People
    from carecode.disclosure.sessions import SessionBook, Sessions
    from carecode.disclosure.tokens import Held
    from carecode.healthcode.proofs import KeyProofs
    from carecode.identity.index import Index

DEMO_WORD: Final = "demo"


class StepUp:
    """Fresh proofs of sessions that exist."""

    def __init__(
        self,
        *,
        ceremonies: Ceremonies,
        passkeys: Passkeys,
        sessions: Sessions,
        book: SessionBook,
        people: People,
        index: Index,
        proofs: KeyProofs,
    ) -> None:
        """Work on these doors."""
        self._ceremonies = ceremonies
        self._passkeys = passkeys
        self._sessions = sessions
        self._book = book
        self._people = people
        self._index = index
        self._proofs = proofs

    async def ask(self, site: Site, held: Held, now: datetime) -> dict[str, Any]:
        """Return a challenge for the passkeys of a session's holder: unlocks it when it is locked."""
        kind = "unlock" if self._sessions.is_locked(held, now) else "fresh"
        return await self._passkeys.ask(site, Ceremony(kind, now, session=held.id), owner_of(held))

    async def prove(self, site: Site, held: Held, credential: Mapping[str, Any], now: datetime) -> None:
        """Take a passkey's proof of a session's holder; another person's passkey is refused as an unknown one is.

        A locked session is unlocked with it.
        """
        locked = self._sessions.is_locked(held, now)
        ceremony, owner = await self._passkeys.check(site, credential, "unlock" if locked else "fresh", now)
        if ceremony.session != held.id or owner != owner_of(held):
            raise refused()
        await (self._book.unlock if locked else self._book.prove)(held.id, now)

    async def ask_phone(self, held: Held, now: datetime) -> str:
        """Return a challenge, in hexadecimal, for the key of a resident's phone."""
        return (await self._ceremonies.begin(Ceremony("phone", now, session=held.id))).hex()

    async def prove_by_phone(self, held: Held, challenge: bytes, device: int, signature: bytes, now: datetime) -> None:
        """Take the proof of a resident's phone: a phone of hers that is not cancelled signed the challenge."""
        ceremony = await self._ceremonies.claim(challenge, "phone", now)
        resident = held.requester.resident
        if ceremony.session != held.id or resident is None or held.account is not None:
            raise refused()
        bearer = await self._index.bearer_of(resident)
        if not await self._proofs.holds(bearer, device, challenge, signature):
            raise refused()
        await self._book.prove(held.id, now)

    async def may_type(self, held: Held) -> bool:
        """Tell whether a typed word counts: for a session of a sign-in link, on demo data."""
        return held.how == "link" and await self._people.is_demo()

    async def prove_by_word(self, held: Held, word: str, now: datetime) -> None:
        """Take a typed word for a proof, or to unlock: sessions of sign-in links on demo data only."""
        if not await self.may_type(held) or word.strip().lower() != DEMO_WORD:
            raise RefusedError("demo-word", "Type the word demo. Outside the demo town a passkey is needed.")
        await (self._book.unlock if self._sessions.is_locked(held, now) else self._book.prove)(held.id, now)

    async def has_passkey(self, held: Held) -> bool:
        """Tell whether a session's holder has a passkey."""
        owner = owner_of(held)
        return (owner.account or owner.resident) is not None and bool(await self._passkeys.of(owner))


def owner_of(held: Held) -> Owner:
    """Say whose passkeys prove a session."""
    return Owner(account=held.account) if held.account is not None else Owner(resident=held.requester.resident)
