"""What of hers can act for her: phones, passkeys, sessions; and a counter that cancels all of them.

Each change stands in her log before it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from carecode.disclosure.ceremonies import Ceremony
from carecode.disclosure.passkeys import Owner, refused
from carecode.disclosure.phones import ENROLLERS
from carecode.kernel.errors import NotFoundError, RefusedError
from carecode.kernel.vocabulary import Purpose

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from carecode.audit.log import Log
    from carecode.disclosure.passkeys import Passkey, Passkeys, Site
    from carecode.disclosure.sessions import Listed, SessionBook
    from carecode.disclosure.tokens import Held
    from carecode.healthcode.verifier import RegisteredDevice, Verifier
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import Requester, Resident


@dataclass(frozen=True, slots=True)
class Belongings:
    """All that can act for her."""

    phones: list[RegisteredDevice]
    passkeys: list[Passkey]
    sessions: list[Listed]


class Devices:
    """Lists, adds and cancels what acts for a resident."""

    def __init__(self, *, log: Log, index: Index, verifier: Verifier, passkeys: Passkeys, book: SessionBook) -> None:
        """Work on these doors."""
        self._log = log
        self._index = index
        self._verifier = verifier
        self._passkeys = passkeys
        self._book = book

    async def of(self, resident: Resident, now: datetime) -> Belongings:
        """List what acts for her now."""
        return Belongings(
            await self._phones(resident),
            await self._passkeys.of(Owner(resident=resident.id)),
            await self._book.of_resident(resident.id, now),
        )

    async def ask_passkey(self, site: Site, held: Held, name: str, now: datetime) -> dict[str, Any]:
        """Return what her browser needs to make a passkey; the caller has asked for a fresh proof."""
        owner = Owner(resident=held.requester.resident)
        return await self._passkeys.ask_new(site, owner, name, Ceremony("add", now, session=held.id))

    async def add_passkey(
        self, site: Site, held: Held, resident: Resident, credential: Mapping[str, Any], now: datetime
    ) -> None:
        """Keep a passkey that she made in this very session; her log says so."""
        ceremony, made = await self._passkeys.check_new(site, credential, "add", now)
        if ceremony.session != held.id or ceremony.resident != resident.id:
            raise refused()
        await self._log.append(resident, held.requester, "decide", Purpose.PATRQT, "passkey added")
        await self._passkeys.keep(Owner(resident=resident.id), made, now)
        await self._book.prove(held.id, now)

    async def cancel_phone(self, requester: Requester, resident: Resident, number: int, now: datetime) -> None:
        """Cancel one of her phones: none of its codes is good from the next one on."""
        if number not in {phone.number for phone in await self._phones(resident)}:
            raise _gone()
        await self._log.append(resident, requester, "decide", Purpose.PATRQT, "phone cancelled")
        await self._verifier.revoke(number, now)

    async def cancel_passkey(self, requester: Requester, resident: Resident, passkey: UUID) -> None:
        """Cancel one of her passkeys."""
        owner = Owner(resident=resident.id)
        if passkey not in {one.id for one in await self._passkeys.of(owner)}:
            raise _gone()
        await self._log.append(resident, requester, "decide", Purpose.PATRQT, "passkey cancelled")
        await self._passkeys.cancel(owner, passkey)

    async def end_session(self, resident: Resident, session: UUID) -> None:
        """Sign her out in one other browser."""
        if not await self._book.end(resident.id, session):
            raise _gone()

    async def end_others(self, held: Held) -> None:
        """Sign her out everywhere but here."""
        if held.requester.resident is not None:
            await self._book.end_others(held.requester.resident, held.id)

    async def cancel_all(self, desk: Requester, resident: Resident, now: datetime) -> int:
        """Cancel all her phones, passkeys and sessions: she lost them, and a desk looked at her document.

        Returns how many phones and passkeys there were.  RefusedError for anyone but a desk.
        """
        if desk.role not in ENROLLERS:
            raise RefusedError("not-a-desk", "Only a desk does this, after looking at her document.")
        await self._log.append(resident, desk, "identify", Purpose.REGISTER, "phones cancelled")
        phones = await self._phones(resident)
        for phone in phones:
            await self._verifier.revoke(phone.number, now)
        passkeys = await self._passkeys.cancel_all(Owner(resident=resident.id))
        await self._book.end_all(resident.id)
        return len(phones) + passkeys

    async def _phones(self, resident: Resident) -> list[RegisteredDevice]:
        bearer = await self._index.bearer_of(resident.id)
        return [phone for phone in await self._verifier.devices(bearer) if phone.revoked_at is None]


def _gone() -> NotFoundError:
    return NotFoundError("device-gone", "This is not in your list any more. Look again.")
