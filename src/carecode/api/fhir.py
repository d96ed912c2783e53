"""The FHIR endpoint: a bare ASGI application that finds the interaction and answers.

Bare, because reads are many: no middleware and no request object between the server and the gate.
Source: FHIR R4 3.1.0 (RESTful API); Fetch standard (CORS).
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from carecode.api import call, faults
from carecode.api.call import Answer, Call, Headers
from carecode.api.callers import Caller, Callers
from carecode.api.interactions import Interaction, interaction_of
from carecode.kernel.errors import CareCodeError, InvalidInputError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from carecode.api.doors import App
    from carecode.api.metrics import Metrics

BODY_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of one request's body."""

_BASE: Final = "/fhir"
_JSON: Final = frozenset({b"application/fhir+json", b"application/json"})
_FORM: Final = frozenset({b"application/x-www-form-urlencoded"})
_LENGTH_DIGITS_MAX: Final = 18
_BODILESS: Final = frozenset({204, 304})
_BEARER: Final = b"bearer "
_ALWAYS: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"etag, last-modified, location, content-location, www-authenticate"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
_PREFLIGHT: Final = Answer(
    204,
    b"",
    (
        (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, OPTIONS"),
        (b"access-control-allow-headers", b"authorization, *"),
        (b"access-control-max-age", b"600"),
    ),
)
log = structlog.get_logger()


class Fhir:
    """Everything below /fhir."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        """Answer through the doors of ``app``; count in ``metrics``."""
        self._app = app
        self._metrics = metrics
        self._callers = Callers(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        began = perf_counter()
        headers = dict(scope["headers"])
        name = "unknown"
        try:
            if scope["method"] == "OPTIONS":
                name, answer = "preflight", _PREFLIGHT
            else:
                path = _path(scope)
                found = interaction_of(scope["method"], path)
                name = found.name
                answer = await self._answered(found, path, scope, headers, receive)
        except CareCodeError as error:
            answer = _refused(error, if_match=b"if-match" in headers)
        except Exception as error:  # noqa: BLE001 - the last resort: nothing of the request is repeated
            log.error("fhir", interaction=name, error=type(error).__name__)  # noqa: TRY400 - a traceback may hold values
            answer = Answer(500, faults.UNEXPECTED)
        self._metrics.count(name, answer.status, perf_counter() - began)
        await _send(answer, scope["method"], send)

    async def _answered(
        self, found: Interaction, path: tuple[str, ...], scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> Answer:
        parameters = call.parameters_of(scope["query_string"])
        call.check_accepted(headers.get(b"accept", b""), parameters)
        base = call.base_of(scope["scheme"], headers.get(b"host", b"localhost"))

        async def body() -> bytes:
            return await _body(receive, headers, _FORM if found.takes_form else _JSON)

        caller = await self._caller(headers) if found.needs_token else None
        answer = await found.answer(Call(self._app, path, parameters, headers, base, body, caller))
        if answer.body and ("_pretty", "true") in parameters:
            return Answer(answer.status, msgspec.json.format(answer.body, indent=2), answer.headers, answer.media_type)
        return answer

    async def _caller(self, headers: dict[bytes, bytes]) -> Caller:
        """Find who holds the bearer token.  TokenError.  Source: RFC 6750 2.1, 3."""
        sent = headers.get(b"authorization", b"")
        if sent[: len(_BEARER)].lower() != _BEARER:
            raise faults.TokenError('Bearer realm="CareCode"')
        token = sent[len(_BEARER) :].strip().decode("latin-1")
        caller = await self._callers.of(token)
        if caller is None:
            raise faults.TokenError('Bearer realm="CareCode", error="invalid_token"')
        return caller


def _path(scope: Scope) -> tuple[str, ...]:
    path: str = scope["path"]
    return tuple(part for part in path.removeprefix(_BASE).split("/") if part)


async def _body(receive: Receive, headers: dict[bytes, bytes], media_types: frozenset[bytes]) -> bytes:
    """Read the body, bounded, of one of these types.

    MediaTypeError, TooLargeError; a caller who leaves in the middle gets InvalidInputError.
    """
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type not in media_types or headers.get(b"content-encoding", b"identity") != b"identity":
        raise faults.MediaTypeError
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > _LENGTH_DIGITS_MAX or int(length) > BODY_BYTES_MAX):
        raise faults.TooLargeError(BODY_BYTES_MAX >> 20)
    parts: list[bytes] = []
    total = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InvalidInputError("body-unfinished", "The request ended before its body.")
        part = message.get("body", b"")
        total += len(part)
        if total > BODY_BYTES_MAX:
            raise faults.TooLargeError(BODY_BYTES_MAX >> 20)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _refused(error: CareCodeError, *, if_match: bool) -> Answer:
    status = faults.status_of(error, if_match=if_match)
    return Answer(status, faults.body_of(error, status), faults.headers_of(error))


async def _send(answer: Answer, method: str, send: Send) -> None:
    length = (b"content-length", str(len(answer.body)).encode())
    own: Headers = ((b"content-type", answer.media_type), length) if answer.body else (length,)
    if answer.status in _BODILESS:
        own = ()
    await send(
        {"type": "http.response.start", "status": int(answer.status), "headers": [*own, *answer.headers, *_ALWAYS]}
    )
    body = b"" if method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
