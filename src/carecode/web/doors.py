"""The doors that pages knock at: what ``app.py`` builds and hands to ``web.site.routes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from carecode.audit.proofs import Proofs
    from carecode.crypto.pseudonyms import Pseudonyms
    from carecode.disclosure.cards import Cards
    from carecode.disclosure.delegations import Delegations
    from carecode.disclosure.demolinks import DemoLinks
    from carecode.disclosure.gate import Gate
    from carecode.disclosure.people import People
    from carecode.disclosure.phones import Phones
    from carecode.disclosure.privacy import Privacy
    from carecode.disclosure.quiet import Quiet
    from carecode.disclosure.sessions import Sessions
    from carecode.disclosure.signin import SignIn
    from carecode.disclosure.stewards_building import StewardDoors
    from carecode.healthcode.verifier import Verifier
    from carecode.identity.index import Index
    from carecode.settlement.bills import Bills
    from carecode.visits.queue import Queue


class App(Protocol):
    """The built application, as far as pages use it."""

    @property
    def index(self) -> Index:
        """The master index."""

    @property
    def verifier(self) -> Verifier:
        """The health code's verifier."""

    @property
    def gate(self) -> Gate:
        """The gate: the only way to a record."""

    @property
    def cards(self) -> Cards:
        """The minimum card: of_code, of_number, search, look, card (see disclosure/cards.py)."""

    @property
    def privacy(self) -> Privacy:
        """Her own side: who_looked, institutions, refuse, allow, first_broken (disclosure/privacy.py)."""

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The numbers under which institutions know residents."""

    @property
    def demo_links(self) -> DemoLinks:
        """Sign-in links of the demo town."""

    @property
    def phones(self) -> Phones:
        """Codes that add a phone, and the phones that were added."""

    @property
    def sessions(self) -> Sessions:
        """Who is signed in."""

    @property
    def sign_in(self) -> SignIn:
        """Passkeys, hospitals' own providers, terminals, invitations and her devices (disclosure/signin.py)."""

    @property
    def steward(self) -> StewardDoors:
        """Stewards' cases, possible duplicates, forms of desks and references in forms."""

    @property
    def people(self) -> People:
        """Who is signed in, and which organisations there are."""

    @property
    def queue(self) -> Queue:
        """The queue numbers of each organisation."""

    @property
    def bills(self) -> Bills:
        """The bills of each organisation."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Tells the time, with its zone."""

    @property
    def delegations(self) -> Delegations:
        """Who acts for whom (disclosure/delegations.py)."""

    @property
    def quiet(self) -> Quiet:
        """The word before her pages open, and the one that opens them quietly (disclosure/quiet.py)."""

    @property
    def proofs(self) -> Proofs:
        """What her own device checks her list with (audit/proofs.py)."""
