"""The composition root: the only place that builds objects and hands them on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

import carecode.api.routes
import carecode.web.site
from carecode.api.pace import Pace
from carecode.audit.log import Log
from carecode.audit.proofs import Proofs
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.audit.witnesses import Demand, Witnesses
from carecode.crypto.keyring import KeyRing
from carecode.crypto.pseudonyms import Pseudonyms
from carecode.disclosure.admitted import Admissions
from carecode.disclosure.anomalies import Anomalies
from carecode.disclosure.cards import Cards
from carecode.disclosure.decisions import Decisions
from carecode.disclosure.delegations import Delegations
from carecode.disclosure.demolinks import DemoLinks
from carecode.disclosure.emergency import Limits
from carecode.disclosure.gate import Doors, Gate
from carecode.disclosure.people import People
from carecode.disclosure.phones import Phones
from carecode.disclosure.policies import shipped
from carecode.disclosure.privacy import Privacy
from carecode.disclosure.quiet import Quiet
from carecode.disclosure.reconciling import Reconciling
from carecode.disclosure.sessions import Sessions
from carecode.disclosure.signin import sign_in_doors
from carecode.disclosure.stewards_building import steward_doors
from carecode.disclosure.watch import watch
from carecode.exchange.bundles import Bundles
from carecode.exchange.load import Loader
from carecode.exchange.subscriptions import Subscriptions
from carecode.healthcode.verifier import Verifier
from carecode.identity.index import Index
from carecode.kernel.errors import CareCodeError, UnavailableError
from carecode.record.store import RecordStore
from carecode.settlement.bills import Bills
from carecode.statistics.counts import Counts
from carecode.statistics.releases import visit_cell
from carecode.store.database import Database, Target
from carecode.store.embedded import DATABASE, PORT, SUPERUSER, EmbeddedPostgres
from carecode.store.migrations import create_if_missing, migrate, pending
from carecode.visits.queue import Queue

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from starlette.types import ASGIApp, Receive, Scope, Send

    from carecode.record.keys import KeyDoor

DATA_DEFAULT: Final = Path("~/.local/share/carecode")
HOUSEKEEPING_SECONDS: Final = 60.0
KEEP_UP_SECONDS: Final = 1.0
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")
_OTHER_HOST: Final = "CareCode does not answer under this name. Open it at localhost, or name it in CARECODE_HOSTS.\n"
_BARE_HOST: Final = b"127.0.0.1"
_MACHINE_PATHS: Final = ("/fhir", "/log", "/health", "/metrics", "/.well-known", "/oauth", "/x", "/static")
_FAULT: Final = "CareCode made a mistake. Nothing was changed. Try again, and tell the operator if it stays.\n"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data lies and which PostgreSQL holds it."""

    data: Path
    database: str | None = field(default=None, repr=False)  # CARECODE_DATABASE
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def hosts(self) -> frozenset[str]:
        """The names under which it may be asked for: this machine's own, and those of CARECODE_HOSTS (a,b)."""
        named = {name.strip().lower() for name in self.environment.get("CARECODE_HOSTS", "").split(",")}
        return LOCAL_HOSTS | (named - {""})

    @classmethod
    def of(cls, data: Path | None, environment: Mapping[str, str]) -> Settings:
        """Take ``--data`` first, then CARECODE_DATA, then the user's own data folder."""
        folder = data or Path(environment.get("CARECODE_DATA") or DATA_DEFAULT)
        return cls(folder.expanduser().resolve(), environment.get("CARECODE_DATABASE"), environment)


