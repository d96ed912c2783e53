"""The public log's addresses: open to all, one spelling each, cacheable, and silent about people."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from carecode.audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from carecode.audit.notes import Checkpoint, NoteKey, base64_bytes, split, verify
from carecode.audit.tiles import leaves_of
from carecode.audit.verifying import parse_witnesses
from carecode.crypto.keyring import KeyRing
from carecode.store.database import Database
from tests.audit.conftest import somebody
from tests.audit.running import Running, running_log

FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
async def log(database: Database, ring: KeyRing, tmp_path: Path) -> AsyncIterator[Running]:
    async with running_log(database, ring, tmp_path) as running:
        yield running


async def fetch(log: Running, path: str) -> bytes:
    answer = await log.http.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer.content


async def newest(log: Running) -> Checkpoint:
    return Checkpoint.parse(split(await fetch(log, "/log/checkpoint"))[0])


async def test_the_checkpoint_is_signed_cosigned_and_not_kept_for_long(log: Running) -> None:
    await log.grow(somebody(), 3)
    answer = await log.http.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"
    key = NoteKey.parse((await fetch(log, "/log/key")).decode().strip())
    quorum, witnesses = parse_witnesses((await fetch(log, "/log/witnesses")).decode())
    assert (quorum, len(witnesses)) == (1, 1)
    assert verify(answer.content, [key, *witnesses]) == [key.name, "witness.example"]
    assert Checkpoint.parse(split(answer.content)[0]).size == 3


async def test_what_too_few_witnesses_saw_is_not_shown(log: Running) -> None:
    assert (await log.http.get("/log/checkpoint")).status_code == 503
    await log.grow(somebody(), 1)
    await log.lists.add(somebody())
    await log.sequencer.step()
    assert (await newest(log)).size == 1
    await log.publish()
    assert (await newest(log)).size == 2


async def test_tiles_and_entries_have_their_widths_and_whole_ones_stay(log: Running) -> None:
    await log.grow_many([somebody() for _ in range(13)], 20)
    assert (await newest(log)).size == 260
    for path, size in {
        "0/000": 8192,
        "0/000.p/7": 7 * 32,
        "0/001.p/4": 4 * 32,
        "1/000.p/1": 32,
        "entries/000": 256 * 35,
        "entries/001.p/4": 4 * 35,
    }.items():
        answer = await log.http.get(f"/log/tile/{path}")
        assert (answer.status_code, len(answer.content)) == (200, size), path
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == (FOR_EVER if ".p" not in path else "public, max-age=300")


NO_TILES = (
    "0/001",
    "0/000.p/256",
    "0/000.p/0",
    "0/000.p/07",
    "0/000.p/5",
    "0/0",
    "0/x000/000",
    "00/000",
    "64/000",
    "1/000",
    "-1/000",
    "0/000/",
    "0/x999/x999/x999/x999/x999/999",
    "0/x001/x001/x001/x001/x001/x001/001",
    "entries/000.p/5",
    "entries/x0/000",
    "names/000",
    "0/%30%30%30",
    "..%2fcheckpoint",
    "0/000.p/5?x=1",
    "0/" + "x001/" * 400 + "001",
)
NO_QUESTIONS = (
    "inclusion",
    "inclusion?index=0",
    "inclusion?index=0&size=0",
    "inclusion?index=4&size=4",
    "inclusion?index=0&size=5",
    "inclusion?index=00&size=4",
    "inclusion?index=-1&size=4",
    "inclusion?index=0&size=4&size=4",
    "inclusion?index=0&size=4&more=1",
    "inclusion?index=0&size=9223372036854775807",
    "inclusion?index=0&size=9223372036854775808",
    "inclusion?index=0&size=" + "1" * 500,
    "consistency?old=3&new=2",
    "consistency?old=3&new=5",
    "consistency?old=0x1&new=2",
    "consistency?old=٣&new=4",
)


async def test_what_is_not_there_is_told_in_words(log: Running) -> None:
    await log.grow(somebody(), 4)
    for path in NO_TILES:
        answer = await log.http.get(f"/log/tile/{path}")
        assert answer.status_code == 404, path
        assert answer.text.endswith(".\n")
        assert answer.headers["cache-control"] == "no-store"


async def test_proofs_hold(log: Running) -> None:
    await log.grow(somebody(), 5)
    old = await newest(log)
    await log.grow(somebody(), 8)
    new = await newest(log)
    answer = json.loads(await fetch(log, f"/log/proof/consistency?old={old.size}&new={new.size}"))
    steps = [base64_bytes(step) for step in answer["proof"]]
    assert verify_consistency(old.size, old.root, new.size, new.root, steps)
    leaves = leaves_of(await fetch(log, f"/log/tile/entries/000.p/{new.size}"))
    for index, leaf in enumerate(leaves):
        answer = json.loads(await fetch(log, f"/log/proof/inclusion?index={index}&size={new.size}"))
        assert verify_inclusion(leaf_hash(leaf), index, new.size, [base64_bytes(x) for x in answer["proof"]], new.root)


async def test_a_wrong_question_is_told_in_words(log: Running) -> None:
    await log.grow(somebody(), 4)
    for query in NO_QUESTIONS:
        answer = await log.http.get(f"/log/proof/{query}")
        assert answer.status_code == 400, query
        assert answer.text.endswith(".\n")


async def test_a_statement_is_given_with_its_proof(log: Running) -> None:
    await log.grow(somebody(), 3)
    number = await log.public_log.publish({"kind": "week", "until": "2026-11-23", "orders": 0})
    assert (await log.http.get(f"/log/proof/statement/{number}")).status_code == 404
    await log.sequencer.step()  # it has its place, and no witness saw it yet
    assert (await log.http.get(f"/log/proof/statement/{number}")).status_code == 404
    await log.publish()
    proof, _, note = (await fetch(log, f"/log/proof/statement/{number}")).decode().partition("\n\n")
    first, extra, index, *steps = proof.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    leaf = base64_bytes(extra.removeprefix("extra "))
    assert json.loads(leaf[1:]) == {"kind": "week", "until": "2026-11-23", "orders": 0}
    checkpoint = Checkpoint.parse(split(note)[0])
    place = int(index.removeprefix("index "))
    assert verify_inclusion(leaf_hash(leaf), place, 4, [base64_bytes(step) for step in steps], checkpoint.root)
    for unknown in (UUID(int=1), "1", str(number).upper(), "%00"):
        answer = await log.http.get(f"/log/proof/statement/{unknown}")
        assert (answer.status_code, answer.text[-2:]) == (404, ".\n")


async def test_nothing_there_names_a_resident_and_nothing_takes_a_change(log: Running) -> None:
    residents = [somebody() for _ in range(3)]
    await log.grow_many(residents, 2)
    shown = b"".join(
        [
            await fetch(log, path)
            for path in (
                "/log/checkpoint",
                "/log/tile/0/000.p/6",
                "/log/tile/entries/000.p/6",
                "/log/proof/inclusion?index=0&size=6",
            )
        ]
    )
    for resident in residents:
        for number in (resident.id, *resident.keys):
            assert number.bytes not in shown
            assert str(number).encode() not in shown
            assert number.hex.encode() not in shown
    for path in ("/log/checkpoint", "/log/tile/0/000.p/6", "/log/key"):
        assert (await log.http.post(path)).status_code == 405
        assert (await log.http.delete(path)).status_code == 405
