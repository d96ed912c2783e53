"""What an ID token must say and how it must be signed; a provider's answers that are not used."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from carecode.disclosure.openid import Exchange, OpenId, Provider, Vouched, is_safe, require_claims, require_provider
from carecode.kernel.errors import CareCodeError, InvalidInputError, RefusedError, UnavailableError
from tests.signin.authenticator import ORIGIN

BACK = f"{ORIGIN}/signin/provider/back"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KNOWN = Provider("county-2", "https://id.example", "carecode")


def test_an_issuer_is_https_or_on_this_machine() -> None:
    for good in (
        "https://id.example",
        "https://id.example/realms/county",
        "http://localhost:3000",
        "http://127.0.0.1:1",
    ):
        require_provider(good, "carecode")
    for bad in (
        "http://id.example", "ftp://id.example", "https://", "", "https://a@id.example", "https://id.example?x=1",
        "https://id.example#x", "http://localhost.evil.example", "https://id.example:port", "https://idé.example",
        "https://id.example/" + "x" * 500,
    ):  # fmt: skip
        with pytest.raises(InvalidInputError):
            require_provider(bad, "carecode")
    assert not is_safe("javascript:alert(1)")


def claims(**changes: object) -> dict[str, Any]:
    moment = NOW.timestamp()
    said: dict[str, Any] = {
        "iss": "https://id.example", "aud": "carecode", "sub": "zhao", "nonce": "n", "iat": moment, "exp": moment + 60,
    }  # fmt: skip
    return {name: value for name, value in (said | changes).items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["carecode"]},
        {"aud": ["carecode", "other"], "azp": "carecode"},
        {"azp": "carecode"},
        {"nbf": NOW.timestamp()},
        {"exp": NOW.timestamp() - 10},  # clocks differ a little
    ],
)
def test_an_id_token_that_fits(changes: dict[str, object]) -> None:
    assert require_claims(claims(**changes), KNOWN, "n", NOW) == Vouched("zhao", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"}, {"iss": None}, {"iss": "https://id.example/"},
        {"aud": "other"}, {"aud": None}, {"aud": []}, {"aud": {"carecode": 1}},
        {"aud": ["carecode", "other"]}, {"azp": "other"}, {"aud": ["other"], "azp": "carecode"},
        {"nonce": "m"}, {"nonce": None}, {"nonce": 1},
        {"sub": None}, {"sub": ""}, {"sub": 5}, {"sub": "x" * 256},
        {"exp": None}, {"exp": NOW.timestamp() - 31}, {"exp": "soon"}, {"exp": True}, {"exp": 1e300},
        {"iat": None}, {"iat": NOW.timestamp() + 31}, {"nbf": NOW.timestamp() + 31}, {"nbf": "now"},
    ],
)  # fmt: skip
def test_an_id_token_that_does_not_fit(changes: dict[str, object]) -> None:
    with pytest.raises(RefusedError) as refused:
        require_claims(claims(**changes), KNOWN, "n", NOW)
    assert refused.value.code == "provider-refused"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["iss", "aud", "azp", "sub", "nonce", "exp", "iat", "nbf", "auth_time"]), JSON))
def test_whatever_an_id_token_says_the_answer_is_yes_or_a_refusal(changes: dict[str, Any]) -> None:
    said = claims() | changes
    try:
        require_claims(said, KNOWN, "n", NOW)
    except RefusedError:
        return
    assert said["iss"] == KNOWN.issuer
    assert said["nonce"] == "n"
    assert "carecode" in said["aud"]


# Signatures: a provider in process that says whatever the test wants

ANSWERS: dict[str, Any] = {
    "issuer": "https://id.example",
    "authorization_endpoint": "https://id.example/auth",
    "token_endpoint": "https://id.example/token",
    "jwks_uri": "https://id.example/keys",
}
RSA = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


def door(
    token: str,
    keys: list[dict[str, Any]] | None = None,
    asked: list[str] | None = None,
    **metadata: str | None,
) -> OpenId:
    shown = [RSA.as_dict(private=False)] if keys is None else keys

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request.url.path)
        if request.url.path == "/token":
            return httpx.Response(200, json={"id_token": token})
        return httpx.Response(200, json={"keys": shown} if request.url.path == "/keys" else ANSWERS | metadata)

    return OpenId(lambda: httpx.AsyncClient(transport=httpx.MockTransport(answer)))


async def vouched(openid: OpenId) -> Vouched:
    exchange = Exchange("s", "n", "v" * 64, BACK)
    return await openid.vouched(KNOWN, exchange, "code", None, NOW)


async def test_a_signature_of_the_providers_key_passes() -> None:
    token = jwt.encode({"alg": "RS256", "kid": "one"}, claims(), RSA, algorithms=["RS256"])
    assert (await vouched(door(token))).subject == "zhao"


async def test_no_other_signature_passes() -> None:
    public = RSA.as_pem(private=False)
    other = RSAKey.generate_key(2048, {"kid": "one"})
    forged = {
        "another key": jwt.encode({"alg": "RS256", "kid": "one"}, claims(), other, algorithms=["RS256"]),
        "PS256": jwt.encode({"alg": "PS256", "kid": "one"}, claims(), RSA, algorithms=["PS256"]),
        "none": _by_hand({"alg": "none"}, b""),
        "the public key as a secret": _by_hand({"alg": "HS256", "kid": "one"}, public),
        "nothing": "",
        "noise": "a.b.c",
    }
    for name, token in forged.items():
        with pytest.raises(CareCodeError) as refused:
            await vouched(door(token))
        assert refused.value.code == "provider-refused", name


async def test_keys_that_do_not_sign_are_not_used() -> None:
    secret = OctKey.generate_key(256, {"kid": "secret"})
    token = jwt.encode({"alg": "HS256", "kid": "secret"}, claims(), secret, algorithms=["HS256"])
    for keys in ([secret.as_dict(private=True)], [RSA.as_dict(private=False) | {"use": "enc"}], []):
        signed = token if keys and keys[0]["kty"] == "oct" else jwt.encode(
            {"alg": "RS256", "kid": "one"}, claims(), RSA, algorithms=["RS256"]
        )  # fmt: skip
        with pytest.raises(CareCodeError):
            await vouched(door(signed, keys))


async def test_a_new_key_is_fetched_when_it_is_needed_and_not_for_every_forgery() -> None:
    asked: list[str] = []
    keys: list[dict[str, Any]] = [ECKey.generate_key("P-256", {"kid": "old"}).as_dict(private=False)]
    openid = door(jwt.encode({"alg": "RS256", "kid": "one"}, claims(), RSA, algorithms=["RS256"]), keys, asked)
    with pytest.raises(RefusedError):
        await vouched(openid)
    for _ in range(5):
        with pytest.raises(RefusedError):
            await vouched(openid)
    assert asked.count("/keys") == 1
    keys.append(RSA.as_dict(private=False))
    exchange = Exchange("s", "n", "v" * 64, BACK)
    assert (await openid.vouched(KNOWN, exchange, "code", None, NOW + timedelta(seconds=30))).subject == "zhao"
    assert asked.count("/keys") == 2


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"}, {"token_endpoint": "http://id.example/token"}, {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)  # fmt: skip
async def test_metadata_that_does_not_fit_is_not_used(metadata: dict[str, Any]) -> None:
    with pytest.raises(UnavailableError):
        await vouched(door("", **metadata))


async def test_answers_of_another_form_or_size_are_refused() -> None:
    for body in (b"[]", b"{", b'"x"', b"[" * 100_000, b" " * 300_000, b"\xff"):
        openid = OpenId(
            lambda body=body: httpx.AsyncClient(  # type: ignore[misc]
                transport=httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
            )
        )
        with pytest.raises(UnavailableError):
            await vouched(openid)
    moved = OpenId(
        lambda: httpx.AsyncClient(
            transport=httpx.MockTransport(
                lambda _request: httpx.Response(302, headers={"location": "https://x.example"})
            )
        )
    )
    with pytest.raises(CareCodeError):
        await vouched(moved)


def _by_hand(header: dict[str, str], key: bytes) -> str:
    """Write a token with a signature that no library would make: none, or the public key as a shared secret."""
    parts = [base64.urlsafe_b64encode(json.dumps(x).encode()).rstrip(b"=") for x in (header, claims())]
    text = b".".join(parts)
    signature = hmac.digest(key, text, hashlib.sha256) if key else b""  # RFC 8725, 2.1
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()
