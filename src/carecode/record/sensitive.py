"""Which sensitive labels a code or a piece of text carries.  Pure, from the value sets shipped beside it.

``valuesets/LABEL.json`` holds one label each: ``codes`` (system, code, display), ``rules`` (ranges of a classification:
from, to, except; a code belongs when its first characters lie in the range, points and hyphens left out) and ``words``
(English words and phrases, ``*`` for any ending, capitals only where written so; Chinese pieces; ``not``: phrases
that look alike and mean something else).  To change one, edit the file, raise its version, add a case to
tests/record/labels.

A code of a system that nobody knows here says nothing; its display is read like any text.  A statement that something
is absent ("not pregnant", "HIV negative") is about the matter all the same, and carries the label.
Source: HL7 v3 ActCode, InformationSensitivityPolicy; each file names its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import msgspec

from carecode.kernel.vocabulary import Closed

LABELS: Final = tuple(Closed(1 << place) for place in range(8))
"""The eight labels that have value sets, HIV to SDV."""
MEMO_ENTRIES_MAX: Final = 100_000  # codes repeat; about 20 MB
TEXT_MEMO_CHARACTERS_MAX: Final = 200  # longer text seldom repeats
PREFIX_CHARACTERS: Final = 4  # what every word with an open ending begins with, at least

_SYSTEMS: Final[tuple[tuple[str, str], ...]] = (
    # piece of a system's name in small letters -> the family its rules and codes go by; first match wins
    ("snomed.info/sct", "http://snomed.info/sct"),
    ("2.16.840.1.113883.6.96", "http://snomed.info/sct"),
    ("loinc.org", "http://loinc.org"),
    ("icd-10-pcs", "icd-10-pcs"),
    ("icd10pcs", "icd-10-pcs"),
    ("icd10-pcs", "icd-10-pcs"),
    ("icd-10", "icd-10"),
    ("icd10", "icd-10"),
    ("gb/t 14396", "icd-10"),
    ("14396", "icd-10"),
    ("icd-9-cm-3", "icd-9-procedure"),
    ("icd-9-proc", "icd-9-procedure"),
    ("icd-9", "icd-9-cm"),
    ("icd9", "icd-9-cm"),
    ("icd/release/11", "icd-11"),
    ("icd-11", "icd-11"),
    ("icd11", "icd-11"),
    ("icpc", "icpc-2"),
    ("whocc.no/atc", "atc"),
    ("rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"),
    ("ama-assn.org/go/cpt", "http://www.ama-assn.org/go/cpt"),
    ("hcpcs", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"),
)
_OIDS: Final[Mapping[str, str]] = {
    "2.16.840.1.113883.6.1": "http://loinc.org",
    "2.16.840.1.113883.6.3": "icd-10",
    "2.16.840.1.113883.6.90": "icd-10",
    "2.16.840.1.113883.6.4": "icd-10-pcs",
    "2.16.840.1.113883.6.42": "icd-9-cm",
    "2.16.840.1.113883.6.103": "icd-9-cm",
    "2.16.840.1.113883.6.104": "icd-9-procedure",
    "2.16.840.1.113883.6.73": "atc",
    "2.16.840.1.113883.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "2.16.840.1.113883.6.12": "http://www.ama-assn.org/go/cpt",
    "2.16.840.1.113883.6.285": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "2.16.840.1.113883.6.139": "icpc-2",
}
_POINTS: Final = str.maketrans("", "", ".- ")
_TOKEN: Final = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Range:
    """Codes of a classification from one to another, both with everything below them."""

    first: str
    last: str
    exceptions: tuple[str, ...]

    def holds(self, code: str) -> bool:
        """Tell whether a code, already without points, lies inside."""
        if not self.first <= code[: len(self.first)] or not code[: len(self.last)] <= self.last:
            return False
        return not code.startswith(self.exceptions)


@dataclass(frozen=True, slots=True)
class ValueSet:
    """One label's file as read."""

    label: Closed
    url: str
    version: str
    codes: Mapping[tuple[str, str], str] = field(repr=False)  # system and code -> display
    ranges: Mapping[str, tuple[_Range, ...]] = field(repr=False)  # family -> ranges
    english: tuple[str, ...] = field(repr=False)
    chinese: tuple[str, ...] = field(repr=False)
    exceptions: tuple[str, ...] = field(repr=False)


