"""What anyone may know: the SMART configuration, the issuer's public key, health and metrics.

Sources: SMART App Launch 2.2.0 (well-known), RFC 8037 (OKP keys), RFC 7638 (thumbprints).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import Response

from carecode.api.metrics import MEDIA_TYPE
from carecode.kernel.errors import UnavailableError

if TYPE_CHECKING:
    from starlette.requests import Request

    from carecode.api.doors import App
    from carecode.api.metrics import Metrics

HEALTH_SECONDS_MAX: Final = 2.0
_JSON: Final = "application/json"
_OPEN: Final = {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "authorization, *",
    "x-content-type-options": "nosniff",
}
_CACHED: Final = _OPEN | {"cache-control": "public, max-age=300"}
_FRESH: Final = _OPEN | {"cache-control": "no-store"}

Endpoint = Callable[["Request"], Awaitable[Response]]


def smart_configuration(_app: App) -> Endpoint:
    """State which of SMART there is: nothing yet, and no address that would not answer."""
    body = msgspec.json.encode(
        {"capabilities": [], "grant_types_supported": [], "code_challenge_methods_supported": []}
    )

    async def answer(_request: Request) -> Response:
        return Response(body, media_type=_JSON, headers=_CACHED)

    return answer


def carecode_keys(app: App) -> Endpoint:
    """Publish the key under which the platform signs what it issues, as a JSON Web Key set."""
    body = key_set(app.ring.issuer_public())

    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/jwk-set+json", headers=_CACHED)

    return answer


def key_set(public_key: bytes) -> bytes:
    """Write an Ed25519 public key (32 bytes) as a key set; its id is the key's thumbprint."""
    public = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public_key)}
    thumbprint = hashlib.sha256(msgspec.json.encode(public, order="sorted")).digest()
    return msgspec.json.encode({"keys": [{**public, "alg": "EdDSA", "use": "sig", "kid": _base64url(thumbprint)}]})


def health(app: App) -> Endpoint:
    """Say whether the database answers: 200, else 503."""

    async def answer(_request: Request) -> Response:
        try:
            await asyncio.wait_for(app.people.organisations(), timeout=HEALTH_SECONDS_MAX)
        except (UnavailableError, TimeoutError):
            return Response(b'{"status":"unavailable"}', 503, {**_FRESH, "retry-after": "2"}, _JSON)
        return Response(b'{"status":"ok"}', 200, _FRESH, _JSON)

    return answer


def metrics_text(metrics: Metrics) -> Endpoint:
    """Show the numbers of this process to Prometheus."""

    async def answer(_request: Request) -> Response:
        return Response(metrics.text(), media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})

    return answer


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
