"""The bar-and-hat form: read as it was meant, in the character set it says, within bounds; whatever comes, no crash."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.exchange.hl7 import er7
from carecode.exchange.hl7.faults import MessageError

HEAD = "MSH|^~\\&|HIS|COUNTY2|||20261124||ADT^A28|1|P|2.5||||||{}\r"
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), max_size=30)


def told(rest: str, charset: str = "UNICODE UTF-8", codec: str = "utf-8") -> er7.Message:
    return er7.read((HEAD.format(charset) + rest).encode(codec))


@pytest.mark.parametrize(
    ("charset", "codec"), [("UNICODE UTF-8", "utf-8"), ("GB 18030-2000", "gb18030"), ("GBK", "gb18030")]
)
def test_chinese_names_survive_every_character_set(charset: str, codec: str) -> None:
    # In GB 18030 the second bytes of these are | ^ ~ and a backslash.
    name = "閨閊閪閈林梅㐀"
    assert any(byte in name.encode("gb18030")[1::2] for byte in b"|^~\\")
    pid = told(f"PID|||A1||{name}^{name}", charset, codec).one("PID")
    assert (pid.text(5), pid.text(5, 2), pid.text(3)) == (name, name, "A1")


def test_a_chinese_facility_does_not_hide_the_character_set() -> None:
    text = "MSH|^~\\&|HIS|閨閊院|||20261124||ADT^A28|1|P|2.5||||||GB 18030-2000\rPID|||A1||林"
    message = er7.read(text.encode("gb18030"))
    assert (message.header.text(4), message.one("PID").text(5)) == ("閨閊院", "林")


def test_what_msh_18_does_not_name_is_not_guessed() -> None:
    for sent in (
        HEAD.format("ASCII").encode() + "PID|||A1||林".encode(),
        HEAD.format("").encode() + "PID|||A1||林".encode(),
        HEAD.format("UNICODE UTF-8").encode() + "PID|||A1||林".encode("gb18030"),
        HEAD.format("UNICODE").encode("utf-16-le"),
        HEAD.format("KLINGON").encode(),
    ):
        with pytest.raises(MessageError):
            er7.read(sent)
    agreed = er7.read(HEAD.format("").encode() + "PID|||A1||林".encode("gb18030"), "GB18030")
    assert agreed.one("PID").text(5) == "林"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"A\F\B\S\C\T\D\R\E\E\F", "A|B^C&D~E\\F"),
        (r"\X E6 9E 97\ x", "x"),
        (r"\XE69E97\梅", "林梅"),
        (r"\H\bold\N\ \.br\ new", "bold   new"),
        (r"5\6", r"5\6"),
        ('""', ""),
        (r"A\X0D\PID|9", "A PID"),
    ],
)
def test_escapes(sent: str, read: str) -> None:
    assert told(f"PID|||1||{sent}").one("PID").text(5) == read


@given(st.lists(st.lists(TEXT, max_size=4), min_size=1, max_size=4))
def test_what_is_written_is_read_again(values: list[list[str]]) -> None:
    line = er7.segment("PID", {3: "1", 5: "~".join(er7.hat(*components) for components in values)})
    data = er7.encode([er7.header({3: "X", 9: "ADT^A28", 10: "1", 11: "P", 12: "2.5", 18: er7.UTF_8}), line])
    pid = er7.read(data).one("PID")
    for sent, found in zip(values, pid.repetitions(5), strict=False):
        back = [pid.part(found, place) for place in range(1, len(sent) + 1)]
        assert back == ["" if text == '""' else text for text in sent]


@given(TEXT)
def test_a_value_cannot_begin_a_segment(text: str) -> None:
    written = er7.escaped(f"{text}\rMRG|1\n\x0b\x1c\u2028{text}")
    assert not set(written) & set("\r\n\x0b\x1c\u2028|^~&")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for sent in (data, HEAD.format("UNICODE UTF-8").encode() + data, b"MSH|^~\\&|" + data):
        with contextlib.suppress(MessageError):
            message = er7.read(sent)
            for segment in (each for name in ("PID", "MSH", "MRG") for each in message.all(name)):
                assert all(isinstance(segment.text(place), str) for place in range(1, 40))
                assert segment.again().startswith(segment.name)


def test_other_separators_are_read_and_ours_are_written() -> None:
    text = "MSH#*%!$#HIS#F###20261124##QBP*Q22#1#P#2.5\rQPD#Q*IHE$X#T1#@PID.5.1.1*a!T!b%@PID.7*1985|03"
    qpd = er7.read(text.encode()).one("QPD")
    assert qpd.text(3, 2) == "a$b"
    assert qpd.again() == r"QPD|Q^IHE&X|T1|@PID.5.1.1^a$b~@PID.7^1985\F\03"


@pytest.mark.parametrize(
    "sent",
    [
        "PID|||1\rMSH|^~\\&|again",
        "pid|||1",
        "PIDX|1",
        "\r".join(["NTE|1"] * er7.SEGMENTS_MAX),
        "PID|||1||a\x00b",
        "PID|||1\r\rPV1|1",
    ],
    ids=["second header", "small letters", "no separator", "many segments", "control", "empty line"],
)
def test_what_is_no_message_is_refused(sent: str) -> None:
    with pytest.raises(MessageError):
        told(sent)


@pytest.mark.parametrize(
    "sent",
    ["PID" + "|" * (er7.FIELDS_MAX + 1), "PID|||" + "~".join("1" * (er7.REPETITIONS_MAX + 1)), "PID|||" + "9" * 5000],
    ids=["fields", "repetitions", "value"],
)
def test_every_bound_is_named(sent: str) -> None:
    with pytest.raises(MessageError, match="at most"):
        told(sent).one("PID").repetitions(3) and told(sent).one("PID").text(3)


def test_line_ends_of_files_are_taken() -> None:
    for end in ("\r\n", "\n"):
        text = HEAD.format("").rstrip("\r") + end + "PID|||7" + end
        assert er7.read(text.encode()).one("PID").text(3) == "7"


def test_a_message_has_one_pid() -> None:
    for sent in ("PV1|1", "PID|||1\rPID|||2"):
        with pytest.raises(MessageError, match="exactly one PID"):
            told(sent).one("PID")
