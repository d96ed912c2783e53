"""What this house publishes is read by a reader that shares no code with it."""

from __future__ import annotations

import ast
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carecode.audit.proofs import Proofs
from carecode.crypto.keyring import KeyRing
from carecode.kernel.vocabulary import Category, Closed, Purpose
from carecode.store.database import Database
from tests.audit.conftest import DOCTOR, somebody
from tests.audit.reader import reader
from tests.audit.reader.reader import DoesNotHoldError, TreeHead, VerifierKey
from tests.audit.running import Running, running_log

# The test leaves and roots of the Certificate Transparency project (go/merkletree, python/ct/crypto/merkle_test).
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.fixture
async def log(database: Database, ring: KeyRing, tmp_path: Path) -> AsyncIterator[Running]:
    async with running_log(database, ring, tmp_path) as running:
        yield running


async def fetch(log: Running, path: str) -> bytes:
    answer = await log.http.get(f"/log/{path}")
    assert answer.status_code == 200, path
    return answer.content


async def keys(log: Running) -> list[VerifierKey]:
    """Read the log's key and its witnesses'."""
    shown = (await fetch(log, "key")).decode() + (await fetch(log, "witnesses")).decode().split("\n", 1)[1]
    return [VerifierKey.read(line) for line in shown.splitlines()]


async def head(log: Running) -> TreeHead:
    note = await fetch(log, "checkpoint")
    texts = {reader.open_note(note, key) for key in await keys(log)}
    assert len(texts) == 1
    return TreeHead.read(texts.pop())


async def leaves(log: Running, size: int) -> list[bytes]:
    found: list[bytes] = []
    for number, width in reader.tiles_of(0, size):
        found += reader.entries_of(await fetch(log, reader.tile_name("entries", number, width)))
    return found


def test_the_reader_shares_no_code_with_what_it_reads() -> None:
    tree = ast.parse(Path(reader.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any("carecode" in name or "tests" in name for name in imported)


def test_the_reader_knows_published_answers() -> None:
    hashes = [reader.leaf_hash(leaf) for leaf in CT_LEAVES]
    assert [reader.tree_hash(hashes[:size]).hex() for size in range(9)] == CT_ROOTS
    assert reader.open_note(GO_NOTE.encode(), VerifierKey.read(GO_KEY)).startswith(b"If you think")
    with pytest.raises(DoesNotHoldError):
        reader.open_note(GO_NOTE.replace("think", "thought").encode(), VerifierKey.read(GO_KEY))
    assert reader.tile_name("0", 1234067, 256) == "tile/0/x001/x234/067"
    assert [reader.tiles_of(level, 70_000)[-1] for level in (0, 1, 2)] == [(273, 112), (1, 17), (0, 1)]


async def test_checkpoint_tiles_and_proofs_are_what_the_specifications_say(log: Running) -> None:
    await log.grow_many([somebody() for _ in range(20)], 2)
    first = await head(log)
    await log.grow_many([somebody() for _ in range(31)], 16)
    second = await head(log)
    assert (first.size, second.size) == (40, 536)
    hashes = [reader.leaf_hash(leaf) for leaf in await leaves(log, second.size)]
    assert reader.tree_hash(hashes) == second.root
    assert reader.tree_hash(hashes[: first.size]) == first.root
    for level in range(3):
        for number, width in reader.tiles_of(level, second.size):
            tile = await fetch(log, reader.tile_name(str(level), number, width))
            assert tile == reader.expected_tile(level, number, width, hashes)
    for index in (0, 1, 39, 255, 256, 511, 535):
        answer = json.loads(await fetch(log, f"proof/inclusion?index={index}&size={second.size}"))
        assert [base64.b64decode(step) for step in answer["proof"]] == reader.path(index, hashes)
    for old in (1, 2, 40, 255, 256, 257, 512, 535, 536):
        answer = json.loads(await fetch(log, f"proof/consistency?old={old}&new={second.size}"))
        assert [base64.b64decode(step) for step in answer["proof"]] == reader.proof(old, hashes)


async def test_a_statement_is_read_without_the_house(log: Running) -> None:
    await log.grow(somebody(), 6)
    number = await log.public_log.publish({"kind": "week", "until": "2026-11-23"})
    await log.publish()
    text = (await fetch(log, f"proof/statement/{number}")).decode()
    lines, _, note = text.partition("\n\n")
    first, extra, index, *steps = lines.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    tree = TreeHead.read(reader.open_note(note.encode(), (await keys(log))[0]))
    hashes = [reader.leaf_hash(leaf) for leaf in await leaves(log, tree.size)]
    place = int(index.removeprefix("index "))
    leaf = base64.b64decode(extra.removeprefix("extra "))
    assert hashes[place] == reader.leaf_hash(leaf)
    assert [base64.b64decode(step) for step in steps] == reader.path(place, hashes)
    assert leaf[:1] == b"\x02"
    assert json.loads(leaf[1:]) == {"kind": "week", "until": "2026-11-23"}


async def test_her_list_ends_where_the_signed_head_map_says(log: Running) -> None:
    her, other = somebody(2), somebody()
    await log.grow(other, 2)
    await log.grow(her, 5)
    bundle = json.loads((await log.public_log.bundle(her)).json())
    note = bundle["checkpoint"].encode()
    tree = TreeHead.read(reader.open_note(note, (await keys(log))[0]))
    root = reader.map_root(tree.extensions[0])
    assert [reader.check_head(proof, root)[0] for proof in bundle["heads"]] == [5, 0]
    _, last = reader.check_head(bundle["heads"][0], root)
    published = await leaves(log, tree.size)
    assert last is not None
    assert b"\x01" + last in published
    for change in ({"seq": 4}, {"seq": 6}, {"others": base64.b64encode(bytes(64)).decode()}, {"seq": 0}):
        with pytest.raises(DoesNotHoldError):
            reader.check_head({**bundle["heads"][0], **change}, root)


async def test_her_device_is_given_all_that_is_hashed(log: Running) -> None:
    her = somebody()
    await log.grow(her, 5)
    now = datetime.now(UTC)
    opens, until = Closed.PSY | Closed.LOCKED, now + timedelta(minutes=5)
    shown = {Category.PROBLEMS, Category.ALLERGIES}
    await log.lists.log.seal(her, DOCTOR, Purpose.TREAT, shown, "code", decided_at=now, opens=opens, until=until)
    await log.publish()
    told = (await log.lists.log.entries(her, 4))[:3]
    assert (told[0].opens, told[0].until) == (opens, until)
    written = json.loads(json.dumps(await Proofs(log.lists.log, log.public_log, log.witnesses, log.ring).of(her, told)))
    [one] = written["lists"]
    hashed = bytes.fromhex(one["resident"])  # the chain begins with her number, hashed
    entries = sorted(written["entries"], key=lambda entry: int(entry["seq"]))
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert ["requester_name" in entry for entry in entries] == [False] * 3 + [True] * 3
    for entry in entries:
        hashed = reader.entry_hash(hashed, entry) if "form" in entry else bytes.fromhex(entry["hash"])
    tree = TreeHead.read(reader.open_note(written["checkpoint"].encode(), VerifierKey.read(written["log"])))
    assert reader.check_head(one["head"], reader.map_root(tree.extensions[0])) == (6, hashed)
    assert [VerifierKey.read(line).type for line in written["witnesses"]] == [4]
