"""A witness signs only a log that grew, and remembers what it signed."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecode.audit.merkle import EMPTY_ROOT
from carecode.audit.notes import NOTE_BYTES_MAX, Checkpoint, held, join, sign, split
from carecode.audit.witness import SIZE_TEXT, Memory, Request, Witness
from carecode.kernel.errors import ConflictError, CorruptError
from tests.audit.trees import KEY, LEAVES, ORIGIN, SEED, note_of, proof_of, request, root_of


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_700_000_000

    def __call__(self) -> int:
        return self.seconds


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    opened = Memory(tmp_path / "witness", "witness.example")
    yield opened
    opened.close()


@pytest.fixture
def house(memory: Memory) -> Witness:
    return Witness(memory, [KEY], Clock())


def test_it_cosigns_a_log_that_grew(house: Witness) -> None:
    for old, new in ((0, 1), (1, 7), (7, 7), (7, 64), (64, 300)):
        answer = house.add_checkpoint(request(old, new))
        assert answer.status == 200
        [one] = held(join(split(note_of(LEAVES, new))[0], [answer.body]), [house.key])
        assert one.time_seconds == 1_700_000_000


def test_it_tells_the_size_it_knows_in_the_form_of_the_protocol(house: Witness) -> None:
    house.add_checkpoint(request(0, 7))
    for old in (0, 3, 9):
        answer = house.add_checkpoint(request(old, max(old, 9)))
        assert (answer.status, answer.body, answer.media_type) == (409, "7\n", SIZE_TEXT)


def test_another_root_for_a_size_it_signed_is_never_signed(house: Witness) -> None:
    house.add_checkpoint(request(0, 7))
    other = [*LEAVES[:6], b"another"]
    answer = house.add_checkpoint(request(7, 7, other))
    assert (answer.status, answer.body) == (409, "7\n")
    assert house.add_checkpoint(request(7, 7)).status == 200


def test_a_tree_that_does_not_contain_the_old_one_is_never_signed(house: Witness) -> None:
    house.add_checkpoint(request(0, 7))
    other = [b"another", *LEAVES[1:]]
    assert house.add_checkpoint(request(7, 20, other)).status == 422
    forged = Request(7, tuple(proof_of(LEAVES, 7, 20)), note_of(other, 20)).text().encode()
    assert house.add_checkpoint(forged).status == 422
    unneeded = Request(7, (bytes(32),), note_of(LEAVES, 7)).text().encode()
    assert house.add_checkpoint(unneeded).status == 422
    assert house.add_checkpoint(request(7, 20)).status == 200


def test_an_empty_tree_has_one_root(house: Witness) -> None:
    text = Checkpoint(ORIGIN, 0, bytes(32), ()).text()
    wrong = Request(0, (), join(text, [sign(text, ORIGIN, SEED)])).text().encode()
    assert house.add_checkpoint(wrong).status == 409
    assert house.add_checkpoint(request(0, 0)).status == 200
    assert root_of([]) == EMPTY_ROOT


def test_strangers_are_told_so(house: Witness) -> None:
    unknown = Request(0, (), note_of(LEAVES, 3, origin="log.example/two")).text().encode()
    assert house.add_checkpoint(unknown).status == 404
    forged = Request(0, (), note_of(LEAVES, 3, seed=bytes(32))).text().encode()
    assert house.add_checkpoint(forged).status == 403
    text, lines = split(note_of(LEAVES, 3))
    broken = join(text.replace("\n3\n", "\n4\n"), [one.text() for one in lines])
    assert house.add_checkpoint(Request(0, (), broken).text().encode()).status == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n\n",
        b"\xff",
        request(0, 3).replace(b"old 0", b"old 00"),
        request(0, 3).replace(b"old 0", b"old -1"),
        request(0, 3).replace(b"old 0", b"old"),
        request(0, 3).replace(b"old 0\n", b"old 0\nAAAA\n"),
        request(0, 3).replace(b"old 0\n", b"old 0\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64),
        request(0, 3).replace(b"old 0", b"old 4"),
        request(0, 3).replace(b"\n3\n", b"\n03\n"),
        b"old 0\n\n" + b"x" * 200_000,
    ],
)
def test_what_is_no_request_is_refused_and_changes_nothing(house: Witness, body: bytes) -> None:
    assert house.add_checkpoint(body).status == 400
    assert house.add_checkpoint(request(0, 3)).status == 200


def test_a_log_that_talks_too_much_cannot_spoil_the_memory(house: Witness) -> None:
    room = NOTE_BYTES_MAX - len(note_of(LEAVES, 3).encode()) - 1
    text = Checkpoint(ORIGIN, 3, root_of(LEAVES[:3]), ("x" * room,)).text()
    note = join(text, [sign(text, ORIGIN, SEED)])
    assert len(note.encode()) == NOTE_BYTES_MAX
    assert house.add_checkpoint(Request(0, (), note).text().encode()).status == 400
    again = join(split(note_of(LEAVES, 3))[0], [split(note_of(LEAVES, 3))[1][0].text()] * 64)
    assert house.add_checkpoint(Request(0, (), again).text().encode()).status == 200
    assert house.add_checkpoint(request(3, 5)).status == 200


def test_it_remembers_after_it_was_closed_and_is_alone_in_its_folder(tmp_path: Path) -> None:
    first = Memory(tmp_path, "w")
    Witness(first, [KEY], Clock()).add_checkpoint(request(0, 7))
    with pytest.raises(ConflictError):
        Memory(tmp_path, "w")
    first.close()
    second = Memory(tmp_path, "w")
    assert second.key == first.key
    assert Witness(second, [KEY], Clock()).add_checkpoint(request(0, 9)).body == "7\n"
    assert oct((tmp_path / "witness.json").stat().st_mode & 0o777) == "0o600"
    assert (tmp_path / "witness.vkey").read_text() == second.key.vkey() + "\n"
    second.close()


@pytest.mark.parametrize("damage", [b"", b"nothing", b"\xff\xfe", "other"])
def test_a_memory_that_cannot_be_read_stops_it(memory: Memory, house: Witness, damage: bytes | str) -> None:
    house.add_checkpoint(request(0, 7))
    [path] = memory._folder.glob("*.note")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"\n7\n", b"\n6\n") if isinstance(damage, str) else damage)
    with pytest.raises(CorruptError):
        house.add_checkpoint(request(0, 7))
    path.write_bytes(whole)
    assert house.add_checkpoint(request(7, 7)).status == 200


def test_a_clock_that_was_set_back_does_not_date_a_larger_tree_earlier(memory: Memory) -> None:
    clock = Clock()
    house = Witness(memory, [KEY], clock)
    house.add_checkpoint(request(0, 7))
    clock.seconds -= 3600
    answer = house.add_checkpoint(request(7, 9))
    [one] = held(join(split(note_of(LEAVES, 9))[0], [answer.body]), [house.key])
    assert one.time_seconds == 1_700_000_000


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.booleans()), max_size=12))
def test_whatever_is_asked_it_signs_one_tree_only(asked: list[tuple[int, int, bool]]) -> None:
    other = [*LEAVES[:10], b"fork", *LEAVES[11:]]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        memory = Memory(folder, "w")
        stack.callback(memory.close)
        house = Witness(memory, [KEY], Clock())
        signed: list[tuple[int, bytes]] = []
        for old, more, fork in asked:
            leaves = other if fork else LEAVES
            answer = house.add_checkpoint(request(old, old + more, leaves))
            if answer.status == 200:
                signed.append((old + more, root_of(leaves[: old + more])))
        assert [size for size, _ in signed] == sorted(size for size, _ in signed)
        assert len({size for size, _ in signed}) == len(set(signed))
        forks = {root == root_of(LEAVES[:size]) for size, root in signed if size > 10}
        assert len(forks) <= 1


def power_cut(*_paths: Path) -> None:
    raise OSError("power cut")


def test_a_crash_before_the_note_is_in_place_leaves_the_old_one(
    memory: Memory, house: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add_checkpoint(request(0, 7))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", power_cut)
        with pytest.raises(OSError, match="power cut"):
            house.add_checkpoint(request(7, 9))
    seen = memory.seen(ORIGIN)
    assert seen is not None
    assert seen.checkpoint.size == 7
    assert house.add_checkpoint(request(7, 8)).status == 200
