"""One HTTP exchange of the FHIR API: what was asked, and what is answered.  Values and their parsing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from carecode.api.faults import NotAcceptableError
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from carecode.api.callers import Caller
    from carecode.api.doors import App
    from carecode.kernel.vocabulary import Requester, Resident

PARAMETERS_MAX: Final = 100
"""Parameters of one request."""
FHIR_JSON: Final = b"application/fhir+json"

_FORMATS: Final = frozenset({"json", "application/json", "application/fhir+json", "application/fhir json", "text/json"})
_MEDIA: Final = frozenset({"*/*", "application/*", "application/json", "application/fhir+json"})
_HOST: Final = re.compile(rb"[A-Za-z0-9.\-]+(?::\d{1,5})?\Z|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?\Z")

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its address taken apart; the caller is None where none is asked for."""

    app: App = field(repr=False)
    path: tuple[str, ...] = field(repr=False)  # below the base
    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    headers: Mapping[bytes, bytes] = field(repr=False)
    base: str  # https://host/fhir
    body: Callable[[], Awaitable[bytes]] = field(repr=False)
    caller: Caller | None = field(repr=False, default=None)

    @property
    def requester(self) -> Requester:
        """Who asks; only interactions that need a token read it."""
        if self.caller is None:
            raise InvalidInputError("token-missing", "This needs a bearer token.")
        return self.caller.requester

    @property
    def bound(self) -> Resident | None:
        """The resident to whom the requester's token is bound; None for a machine's."""
        return self.caller.resident if self.caller is not None else None

    async def subject(self, number: str) -> Resident | None:
        """Return whom the requester means by a number: with a bound token herself or nobody."""
        if self.bound is None:
            return await self.app.gate.subject(self.requester, number)
        return self.bound if number == self.app.gate.patient_id(self.requester, self.bound) else None

    def header(self, name: bytes) -> str:
        """Return a header's text, empty when it was not sent."""
        return self.headers.get(name, b"").decode("latin-1")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its body is complete bytes, its length is known."""

    status: int
    body: bytes = field(repr=False)
    headers: Headers = field(repr=False, default=())
    media_type: bytes = FHIR_JSON


def parameters_of(query: bytes) -> tuple[tuple[str, str], ...]:
    """Take a query string apart, in the order written.

    InvalidInputError ``query-malformed`` for more than PARAMETERS_MAX or for bytes that are not UTF-8.
    """
    if not query:
        return ()
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise InvalidInputError("query-malformed", "The parameters of this address cannot be read.") from None
    return tuple(pairs)


def check_accepted(accept: bytes, parameters: tuple[tuple[str, str], ...]) -> None:
    """Refuse a request that takes no FHIR JSON; ``_format`` goes before Accept.

    Source: FHIR R4 3.1.0.1.11 (_format), RFC 9110 12.5.1 (Accept).  NotAcceptableError.
    """
    for name, value in parameters:
        if name == "_format":
            if value.partition(";")[0].strip().lower() not in _FORMATS:
                raise NotAcceptableError
            return
    if accept and not takes_json(accept):
        raise NotAcceptableError


@lru_cache(maxsize=256)
def takes_json(accept: bytes) -> bool:
    """Say whether an Accept header takes FHIR JSON.

    >>> takes_json(b"application/fhir+json, */*; q=0.1"), takes_json(b"application/fhir+xml")
    (True, False)
    """
    for part in accept.decode("latin-1").lower().split(","):
        media, *options = (piece.strip() for piece in part.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0*)?", option) for option in options)
        if media in _MEDIA and not refused:
            return True
    return False


def base_of(scheme: str, host: bytes) -> str:
    """Return the base of all addresses in an answer, as the caller spells this server.

    InvalidInputError ``host`` for a Host header that is no host.
    """
    if not _HOST.match(host):
        raise InvalidInputError("host", "The Host header is not a host name.")
    return f"{scheme}://{host.decode('ascii')}/fhir"
