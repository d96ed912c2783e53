r"""HL7 v2 in its bar-and-hat form (ER7): read strictly, taken apart only where somebody asks, written plainly.

Pure.  The separators come from MSH, the character set from MSH-18: ASCII (or what was agreed) when it is
empty, 8859/1, UNICODE UTF-8 and GB 18030.  The whole message is decoded before it is split, for the second
byte of a character in GB 18030 may be ``|``, ``^``, ``~`` or a backslash.  Everything has a bound.

Two libraries were weighed.  hl7 0.4.5 (2022) copies every part into nested lists and reads no character
set; hl7apy 1.3.5 (2024) builds a validated tree, a few dozen messages a second.  Neither bounds anything.
The form itself is a handful of splits: reading them here is some hundred times faster than the tree.

Sources: HL7 v2.5.1 chapter 2.5 (segments, fields), 2.7 (escapes), 2.14.9 (MSH), table 0211 (character sets).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from carecode.exchange.hl7.faults import Condition, MessageError

MESSAGE_BYTES_MAX: Final = 1 << 20
SEGMENTS_MAX: Final = 512
FIELDS_MAX: Final = 256
REPETITIONS_MAX: Final = 64
COMPONENTS_MAX: Final = 64
VALUE_CHARACTERS_MAX: Final = 4096
HEADER_BYTES_MAX: Final = 4096
UTF_8: Final = "UNICODE UTF-8"
GB_18030: Final = "GB 18030-2000"

Components: TypeAlias = list[str]
"""One repetition of a field, still escaped: components, whose subcomponents are not yet apart."""

_CODECS: Final = {
    "ASCII": "ascii", "8859/1": "latin-1", UTF_8: "utf-8", GB_18030: "gb18030",
    "UTF-8": "utf-8", "UTF8": "utf-8", "GB18030": "gb18030", "GBK": "gb18030", "GB2312": "gb18030",
}  # fmt: skip
"""Table 0211, and the names that senders write in practice; GBK and GB 2312 are parts of GB 18030."""
_TRIED: Final = ("utf-8", "gb18030", "latin-1")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNWRITTEN: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_MARKS: Final = re.compile(r"MSH([!-/:-@\[-`{-~])([!-/:-@\[-`{-~]{4})[!-/:-@\[-`{-~]?\1")
_HEX: Final = re.compile(r"X(?:[0-9A-Fa-f]{2})+")
_LINE_END: Final = re.compile(rb"[\r\n]")  # no character set taken here has these bytes within a character
_CHARSET: Final = 18
_NULL: Final = '""'


class Marks:
    """The five separators of one message."""

    __slots__ = ("codec", "component", "escape", "escapes", "field", "repetition", "sub")

    def __init__(self, field: str, four: str, codec: str) -> None:
        """Take the field separator, the four of MSH-2, and the codec in which escaped bytes are read."""
        self.field = field
        self.component, self.repetition, self.escape, self.sub = tuple(four)
        self.codec = codec
        self.escapes = {
            "F": field, "S": self.component, "T": self.sub, "R": self.repetition, "E": self.escape, "P": "#",
            ".br": "\n", ".sp": "\n",
        }  # fmt: skip

    def plain(self, text: str) -> str:
        """Undo the escapes of a value; ``""`` (HL7's null) and what cannot be shown become nothing."""
        if text == _NULL:
            return ""
        if len(text) > VALUE_CHARACTERS_MAX:
            raise MessageError(
                Condition.TOO_LONG, "value-long", f"A value has at most {VALUE_CHARACTERS_MAX} characters."
            )
        if self.escape in text:
            text = _sequences(self.escape).sub(self._meant, text)
            text = _UNWRITTEN.sub(" ", text)
        return text.strip()

    def _meant(self, found: re.Match[str]) -> str:
        code = found[1]
        known = self.escapes.get(code)
        if known is not None:
            return known
        if _HEX.fullmatch(code):
            return bytes.fromhex(code[1:]).decode(self.codec, "replace")
        return ""  # highlighting, other character sets, a sender's own: nothing that can be compared


@lru_cache(maxsize=32)
def _sequences(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([^{mark}]{{1,64}}){mark}")


class Segment:
    """One segment; fields are numbered as the standard does."""

    __slots__ = ("_fields", "marks", "name")

    def __init__(self, line: str, marks: Marks) -> None:
        """Split one line."""
        self.name = line[:3]
        self.marks = marks
        fields = line.split(marks.field, FIELDS_MAX)
        if len(fields) > FIELDS_MAX:
            raise MessageError(
                Condition.TOO_LONG, "fields-many", f"A segment has at most {FIELDS_MAX} fields.", self.name
            )
        if self.name == "MSH":
            fields.insert(1, marks.field)
        self._fields = fields

    def raw(self, number: int) -> str:
        """Return a field as it was sent."""
        return self._fields[number] if number < len(self._fields) else ""

    def repetitions(self, number: int) -> list[Components]:
        """Split a field; MessageError above REPETITIONS_MAX or COMPONENTS_MAX."""
        raw = self.raw(number)
        if not raw:
            return []
        parts = raw.split(self.marks.repetition, REPETITIONS_MAX)
        if len(parts) > REPETITIONS_MAX:
            place = f"{self.name}^1^{number}"
            raise MessageError(
                Condition.TOO_LONG, "repetitions-many", f"A field repeats at most {REPETITIONS_MAX} times.", place
            )
        return [part.split(self.marks.component, COMPONENTS_MAX) for part in parts]

    def text(self, number: int, component: int = 1) -> str:
        """Return a component of a field's first repetition, its first subcomponent, unescaped."""
        raw = self.raw(number)
        if not raw:
            return ""
        first = raw.partition(self.marks.repetition)[0]
        return self.part(first.split(self.marks.component, COMPONENTS_MAX), component)

    def part(self, components: Components, number: int, sub: int = 1) -> str:
        """Return a subcomponent of one repetition, unescaped; "" when it is not there."""
        if number > len(components):
            return ""
        text = components[number - 1]
        if self.marks.sub in text:
            subs = text.split(self.marks.sub, COMPONENTS_MAX)
            text = subs[sub - 1] if sub <= len(subs) else ""
        elif sub > 1:
            return ""
        return self.marks.plain(text)

    def again(self) -> str:
        """Write the segment with our own separators, value by value: for a query that its answer repeats."""
        marks = self.marks
        fields = (
            "~".join(
                "^".join("&".join(escaped(marks.plain(sub)) for sub in part.split(marks.sub)) for part in components)
                for components in self.repetitions(number)
            )
            for number in range(1, len(self._fields))
        )
        return "|".join((self.name, *fields))


class Message:
    """One message: its segments by name, in order."""

    __slots__ = ("_lines", "charset", "header", "marks")

    def __init__(self, lines: list[str], marks: Marks) -> None:
        """Keep the lines; the first is the header."""
        self._lines = lines
        self.marks = marks
        self.header = Segment(lines[0], marks)
        self.charset = self.header.text(_CHARSET)

    def all(self, name: str) -> list[Segment]:
        """Return every segment of a name."""
        return [Segment(line, self.marks) for line in self._lines if line.startswith(name)]

    def one(self, name: str) -> Segment:
        """Return the only segment of a name; MessageError when there is none, or more than one."""
        found = self.all(name)
        if len(found) != 1:
            words = f"Send exactly one {name} segment in one message."
            raise MessageError(Condition.SEQUENCE, "segment-count", words, name)
        return found[0]


def read(data: bytes, charset: str = "ASCII") -> Message:
    r"""Read one message, at most MESSAGE_BYTES_MAX; ``charset`` holds where MSH-18 says nothing.

    Segments end with a carriage return (2.5.4); CR LF and LF, as files have them, are taken too.

    >>> read(b"MSH|^~\\&|HIS|A|||20260102||ADT^A28|7|P|2.5\rPID|||A1^^^HIS^MR\r").one("PID").text(3)
    'A1'

    Raises MessageError: not a message, characters of another set than was said, a bound passed.
    """
    if len(data) > MESSAGE_BYTES_MAX:
        raise MessageError(Condition.TOO_LONG, "message-long", "A message has at most 1 MB.", rejects=True)
    codec, text = _decoded(data, charset)
    if _CONTROLS.search(text):
        raise _unreadable("message-controls", "The message holds control characters. Escape them or leave them out.")
    found = _MARKS.match(text)
    if found is None or len(set(found[1] + found[2])) != len(found[1] + found[2]):
        raise _unreadable("message-header", "The message does not begin with MSH and five different separators.")
    lines = text.replace("\r\n", "\r").replace("\n", "\r").rstrip("\r").split("\r", SEGMENTS_MAX)
    if len(lines) > SEGMENTS_MAX:
        raise MessageError(Condition.TOO_LONG, "segments-many", f"A message has at most {SEGMENTS_MAX} segments.")
    separator = found[1]
    for place, line in enumerate(lines, 1):
        if not _NAME.fullmatch(line[:3]) or line[3:4] not in ("", separator) or (place > 1) is line.startswith("MSH"):
            words = f"Segment {place} has no name of three characters, or is a second MSH."
            raise MessageError(Condition.SEQUENCE, "segment-name", words)
    return Message(lines, Marks(separator, found[2], codec))


def _decoded(data: bytes, charset: str) -> tuple[str, str]:
    """Find the character set that MSH-18 names, read in that very set, and decode.

    The header is first split as single bytes; only a set whose own reading of MSH-18 names it is believed.
    """
    header = _LINE_END.split(data[:HEADER_BYTES_MAX], 1)[0]
    guess = _codec(_charset_in(header.decode("latin-1")), charset)
    for codec in dict.fromkeys((guess, *_TRIED)):
        if codec is None:
            continue
        try:
            said = _codec(_charset_in(header.decode(codec)), charset)
        except UnicodeDecodeError:
            continue
        if said == codec:
            try:
                return codec, data.decode(codec)
            except UnicodeDecodeError:
                raise _charset("The message is not in the character set that MSH-18 names.") from None
    raise _charset("MSH-18 names no character set known here, or another than the message is in. Use UNICODE UTF-8.")


def _charset_in(header: str) -> str:
    """Return MSH-18 of a header line; its first repetition is the one of the message."""
    marks = _MARKS.match(header)
    if marks is None:
        return ""
    fields = header.split(marks[1], _CHARSET)
    return fields[_CHARSET - 1].partition(marks[2][1])[0].strip() if len(fields) >= _CHARSET else ""


def _codec(charset: str, agreed: str) -> str | None:
    return _CODECS.get((charset or agreed).upper())


def _charset(words: str) -> MessageError:
    return MessageError(Condition.VALUE, "charset", words, "MSH^1^18", rejects=True)


def _unreadable(code: str, words: str) -> MessageError:
    return MessageError(Condition.SEQUENCE, code, words, rejects=True)


# --------------------------------------------------------------------------------------------------------- writing


def escaped(text: str) -> str:
    r"""Escape a value; line ends and control characters become spaces.

    >>> escaped("A|B^C")
    'A\\F\\B\\S\\C'
    """
    if _UNWRITTEN.search(text):
        text = _UNWRITTEN.sub(" ", text)
    if not any(sign in text for sign in "\\|^~&"):
        return text
    for sign, code in (("\\", "E"), ("|", "F"), ("^", "S"), ("~", "R"), ("&", "T")):
        text = text.replace(sign, f"\\{code}\\") if sign != "\\" else text.replace("\\", "\x00")
    return text.replace("\x00", "\\E\\")


def hat(*components: str) -> str:
    """Join components, each escaped; what is empty at the end is left out."""
    return "^".join(escaped(each) for each in components).rstrip("^")


def segment(name: str, fields: Mapping[int, str]) -> str:
    """Write a segment from fields by number, each already written with ``hat`` or ``escaped``."""
    last = max((number for number, text in fields.items() if text), default=0)
    return "|".join((name, *(fields.get(number, "") for number in range(1, last + 1))))


def header(fields: Mapping[int, str]) -> str:
    r"""Write MSH with the usual separators; ``fields`` begin with MSH-3."""
    rest = segment("", {number - 2: text for number, text in fields.items()})
    return "MSH|^~\\&" + rest


def encode(lines: Iterable[str], charset: str = UTF_8) -> bytes:
    """Write a whole message in a set that MSH-18 names."""
    return ("\r".join(lines) + "\r").encode(_CODECS[charset], "replace")
