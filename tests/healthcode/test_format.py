"""The form of a code: what is read, what is refused, and in which words."""

from __future__ import annotations

import contextlib

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from carecode.healthcode import base45, format  # noqa: A004 - the module is named after what it holds
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import CodePurpose
from tests.healthcode.codes import CHECKS, code_of

purposes = st.sampled_from(CodePurpose)
heads = st.tuples(st.sampled_from([1, 2]), purposes, st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16))


@given(parts=heads, signature=st.binary(min_size=64, max_size=64))
def test_what_is_packed_is_parsed(parts: tuple[int, CodePurpose, int, bytes], signature: bytes) -> None:
    text = format.text_of(format.head(*parts), signature)
    code = format.parse(text)
    assert (code.algorithm, code.purpose, code.slot, code.handle) == parts
    assert code.signature == signature
    assert code.packed_head == format.head(*parts)
    assert len(text) == format.CODE_CHARACTERS == 131


def test_a_code_fits_version_6_and_only_the_alphanumeric_alphabet() -> None:
    text = code_of(CodePurpose.IDENTIFY)
    drawn = segno.make_qr(text, error="m", boost_error=False)
    assert drawn.version == 6
    assert drawn.mode == "alphanumeric"


def _full_width(text: str) -> str:
    return "".join("\u3000" if c == " " else chr(ord(c) + 0xFEE0) for c in text)


@pytest.mark.parametrize(
    "spoil",
    [
        str.lower,
        str.title,
        _full_width,
        lambda text: _full_width(text.lower()),
        lambda text: f"  \t{text}\r\n",
        lambda text: f"\u3000{text}\xa0",
        lambda text: "\n".join(text[i : i + 40] for i in range(0, len(text), 40)),
        lambda text: text.replace(".", "\u3002").replace("/", "\u3001").replace("$", "\uffe5"),
        lambda text: text.replace("*", "\xd7"),
        lambda text: text.replace(" ", "\xa0"),
    ],
)
def test_what_scanners_keyboards_and_input_methods_do_is_undone(spoil: object) -> None:
    assert callable(spoil)
    for serial in range(40):
        text = code_of(CodePurpose.IDENTIFY, serial)
        assert format.parse(spoil(text)) == format.parse(text)


def test_a_code_begins_and_ends_with_no_space() -> None:
    # Without this, taking the white space away around a code could take a part of it.
    assert all(base45.ALPHABET[byte // 45] != " " for byte in range(256))
    assert format.CODE_BYTES % 2 == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shc:/5676290952432060346029243740446031222959532654603460292540772804336028", "SMART Health Card"),
        ("SHC:/56762909", "SMART Health Card"),
        ("shlink:/eyJ1cmwiOiJodHRwczovL2Zvby5iYXIifQ", "link to shared health records"),
        ("https://viewer.example/#shlink:/eyJ1cmwiOiJo", "link to shared health records"),
        ("HC1:NCFOXN%TS3DHPVO13J /G-/2YRVA.Q/R82JD2FCJG96V75DOW%IY17EIHY", "vaccination or test certificate"),
        ("openid4vp://?request_uri=x", "another wallet"),
        ("openid-credential-offer://?x", "another wallet"),
        ("mdoc:owBjMS4w", "mobile document"),
        ("CC2NCFOXN", "CareCode for offline desks"),
        ("CC3NCFOXN", "CareCode card"),
        ("http://example.org", "web address"),
        ("\uff28\uff34\uff34\uff30\uff1a//example.org", "web address"),
        ("  https://example.org/CC1", "web address"),
        ("11010519491231002", "document number"),
        ("134567890123456789", "document number"),
    ],
)
def test_codes_of_others_are_named_and_never_repeated(text: str, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as caught:
        format.parse(text)
    assert caught.value.code == "code-foreign"
    assert text.strip()[6:] not in caught.value.message


def test_every_row_of_the_registry_is_recognised_in_both_cases() -> None:
    for beginning, words in format.FOREIGN:
        for text in (beginning + "//abc", beginning.upper() + "//ABC"):
            with pytest.raises(RefusedError, match=words):
                format.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "CC1",
        "CC1" + "0" * 127,
        "CC1" + "0" * 129,
        "CC1" + ":" * 128,
        "CC4" + "0" * 128,
        "x" * 131,
        "CC1" + "\xe9" * 128,
    ],
)
def test_everything_else_is_malformed(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        format.parse(text)
    assert caught.value.code == "code-malformed"


@pytest.mark.parametrize("first", [0x00, 0x10, 0x17, 0x1F, 0x01, 0x31, 0xF1])
def test_unknown_algorithms_and_purposes_are_malformed(first: int) -> None:
    with pytest.raises(InvalidInputError):
        format.parse("CC1" + base45.encode(bytes((first,)) + bytes(84)))


@given(text=st.text() | st.text(alphabet=base45.ALPHABET).map("CC1".__add__) | st.text(max_size=131).map("cc1".__add__))
def test_any_text_gives_a_code_or_a_refusal_in_words(text: str) -> None:
    with contextlib.suppress(InvalidInputError, RefusedError):  # anything else is a fault
        format.parse(text)


@pytest.mark.parametrize("length", [8192, 8193, 1_000_000])
def test_a_huge_text_is_refused_quickly(length: int) -> None:
    with pytest.raises(InvalidInputError):
        format.parse("\ufdfa" * length)  # one character that NFKC makes eighteen of


@given(data=st.data())
def test_only_pay_and_open_record_take_the_desk_number(data: st.DataObject) -> None:
    purpose = data.draw(purposes)
    wrong = data.draw(
        st.none() | st.text(max_size=6).filter(lambda t: not (len(t) == 4 and t.isascii() and t.isdigit()))
    )
    if purpose in (CodePurpose.PAY, CodePurpose.OPEN_RECORD):
        assert format.desk_number_for(purpose, "0042") == "0042"
        with pytest.raises(RefusedError, match="four digits"):
            format.desk_number_for(purpose, wrong)
    else:
        assert format.desk_number_for(purpose, "0042") == format.desk_number_for(purpose, wrong) == ""


@pytest.mark.parametrize("wrong", [None, "", "407", "40711", "4071\n", "\u0664071", "407\uff11", "+407", " 407"])
def test_a_desk_number_is_four_digits(wrong: str | None) -> None:
    with pytest.raises(RefusedError, match="four digits"):
        format.desk_number_for(CodePurpose.PAY, wrong)


def test_a_code_shows_no_bytes_in_its_repr() -> None:
    code = format.parse(code_of(CodePurpose.IDENTIFY))
    handle = CHECKS.handles.issue(1, 0)[0]
    assert repr(handle)[2:-1] not in repr(code)
    assert "handle" not in repr(code)