class App:
    """Every door of the house on one database."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        clock: Callable[[], datetime],
        keys: KeyDoor | None = None,
        demand: Demand | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Build the rooms from the ground up.

        ``keys`` is the key broker's door, ``demand`` names the witnesses, ``limits`` bound emergencies.
        """
        random_bytes = self.random_bytes = secrets.token_bytes
        self.database = database
        self.ring = ring
        self.clock = clock
        self.keys = keys
        self.limits = limits or Limits()
        self.pseudonyms = Pseudonyms(ring.key("pseudonyms"))
        self.index = Index(database, ring, random_bytes)
        self.ledger = self.index.ledger
        self.verifier = Verifier(database, ring)
        self.record = RecordStore(database, ring, random_bytes, keys)
        self._build_log(random_bytes, demand or Demand())
        self._build_disclosure(random_bytes)
        self.counts = Counts(database)
        self.gate = self._gate()
        self.delegations = Delegations(database, self.index, self.log, ring.key("family"), random_bytes)
        self.privacy = Privacy(
            self.index,
            self.log,
            self.decisions,
            self.people,
            clock,
            closer=self.gate,
            withheld=self.watch.orders.withheld,
            delegations=self.delegations,
        )
        self.admissions = Admissions(self.gate, self.people)
        self.reconciling = Reconciling(self.log, self.people, self.public_log, self.watch.work)
        self.anomalies = Anomalies(database, self.log, self.watch.work)
        self.queue = Queue(database)
        self.bills = Bills(database)
        self.subscriptions = Subscriptions(database)
        self.pace = Pace()
        self.bundles = Bundles(self.gate, self.index, clock, random_bytes)
        self.loader = Loader(database, self.bundles)

    def _build_log(self, random_bytes: Callable[[int], bytes], demand: Demand) -> None:
        self.log = Log(self.database, random_bytes)
        self.public_log = PublicLog(self.database, self.ring, self.clock, random_bytes, demand.keys, demand.quorum)
        self.sequencer = Sequencer(self.database, self.ring, self.clock, demand.quorum)
        self.witnesses = Witnesses(demand)
        self.proofs = Proofs(self.log, self.public_log, self.witnesses, self.ring)

    def _build_disclosure(self, random_bytes: Callable[[int], bytes]) -> None:
        ring = self.ring
        self.people = People(self.database)
        self.sessions = Sessions(self.database, self.people, ring.key("sessions"), random_bytes)
        self.phones = Phones(self.log, self.sessions)
        self.demo_links = DemoLinks(self.people, self.sessions)
        self.decisions = Decisions(self.database)
        self.quiet = Quiet(self.database, ring.key("quiet"), random_bytes)
        self.cards = Cards(self.index, self.log, self.pseudonyms)
        self.steward = steward_doors(
            self.database, ring, index=self.index, ledger=self.ledger, log=self.log, random_bytes=random_bytes
        )
        self.sign_in = sign_in_doors(
            self.database, ring, people=self.people, sessions=self.sessions, index=self.index,
            verifier=self.verifier, log=self.log, random_bytes=random_bytes,
        )  # fmt: skip
        self.watch = watch(
            self.database, ring, log=self.log, index=self.index, public=self.public_log,
            random_bytes=random_bytes, limits=self.limits,
        )  # fmt: skip

    def _gate(self) -> Gate:
        return Gate(
            Doors(
                index=self.index,
                record=self.record,
                log=self.log,
                decisions=self.decisions,
                emergencies=self.watch.emergencies,
                orders=self.watch.orders,
                may_disclose=self.witnesses.may_disclose,
                cards=self.cards,
                pseudonyms=self.pseudonyms,
                ring=self.ring,
                clock=self.clock,
                count=self.counts.count_all,
                cell_of=visit_cell,
            )
        )

    async def housekeep(self) -> None:
        """Remove what has expired, release the statistics that are due and finish what was left half done, once."""
        await self.index.matcher.refresh()
        await self.index.settling.late(self.clock())
        await self.log.prune()
        await self.decisions.prune(self.clock())
        await self.counts.release_due(self.clock())
        await self.sessions.prune(self.clock())
        await self.privacy.settle()
        await self.delegations.codes.prune(self.clock())
        await self.watch.keep(self.clock(), self.admissions)
        await self.anomalies.look(self.clock())


def wall_clock() -> datetime:
    """Tell the time in UTC: the one place that asks the machine."""
    return datetime.now(UTC)


class Beside(Protocol):
    """The processes beside the house: a witness of its log, and the key broker (cli/beside.py starts them)."""

    def witness(self, settings: Settings, ring: KeyRing) -> AbstractAsyncContextManager[Demand]:
        """Start a witness where none is named, and say who must sign."""

    def keys(
        self, settings: Settings, target: Target, ring: KeyRing, demand: Demand
    ) -> AbstractAsyncContextManager[KeyDoor]:
        """Reach the key broker, starting one where none runs."""


@contextlib.asynccontextmanager
async def opened(
    settings: Settings,
    beside: Beside,
    *,
    may_migrate: bool,
    alone: bool,
    report: Callable[[str], None] = lambda _line: None,
) -> AsyncIterator[App]:
    """Open the house on its database, starting the embedded PostgreSQL when that is the one.

    ``alone``: refuse when another process already runs this data folder's server; otherwise join it.
    Raises the store's errors, in plain words, when the database cannot be had.
    """
    shipped()  # a policy file that cannot be used stops the start, with its line
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    ring = KeyRing.from_environment(settings.data)
    async with contextlib.AsyncExitStack() as stack:
        target, embedded = stack.enter_context(_postgres(settings, ring, alone=alone, report=report))
        await _migrated(settings, target, ring, may_migrate=may_migrate, report=report)
        database = Database(target, ring.password)
        stack.push_async_callback(database.close)
        demand = await stack.enter_async_context(beside.witness(settings, ring)) if alone else Demand()
        keys = await stack.enter_async_context(beside.keys(settings, target, ring, demand))
        app = App(database, ring, wall_clock, keys, demand, Limits.of(settings.environment))
        stack.push_async_callback(app.witnesses.close)
        works = [_keep_up(embedded)] if embedded else []
        if alone or embedded:
            works += [app.sequencer.run(), app.witnesses.keep_asking(app.public_log, wall_clock)]
        stack.push_async_callback(_end, [asyncio.create_task(work) for work in works])
        yield app


