"""The public log, for anybody: checkpoint, tiles, entries, proofs, and the keys to check them with.

Nobody signs in here and nothing here names a person: an entry of an access log stands in the public log
as a hash that covers a random number.  Tiles never change once they are whole, so caches may keep them.

Sources: C2SP tlog-tiles (addresses, media types, caching), tlog-proof (statements); RFC 6962 clause 2.1
(the proofs); docs/log.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carecode.audit.logkey import log_key
from carecode.audit.notes import Checkpoint, base64_text, decimal, split
from carecode.audit.tiles import TILE_WIDTH, leaves_of, parse_tile_path
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from carecode.audit.publiclog import PublicLog
    from carecode.audit.witnesses import Witnesses
    from carecode.crypto.keyring import KeyRing

TEXT: Final = "text/plain; charset=utf-8"
TILE: Final = "application/octet-stream"
JSON: Final = "application/json"
QUERY_BYTES_MAX: Final = 128
PATH_CHARACTERS_MAX: Final = 64
PROOF_LINE: Final = "c2sp.org/tlog-proof@v1"
CHECKPOINT_SECONDS: Final = 1
_OPEN: Final = {"access-control-allow-origin": "*", "x-content-type-options": "nosniff"}
_FOR_EVER: Final = _OPEN | {"cache-control": "public, max-age=31536000, immutable"}
_A_MOMENT: Final = _OPEN | {"cache-control": f"public, max-age={CHECKPOINT_SECONDS}"}
_A_WHILE: Final = _OPEN | {"cache-control": "public, max-age=300"}
_NEVER: Final = _OPEN | {"cache-control": "no-store"}
_NUMBER: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Doors(Protocol):
    """What of the built application the public log's addresses use."""

    @property
    def public_log(self) -> PublicLog:
        """The public log."""

    @property
    def witnesses(self) -> Witnesses:
        """Who watches it."""

    @property
    def ring(self) -> KeyRing:
        """The key ring, for the log's public key."""


def routes(app: Doors) -> list[BaseRoute]:
    """List the log's addresses."""
    return [
        _route("/log/checkpoint", app, checkpoint),
        _route("/log/key", app, key),
        _route("/log/witnesses", app, witnesses),
        _route("/log/tile/{path:path}", app, tile),
        _route("/log/proof/inclusion", app, inclusion),
        _route("/log/proof/consistency", app, consistency),
        _route("/log/proof/statement/{number}", app, statement),
    ]


async def checkpoint(app: Doors, _request: Request) -> Response:
    """Give the newest checkpoint that enough witnesses cosigned (tlog-tiles, "Checkpoints")."""
    return Response(await app.public_log.published(), 200, _A_MOMENT, TEXT)


async def key(app: Doors, _request: Request) -> Response:
    """Give the log's key, in the one line that readers are configured with."""
    return Response(f"{(await log_key(app.public_log, app.ring)).vkey()}\n", 200, _A_WHILE, TEXT)


async def witnesses(app: Doors, _request: Request) -> Response:
    """Give the witnesses' keys, and how many of them must sign; ask a witness itself whether it is its key."""
    demand = app.witnesses.demand
    lines = [f"quorum {demand.quorum}", *(one.vkey() for one in demand.keys)]
    return Response("".join(f"{line}\n" for line in lines), 200, _A_WHILE, TEXT)


async def tile(app: Doors, request: Request) -> Response:
    """Give a tile or an entry bundle, whole or partial (tlog-tiles, "Merkle Tree", "Log entries")."""
    path: str = request.path_params["path"]
    if len(path) > PATH_CHARACTERS_MAX:
        raise _no_tile()
    try:
        level, index, width = parse_tile_path(f"tile/{path}")
    except InvalidInputError as error:
        raise _no_tile() from error
    if level is None:
        body = await app.public_log.entries(index, width)
    else:
        body = await app.public_log.tile(level, index, width)
    # A partial tile is for ever the same too, but few ask for it again: it is kept for minutes only.
    return Response(body, 200, _FOR_EVER if width == TILE_WIDTH else _A_WHILE, TILE)


async def inclusion(app: Doors, request: Request) -> Response:
    """Prove that a leaf stands in the tree of a size (RFC 6962 clause 2.1.1)."""
    index, size = _sizes(request, "index", "size")
    return _proof({"index": index, "size": size}, await app.public_log.inclusion(index, size))


async def consistency(app: Doors, request: Request) -> Response:
    """Prove that a newer tree begins with an older one (RFC 6962 clause 2.1.2)."""
    old, new = _sizes(request, "old", "new")
    return _proof({"old": old, "new": new}, await app.public_log.consistency(old, new))


async def statement(app: Doors, request: Request) -> Response:
    """Give a public statement with the proof that it stands in the log, to be checked without us (tlog-proof).

    The line ``extra`` holds the leaf.
    """
    number: str = request.path_params["number"]
    if not _NUMBER.fullmatch(number):
        raise _no_statement()
    index = await app.public_log.leaf_of_statement(UUID(number))
    note = (await app.public_log.published()).decode()
    size = Checkpoint.parse(split(note)[0]).size
    if index is None or index >= size:
        raise _no_statement()
    bundle = await app.public_log.entries(index // TILE_WIDTH, index % TILE_WIDTH + 1)
    steps = [base64_text(step) for step in await app.public_log.inclusion(index, size)]
    lines = [PROOF_LINE, f"extra {base64_text(leaves_of(bundle)[-1])}", f"index {index}", *steps]
    return Response("\n".join(lines) + "\n\n" + note, 200, _A_WHILE, TEXT)


def _route(path: str, app: Doors, answer: Callable[[Doors, Request], Awaitable[Response]]) -> Route:
    """Make one address; what cannot be answered is said in words."""

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(app, request)
        except CareCodeError as error:
            again = {"retry-after": "2"} if error.http_status == 503 else {}  # noqa: PLR2004  # RFC 9110 15.6.4
            return Response(f"{error.message}\n", error.http_status, _NEVER | again, TEXT)

    return Route(path, endpoint, methods=["GET"])


def _sizes(request: Request, first: str, second: str) -> tuple[int, int]:
    """Read exactly these two numbers from the query."""
    query = request.query_params
    wrong = InvalidInputError("log-query", f"Ask with two whole numbers: ?{first}=0&{second}=1.")
    if len(request.url.query) > QUERY_BYTES_MAX or sorted(k for k, _ in query.multi_items()) != sorted([first, second]):
        raise wrong
    try:
        return decimal(query[first]), decimal(query[second])
    except InvalidInputError as error:
        raise wrong from error


def _proof(values: dict[str, int], steps: list[bytes]) -> Response:
    body = msgspec.json.encode({**values, "proof": [base64_text(step) for step in steps]})
    return Response(body, 200, _FOR_EVER, JSON)


def _no_tile() -> NotFoundError:
    return NotFoundError("no-tile", "There is no such tile. Tiles are named tile/LEVEL/NNN or tile/entries/NNN.")


def _no_statement() -> NotFoundError:
    return NotFoundError("no-statement", "No published checkpoint holds such a statement yet. Ask again in a minute.")
