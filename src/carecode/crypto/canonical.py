"""JSON that keeps what was written: compact bytes for storing, one spelling for hashing.

A laboratory that writes 1.50 means two decimals.  Floats, orjson and RFC 8785 drop the nought;
msgspec copies written numbers, and reads them as Decimal.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from carecode.kernel.errors import InvalidInputError

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_COMPACT: Final = msgspec.json.Encoder(decimal_format="number")
_SORTED: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")


def compact(body: bytes) -> bytes:
    r"""Drop the white space outside strings; keep order, spelling and written decimals.

    >>> compact(b'{ "value" : 1.50,\n "code": "a b" }')
    b'{"value":1.50,"code":"a b"}'

    InvalidInputError when ``body`` is not JSON.
    """
    try:
        body.decode()  # formatting does not look inside strings
        return msgspec.json.format(body, indent=-1)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InvalidInputError("json-malformed", "This is not JSON.") from None


def decode(body: bytes) -> Any:  # noqa: ANN401 - JSON may hold any of its types
    """Read JSON; numbers written with a point or an exponent become Decimal, digits kept.

    InvalidInputError when ``body`` is not JSON.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, ArithmeticError, RecursionError):
        raise InvalidInputError("json-malformed", "This is not JSON.") from None


def encode(value: object) -> bytes:
    """Write compact JSON in the order given; Decimals as written numbers."""
    return _COMPACT.encode(value)


def canonical(value: object) -> bytes:
    """Write compact JSON with every object's keys sorted, for hashing and signing.

    >>> canonical({"b": Decimal("1.50"), "a": [True, None]})
    b'{"a":[true,null],"b":1.50}'
    """
    return _SORTED.encode(value)
