"""Signing in through a hospital's own OpenID provider.

Authorization code with PKCE (S256), state and nonce; the provider's own metadata and keys.  Sources:
OpenID Connect Core 1.0 (3.1.2, 3.1.3.7), Discovery 1.0 (4), RFC 6749, RFC 7636 (PKCE), RFC 9207
(issuer in the answer), RFC 8725 (which signatures are accepted: RS256, ES256, EdDSA and no others).

A provider vouches for people of its own institution only, and only for those who took an invitation
through it.  Verifier and nonce are derived from the state by this server's key: nothing of them is kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet

from carecode.kernel.errors import InvalidInputError, RefusedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA", "Ed25519")  # the last two are one: RFC 9864 names it anew
ANSWER_BYTES_MAX: Final = 256 * 1024
TOKEN_CHARACTERS_MAX: Final = 16_000
CODE_CHARACTERS_MAX: Final = 2_000
ADDRESS_CHARACTERS_MAX: Final = 500
SUBJECT_CHARACTERS_MAX: Final = 255  # OpenID Connect Core 1.0, 2.
SECONDS_MAX: Final = 5.0
LEEWAY: Final = timedelta(seconds=30)
KEPT: Final = timedelta(minutes=10)
KEYS_AGAIN: Final = timedelta(seconds=30)  # so often at most are keys fetched for a key id that is not known


@dataclass(frozen=True, slots=True)
class Provider:
    """An institution's own provider."""

    organisation: str
    issuer: str
    client_id: str
    secret: str = field(default="", repr=False)  # empty: a public client


@dataclass(frozen=True, slots=True)
class Exchange:
    """One sign-in under way, as far as the provider is concerned."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    back: str  # our own address that the provider sends the browser to


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for, and when she last proved it there."""

    subject: str = field(repr=False)
    proved_at: datetime | None


@dataclass(slots=True)
class _Metadata:
    authorize: str
    token: str
    keys_at: str
    must_name_issuer: bool
    asked_at: datetime
    keys: KeySet | None = None
    keys_asked_at: datetime | None = None


