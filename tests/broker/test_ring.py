"""The broker's ring: bound, private, replaced whole; and the list of the erased beside it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from carecode.app import wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.disclosure.broker.erased import Erased
from carecode.disclosure.broker.ring import WRAPPED_BYTES, BrokerRing
from carecode.kernel.errors import ConflictError, CorruptError, NotFoundError, RefusedError

HER, KEY = bytes(range(16)), bytes(range(16, 32))


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "broker.json"


def made(path: Path | None = None) -> BrokerRing:
    return BrokerRing.made(secrets.token_bytes, wall_clock(), path)


def test_a_key_opens_in_its_place_only() -> None:
    ring, dek = made(), secrets.token_bytes(32)
    wrapped = ring.wrap(HER, KEY, dek)
    assert len(wrapped) == WRAPPED_BYTES
    assert dek not in wrapped
    assert ring.unwrap(HER, KEY, wrapped) == dek
    for place in range(WRAPPED_BYTES):
        with pytest.raises(CorruptError):
            ring.unwrap(HER, KEY, wrapped[:place] + bytes([wrapped[place] ^ 1]) + wrapped[place + 1 :])
    for owner, name, other in ((KEY, KEY, ring), (HER, HER, ring), (HER, KEY, made())):
        with pytest.raises(CorruptError):
            other.unwrap(owner, name, wrapped)
    for stored in (b"", wrapped[:-1], wrapped + b"x", bytes(60)):
        with pytest.raises(CorruptError):
            ring.unwrap(HER, KEY, stored)


def test_a_ring_is_found_again(path: Path) -> None:
    ring = made(path)
    wrapped = ring.wrap(HER, KEY, bytes(32))
    assert ring.begin_epoch(secrets.token_bytes, wall_clock()) == 2
    later = ring.wrap(HER, KEY, bytes(32))
    found = BrokerRing.open(path)
    assert (found.current, found.contents.rotating) == (2, True)
    assert found.unwrap(HER, KEY, wrapped) == found.unwrap(HER, KEY, later) == bytes(32)
    assert found.tag(HER) == ring.tag(HER) != made().tag(HER)
    found.end_rotation()
    assert found.drop_before(2) == 1
    for each in (found, BrokerRing.open(path)):
        assert each.unwrap(HER, KEY, later) == bytes(32)
        with pytest.raises(CorruptError, match="not of this ring"):
            each.unwrap(HER, KEY, wrapped)
    with pytest.raises(ConflictError):
        made(path)


def test_the_servers_ring_does_not_lead_to_it(ring: KeyRing) -> None:
    """Every key and password that the server's ring is used for, tried as the broker's."""
    broker, dek = made(), secrets.token_bytes(32)
    held = [broker.contents.root, *(epoch.key for epoch in broker.contents.epochs)]
    names = ("record.kek", "broker", "broker.kek", "keys", "escrow", "record.tokens")
    derived = [ring.key(name).hex() for name in names] + [ring.password("carecode_broker"), ring.issuer_seed.hex()]
    assert not set(held) & set(derived)
    assert broker.unwrap(HER, KEY, broker.wrap(HER, KEY, dek)) == dek


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_ring_that_others_may_read_is_refused(path: Path, mode: int) -> None:
    made(path)
    path.chmod(mode)
    with pytest.raises(RefusedError, match="chmod 600"):
        BrokerRing.open(path)


def test_a_folder_that_others_may_write_is_refused(path: Path) -> None:
    made(path)
    path.parent.chmod(0o770)
    with pytest.raises(RefusedError, match="chmod go-w"):
        BrokerRing.open(path)
    path.parent.chmod(0o700)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"\xff", b'{"carecode_broker": 2, "root": "", "epochs": []}',
        b'{"carecode_broker": 1, "root": "00", "epochs": []}',
        b'{"carecode_broker": 1, "root": "zz", "epochs": [{"number": 1, "key": "00", "since": "2026-01-01T00:00Z"}]}',
        b'{"carecode_broker": 1, "root": "00", "epochs": [{"number": -1, "key": "", "since": "2026-01-01T00:00Z"}]}',
    ],
)  # fmt: skip
def test_what_is_no_ring_is_told(path: Path, body: bytes) -> None:
    path.write_bytes(body)
    path.chmod(0o600)
    with pytest.raises(CorruptError, match="Restore it"):
        BrokerRing.open(path)
    path.unlink()
    with pytest.raises(NotFoundError):
        BrokerRing.open(path)


def test_the_ring_comes_back_from_its_secret_and_over_no_other(path: Path) -> None:
    ring = made()
    ring.begin_epoch(secrets.token_bytes, wall_clock())
    wrapped = ring.wrap(HER, KEY, bytes(32))
    back = BrokerRing.of_secret(ring.secret(), path)
    assert back.unwrap(HER, KEY, wrapped) == bytes(32)
    assert BrokerRing.open(path).tag(HER) == ring.tag(HER)
    with pytest.raises(ConflictError):
        BrokerRing.of_secret(made().secret(), path)
    assert BrokerRing.open(path).tag(HER) == ring.tag(HER)
    with pytest.raises(CorruptError):
        BrokerRing.of_secret(b"nothing", path)


def test_the_erased_are_remembered_without_their_numbers(folder: Path) -> None:
    ring = made()
    erased = Erased(ring, folder / "broker.erased")
    assert HER not in erased
    assert (erased.add([HER]), erased.add([HER])) == (1, 0)
    again = Erased(ring, folder / "broker.erased")
    assert (HER in again, KEY in again, len(again)) == (True, False, 1)
    assert HER.hex() not in (folder / "broker.erased").read_text()
    with (folder / "broker.erased").open("a") as file:
        file.write("0011")  # a power cut in the middle of a line
    assert len(Erased(ring, folder / "broker.erased")) == 1
    (folder / "broker.erased").write_text("tea\n")
    with pytest.raises(CorruptError):
        Erased(ring, folder / "broker.erased")
