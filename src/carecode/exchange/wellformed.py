"""JSON as FHIR wants it: compact bytes that a search for ``"reference":"`` may trust.

Written decimals keep their digits: nothing here turns a number into a float.
Sources: RFC 8259; FHIR R4 JSON (no empty objects, arrays or strings; null only inside arrays of
primitives beside their ``_name``; no property twice).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from carecode.crypto import canonical
from carecode.exchange.refusals import SentRefusedError
from carecode.kernel.errors import InvalidInputError

BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of one bundle or resource as sent."""
DEPTH_MAX: Final = 64
"""Objects and arrays inside each other; FHIR's own examples stay below 20."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_TOO_DEEP: Final = b"\n" + b" " * (DEPTH_MAX + 1)
_ESCAPED: Final = re.compile(rb"\\[u/]")
_ESCAPES: Final = re.compile(rb"\\\\|(?:\\u[0-9A-Fa-f]{4})+|\\/")
_ODD_NUMBER: Final = re.compile(rb"[:,\[]-?(?:[0-9][0-9.]*[eE][+-]?[0-9]{2}|[0-9.]{19})")
"""What a number too large or too long has in it; so may a text."""
_NUMBER_DIGITS_MAX: Final = 60  # FHIR asks for 18 at least
_NUMBER_EXPONENT_MAX: Final = 300  # what every reader's float can hold
_CODES: Final = ("status", "language", "implicitRules")  # of any type that has them: one text each
_EMPTY: Final = (b"{}", b"[]", b'""', b"null")


def clean(data: bytes) -> bytes:
    r"""Check and compact what was sent: UTF-8, JSON, bounded depth, one spelling of escapes.

    >>> clean(b'{ "url": "http:\\/\\/a", "n": 1.50 }')
    b'{"url":"http://a","n":1.50}'

    SentRefusedError ``too-large``, ``too-deep``, ``json-malformed`` or ``control-character``.
    """
    if len(data) > BYTES_MAX:
        raise SentRefusedError("too-large", f"More than {BYTES_MAX >> 20} MB at once.", issue="too-long")
    try:
        body = canonical.compact(data.removeprefix(_BYTE_ORDER_MARK))
        if _TOO_DEEP in msgspec.json.format(body, indent=1):
            raise _too_deep()
        if b"\\" in body and _ESCAPED.search(body):
            body = _ESCAPES.sub(_unescape, body)
    except SentRefusedError:
        raise
    except InvalidInputError as error:
        raise _too_deep() if isinstance(error.__context__, RecursionError) else _malformed() from None
    except msgspec.MsgspecError:
        raise _malformed() from None
    return body


def _too_deep() -> SentRefusedError:
    return SentRefusedError(
        "too-deep", f"More than {DEPTH_MAX} objects or arrays inside each other.", issue="too-costly"
    )


def _malformed() -> SentRefusedError:
    return SentRefusedError("json-malformed", "This is not JSON in UTF-8.", issue="structure")


def _unescape(match: re.Match[bytes]) -> bytes:
    """Write an escaped character the way msgspec writes it: itself, where JSON allows it."""
    text = match[0]
    if text == b"\\\\":
        return text
    decoded = msgspec.json.decode(b'"' + text + b'"')
    if any(character < " " and character not in "\t\n\r" for character in decoded):
        # FHIR R4, string: no characters below 32 but these three
        raise SentRefusedError("control-character", "A text holds a control character, which FHIR does not allow.")
    return msgspec.json.encode(decoded)[1:-1]


def may_be_empty(body: bytes) -> bool:
    """Say whether an empty value or a null may stand in ``body``; strings may look like one."""
    return any(pattern in body for pattern in _EMPTY)


def check_values(decoded: Any, path: str = "") -> None:  # noqa: ANN401 - any JSON
    """Refuse the first empty object, array or string, and a null where FHIR has none.

    SentRefusedError ``empty-value`` or ``null-value`` with its path.
    """
    if isinstance(decoded, dict):
        for key, value in decoded.items():
            place = f"{path}.{_shown(key)}" if path else _shown(key)
            if value is None:
                raise SentRefusedError("null-value", "null is not a value in FHIR.", place, "structure")
            if isinstance(value, list) and None in value:
                _check_nulls(key, value, decoded, place)
            _check_present(value if key else "", place)
            check_values(value, place)
    elif isinstance(decoded, list):
        for index, value in enumerate(decoded):
            if value is not None:
                _check_present(value, f"{path}[{index}]")
                check_values(value, f"{path}[{index}]")


def _check_present(value: object, place: str) -> None:
    if value in ("", [], {}):
        raise SentRefusedError(
            "empty-value", "An empty object, array or string is not a value in FHIR.", place, "structure"
        )


def _check_nulls(key: str, values: list[object], around: dict[str, object], place: str) -> None:
    """Allow null in an array of primitives that has its twin, and in the twin itself."""
    twin = key[1:] if key.startswith("_") else f"_{key}"
    if twin not in around or all(value is None for value in values):
        raise SentRefusedError("null-value", "null is not a value in FHIR.", place, "structure")


def _shown(key: str) -> str:
    """Name an element in a path; what is no element's name is not repeated."""
    return key if re.fullmatch(r"_?[A-Za-z][A-Za-z0-9]{0,63}", key) else "?"


def check_elements(decoded: Mapping[str, object]) -> None:
    """Refuse a resource whose status, language or rules are no text: every reader goes by them.

    SentRefusedError ``value-type``.
    """
    for name in _CODES:
        if name in decoded and not isinstance(decoded[name], str):
            raise SentRefusedError("value-type", "This element is one code: a text.", name, "value")


def may_be_odd(body: bytes) -> bool:
    """Say whether a number that no reader can hold may stand in ``body``; texts may look like one."""
    return _ODD_NUMBER.search(body) is not None


def check_numbers(decoded: object, path: str = "") -> None:
    """Refuse the first number of more than 60 digits or beyond 10 to the 300th.

    SentRefusedError ``number-too-large`` with its path.
    """
    if isinstance(decoded, dict):
        for key, value in decoded.items():
            check_numbers(value, f"{path}.{_shown(key)}" if path else _shown(key))
    elif isinstance(decoded, list):
        for index, value in enumerate(decoded):
            check_numbers(value, f"{path}[{index}]")
    elif isinstance(decoded, (int, float, Decimal)):
        number = Decimal(decoded)
        if len(number.as_tuple().digits) > _NUMBER_DIGITS_MAX or abs(number.adjusted()) > _NUMBER_EXPONENT_MAX:
            raise SentRefusedError("number-too-large", "This number is larger or longer than a reader can hold.", path)


def check_once(body: bytes, decoded: object, path: str = "") -> None:
    """Refuse a property that stands twice: readers would not agree which one counts.

    A decoded object keeps one of the two, so that its spelling has fewer ``":`` than what was sent.
    SentRefusedError ``duplicate-property``.
    """
    if canonical.encode(decoded).count(b'":') != body.count(b'":'):
        raise SentRefusedError("duplicate-property", "A property stands twice in one object.", path, "structure")
