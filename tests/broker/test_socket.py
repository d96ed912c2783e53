"""The broker behind a socket: one frame for many asks, nobody but us at the other end, plain words when it is away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import ssl
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from carecode.app import wall_clock
from carecode.crypto.datakeys import WrappedKey
from carecode.disclosure.broker import wire
from carecode.disclosure.broker.client import KeyClient, at_host, at_socket
from carecode.disclosure.broker.local import House
from carecode.disclosure.broker.server import BrokerServer, client_context, server_context
from carecode.kernel.errors import ConflictError, InvalidInputError, RefusedError, UnavailableError
from carecode.kernel.vocabulary import RecordKey, Resident
from tests.broker.conftest import Bench, new_resident, texts

OURS = frozenset({os.geteuid()})


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ccb") as short:  # a socket's path has at most 107 bytes
        folder = Path(short) / "run"
        yield folder / "broker.sock"


@contextlib.asynccontextmanager
async def listening(house: House, path: Path, uids: frozenset[int] = OURS) -> AsyncIterator[BrokerServer]:
    server = BrokerServer(house, uids=uids)
    listener = await server.listen(path)
    try:
        yield server
    finally:
        listener.close()
        for connection in list(server.connections):
            connection.close()
        house.told.remove(server._tell)


@pytest.fixture
async def client(house: House, socket_path: Path) -> AsyncIterator[KeyClient]:
    async with listening(house, socket_path):
        made = KeyClient(at_socket(socket_path))
        yield made
        await made.close()


async def test_a_record_is_written_and_read_through_the_socket(
    bench: Bench, client: KeyClient, resident: Resident
) -> None:
    store = bench.store(client)
    await bench.deposit(store, resident, "one", "two")
    assert texts(await bench.store(client).read(await bench.open(resident))) == ["one", "two"]
    receipt = await bench.open(resident)
    await bench.log.void(resident)
    [row] = await bench.wrapped(resident)
    with pytest.raises(RefusedError, match="Open the record again"):
        await client.open(receipt, [WrappedKey(RecordKey(row[0]), row[1], row[2])])


async def test_the_socket_is_ours_alone(client: KeyClient, socket_path: Path) -> None:
    assert await client.ready()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (socket_path, socket_path.parent)]
    assert modes == [0o600, 0o700]


async def test_another_user_is_turned_away(house: House, socket_path: Path, resident: Resident) -> None:
    async with listening(house, socket_path, uids=frozenset({os.geteuid() + 1})):
        stranger = KeyClient(at_socket(socket_path))
        with pytest.raises(UnavailableError, match="nothing was opened"):
            await stranger.fresh(resident.keys[0])
        await stranger.close()


async def test_two_brokers_do_not_share_a_socket(house: House, client: KeyClient, socket_path: Path) -> None:
    assert await client.ready()
    with pytest.raises(ConflictError):
        await BrokerServer(house, uids=OURS).listen(socket_path)


async def test_asks_of_one_moment_share_frames(
    bench: Bench, client: KeyClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.ready()
    frames: list[int] = []
    request_of = wire.request_of

    def counted(frame: bytes) -> object:
        number, kind, items = request_of(frame)
        frames.append(len(items))
        return number, kind, items

    monkeypatch.setattr(wire, "request_of", counted)
    keys = await asyncio.gather(*(client.fresh(new_resident().keys[0]) for _ in range(40)))
    assert len({key.dek for key in keys}) == 40
    assert sum(frames) == 40
    assert len(frames) <= 4
    del bench


async def test_a_broker_that_is_away_is_told_in_words_and_comes_back(
    bench: Bench, house: House, socket_path: Path, resident: Resident
) -> None:
    client = KeyClient(at_socket(socket_path))
    store = bench.store(client)
    async with listening(house, socket_path):
        await bench.deposit(store, resident)
        receipt = await bench.open(resident)
        assert len(await store.read(receipt)) == 1
    await asyncio.sleep(0.05)
    assert len(await store.read(receipt)) == 1  # a live receipt's own key is at hand
    later = await bench.open(resident)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="does not answer; nothing was opened") as told:
            await store.read(later)
        assert (told.value.code, told.value.http_status) == ("keys-away", 503)
    with pytest.raises(UnavailableError):
        await bench.deposit(store, new_resident())
    async with listening(house, socket_path):
        assert len(await store.read(later)) == 1
        await client.close()


async def test_a_broker_that_does_not_answer_is_away(
    socket_path: Path, resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carecode.disclosure.broker.client.ANSWER_SECONDS_MAX", 0.2)
    monkeypatch.setattr(KeyClient._ask, "__defaults__", (0.2,))
    socket_path.parent.mkdir()
    silent = await asyncio.get_running_loop().create_unix_server(asyncio.Protocol, socket_path)
    client = KeyClient(at_socket(socket_path))
    with pytest.raises(UnavailableError, match="does not answer"):
        await client.fresh(resident.keys[0])
    await client.close()
    silent.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        wire.framed("nothing"),
        wire.framed((1, 9, [b"x"])),
        wire.framed((1, wire.FRESH, [])),
        wire.framed((1, wire.FRESH, [b"short"])),
        wire.framed((0, wire.FRESH, [bytes(16)])),
        wire.framed((1, wire.FRESH, [bytes(16)] * (wire.ITEMS_MAX + 1))),
        wire.framed((1, wire.OPEN, [(bytes(16), "x", [])])),
        wire.framed((1, wire.OPEN, [(bytes(15), "x", [(bytes(16), bytes(16), b"")])])),
        wire.framed((1, wire.OPEN, [(bytes(16), "x" * 513, [(bytes(16), bytes(16), b"")])])),
        wire.framed((1, wire.OPEN, [(bytes(16), "x", [(bytes(16), b"", b"")])])),
    ],
)
async def test_what_is_not_understood_ends_the_connection(client: KeyClient, socket_path: Path, sent: bytes) -> None:
    assert await client.ready()
    reader, writer = await asyncio.open_unix_connection(socket_path)
    writer.write(sent)
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert (await client.fresh(new_resident().keys[0])).dek  # others are served on


async def test_a_frame_may_come_in_pieces(client: KeyClient, socket_path: Path) -> None:
    assert await client.ready()
    reader, writer = await asyncio.open_unix_connection(socket_path)
    frame = wire.framed((7, wire.FRESH, [bytes(16)]))
    for place in range(len(frame)):
        writer.write(frame[place : place + 1])
        await writer.drain()
    length = int.from_bytes(await reader.readexactly(4))
    number, [(key_id, dek, wrapped)] = wire.answer_of(await reader.readexactly(length))
    assert (number, len(key_id), len(dek), len(wrapped)) == (7, 16, 32, 52)
    writer.close()


async def test_an_erasure_is_told_to_every_server(bench: Bench, house: House, socket_path: Path) -> None:
    resident = new_resident()
    async with listening(house, socket_path):
        servers = [KeyClient(at_socket(socket_path)) for _ in range(2)]
        stores = [bench.store(server) for server in servers]
        for store in stores:
            await bench.deposit(store, resident)
        receipt = await bench.open(resident)
        for store in stores:
            assert len(await store.read(receipt)) == 2
        done = await servers[0].task("erase", [[[resident.keys[0].bytes, secrets.token_bytes(16)]], ["ops"] * 5])
        assert done == {"erased": 2}
        await asyncio.sleep(0.05)
        for store in stores:
            assert not store._keys._writers
            assert not any(held.deks for held in store._keys._held.values())
            with pytest.raises(RefusedError, match="erased"):
                await bench.deposit(store, resident)
        for server in servers:
            await server.close()


# Another host


def certificates(folder: Path, authority_name: str = "authority") -> dict[str, Path]:
    """Make an authority and, under it, a certificate for each side."""
    now, made = wall_clock(), {}
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, authority_name)])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    root = (
        x509.CertificateBuilder().subject_name(root_name).issuer_name(root_name).public_key(root_key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )  # fmt: skip
    made["ca"] = folder / f"{authority_name}.pem"
    made["ca"].write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for serial, side in enumerate(("broker", "server"), 2):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, side)]))
            .issuer_name(root_name).public_key(key.public_key()).serial_number(serial)
            .not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )  # fmt: skip
        made[side] = folder / f"{authority_name}-{side}.pem"
        made[side].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made[f"{side}.key"] = folder / f"{authority_name}-{side}.key"
        made[f"{side}.key"].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return made


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_another_host_is_reached_by_tls_on_both_sides(
    bench: Bench, house: House, tmp_path: Path, resident: Resident
) -> None:
    ours, theirs = certificates(tmp_path), certificates(tmp_path, "strange")
    server, port = BrokerServer(house, uids=OURS), free_port()
    listener = await server.listen_tls(
        "127.0.0.1", port, server_context(ours["broker"], ours["broker.key"], ours["ca"])
    )
    good = KeyClient(at_host("localhost", port, client_context(ours["server"], ours["server.key"], ours["ca"])))
    store = bench.store(good)
    await bench.deposit(store, resident, "far away")
    assert texts(await bench.store(good).read(await bench.open(resident))) == ["far away"]
    await good.close()
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nobody.load_verify_locations(ours["ca"])
    strangers = [
        nobody,  # shows no certificate
        client_context(theirs["server"], theirs["server.key"], ours["ca"]),  # shows one of another authority
        client_context(ours["server"], ours["server.key"], theirs["ca"]),  # trusts another authority: does not connect
    ]
    for context in strangers:
        stranger = KeyClient(at_host("localhost", port, context))
        with pytest.raises(UnavailableError):
            await stranger.fresh(resident.keys[0])
        await stranger.close()
    wrong_name = KeyClient(at_host("127.0.0.1", port, client_context(ours["server"], ours["server.key"], ours["ca"])))
    with pytest.raises(UnavailableError):
        await wrong_name.fresh(resident.keys[0])
    listener.close()
    with pytest.raises(InvalidInputError, match="Make them again"):
        server_context(tmp_path / "none.pem", ours["broker.key"], ours["ca"])


async def test_what_one_read_may_meet_fits_a_frame(bench: Bench, client: KeyClient, resident: Resident) -> None:
    receipt = await bench.open(resident)
    many = [WrappedKey(RecordKey(resident.keys[0]), resident.keys[0], bytes(52))] * wire.KEYS_MAX
    with pytest.raises(Exception, match="not of this ring"):
        await client.open(receipt, many)
    with pytest.raises(InvalidInputError):
        await client.open(receipt, [*many, many[0]])
