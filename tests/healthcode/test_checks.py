"""A code is good for its purpose, its half minute, its desk and its phone, and for nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.healthcode import base45
from carecode.healthcode.format import DESK_BOUND, P256
from carecode.healthcode.phone import draw
from carecode.kernel.errors import CareCodeError, RefusedError
from carecode.kernel.vocabulary import CodePurpose
from tests.healthcode.codes import CHECKS, DESK, NOW, PHONE, PHONE_P256, PHONES, code_of, row

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.healthcode.checks import Device

algorithms = pytest.mark.parametrize("algorithm", PHONES)
FORGED = {"code-unknown", "code-bad-signature", "code-malformed", "code-wrong-purpose", "code-expired", "code-future"}


def outcome(
    text: str,
    expected: CodePurpose,
    now: datetime = NOW,
    desk_number: str | None = DESK,
    device: Device | None = None,
) -> str:
    """Return "accepted" or the refusal's code."""
    device = device or row(1)
    try:
        CHECKS.check(CHECKS.recognise(text, expected, now, desk_number), device)
    except CareCodeError as refusal:
        return refusal.code
    return "accepted"


@algorithms
def test_of_six_by_six_purposes_only_the_diagonal_is_accepted(algorithm: int) -> None:
    phone = PHONES[algorithm]
    for shown in CodePurpose:
        text = code_of(shown, phone=phone)
        for expected in CodePurpose:
            wanted = "accepted" if shown is expected else "code-wrong-purpose"
            assert outcome(text, expected, device=row(1, phone)) == wanted


@algorithms
def test_a_rewritten_purpose_breaks_the_signature(algorithm: int) -> None:
    phone = PHONES[algorithm]
    for shown in CodePurpose:
        packed = base45.decode(code_of(shown, phone=phone)[3:])
        for claimed in set(CodePurpose) - {shown}:
            text = "CC1" + base45.encode(bytes((algorithm << 4 | claimed,)) + packed[1:])
            wanted = "code-desk-number" if claimed in DESK_BOUND else "code-bad-signature"
            assert outcome(text, claimed, device=row(1, phone)) == wanted


def test_a_rewritten_slot_breaks_the_signature() -> None:
    packed = base45.decode(code_of(CodePurpose.IDENTIFY)[3:])
    slot = int.from_bytes(packed[1:5])
    text = "CC1" + base45.encode(packed[:1] + (slot + 1).to_bytes(4) + packed[5:])
    assert outcome(text, CodePurpose.IDENTIFY) == "code-bad-signature"


# The phone's clock against ours, at every second of a slot: up to 30 s off is always good, 60 s
# and more never, between it depends on where in the slot we are.
@pytest.mark.parametrize("skew", [0, 29, 30, 31, 59, 60, 61, 91, -29, -30, -31, -59, -60, -61, -91])
def test_clocks_that_differ(skew: int) -> None:
    seen = set()
    for second in range(30):
        text = code_of(CodePurpose.IDENTIFY, now=NOW + timedelta(seconds=second))
        seen.add(outcome(text, CodePurpose.IDENTIFY, NOW + timedelta(seconds=second + skew)))
    late = "code-expired" if skew > 0 else "code-future"
    if abs(skew) <= 30:
        assert seen == {"accepted"}
    elif abs(skew) < 60:
        assert seen == {"accepted", late}
    else:
        assert seen == {late}


def test_the_edges_of_a_code_s_life() -> None:
    text = code_of(CodePurpose.IDENTIFY, now=NOW)
    for seconds, wanted in {-31: "code-future", -30: "accepted", 59.999: "accepted", 60: "code-expired"}.items():
        assert outcome(text, CodePurpose.IDENTIFY, NOW + timedelta(seconds=seconds)) == wanted


@algorithms
@pytest.mark.parametrize("purpose", sorted(DESK_BOUND))
def test_a_code_for_one_desk_is_worth_nothing_at_another(algorithm: int, purpose: CodePurpose) -> None:
    phone = PHONES[algorithm]
    text = code_of(purpose, phone=phone, desk_number="4071")
    assert outcome(text, purpose, desk_number="4071", device=row(1, phone)) == "accepted"
    for other in ("4072", "1407", "0000", None, "40711", "", "407", "\u0664071"):
        assert outcome(text, purpose, desk_number=other, device=row(1, phone)) == "code-desk-number"


