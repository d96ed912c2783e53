"""The key ring: made once, private, the same for every process."""

from __future__ import annotations

import hmac
import json
import pickle
import shlex
import sys
import threading
from pathlib import Path

import pytest

from carecode.crypto.keyring import KeyRing
from carecode.crypto.signatures import ed25519_sign, ed25519_verify
from carecode.kernel.errors import CorruptError, InvalidInputError, RefusedError, UnavailableError


def test_the_first_opening_makes_a_private_file_and_the_next_finds_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring.json"
    ring = KeyRing.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["ring.json"]
    assert KeyRing.open(path).key("record.kek") == ring.key("record.kek")


def test_keys_differ_by_name_and_by_ring(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "a" / "ring.json")
    other = KeyRing.open(tmp_path / "b" / "ring.json")
    names = ["record.kek", "record.tokens", "identity.hash", "healthcode.prp", "sessions"]
    secrets = {r.key(name) for r in (ring, other) for name in names}
    secrets |= {bytes.fromhex(ring.password("record.kek")), ring.issuer_seed, ring.issuer_public()}
    assert len(secrets) == 2 * len(names) + 3
    assert {len(secret) for secret in secrets} == {32}


def test_hkdf_is_the_one_of_the_standard() -> None:
    # RFC 5869: PRK = HMAC(zeros, root); OKM = HMAC(PRK, info | 0x01)
    prk = hmac.digest(bytes(32), b"r" * 32, "sha256")
    assert KeyRing(b"r" * 32).key("sessions") == hmac.digest(prk, b"key:sessions\x01", "sha256")


@pytest.mark.parametrize("name", ["", "Record", "a b", "a..b", ".a", "a\n", "schlüssel"])
def test_a_malformed_name_is_the_callers_mistake(name: str) -> None:
    with pytest.raises(InvalidInputError):
        KeyRing(bytes(32)).key(name)


def test_the_issuer_signs(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys" / "ring.json")
    assert ed25519_verify(ring.issuer_public(), ed25519_sign(ring.issuer_seed, b"statement"), b"statement")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys" / "ring.json"
    KeyRing.open(path)
    path.chmod(mode)
    with pytest.raises(RefusedError, match="chmod 600"):
        KeyRing.open(path)


def test_a_folder_in_which_others_may_swap_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring.json"
    KeyRing.open(path)
    path.parent.chmod(0o770)
    with pytest.raises(RefusedError, match="chmod go-w"):
        KeyRing.open(path)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"carecode_keys":2,"root":"%s"}' % ("0" * 64), '{"carecode_keys":1,"root":"00"}']
)
def test_a_broken_ring_is_refused_and_never_replaced(tmp_path: Path, body: str) -> None:
    path = tmp_path / "keys" / "ring.json"
    path.parent.mkdir(mode=0o700)
    path.write_text(body)
    path.chmod(0o600)
    with pytest.raises(CorruptError):
        KeyRing.open(path)
    assert path.read_text() == body


def test_many_openers_at_once_get_one_ring(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring.json"
    start = threading.Barrier(8)
    keys: list[bytes] = []

    def opener() -> None:
        start.wait()
        keys.append(KeyRing.open(path).key("sessions"))

    threads = [threading.Thread(target=opener) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert [p.name for p in path.parent.iterdir()] == ["ring.json"]


def test_a_key_program_prints_the_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = {"carecode_keys": 1, "root": "ab" * 32}
    program = tmp_path / "kms.py"
    program.write_text(f"print({json.dumps(json.dumps(ring))})")
    monkeypatch.setenv("CARECODE_KEYS", f"command:{shlex.quote(sys.executable)} {shlex.quote(str(program))}")
    assert KeyRing.from_environment(tmp_path).key("sessions") == KeyRing(b"\xab" * 32).key("sessions")
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("command", ["", "false", "/nonexistent/program", "'unclosed"])
def test_a_key_program_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("CARECODE_KEYS", f"command:{command}")
    with pytest.raises(UnavailableError, match="CARECODE_KEYS"):
        KeyRing.from_environment(tmp_path)


def test_the_environment_names_a_file_or_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARECODE_KEYS", raising=False)
    KeyRing.from_environment(tmp_path)
    assert (tmp_path / "keys" / "ring.json").exists()
    monkeypatch.setenv("CARECODE_KEYS", str(tmp_path / "own" / "keys.json"))
    KeyRing.from_environment(tmp_path)
    assert (tmp_path / "own" / "keys.json").exists()


def test_a_ring_shows_nothing_and_does_not_travel() -> None:
    ring = KeyRing(b"\xcd" * 32)
    assert repr(ring) == "KeyRing(...)"
    with pytest.raises(TypeError):
        pickle.dumps(ring)
