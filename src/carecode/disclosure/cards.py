"""The minimum card: who she is and nothing else, each look at it in her log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.purposes import PURPOSES
from carecode.kernel.errors import NotFoundError, RefusedError
from carecode.kernel.vocabulary import Card, CodePurpose, Purpose

if TYPE_CHECKING:
    from datetime import date

    from carecode.audit.log import Log
    from carecode.crypto.pseudonyms import Pseudonyms
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import Presentation, Requester, Resident


_OF_CODE = {CodePurpose.IDENTIFY: Purpose.IDENTIFY, CodePurpose.REGISTER: Purpose.REGISTER}


class Cards:
    """Cards for desks, each given only after its entry is committed."""

    def __init__(self, index: Index, log: Log, pseudonyms: Pseudonyms) -> None:
        """Look people up in ``index`` and log to ``log``."""
        self._index = index
        self._log = log
        self._pseudonyms = pseudonyms

    async def of_code(self, requester: Requester, presentation: Presentation) -> tuple[Resident, Card]:
        """Return whose code was shown.  Only IDENTIFY and REGISTER codes give a card.

        Raises RefusedError for another purpose or role, NotFoundError for a closed account.
        """
        purpose = _OF_CODE.get(presentation.purpose)
        if purpose is None:
            raise RefusedError("code-wrong-purpose", "This code is for something else. Ask her to choose Check in.")
        resident = await self._index.by_bearer(presentation.bearer)
        if resident is None:
            raise NotFoundError("card-none", "This code belongs to nobody any more. Ask for her document.")
        return resident, await self.look(requester, resident, purpose, "code")

    async def of_number(self, requester: Requester, system: str, value: str) -> tuple[Resident, Card] | None:
        """Return who bears a document number, or None."""
        resident = await self._index.resolve(system, value)
        if resident is None:
            return None
        return resident, await self.look(requester, resident, Purpose.IDENTIFY, "document")

    async def search(
        self, requester: Requester, name: str, birth_date: date, phone: str
    ) -> list[tuple[Resident, Card]]:
        """Return at most five people with this name, date of birth and phone: all three are needed."""
        found = await self._index.search(name, birth_date, phone)
        return [
            (resident, await self.look(requester, resident, Purpose.IDENTIFY, "name, birth date and phone"))
            for resident in found
        ]

    async def look(self, requester: Requester, resident: Resident, purpose: Purpose, basis: str) -> Card:
        """Commit a look at her card to her log, then return the card."""
        if requester.role not in PURPOSES[purpose].roles:
            raise RefusedError("purpose-closed", "Your work here does not include looking people up.")
        await self._log.append(resident, requester, "identify", purpose, basis)
        return await self.card(requester, resident)

    async def card(self, requester: Requester, resident: Resident) -> Card:
        """Return her card without an entry of its own: for a record opened under a receipt, or for herself."""
        person = await self._index.card(resident)
        pseudonym = self._pseudonyms.of(resident.keys[0], requester.organisation)
        return Card(person.name, person.name_latin, person.birth_date, person.sex, pseudonym)