def test_no_relayed_code_is_accepted_at_any_other_desk() -> None:
    text = code_of(CodePurpose.PAY, desk_number="4071")
    accepted = [n for n in range(10_000) if outcome(text, CodePurpose.PAY, desk_number=f"{n:04}") == "accepted"]
    assert accepted == [4071]


def test_a_desk_number_is_not_asked_for_where_it_does_not_count() -> None:
    text = code_of(CodePurpose.IDENTIFY, desk_number=None)
    assert outcome(text, CodePurpose.IDENTIFY, desk_number=None) == "accepted"
    assert outcome(text, CodePurpose.IDENTIFY, desk_number=DESK) == "accepted"


def test_a_revoked_an_absent_and_another_phone() -> None:
    text = code_of(CodePurpose.IDENTIFY)
    assert outcome(text, CodePurpose.IDENTIFY, device=row(1, revoked=True)) == "code-revoked"
    assert outcome(text, CodePurpose.IDENTIFY, device=row(2)) == "code-unknown"
    shown = CHECKS.recognise(text, CodePurpose.IDENTIFY, NOW, None)
    with pytest.raises(RefusedError) as caught:
        CHECKS.check(shown, None)
    assert caught.value.code == "code-unknown"


def test_the_row_names_the_algorithm_not_the_code() -> None:
    assert (
        outcome(code_of(CodePurpose.IDENTIFY), CodePurpose.IDENTIFY, device=row(1, PHONE_P256)) == "code-bad-signature"
    )
    text = code_of(CodePurpose.IDENTIFY, phone=PHONE_P256)
    assert outcome(text, CodePurpose.IDENTIFY, device=row(1, PHONE)) == "code-bad-signature"
    packed = base45.decode(code_of(CodePurpose.IDENTIFY)[3:])
    relabelled = "CC1" + base45.encode(bytes((P256 << 4 | CodePurpose.IDENTIFY,)) + packed[1:])
    assert outcome(relabelled, CodePurpose.IDENTIFY) == "code-bad-signature"


def test_a_phone_cannot_claim_another_algorithm_than_its_row_s() -> None:
    handle, secret = CHECKS.handles.issue(1, 0)
    text = draw(PHONE._sign, P256, handle, secret, CodePurpose.IDENTIFY, NOW)
    assert outcome(text, CodePurpose.IDENTIFY) == "code-bad-signature"


def test_somebody_elses_handle_with_one_s_own_key_is_a_forgery() -> None:
    handle, _ = CHECKS.handles.issue(1, 0)
    text = PHONE.show(handle, bytes(32), CodePurpose.IDENTIFY, NOW)
    assert outcome(text, CodePurpose.IDENTIFY) == "code-bad-signature"


@given(serial=st.integers(0, 1000), place=st.integers(3, 130), character=st.sampled_from(base45.ALPHABET))
def test_any_other_character_is_refused(serial: int, place: int, character: str) -> None:
    text = code_of(CodePurpose.IDENTIFY, serial)
    spoiled = text[:place] + character + text[place + 1 :]
    assert (outcome(spoiled, CodePurpose.IDENTIFY) == "accepted") == (spoiled == text)


@algorithms
def test_every_flipped_bit_is_refused(algorithm: int) -> None:
    phone = PHONES[algorithm]
    packed = base45.decode(code_of(CodePurpose.IDENTIFY, phone=phone)[3:])
    for bit in range(len(packed) * 8):
        flipped = (int.from_bytes(packed) ^ 1 << bit).to_bytes(len(packed))
        text = "CC1" + base45.encode(flipped)
        assert outcome(text, CodePurpose.IDENTIFY, device=row(1, phone)) in FORGED


@given(packed=st.binary(min_size=85, max_size=85))
def test_junk_dies_before_any_row_is_asked_for(packed: bytes) -> None:
    with pytest.raises(CareCodeError) as caught:
        CHECKS.recognise("CC1" + base45.encode(b"\x11" + packed[1:]), CodePurpose.IDENTIFY, NOW, None)
    assert caught.value.code == "code-unknown"


@given(text=st.text(max_size=200))
def test_any_text_gives_a_refusal_in_words(text: str) -> None:
    with pytest.raises(CareCodeError) as caught:
        CHECKS.recognise(text, CodePurpose.IDENTIFY, NOW, None)
    assert caught.value.message.endswith(".")


def test_every_refusal_of_a_purpose_names_both() -> None:
    with pytest.raises(RefusedError, match=r"This is a pay code\. Ask her for a check-in code\."):
        CHECKS.recognise(code_of(CodePurpose.PAY), CodePurpose.REGISTER, NOW, DESK)