def family_of(system: str) -> str:
    """Return the one name under which the sets know a code system; the system itself when they do not know it.

    >>> family_of("http://hl7.org/fhir/sid/icd-10-cm"), family_of("urn:oid:2.16.840.1.113883.6.1")
    ('icd-10', 'http://loinc.org')
    """
    small = system.lower()
    oid = _OIDS.get(small.removeprefix("urn:oid:"))
    if oid is not None:
        return oid
    return next((family for piece, family in _SYSTEMS if piece in small), system)


def value_sets() -> tuple[ValueSet, ...]:
    """Read the shipped sets, in the order of LABELS."""
    folder = files("carecode") / "record" / "valuesets"
    return tuple(_read(msgspec.json.decode((folder / f"{label.name}.json").read_bytes())) for label in LABELS)


def _read(written: Mapping[str, Any]) -> ValueSet:
    ranges: dict[str, tuple[_Range, ...]] = {}
    for rule in written["rules"]:
        one = _Range(rule["from"], rule["to"], tuple(rule.get("except", ())))
        ranges[rule["system"]] = (*ranges.get(rule["system"], ()), one)
    words = written["words"]
    return ValueSet(
        Closed[written["label"]],
        written["url"],
        written["version"],
        MappingProxyType({(one["system"], one["code"]): one["display"] for one in written["codes"]}),
        MappingProxyType(ranges),
        tuple(words["en"]),
        tuple(words["zh"]),
        tuple(words["not"]),
    )


