"""The hospitals' own providers: which there are, and signing in, joining and proving anew through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carecode.crypto.keyed import keyed_hash
from carecode.crypto.sealing import NONCE_BYTES, seal, unseal
from carecode.disclosure.ceremonies import CHALLENGE_BYTES, PROVIDER_TIME, Ceremony, too_late
from carecode.disclosure.entrance import Entered
from carecode.disclosure.openid import LEEWAY, Exchange, Provider, Vouched, require_provider
from carecode.disclosure.sessions import AREAS
from carecode.kernel.errors import InvalidInputError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from carecode.disclosure.ceremonies import Ceremonies
    from carecode.disclosure.openid import OpenId
    from carecode.disclosure.people import People
    from carecode.disclosure.sessions import SessionBook, Sessions
    from carecode.disclosure.staffing import Staffing
    from carecode.disclosure.tokens import Held, Tokens

SECRET_CHARACTERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a browser is sent, and the mark by which it is known when it comes back."""

    address: str
    mark: str


class Providers:
    """Signs staff in through their hospital's own provider."""

    def __init__(
        self,
        tokens: Tokens,
        key: bytes,
        *,
        openid: OpenId,
        ceremonies: Ceremonies,
        people: People,
        sessions: Sessions,
        book: SessionBook,
        staffing: Staffing,
    ) -> None:
        """Keep what is kept where ``tokens`` are; ``key`` seals client secrets and hashes subjects."""
        self._room = tokens.room
        self._openid = openid
        self._ceremonies = ceremonies
        self._people = people
        self._sessions = sessions
        self._book = book
        self._staffing = staffing
        self._tokens = tokens
        self._key = key

    async def put(self, provider: Provider) -> None:
        """Keep how an institution's provider is reached; InvalidInputError for an address that is not safe."""
        require_provider(provider.issuer, provider.client_id)
        if len(provider.secret) > SECRET_CHARACTERS_MAX or not provider.secret.isprintable():
            raise InvalidInputError("secret-form", "The client secret has another form.")
        await self._people.organisation(provider.organisation)
        place = provider.organisation.encode()
        nonce = self._tokens.random_bytes(NONCE_BYTES)
        secret = seal(self._key, nonce, provider.secret.encode(), place) if provider.secret else None
        await self._room.run("put_provider", provider.organisation, provider.issuer, provider.client_id, secret)

    async def remove(self, organisation: str) -> bool:
        """Forget an institution's provider: nobody signs in through it from now on; whether there was one."""
        return bool(await self._room.fetch("remove_provider", organisation))

    async def listed(self) -> list[Provider]:
        """List the providers; at most one per institution."""
        found = []
        for row in await self._room.fetch("providers"):
            place = row["organisation"].encode()
            secret = unseal(self._key, row["secret"], place).decode() if row["secret"] else ""
            found.append(Provider(row["organisation"], row["issuer"], row["client_id"], secret))
        return found

    async def of(self, organisation: str) -> Provider:
        """Return an institution's provider; NotFoundError ``provider-none``."""
        for provider in await self.listed():
            if provider.organisation == organisation:
                return provider
        raise NotFoundError("provider-none", "This institution has no sign-in of its own. Use a passkey.")

    async def begin(
        self, organisation: str, back: str, now: datetime, *, invitation: str | None = None, held: Held | None = None
    ) -> Sent:
        """Send a browser to a provider: to sign in, to take an ``invitation``, or to prove a session anew.

        ``back`` is our own address for the answer.  A session is proved at its own institution's provider.
        """
        provider = await self.of(organisation)
        if invitation is not None and (await self._staffing.invited(invitation, now)).organisation != organisation:
            raise _refused()
        ceremony = Ceremony(
            "provider", now, held.id if held else None, organisation=organisation,
            invitation=self._tokens.hash(invitation) if invitation is not None else None,
        )  # fmt: skip
        state = await self._ceremonies.begin(ceremony, PROVIDER_TIME)
        address = await self._openid.address(provider, self._exchange(state, back), now, anew=held is not None)
        return Sent(address, self._ceremonies.derived("browser", state).hex())

    async def come_back(
        self, state: str, mark: str, code: str, issuer: str | None, back: str, now: datetime
    ) -> Entered | UUID:
        """Take a browser that comes back: a session that was begun, or the number of the one that was proved.

        ``mark`` is what ``begin`` gave the same browser.  RefusedError ``sign-in-again`` or
        ``provider-refused`` for everything that does not fit, an unknown person as well.
        """
        number = _state_of(state)
        if not self._ceremonies.is_derived(mark, "browser", number):
            raise too_late()
        ceremony = await self._ceremonies.claim(number, "provider", now)
        provider = await self.of(ceremony.organisation or "")
        vouched = await self._openid.vouched(provider, self._exchange(number, back), code, issuer, now)
        if ceremony.session is not None:
            return await self._prove(ceremony, provider, vouched, now)
        if ceremony.invitation is not None:
            await self._bind(ceremony, provider, vouched, now)
        staff = await self._staff_of(provider, vouched)
        member = await self._people.staff(staff) if staff else None
        area = AREAS.get(member.role) if member else None
        if member is None or area is None:
            raise _refused()
        return Entered(area, await self._sessions.sign_in(now, staff=member.id, how="provider"))

    async def _bind(self, ceremony: Ceremony, provider: Provider, vouched: Vouched, now: datetime) -> None:
        """Bind whom the provider vouches for to the member of staff who was invited."""
        if await self._staff_of(provider, vouched) is not None:
            raise _refused()  # she is somebody here already
        staff, made_by = await self._staffing.use_invitation(ceremony.invitation, now)
        await self._staffing.begin_account(staff, made_by, now)
        await self._room.run("drop_subjects", staff)
        await self._room.run("add_subject", provider.issuer, self._subject(provider, vouched), staff)

    async def _prove(self, ceremony: Ceremony, provider: Provider, vouched: Vouched, now: datetime) -> UUID:
        """Remember a fresh proof: the same person, who proved it at the provider after the browser was sent there."""
        if vouched.proved_at is None or vouched.proved_at < ceremony.began_at - LEEWAY or ceremony.session is None:
            raise _refused()
        staff = await self._staff_of(provider, vouched)
        if staff is None or staff != await self._holder(ceremony.session):
            raise _refused()
        await self._book.prove(ceremony.session, now)
        return ceremony.session

    async def _holder(self, session: UUID) -> str | None:
        rows = await self._room.fetch("session_holder", session)
        return str(rows[0]["staff_id"]) if rows else None

    async def _staff_of(self, provider: Provider, vouched: Vouched) -> str | None:
        rows = await self._room.fetch("subject", provider.issuer, self._subject(provider, vouched))
        return str(rows[0]["staff_id"]) if rows else None

    def _subject(self, provider: Provider, vouched: Vouched) -> bytes:
        return keyed_hash(self._key, b"subject", provider.issuer.encode(), vouched.subject.encode())

    def _exchange(self, state: bytes, back: str) -> Exchange:
        nonce = self._ceremonies.derived("nonce", state).hex()
        verifier = self._ceremonies.derived("verifier", state).hex()  # 64 characters: RFC 7636 asks for 43 to 128
        return Exchange(state.hex(), nonce, verifier, back)


def _state_of(text: str) -> bytes:
    try:
        number = bytes.fromhex(text)
    except ValueError as error:
        raise too_late() from error
    if len(number) != CHALLENGE_BYTES:
        raise too_late()
    return number


def _refused() -> RefusedError:
    return RefusedError("provider-refused", "Your hospital's sign-in does not open anything here. Start again.")
