"""Signing in, built: everything that pages and commands need for it, in one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from carecode.disclosure.ceremonies import Ceremonies
from carecode.disclosure.devices import Devices
from carecode.disclosure.entrance import Entrance
from carecode.disclosure.openid import OpenId
from carecode.disclosure.passkeys import Passkeys
from carecode.disclosure.providers import Providers
from carecode.disclosure.sessions import SessionBook
from carecode.disclosure.staffing import Staffing
from carecode.disclosure.stepup import StepUp
from carecode.disclosure.tokens import Tokens
from carecode.healthcode.proofs import KeyProofs

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.audit.log import Log
    from carecode.crypto.keyring import KeyRing
    from carecode.disclosure.people import People
    from carecode.disclosure.sessions import Sessions
    from carecode.healthcode.verifier import Verifier
    from carecode.identity.index import Index
    from carecode.store.database import Database


@dataclass(frozen=True, slots=True)
class SignIn:
    """The doors of signing in."""

    entrance: Entrance
    step_up: StepUp
    providers: Providers
    devices: Devices
    staffing: Staffing
    passkeys: Passkeys
    book: SessionBook


def sign_in_doors(
    database: Database,
    ring: KeyRing,
    *,
    people: People,
    sessions: Sessions,
    index: Index,
    verifier: Verifier,
    log: Log,
    random_bytes: Callable[[int], bytes],
) -> SignIn:
    """Build the doors."""
    tokens = Tokens(database, ring.key("sessions"), random_bytes)
    book = SessionBook(database, ring.key("sessions"), random_bytes)
    ceremonies = Ceremonies(database, ring.key("signin.ceremonies"), random_bytes)
    passkeys = Passkeys(database, ceremonies, ring.key("signin.passkeys"), random_bytes)
    staffing = Staffing(database, people, tokens, book, passkeys)
    return SignIn(
        entrance=Entrance(database, sessions, staffing, passkeys, tokens),
        step_up=StepUp(
            ceremonies=ceremonies,
            passkeys=passkeys,
            sessions=sessions,
            book=book,
            people=people,
            index=index,
            proofs=KeyProofs(database),
        ),
        providers=Providers(
            tokens,
            ring.key("signin.providers"),
            openid=OpenId(httpx.AsyncClient),
            ceremonies=ceremonies,
            people=people,
            sessions=sessions,
            book=book,
            staffing=staffing,
        ),
        devices=Devices(log=log, index=index, verifier=verifier, passkeys=passkeys, book=book),
        staffing=staffing,
        passkeys=passkeys,
        book=book,
    )
