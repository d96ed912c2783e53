"""Asks witnesses to cosign the log, counts who did, and says when disclosures must stop.

The log shows its newest checkpoint; each witness is sent it with the proof from what it knows.  What
they sign is handed back to the log.  As long as too few have signed the newest checkpoint a grace runs;
when it is over, ``may_disclose`` is false until the quorum is back: a log that nobody outside watches
opens nothing.

Sources: C2SP tlog-witness (the request and its answers), tlog-cosignature (what counts).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

import httpx

from carecode.audit.notes import COSIGNATURE, Checkpoint, NoteKey, decimal, held, join, lines_of, split
from carecode.audit.witness import SIZE_TEXT, Request
from carecode.kernel.errors import CareCodeError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

WITNESSES_MAX: Final = 16
GRACE_SECONDS_DEFAULT: Final = 600
GRACE_SECONDS_MAX: Final = 86_400
ASK_SECONDS_MAX: Final = 2.0
ROUND_SECONDS: Final = 0.2
RETRY_SECONDS: Final = 1.0
ANSWER_BYTES_MAX: Final = 65_536
_TRIES: Final = 2  # the second with the size that the first was told
_ADDRESS: Final = re.compile(r"(?P<vkey>[^@\s]+)@(?P<url>https?://[^\s,@]+)")
_OK: Final = 200
_CONFLICT: Final = 409


class Behind(Protocol):
    """How far a log is behind."""

    @property
    def uncosigned_seconds(self) -> float:
        """How long its oldest checkpoint has been waiting for the quorum; 0: none waits."""


class PublishedLog(Protocol):
    """What is asked of the log: its newest checkpoint as a note, proofs, and a place for cosignatures."""

    async def checkpoint(self) -> bytes:
        """Give the newest checkpoint with every signature it has."""

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Give the proof that the tree of ``new`` begins with the one of ``old``."""

    async def add_cosignature(self, size: int, line: str) -> None:
        """Keep a witness's signature line for the checkpoint of this size."""

    async def status(self) -> Behind:
        """Say how far it is behind, by what is stored: starting a server anew makes no grace longer."""


class Standing(Enum):
    """How the newest checkpoint stands with the witnesses."""

    COSIGNED = "cosigned"
    WAITING = "waiting"
    CLOSED = "closed"


class Trouble(Enum):
    """Why a witness's signature is missing, for the operator."""

    SILENT = "silent"
    """It does not answer."""
    REFUSED = "refused"
    """It does not know the log, or what it answered does not hold."""
    AHEAD = "ahead"
    """It has signed a larger tree than the log shows: the log was set back, or it shows two faces."""


