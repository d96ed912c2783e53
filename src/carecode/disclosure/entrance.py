"""Coming in: by passkey, by invitation, and from one institution to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from carecode.disclosure.ceremonies import Ceremony
from carecode.disclosure.misses import Misses
from carecode.disclosure.passkeys import Owner, refused
from carecode.disclosure.sessions import AREAS
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from carecode.disclosure.passkeys import Passkeys, Site
    from carecode.disclosure.sessions import Sessions
    from carecode.disclosure.staffing import Staffing
    from carecode.disclosure.tokens import Held, Tokens
    from carecode.store.database import Database


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that was just begun."""

    area: str
    token: str
    choose: bool = False  # she works at several places: let her choose


@dataclass(frozen=True, slots=True)
class Place:
    """One of the places where a person works."""

    staff: str
    organisation: str
    role: Role
    name: str
    title: str

    @property
    def area(self) -> str | None:
        """Name the pages of this work; a machine has none."""
        return AREAS.get(self.role)


class Entrance:
    """Signs people in."""

    def __init__(
        self, database: Database, sessions: Sessions, staffing: Staffing, passkeys: Passkeys, tokens: Tokens
    ) -> None:
        """Use the role ``carecode_disclosure``."""
        self._room = Room(database, "disclosure")
        self._sessions = sessions
        self._staffing = staffing
        self._passkeys = passkeys
        self._tokens = tokens
        self._misses = Misses()

    async def ask(self, site: Site, now: datetime) -> dict[str, Any]:
        """Return a challenge for whoever comes: the same form for everybody."""
        return await self._passkeys.ask(site, Ceremony("enter", now))

    async def enter(
        self, site: Site, credential: Mapping[str, Any], now: datetime, *, wanted: str = "", peer: str = ""
    ) -> Entered:
        """Sign in with a passkey, in the area that was ``wanted`` when there is one of hers.

        RefusedError ``passkey-refused`` for everything that does not fit: an unknown passkey and one
        whose owner works nowhere any more look the same.  UnavailableError after too many misses.
        """
        self._misses.refuse_if_many(peer, now)
        try:
            _, owner = await self._passkeys.check(site, credential, "enter", now)
            return await self.begin(owner, now, wanted=wanted)
        except RefusedError:
            self._misses.add(peer, now)
            raise

    async def begin(self, owner: Owner, now: datetime, *, wanted: str = "", how: str = "passkey") -> Entered:
        """Begin a session for an owner who proved at this moment who she is."""
        if owner.resident is not None:
            return Entered("my", await self._sessions.sign_in(now, resident=owner.resident, how=how, fresh=True))
        places = await self._places(owner.account)
        if not places:
            raise refused()
        chosen = next((place for place in places if place.area == wanted), places[0])
        token = await self._sessions.sign_in(now, staff=chosen.staff, how=how, fresh=True)
        return Entered(str(chosen.area), token, choose=len(places) > 1)

    async def ask_invited(self, site: Site, invitation: str, now: datetime) -> dict[str, Any]:
        """Return what a browser needs to make the passkey of somebody who was invited; RefusedError if she was not."""
        invited = await self._staffing.invited(invitation, now)
        account = UUID(bytes=self._tokens.random_bytes(16), version=4)  # a handle of its own; the account comes later
        ceremony = Ceremony("invited", now, invitation=self._tokens.hash(invitation))
        return await self._passkeys.ask_new(site, Owner(account=account), invited.name, ceremony)

    async def take(self, site: Site, credential: Mapping[str, Any], now: datetime) -> Entered:
        """Keep the passkey of somebody who was invited, use the invitation up and sign her in."""
        ceremony, made = await self._passkeys.check_new(site, credential, "invited", now)
        staff, made_by = await self._staffing.use_invitation(ceremony.invitation, now)
        account = await self._staffing.begin_account(staff, made_by, now, ceremony.account)
        await self._passkeys.keep(Owner(account=account), made, now)
        return await self._at(staff, now)

    async def ask_join(self, site: Site, invitation: str, now: datetime) -> dict[str, Any]:
        """Return a challenge for somebody who was invited and has a passkey here already."""
        await self._staffing.invited(invitation, now)
        return await self._passkeys.ask(site, Ceremony("join", now, invitation=self._tokens.hash(invitation)))

    async def join(self, site: Site, credential: Mapping[str, Any], now: datetime) -> Entered:
        """Add the place she was invited to to those she signs in for already, and sign her in there."""
        ceremony, owner = await self._passkeys.check(site, credential, "join", now)
        if owner.account is None:
            raise refused()  # a resident's passkey is hers, not her employment's
        staff, _ = await self._staffing.use_invitation(ceremony.invitation, now)
        await self._staffing.join(staff, owner.account)
        return await self._at(staff, now)

    async def places(self, held: Held) -> list[Place]:
        """List where a signed-in person may go on: what a provider vouched for stays at its institution."""
        places = await self._places(held.account)
        if held.how == "provider":
            places = [place for place in places if place.organisation == held.requester.organisation]
        return places

    async def switch(self, held: Held, token: str, staff: str, now: datetime) -> Entered:
        """Go on at another place: a new session, and the old one ends.  RefusedError for a place that is not hers."""
        place = next((place for place in await self.places(held) if place.staff == staff), None)
        if place is None or self._sessions.is_locked(held, now):
            raise RefusedError("not-your-place", "You do not work there. Choose one of the list.")
        begun = await self._sessions.sign_in(now, staff=place.staff, how=held.how)
        await self._sessions.sign_out(token)
        return Entered(str(place.area), begun)

    async def _at(self, staff: str, now: datetime) -> Entered:
        rows = await self._room.fetch("staff", staff)
        area = AREAS.get(Role(rows[0]["role"])) if rows else None
        if area is None:
            raise refused()
        return Entered(area, await self._sessions.sign_in(now, staff=staff, how="passkey", fresh=True))

    async def _places(self, account: UUID | None) -> list[Place]:
        if account is None:
            return []
        rows = await self._room.fetch("works_as", account)
        found = [Place(row["id"], row["organisation"], Role(row["role"]), row["name"], row["title"]) for row in rows]
        return [place for place in found if place.area is not None]
