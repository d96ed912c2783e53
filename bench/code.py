"""Bench ``code``: what checking a health code costs beside the bare signature, and how large it is drawn.

``verify`` is everything but the database: text, base45, handle, purpose, slot, signature.  Its
denominator is libsodium's verify of the same signatures over the same messages, in turns of
TURN codes with it, in CPU seconds of this process, so that neighbours on the machine count little.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import segno
import zxingcpp
from nacl.bindings import crypto_sign_open

from carecode.crypto.keyring import KeyRing
from carecode.healthcode.checks import Checks, Device
from carecode.healthcode.format import parse, signed
from carecode.healthcode.phone import DeviceKey
from carecode.kernel.vocabulary import Bearer, CodePurpose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VERIFY_RATIO_MIN: Final = 0.80
QR_VERSION_MAX: Final = 6

PHONES: Final = 64
TURN: Final = 64  # codes
REPEATS: Final = 5
CODES: Final = 4096
CODES_QUICK: Final = 1024
_NOW: Final = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_PURPOSE: Final = CodePurpose.REGISTER


@dataclass(frozen=True, slots=True)
class Case:
    """One code as the scanner gives it, and as libsodium takes it."""

    text: str
    signed_message: bytes  # signature, then message
    public: bytes


def rows(quick: bool) -> list[dict[str, Any]]:  # noqa: FBT001 - the form every bench has
    """Measure and return the rows ``verify`` and ``size``."""
    checks = Checks(KeyRing(b"a ring of 32 bytes for the bench"))
    phones = {number: DeviceKey(number.to_bytes(32)) for number in range(PHONES)}
    devices = {
        number: Device(number, Bearer(UUID(int=number)), phone.algorithm, phone.public, revoked=False)
        for number, phone in phones.items()
    }
    cases = [_case(checks, number % PHONES, number, phones) for number in range(CODES_QUICK if quick else CODES)]

    def check(case: Case) -> None:
        shown = checks.recognise(case.text, _PURPOSE, _NOW, None)
        checks.check(shown, devices[shown.device_number])

    def bare(case: Case) -> None:
        crypto_sign_open(case.signed_message, case.public)

    _seconds(check, cases[:TURN])  # the first calls fill caches
    repeats = [_interleaved(check, bare, cases) for _ in range(REPEATS)]
    return [_verify_row(repeats, len(cases)), _size_row(cases[0].text)]


def _case(checks: Checks, device: int, serial: int, phones: dict[int, DeviceKey]) -> Case:
    handle, secret = checks.handles.issue(device, serial)
    text = phones[device].show(handle, secret, _PURPOSE, _NOW)
    code = parse(text)
    return Case(text, code.signature + signed(code.packed_head, secret, ""), phones[device].public)


def _interleaved(
    check: Callable[[Case], None], bare: Callable[[Case], None], cases: Sequence[Case]
) -> tuple[float, float]:
    """Return the CPU seconds of all checks and of all bare verifies, taken in turns."""
    spent_check = spent_bare = 0.0
    for start in range(0, len(cases), TURN):
        turn = cases[start : start + TURN]
        spent_check += _seconds(check, turn)
        spent_bare += _seconds(bare, turn)
    return spent_check, spent_bare


def _seconds(work: Callable[[Case], None], cases: Sequence[Case]) -> float:
    begun = time.process_time()
    for case in cases:
        work(case)
    return time.process_time() - begun


def _verify_row(repeats: Sequence[tuple[float, float]], count: int) -> dict[str, Any]:
    ratios = [bare / check for check, bare in repeats]
    ratio = statistics.median(ratios)
    return {
        "row": "verify",
        "value": round(count / statistics.median(check for check, _ in repeats)),
        "unit": "codes per CPU second",
        "denominator": round(count / statistics.median(bare for _, bare in repeats)),
        "ratio": round(ratio, 3),
        "hold": VERIFY_RATIO_MIN,
        "holds": ratio >= VERIFY_RATIO_MIN,
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "repeats": len(ratios),
        "notes": "denominator: libsodium Ed25519 verify of the same signatures, in turns with it",
    }


def _size_row(text: str) -> dict[str, Any]:
    """Draw the code and read it back: a version that no scanner reads would be no size."""
    drawn = segno.make_qr(text, error="m", boost_error=False)
    by_another = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    assert [found.text for found in zxingcpp.read_barcodes(by_another.to_image(scale=4))] == [text]
    version = int(drawn.version)
    return {
        "row": "size",
        "value": version,
        "unit": "QR version at level M",
        "denominator": None,
        "ratio": None,
        "hold": QR_VERSION_MAX,
        "holds": version <= QR_VERSION_MAX,
        "spread": [version, version],
        "characters": len(text),
        "modules": drawn.symbol_size(border=0)[0],
    }