@dataclass(frozen=True, slots=True)
class Address:
    """A witness: its key, and the address below which it answers ``/add-checkpoint``."""

    key: NoteKey
    url: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``vkey@url``.  Raises InvalidInputError ``witness-address``."""
        found = _ADDRESS.fullmatch(text.strip())
        key = NoteKey.parse(found["vkey"]) if found else None
        if found is None or key is None or key.kind != COSIGNATURE:
            raise InvalidInputError(
                "witness-address", "Write each witness as its key, an at sign and its address: KEY@http://host:port."
            )
        return cls(key, found["url"].rstrip("/"))

    def text(self) -> str:
        """Write the form that :meth:`parse` reads."""
        return f"{self.key.vkey()}@{self.url}"


@dataclass(frozen=True, slots=True)
class Demand:
    """Who may witness, how many must, and how long they may be missing."""

    addresses: tuple[Address, ...] = ()
    quorum: int = 0
    grace_seconds: int = GRACE_SECONDS_DEFAULT

    def __post_init__(self) -> None:
        known = {part for one in self.addresses for part in (one.key.public, one.key.name)}
        if len(known) != 2 * len(self.addresses):
            raise InvalidInputError("witness-twice", "One witness is named twice in CARECODE_WITNESSES.")
        if len(self.addresses) > WITNESSES_MAX or not 0 <= self.quorum <= len(self.addresses):
            raise InvalidInputError(
                "witness-quorum", "CARECODE_WITNESS_QUORUM must not be more than there are witnesses."
            )
        if not 1 <= self.grace_seconds <= GRACE_SECONDS_MAX:
            raise InvalidInputError("witness-grace", "CARECODE_WITNESS_GRACE_SECONDS must be from 1 to 86400.")

    @classmethod
    def of(cls, environment: Mapping[str, str], local: Sequence[Address] = ()) -> Demand:
        """Read CARECODE_WITNESSES, _WITNESS_QUORUM and _WITNESS_GRACE_SECONDS; ``local`` ones are added.

        Without a quorum more than half must sign.  InvalidInputError for anything that cannot be meant.
        """
        named = [part for part in environment.get("CARECODE_WITNESSES", "").split(",") if part.strip()]
        addresses = (*(Address.parse(part) for part in named), *local)
        majority = len(addresses) // 2 + 1 if addresses else 0
        quorum = _number(environment, "CARECODE_WITNESS_QUORUM", majority)
        return cls(addresses, quorum, _number(environment, "CARECODE_WITNESS_GRACE_SECONDS", GRACE_SECONDS_DEFAULT))

    @property
    def keys(self) -> list[NoteKey]:
        """The keys whose cosignatures count."""
        return [one.key for one in self.addresses]

    def met_by(self, note: bytes | str) -> bool:
        """Say whether enough of the witnesses signed this note; each key counts once."""
        return len({one.key.public for one in held(note, self.keys)}) >= self.quorum


class Witnesses:
    """The witnesses of one log, as the log's server asks them."""

    def __init__(self, demand: Demand, client: httpx.AsyncClient | None = None) -> None:
        """Ask nobody yet.  ``client`` is closed with :meth:`close`."""
        self.demand = demand
        self._client = client or httpx.AsyncClient(timeout=ASK_SECONDS_MAX, trust_env=False)
        self.troubles: dict[str, Trouble] = {}
        """What keeps a witness's signature away, by its address; empty when all signed."""
        self._known: dict[str, int] = {}  # the size each witness last signed, by address
        self._missing_since: datetime | None = None
        self._cosigned = demand.quorum == 0

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def may_disclose(self, now: datetime) -> bool:
        """Say whether rows may be opened: the quorum signed, or its grace still runs."""
        return self.standing(now) is not Standing.CLOSED

    def standing(self, now: datetime) -> Standing:
        """Say how the newest checkpoint stands.  A clock that was set back starts the grace anew, once."""
        if self._cosigned:
            return Standing.COSIGNED
        if self._missing_since is None or now < self._missing_since:
            self._missing_since = now
        late = now - self._missing_since > timedelta(seconds=self.demand.grace_seconds)
        return Standing.CLOSED if late else Standing.WAITING

    async def round(self, log: PublishedLog, now: datetime) -> Standing:
        """Ask every witness that has not signed the newest checkpoint; return how it stands then.

        What comes back is handed to the log at once; a slow witness holds no other up.  Nothing that a
        witness answers is an error here: it counts or it does not.
        """
        note = (await log.checkpoint()).decode()
        self._note_standing(note, now)
        if self.standing(now) is Standing.WAITING:
            since = now - timedelta(seconds=(await log.status()).uncosigned_seconds)
            self._missing_since = min(since, self._missing_since or now)
        signed = {one.key.public for one in held(note, self.demand.keys)}
        missing = [one for one in self.demand.addresses if one.key.public not in signed]
        lines: list[str] = []
        for answer in asyncio.as_completed([self._ask(one, log, note) for one in missing]):
            line = await answer
            if line is not None:
                lines.append(line)
                await log.add_cosignature(Checkpoint.parse(split(note)[0]).size, line)
        if lines:
            text, had = split(note)
            self._note_standing(join(text, [*(one.text() for one in had), *lines]), now)
        return self.standing(now)

    async def keep_asking(self, log: PublishedLog, clock: Callable[[], datetime]) -> None:
        """Ask again and again, until cancelled; a checkpoint that misses signatures is retried each second."""
        while True:
            try:
                standing = await self.round(log, clock())
            except CareCodeError:  # the log's own store does not answer: its callers are told; ask again
                standing = self.standing(clock())
            await asyncio.sleep(ROUND_SECONDS if standing is Standing.COSIGNED else RETRY_SECONDS)

    def _note_standing(self, note: str, now: datetime) -> None:
        self._cosigned = self.demand.met_by(note)
        if self._cosigned:
            self._missing_since = None
        else:
            self._missing_since = self._missing_since or now

    async def _ask(self, witness: Address, log: PublishedLog, note: str) -> str | None:
        """Return the witness's signature line for this note, None when it gives none that holds."""
        try:
            line, trouble = await self._asked(witness, log, note)
        except (httpx.HTTPError, TimeoutError):
            line, trouble = None, Trouble.SILENT
        except CareCodeError:  # its answer has no form, or the log cannot prove from the size it names
            line, trouble = None, Trouble.REFUSED
        if trouble is None:
            self.troubles.pop(witness.url, None)
        else:
            self.troubles[witness.url] = trouble
        return line

    async def _asked(self, witness: Address, log: PublishedLog, note: str) -> tuple[str | None, Trouble | None]:
        text, _lines = split(note)
        new = Checkpoint.parse(text).size
        for _try in range(_TRIES):
            old = self._known.get(witness.url, 0)
            proof = await log.consistency(old, new)
            status, media_type, answer = await self._post(witness, Request(old, tuple(proof), note).text())
            if status == _OK:
                self._known[witness.url] = new
                line = _line_of(text, answer, witness.key)
                return line, None if line else Trouble.REFUSED
            if status != _CONFLICT or not media_type.startswith(SIZE_TEXT):
                return None, Trouble.REFUSED
            size = decimal(answer.removesuffix("\n"))
            if size > new:
                return None, Trouble.AHEAD
            self._known[witness.url] = size
        return None, Trouble.REFUSED

    async def _post(self, witness: Address, body: str) -> tuple[int, str, str]:
        """Return status, media type and at most ANSWER_BYTES_MAX of the body, within ASK_SECONDS_MAX."""
        async with (
            asyncio.timeout(ASK_SECONDS_MAX),
            self._client.stream("POST", f"{witness.url}/add-checkpoint", content=body.encode()) as answer,
        ):
            got = b""
            async for part in answer.aiter_bytes():
                got += part
                if len(got) > ANSWER_BYTES_MAX:
                    return 0, "", ""
            return answer.status_code, answer.headers.get("content-type", ""), got.decode(errors="replace")


def _line_of(text: str, answered: str, key: NoteKey) -> str | None:
    """Return the line by ``key`` of what a witness answered, if it holds."""
    try:
        lines = lines_of(answered)
        own = [line.text() for line in lines if (line.name, line.key_id) == (key.name, key.id)]
        return own[0] if own and held(join(text, own[:1]), [key]) else None
    except CareCodeError:
        return None


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit()):
        raise InvalidInputError("witness-number", f"{name} must be a whole number.")
    return int(text)