async def _migrated(
    settings: Settings, target: Target, ring: KeyRing, *, may_migrate: bool, report: Callable[[str], None]
) -> None:
    if not settings.database:
        await create_if_missing(target)
    missing = await pending(target, ring.password)
    if missing and not may_migrate:
        raise UnavailableError("migrate-first", f"The database lacks {missing} migrations. Run carecode migrate.")
    if missing:
        report(f"migrating the database ({missing} steps)")
        await migrate(target, ring.password)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_up(embedded: EmbeddedPostgres) -> None:
    """Start the embedded server again when it died; requests meanwhile are told that it does not answer."""
    while True:
        await asyncio.sleep(KEEP_UP_SECONDS)
        if embedded.died:
            log.warning("postgres-died")
            try:
                await asyncio.to_thread(embedded.revive)
            except CareCodeError as error:
                log.warning("postgres-not-back", code=error.code)


@contextlib.contextmanager
def _postgres(
    settings: Settings, ring: KeyRing, *, alone: bool, report: Callable[[str], None]
) -> Iterator[tuple[Target, EmbeddedPostgres | None]]:
    if settings.database:
        yield Target.parse(settings.database), None
        return
    embedded = EmbeddedPostgres(settings.data, ring.password(SUPERUSER), settings.environment)
    target = Target.of_socket(embedded.socket_folder, PORT, DATABASE, SUPERUSER, ring.password(SUPERUSER))
    if not alone and embedded.running_elsewhere():
        yield target, None
        return
    report("starting PostgreSQL")
    embedded.start()
    try:
        yield target, embedded
    finally:
        embedded.stop()


def asgi(app: App, hosts: frozenset[str] = LOCAL_HOSTS) -> ASGIApp:
    """Join pages and API to one ASGI application that answers at these host names only.

    Another name in the Host header is another site's page rebinding its name to this machine.
    """
    inner = Starlette(
        routes=[*carecode.api.routes.routes(app), *carecode.web.site.routes(app)],
        exception_handlers={Exception: _fault},
        lifespan=lambda _inner: _housekeeping(app),
    )

    async def entry(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not _host_is_ours(scope, hosts):
                await PlainTextResponse(_OTHER_HOST, status_code=421)(scope, receive, send)
                return
            if _is_bare_page(scope):
                await _to_localhost(scope, send)
                return
        await _guarded(inner, scope, receive, send)

    return entry


async def _guarded(inner: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Log a fault of our own by its kind and place, never by its text, which may hold a value."""
    try:
        await inner(scope, receive, send)
    except Exception as error:  # noqa: BLE001  # the last door: whatever it is, it must not reach a log as text
        frames = traceback.extract_tb(error.__traceback__)[-1:]
        places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
        log.error("unexpected", kind=type(error).__name__, place=places)  # noqa: TRY400  # its text is the point


async def _fault(_request: Request, _error: Exception) -> Response:
    headers = {"x-content-type-options": "nosniff"}
    return PlainTextResponse(_FAULT, status_code=500, headers=headers)


@contextlib.asynccontextmanager
async def _housekeeping(app: App) -> AsyncIterator[None]:
    async def forever() -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            try:
                await app.housekeep()
            except Exception as error:  # noqa: BLE001  # tried again in a minute; its text may hold a value
                log.warning("housekeeping", kind=type(error).__name__)

    task = asyncio.create_task(forever())
    yield
    task.cancel()


def _host_is_ours(scope: Scope, hosts: frozenset[str]) -> bool:
    given = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    found = _HOST.fullmatch(given)
    return found is not None and found["name"].lower() in hosts


def _is_bare_page(scope: Scope) -> bool:
    host = dict(scope["headers"]).get(b"host", b"")
    return host.split(b":")[0] == _BARE_HOST and not scope["path"].startswith(_MACHINE_PATHS)


async def _to_localhost(scope: Scope, send: Send) -> None:
    """Send pages to localhost: browsers refuse passkeys and workers at a bare address."""
    port = dict(scope["headers"]).get(b"host", b"").partition(b":")[2]
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    place = b"http://localhost" + (b":" + port if port else b"") + scope["raw_path"] + query
    await send({"type": "http.response.start", "status": 307, "headers": [(b"location", place)]})
    await send({"type": "http.response.body", "body": b""})


def environment() -> Mapping[str, str]:
    """Return the process's environment, read once at the edge."""
    return dict(os.environ)