class Sensitivity:
    """The sets compiled for speed, with a memo of what was met before.

    0.1 us for a code met before.  Not for two threads at once.
    """

    __slots__ = (
        "_codes",
        "_exceptions",
        "_phrases",
        "_pieces",
        "_prefixes",
        "_ranges",
        "_shouted",
        "_single",
        "_words",
        "known",
        "said",
    )

    def __init__(self, sets: Sequence[ValueSet]) -> None:
        """Compile; about a millisecond."""
        self.known: dict[tuple[str | None, str, str | None], int] = {}
        """The memo: system, code and display, as written -> labels."""
        self.said: dict[str, int] = {}
        """The memo of short texts."""
        self._codes: dict[tuple[str, str], int] = {}
        self._ranges: dict[str, list[tuple[_Range, int]]] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        self._single: dict[str, int] = {}
        self._words: dict[str, int] = {}
        self._prefixes: dict[str, list[tuple[str, int]]] = {}
        self._pieces: dict[str, list[tuple[str, int]]] = {}
        self._shouted: list[tuple[re.Pattern[str], int]] = []
        self._exceptions: dict[int, tuple[str, ...]] = {}
        for one in sets:
            self._add(one, int(one.label))

    def _add(self, one: ValueSet, label: int) -> None:
        for pair in one.codes:
            self._codes[pair] = self._codes.get(pair, 0) | label
        for family, ranges in one.ranges.items():
            self._ranges.setdefault(family, []).extend((row, label) for row in ranges)
        for phrase in one.english:
            if phrase != phrase.lower():
                self._shouted.append((re.compile(rf"\b{re.escape(phrase)}\b"), label))
                continue
            first, *rest = phrase.split()
            if not rest and first.endswith("*"):
                self._prefixes.setdefault(first[:PREFIX_CHARACTERS], []).append((first[:-1], label))
            elif not rest:
                self._single[first] = self._single.get(first, 0) | label
            else:
                self._phrases.setdefault(first, []).append((tuple(rest), label))
        for piece in one.chinese:
            self._pieces.setdefault(piece[0], []).append((piece, label))
        self._exceptions[label] = one.exceptions

    def of_code(self, system: str | None, code: str, display: str | None) -> int:
        """Return the labels of one coding as an integer of ``Closed`` bits; remembered."""
        key = (system, code, display)
        found = self.known.get(key)
        if found is None:
            if len(self.known) >= MEMO_ENTRIES_MAX:
                self.known.clear()
            found = self.known[key] = self._look_up(system, code, display)
        return found

    def of_text(self, text: str) -> int:
        """Return the labels that a text's words carry; short texts are remembered."""
        if len(text) > TEXT_MEMO_CHARACTERS_MAX:
            return self._read(text)
        found = self.said.get(text)
        if found is None:
            if len(self.said) >= MEMO_ENTRIES_MAX:
                self.said.clear()
            found = self.said[text] = self._read(text)
        return found

    def _look_up(self, system: str | None, code: str, display: str | None) -> int:
        family = family_of(system) if isinstance(system, str) else ""
        found = self._codes.get((family, code.strip()), 0)
        ranges = self._ranges.get(family)
        if ranges is not None:
            plain = code.upper().translate(_POINTS)
            for row, label in ranges:
                if row.holds(plain):
                    found |= label
        return found | self.of_text(display) if isinstance(display, str) else found

    def _read(self, text: str) -> int:
        """Read a text; what only looks alike is taken out and the rest read again."""
        tokens = _TOKEN.findall(text.lower())
        found = self._hits(text, tokens)
        if not found:
            return 0
        plain = f" {' '.join(tokens)} "
        for label, phrases in self._exceptions.items():
            if found & label:
                alike = [one for one in phrases if (f" {one} " in plain if one.isascii() else one in text)]
                rest = _without(text, alike) if alike else text
                if alike and not self._hits(rest, _TOKEN.findall(rest.lower())) & label:
                    found &= ~label
        return found

    def _hits(self, text: str, tokens: Sequence[str]) -> int:
        found = self._english(tokens)
        for pattern, label in self._shouted:
            if pattern.search(text):
                found |= label
        if not text.isascii():
            for character in set(text) & self._pieces.keys():
                for piece, label in self._pieces[character]:
                    if piece in text:
                        found |= label
        return found

    def _english(self, tokens: Sequence[str]) -> int:
        words = set(tokens)
        found = 0
        for word in words:
            alone = self._words.get(word)
            found |= self._alone(word) if alone is None else alone
        for start in words & self._phrases.keys():
            for rest, label in self._phrases[start]:
                if not found & label and _follows(tokens, start, rest):
                    found |= label
        return found

    def _alone(self, word: str) -> int:
        """Return the labels that one word carries by its beginning; remembered."""
        found = 0
        for prefix, label in self._prefixes.get(word[:PREFIX_CHARACTERS], ()):
            if word.startswith(prefix):
                found |= label
        if len(self._words) >= MEMO_ENTRIES_MAX:
            self._words = {}
        self._words[word] = found | self._single.get(word, 0)
        return self._words[word]


def _follows(tokens: Sequence[str], start: str, rest: tuple[str, ...]) -> bool:
    """Tell whether the words of a phrase stand one after the other; its last may have an open ending."""
    *middle, last = rest
    open_ended = last.endswith("*")
    last = last.removesuffix("*")
    for place, token in enumerate(tokens):
        if token != start or place + len(rest) >= len(tokens):
            continue
        if list(tokens[place + 1 : place + 1 + len(middle)]) != middle:
            continue
        end = tokens[place + len(rest)]
        if end == last or (open_ended and end.startswith(last)):
            return True
    return False


def _without(text: str, phrases: Sequence[str]) -> str:
    """Take phrases out of a text, however their words are spaced and written."""
    for phrase in phrases:
        if phrase.isascii():
            words = r"[^A-Za-z0-9]+".join(phrase.split())
            text = re.sub(rf"(?<![A-Za-z0-9]){words}(?![A-Za-z0-9])", " ", text, flags=re.IGNORECASE)
        else:
            text = text.replace(phrase, " ")
    return text


SENSITIVITY: Final = Sensitivity(value_sets())
"""The shipped sets; their memo lives as long as the process."""
