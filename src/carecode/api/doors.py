"""The doors that the API knocks at: what ``app.py`` builds and hands to ``api.routes.routes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from carecode.api.pace import Pace
    from carecode.audit.log import Log
    from carecode.audit.publiclog import PublicLog
    from carecode.audit.witnesses import Witnesses
    from carecode.crypto.keyring import KeyRing
    from carecode.disclosure.cards import Cards
    from carecode.disclosure.decisions import Decisions
    from carecode.disclosure.gate import Gate
    from carecode.disclosure.people import People
    from carecode.disclosure.sessions import Sessions
    from carecode.exchange.bundles import Bundles
    from carecode.exchange.subscriptions import Subscriptions
    from carecode.identity.index import Index


class App(Protocol):
    """The built application, as far as the API uses it."""

    @property
    def gate(self) -> Gate:
        """The gate: the only way to a record."""

    @property
    def sessions(self) -> Sessions:
        """Who is signed in."""

    @property
    def people(self) -> People:
        """Who holds a bearer token."""

    @property
    def index(self) -> Index:
        """The master index."""

    @property
    def log(self) -> Log:
        """The access log."""

    @property
    def cards(self) -> Cards:
        """Minimum cards."""

    @property
    def decisions(self) -> Decisions:
        """What she decided."""

    @property
    def subscriptions(self) -> Subscriptions:
        """Who is told of its own numbers."""

    @property
    def pace(self) -> Pace:
        """How often each institution asks who somebody is."""

    @property
    def bundles(self) -> Bundles:
        """Takes in what is sent."""

    @property
    def ring(self) -> KeyRing:
        """The key ring, for the issuer's public key."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Tells the time, with its zone."""

    @property
    def public_log(self) -> PublicLog:
        """The public log, for whoever checks it."""

    @property
    def witnesses(self) -> Witnesses:
        """Who signs it besides."""
