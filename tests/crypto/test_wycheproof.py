"""Published vectors of hostile signatures and ciphertexts (project Wycheproof)."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from carecode.crypto import sealing, signatures
from carecode.kernel.errors import CareCodeError

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "wycheproof.tar.bz2"


def _groups(name: str) -> list[dict[str, Any]]:
    if not ARCHIVE.exists():
        pytest.skip(f"{ARCHIVE.name} is not beside this checkout")
    with tarfile.open(ARCHIVE) as archive:
        member = archive.extractfile(f"wycheproof/testvectors_v1/{name}_test.json")
        assert member is not None
        groups: list[dict[str, Any]] = json.load(member)["testGroups"]
    return groups


def test_ed25519_agrees_with_every_vector() -> None:
    seen = 0
    for group in _groups("ed25519"):
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            good = signatures.ed25519_verify(public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert good == (case["result"] == "valid"), case["tcId"]
            seen += 1
    assert seen >= 150


def test_p256_agrees_with_every_vector() -> None:
    seen = 0
    for group in _groups("ecdsa_secp256r1_sha256_p1363"):
        public = bytes.fromhex(group["publicKey"]["uncompressed"])
        for case in group["tests"]:
            good = signatures.p256_verify(public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert good == (case["result"] == "valid"), case["tcId"]
            seen += 1
    assert seen >= 250


def test_sealing_agrees_with_every_vector_of_our_sizes() -> None:
    seen = 0
    for group in _groups("aes_gcm"):
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
            continue  # refused by length, see test_sealing
        for case in group["tests"]:
            key, nonce, aad = (bytes.fromhex(case[field]) for field in ("key", "iv", "aad"))
            sealed = nonce + bytes.fromhex(case["ct"]) + bytes.fromhex(case["tag"])
            if case["result"] == "valid":
                assert sealing.unseal(key, sealed, aad) == bytes.fromhex(case["msg"]), case["tcId"]
                assert sealing.seal(key, nonce, bytes.fromhex(case["msg"]), aad) == sealed, case["tcId"]
            else:
                with pytest.raises(CareCodeError):
                    sealing.unseal(key, sealed, aad)
            seen += 1
    assert seen >= 60
