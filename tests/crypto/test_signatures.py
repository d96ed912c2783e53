"""Signatures by and for devices that are not ours."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto import signatures


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200))
def test_openssl_makes_the_same_ed25519_signature(seed: bytes, message: bytes) -> None:
    other = Ed25519PrivateKey.from_private_bytes(seed)
    signature = signatures.ed25519_sign(seed, message)
    assert signature == other.sign(message)
    public = other.public_key().public_bytes_raw()
    assert signatures.ed25519_verify(public, signature, message)
    assert not signatures.ed25519_verify(public, signature, message + b"!")


@given(r=st.integers(0, 2**256 - 1), s=st.integers(0, 2**256 - 1))
def test_der_by_bytes_is_the_der_of_openssl(r: int, s: int) -> None:
    assert signatures.p256_der(r.to_bytes(32) + s.to_bytes(32)) == encode_dss_signature(r, s)


@given(message=st.binary(max_size=200), scalar=st.integers(1, 2**255))
def test_p256_signatures_verify_and_break(message: bytes, scalar: int) -> None:
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    signature = r.to_bytes(32) + s.to_bytes(32)
    assert signatures.p256_verify(public, signature, message)
    assert not signatures.p256_verify(public, signature, message + b"!")
    assert not signatures.p256_verify(public, signature[:32] + signature[:32], message)


@given(public=st.binary(max_size=70), signature=st.binary(max_size=70), message=st.binary(max_size=40))
def test_rubbish_is_false_and_never_an_exception(public: bytes, signature: bytes, message: bytes) -> None:
    assert signatures.ed25519_verify(public, signature, message) is False
    assert signatures.p256_verify(public, signature, message) is False
    assert signatures.p256_verify(b"\x04" + public[:64].ljust(64, b"\1"), signature[:64], message) is False
