"""Signed notes, byte for byte: published examples are read, and nothing but the one form is."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.audit.notes import (
    COSIGNATURE,
    ED25519,
    ML_DSA_44,
    NOTE_BYTES_MAX,
    Checkpoint,
    NoteKey,
    SignatureLine,
    base64_bytes,
    cosign,
    held,
    join,
    lines_of,
    public_key,
    sign,
    split,
    verify,
)
from carecode.kernel.errors import CareCodeError, CorruptError, InvalidInputError

# The example in the documentation of Go's package golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""
# The example of C2SP tlog-cosignature, whose text says "time 1679315147".
C2SP_NOTE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
LOG_SEED, WITNESS_SEED = bytes(range(32)), bytes(range(32, 64))
LOG = public_key("log.example/one", ED25519, LOG_SEED)
WITNESS = public_key("witness.example/w1", COSIGNATURE, WITNESS_SEED)
TEXT = Checkpoint("log.example/one", 7, bytes(range(32)), ("head-map 18 x",)).text()
NOTE = join(TEXT, [sign(TEXT, LOG.name, LOG_SEED), cosign(TEXT, WITNESS.name, WITNESS_SEED, 1_700_000_000)])


def test_a_published_note_holds_under_its_published_key() -> None:
    assert verify(GO_NOTE, [NoteKey.parse(GO_KEY)]) == ["PeterNeumann"]
    assert NoteKey.parse(GO_KEY).vkey() == GO_KEY


def test_the_published_cosignature_is_read() -> None:
    text, lines = split(C2SP_NOTE)
    assert Checkpoint.parse(text).size == 20852163
    assert Checkpoint.parse(text).text() == text
    assert [line.name for line in lines] == ["example.com/behind-the-sofa", "witness.example.com/w1"]
    assert int.from_bytes(lines[1].raw[:8], "big") == 1679315147
    assert len(lines[1].raw) == 8 + 64
    assert join(text, [line.text() for line in lines]) == C2SP_NOTE


def test_a_text_may_have_empty_lines_and_the_last_one_ends_it() -> None:
    text = "Ognuno sta solo\n\ned è subito sera.\n"
    note = join(text, [sign(text, LOG.name, LOG_SEED)])
    assert split(note)[0] == text
    assert verify(note, [LOG]) == [LOG.name]


def test_log_and_witness_are_both_told_and_strangers_are_passed_over() -> None:
    stranger = SignatureLine("log.example/one", b"\x00\x01\x02\x03", b"x" * 64).text()
    later = SignatureLine("witness.example/pq", b"\x0a\x0b\x0c\x0d", b"y" * 2428).text()
    note = NOTE + stranger + later
    assert [(one.key.name, one.time_seconds) for one in held(note, [LOG, WITNESS])] == [
        ("log.example/one", None),
        ("witness.example/w1", 1_700_000_000),
    ]


def test_a_kind_not_known_yet_is_carried_and_never_counts() -> None:
    later = NoteKey("witness.example/pq", ML_DSA_44, bytes(1312))
    assert NoteKey.parse(later.vkey()) == later
    note = NOTE + SignatureLine(later.name, later.id, bytes(8 + 2420)).text()
    assert verify(note, [LOG, later]) == [LOG.name]
    unheard = NoteKey("who", 0x7F, b"abc")
    assert NoteKey.parse(unheard.vkey()) == unheard


def test_a_signature_twice_counts_once() -> None:
    note = NOTE + cosign(TEXT, WITNESS.name, WITNESS_SEED, 1_700_000_001)
    assert verify(note, [LOG, WITNESS]) == [LOG.name, WITNESS.name]


def test_the_same_key_for_another_kind_does_not_stand_in() -> None:
    as_log = public_key(WITNESS.name, ED25519, WITNESS_SEED)
    assert as_log.id != WITNESS.id
    assert verify(NOTE, [as_log]) == []


@pytest.mark.parametrize(
    "changed",
    [
        NOTE.replace("\n7\n", "\n8\n"),
        NOTE.replace("head-map 18 x", "head-map 18 y"),
        join(TEXT, [SignatureLine(WITNESS.name, WITNESS.id, bytes(72)).text()]),
        join(TEXT, [SignatureLine(WITNESS.name, WITNESS.id, b"short").text()]),
        join(TEXT, [SignatureLine(WITNESS.name, WITNESS.id, b"\xff" * 8 + bytes(64)).text()]),
    ],
)
def test_a_changed_note_is_refused_whole(changed: str) -> None:
    with pytest.raises(CorruptError):
        verify(changed, [LOG, WITNESS])


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "text only\n",
        NOTE[:-1],
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("log.example/one ", "log.example/one\u00a0"),
        NOTE.replace("— log.example/one", "— log+example/one"),
        NOTE + "\n",
        NOTE.replace("=\n", "\n"),
        NOTE + "— w AAAA\n",
        NOTE + "— w AAAAAB==\n",
        "\ud800" + NOTE,
        NOTE + "— w AAAAAAAA\n" * 64,
        "x" * NOTE_BYTES_MAX + NOTE,
        join(TEXT, [SignatureLine("w", b"1234", b"x" * 5000).text()]),
    ],
)
def test_what_is_not_the_one_form_is_no_note(broken: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        verify(broken, [])
    assert caught.value.code in {"note-form", "base64-form"}


def test_bytes_that_are_no_text_are_no_note() -> None:
    with pytest.raises(InvalidInputError):
        split(b"\xff" + NOTE.encode())


@pytest.mark.parametrize(
    "broken",
    [
        "o\n1\n",
        TEXT[:-1],
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n+1\n" + "A" * 43 + "=\n",
        "o\n٣\n" + "A" * 43 + "=\n",
        f"o\n{2**63}\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 42 + "==\n",
        "o\n1\n" + "A" * 43 + "B=\n",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 43 + "=\n\n",
        "o\n1\n" + "A" * 43 + "=\nx\n\ny\n",
        "o\n1\n" + "A" * 43 + "=\n" + "x\n" * 17,
        "o" * 256 + "\n1\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 43 + "=\nx\ty\n",
    ],
)
def test_what_is_not_the_one_form_is_no_checkpoint(broken: str) -> None:
    with pytest.raises(InvalidInputError):
        Checkpoint.parse(broken)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "name",
        "name+abcdef01",
        "na me" + LOG.vkey()[len(LOG.name) :],
        LOG.vkey().replace(LOG.id.hex(), "00000000"),
        LOG.vkey().upper(),
        LOG.vkey()[:-1],
        NoteKey("name", ED25519, bytes(31)).vkey(),
        NoteKey("name", ED25519, b"").vkey(),
    ],
)
def test_what_is_not_the_one_form_is_no_key(broken: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        NoteKey.parse(broken)
    assert caught.value.code == "key-form"


def test_a_witness_answers_lines_alone() -> None:
    assert [line.name for line in lines_of(cosign(TEXT, WITNESS.name, WITNESS_SEED, 5))] == [WITNESS.name]
    with pytest.raises(InvalidInputError):
        lines_of("")
    with pytest.raises(InvalidInputError):
        sign(TEXT, "two words", LOG_SEED)


origins = st.text(st.characters(codec="utf-8", min_codepoint=33), min_size=1, max_size=40)


@given(origins, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(origins, max_size=16))
def test_every_checkpoint_comes_back(origin: str, size: int, root: bytes, lines: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(lines))
    assert Checkpoint.parse(checkpoint.text()) == checkpoint
    note = join(checkpoint.text(), [sign(checkpoint.text(), "log", LOG_SEED)])
    assert split(note)[0] == checkpoint.text()
    assert verify(note.encode(), [public_key("log", ED25519, LOG_SEED)]) == ["log"]


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_stumble(data: bytes) -> None:
    for read in (
        split,
        lambda given: Checkpoint.parse(given.decode("latin-1")),
        lambda g: NoteKey.parse(g.decode("latin-1")),
    ):
        try:
            read(data)
        except CareCodeError:
            continue


@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_one_bit_changed_anywhere_never_counts_as_both(bit: int) -> None:
    data = bytearray(NOTE.encode())
    data[bit // 8] ^= 1 << bit % 8
    try:
        assert len(verify(bytes(data), [LOG, WITNESS])) < 2
    except CareCodeError:
        return


@given(st.binary(max_size=60))
def test_base64_has_one_spelling(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert base64_bytes(text) == data
    for other in (text + "\n", " " + text, text.rstrip("=") + "===", text.replace("+", "-").replace("/", "_") + "-"):
        with pytest.raises(InvalidInputError):
            base64_bytes(other)