class OpenId:
    """Talks to providers."""

    def __init__(self, client: Callable[[], httpx.AsyncClient]) -> None:
        """Reach providers with clients of ``client``."""
        self._client = client
        self._known: dict[str, _Metadata] = {}

    async def address(self, provider: Provider, exchange: Exchange, now: datetime, *, anew: bool) -> str:
        """Return where the browser is sent; ``anew``: the provider must ask who she is, signed in or not."""
        metadata = await self._metadata(provider, now)
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": exchange.back,
            "scope": "openid",
            "state": exchange.state,
            "nonce": exchange.nonce,
            "code_challenge": _s256(exchange.verifier),
            "code_challenge_method": "S256",
        }
        if anew:
            asked |= {"max_age": "0", "prompt": "login"}
        return f"{metadata.authorize}{'&' if '?' in metadata.authorize else '?'}{urlencode(asked)}"

    async def vouched(
        self, provider: Provider, exchange: Exchange, code: str, issuer: str | None, now: datetime
    ) -> Vouched:
        """Turn the code that the browser brought back into whom the provider vouches for.

        ``issuer`` is the answer's ``iss`` (RFC 9207).  RefusedError ``provider-refused`` for anything
        that does not fit, UnavailableError ``provider-away`` when the provider does not answer.
        """
        metadata = await self._metadata(provider, now)
        if issuer != provider.issuer and (issuer is not None or metadata.must_name_issuer):
            raise _refused()
        sent = {
            "grant_type": "authorization_code",
            "code": code[:CODE_CHARACTERS_MAX],
            "redirect_uri": exchange.back,
            "code_verifier": exchange.verifier,
            "client_id": provider.client_id,
        }
        answer = await self._ask(metadata.token, sent, provider)
        token = answer.get("id_token")
        if not isinstance(token, str) or len(token) > TOKEN_CHARACTERS_MAX:
            raise _refused()
        claims = await self._claims(metadata, token, now)
        return require_claims(claims, provider, exchange.nonce, now)

    async def _claims(self, metadata: _Metadata, token: str, now: datetime) -> dict[str, Any]:
        """Verify the signature, fetching the provider's keys anew when it uses one that is not known."""
        for again in (False, True):
            keys = await self._keys(metadata, now, again=again)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SecurityWarning)  # EdDSA is an old name, not a weak signature
                    decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            except (JoseError, ValueError, KeyError, TypeError) as error:
                if again:
                    raise _refused() from error
                continue
            return dict(decoded.claims)
        raise _refused()

    async def _keys(self, metadata: _Metadata, now: datetime, *, again: bool) -> KeySet:
        asked_at = metadata.keys_asked_at
        old = asked_at is None or (again and now - asked_at >= KEYS_AGAIN) or now - asked_at >= KEPT
        if metadata.keys is None or old:
            answer = await self._ask(metadata.keys_at)
            try:
                metadata.keys = KeySet.import_key_set({"keys": _signing(answer)})
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise _away() from error
            metadata.keys_asked_at = now
        return metadata.keys

    async def _metadata(self, provider: Provider, now: datetime) -> _Metadata:
        """Read the provider's metadata (Discovery 1.0, 4.); its issuer must be the one we were told."""
        known = self._known.get(provider.issuer)
        if known is not None and now - known.asked_at < KEPT:
            return known
        answer = await self._ask(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        places = [answer.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if answer.get("issuer") != provider.issuer or not all(isinstance(x, str) and is_safe(x) for x in places):
            raise _away()
        named = answer.get("authorization_response_iss_parameter_supported") is True
        found = _Metadata(str(places[0]), str(places[1]), str(places[2]), named, now)
        self._known[provider.issuer] = found
        return found

    async def _ask(
        self, address: str, form: dict[str, str] | None = None, provider: Provider | None = None
    ) -> dict[str, Any]:
        """GET, or POST a form; a JSON object of a bounded size, no redirects."""
        by_name = httpx.BasicAuth(provider.client_id, provider.secret) if provider and provider.secret else None
        try:
            async with self._client() as client, client.stream(
                "GET" if form is None else "POST", address, data=form, auth=by_name, timeout=SECONDS_MAX,
                headers={"accept": "application/json"}, follow_redirects=False,
            ) as response:  # fmt: skip
                body = b""
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > ANSWER_BYTES_MAX:
                        raise _away()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _away() from error
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or (form is None and response.is_error):
            raise _away()
        if response.status_code != httpx.codes.OK:
            raise _refused()
        try:
            answer = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _away() from error
        if not isinstance(answer, dict):
            raise _away()
        return answer


def require_claims(claims: dict[str, Any], provider: Provider, nonce: str, now: datetime) -> Vouched:
    """Check what an ID token says (Core 1.0, 3.1.3.7): RefusedError ``provider-refused`` for anything else."""
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    subject, given = claims.get("sub"), claims.get("nonce")
    expires, since, issued = (_moment(claims.get(name)) for name in ("exp", "nbf", "iat"))
    azp = claims.get("azp")
    fits = (
        claims.get("iss") == provider.issuer
        and isinstance(audiences, list)
        and provider.client_id in audiences
        and (azp == provider.client_id if azp is not None or len(audiences) > 1 else True)
        and isinstance(given, str)
        and hmac.compare_digest(given.encode("utf-8", "replace"), nonce.encode())
        and isinstance(subject, str)
        and 0 < len(subject) <= SUBJECT_CHARACTERS_MAX
        and expires is not None
        and now < expires + LEEWAY
        and issued is not None
        and issued <= now + LEEWAY
        and ("nbf" not in claims or (since is not None and since <= now + LEEWAY))
    )
    if not fits:
        raise _refused()
    return Vouched(str(subject), _moment(claims.get("auth_time")))


def require_provider(issuer: str, client_id: str) -> None:
    """Refuse an issuer that is no plain https address (http on this machine only); InvalidInputError."""
    parts = urlsplit(issuer)
    if len(issuer) > ADDRESS_CHARACTERS_MAX or not is_safe(issuer) or parts.query or parts.fragment:
        raise InvalidInputError(
            "issuer-form", "The issuer is an https address without ? and #. http is good on this machine only."
        )
    if not 0 < len(client_id) <= SUBJECT_CHARACTERS_MAX or not client_id.isprintable():
        raise InvalidInputError("client-form", "Give the client id under which the provider knows CareCode.")


def is_safe(address: str) -> bool:
    """Tell whether an address is https, or http on this machine's loopback; no user name in it.

    >>> is_safe("https://id.example"), is_safe("http://localhost:3000"), is_safe("http://id.example")
    (True, True, False)
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or not address.isascii() or not address.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _signing(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Keep the keys that sign with an algorithm we accept; a secret one is none of ours to use."""
    keys = answer.get("keys")
    if not isinstance(keys, list):
        raise _away()
    kinds = {"RSA", "EC", "OKP"}
    public = [
        key for key in keys if isinstance(key, dict) and key.get("kty") in kinds and key.get("use", "sig") == "sig"
    ]
    return [key for key in public if key.get("alg", ALGORITHMS[0]) in ALGORITHMS]


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _refused() -> RefusedError:
    return RefusedError("provider-refused", "Your hospital's sign-in does not open anything here. Start again.")


def _away() -> UnavailableError:
    return UnavailableError(
        "provider-away", "Your hospital's sign-in does not answer now. Try again, or use a passkey."
    )
