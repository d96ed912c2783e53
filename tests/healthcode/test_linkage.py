"""Two codes of one phone cannot be linked: by their bytes, or by recovering the phone's key.

From an ECDSA signature over a known message anybody computes the few public keys that could have
made it.  Codes of one phone share that key, however random their handles.  The secret of the
handle in the signed bytes takes the message, and so the key, away from whoever looks on.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING

from carecode.healthcode.format import P256, SECRET_BYTES, head, parse, signed, slot_at
from carecode.kernel.vocabulary import CodePurpose
from tests.healthcode.codes import CHECKS, NOW, PHONE_P256, code_of

if TYPE_CHECKING:
    from collections.abc import Iterable

type_point = tuple[int, int]

# SEC 2, 2.4.2 (secp256r1)
FIELD = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def add(p: type_point | None, q: type_point | None) -> type_point | None:
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % FIELD == 0:
            return None
        slope = 3 * (p[0] * p[0] - 1) * pow(2 * p[1], -1, FIELD) % FIELD
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, FIELD) % FIELD
    x = (slope * slope - p[0] - q[0]) % FIELD
    return x, (slope * (p[0] - x) - p[1]) % FIELD


def times(scalar: int, p: type_point | None) -> type_point | None:
    total = None
    while scalar:
        if scalar & 1:
            total = add(total, p)
        p = add(p, p)
        scalar >>= 1
    return total


def recovered(signature: bytes, message: bytes) -> set[bytes]:
    """Return every public key that could have made this signature (SEC 1, 4.1.6)."""
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    e = int.from_bytes(hashlib.sha256(message).digest())
    keys = set()
    for x in (r, r + ORDER):
        square = (x**3 - 3 * x + B) % FIELD
        y = pow(square, (FIELD + 1) // 4, FIELD)
        if x >= FIELD or y * y % FIELD != square:
            continue
        for point in ((x, y), (x, FIELD - y)):
            inverse = pow(r, -1, ORDER)
            key = add(times(s * inverse % ORDER, point), times(-e * inverse % ORDER, G))
            if key is not None:
                keys.add(b"\x04" + key[0].to_bytes(32) + key[1].to_bytes(32))
    return keys


def common(candidates: Iterable[set[bytes]]) -> set[bytes]:
    return set.intersection(*candidates)


def test_unsalted_codes_give_the_phone_s_key_away() -> None:
    seen = []
    for serial in range(4):
        handle, _ = CHECKS.handles.issue(1, serial)
        public_part = b"CC1" + head(P256, CodePurpose.IDENTIFY, slot_at(NOW), handle)
        seen.append(recovered(PHONE_P256.sign(public_part), public_part))
    assert common(seen) == {PHONE_P256.public}


def test_our_codes_do_not() -> None:
    codes = [parse(code_of(CodePurpose.IDENTIFY, serial, PHONE_P256)) for serial in range(4)]
    guesses = (b"", bytes(SECRET_BYTES))  # an onlooker knows all but the secret
    for guess in guesses:
        seen = [recovered(code.signature, signed(code.packed_head, guess, "")) for code in codes]
        assert all(seen), "the recovery itself works on these signatures"
        assert common(seen) == set()
        assert PHONE_P256.public not in set.union(*seen)
    # Whoever has the secrets recovers the key: the secret alone is what protects.
    secrets = [CHECKS.handles.secret(code.handle) for code in codes]
    told = [recovered(c.signature, signed(c.packed_head, s, "")) for c, s in zip(codes, secrets, strict=True)]
    assert common(told) == {PHONE_P256.public}


def test_two_codes_of_one_phone_share_no_bytes() -> None:
    codes = [parse(code_of(CodePurpose.IDENTIFY, serial)) for serial in range(200)]
    pieces = [
        {body[i : i + 6] for body in (code.handle, code.signature) for i in range(len(body) - 5)} for code in codes
    ]
    assert not any(one & two for one, two in itertools.combinations(pieces, 2))
