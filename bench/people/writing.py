"""What sources write about a person: rows with the columns of an ordinary file, and what went wrong in each."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from bench.people.lists import words
from bench.people.places import CURRENT


class Row(NamedTuple):
    """One record of one source.  Every field is text; "" is absent."""

    truth: str  # the person it is about; no matcher may read it
    source: str  # who wrote it
    local_id: str  # its number there, unique within the source
    recorded_on: str  # YYYY-MM-DD
    name: str  # as written: characters, Latin letters, placeholder
    name_latin: str  # where the source keeps one
    birth_date: str  # in the source's spelling; see DATES
    sex: str  # in the source's spelling; see SEXES
    id_kind: str  # a key of KINDS, as the source believes; "" without a number
    id_number: str
    insurance: str
    phone: str
    address: str
    mother: str  # where known
    errors: str  # what went wrong, words joined by ";": for evaluation, no matcher may read it


COLUMNS: Final = Row._fields

# How sources spell sexes: FHIR, GB/T 2261.1, Chinese, letters.
SEXES: Final = {
    "fhir": {"male": "male", "female": "female", "": ""},
    "code": {"male": "1", "female": "2", "": "0"},
    "han": {"male": "男", "female": "女", "": "未知"},
    "letter": {"male": "M", "female": "F", "": "U"},
}
# How sources spell dates.  None is ambiguous: where a file holds 03/04/1962 its loader must be told the order.
DATES: Final = ("iso", "compact", "slash", "han", "dotted", "words")
_MONTHS: Final = words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_STYLES_HAN: Final = (
    *(
        ("iso", "han"),
        ("iso", "code"),
        ("compact", "code"),
        ("iso", "han"),
        ("slash", "han"),
        ("iso", "fhir"),
        ("han", "han"),
    ),
    *(("iso", "code"), ("compact", "letter")),
)
_STYLES_WEST: Final = (
    ("iso", "fhir"),
    ("dotted", "letter"),
    ("iso", "letter"),
    ("words", "letter"),
    ("compact", "code"),
)
_PLAIN: Final = ("iso", "fhir")
_KINDS: Final = ("hospital", "clinic", "insurer")


class Source(NamedTuple):
    """One source and its habits."""

    name: str
    dates: str  # one of DATES
    sexes: dict[str, str]
    surname_first: bool  # of Latin names
    capitals: bool  # of Latin names


def sources(*, western: bool, dialects: bool) -> dict[str, tuple[Source, ...]]:
    """List the sources of each district code: two hospitals, a clinic, an insurer's office."""
    found: dict[str, tuple[Source, ...]] = {}
    styles = _STYLES_WEST if western else _STYLES_HAN
    codes = [f"west-{number:02d}" for number in range(40)] if western else list(dict.fromkeys(a.code for a in CURRENT))
    for at, code in enumerate(codes):
        row: list[Source] = []
        for place, kind in enumerate(("hospital-1", "hospital-2", "clinic", "insurer")):
            dates, sexes = styles[(at * 4 + place * 3 + at // 9) % len(styles)] if dialects else _PLAIN
            row.append(Source(f"{kind}-{code}", dates, SEXES[sexes], (at + place) % 3 == 0, (at + place) % 4 == 0))
        found[code] = tuple(row)
    return found


def dated(born: str, style: str) -> str:
    """Spell YYYY-MM-DD, YYYY-MM or YYYY in a source's way.

    >>> dated("1962-03-05", "han"), dated("1962-03", "slash"), dated("1962", "compact")
    ('1962年3月5日', '1962/03', '1962')
    """
    if style == "iso" or not born:
        return born
    if style == "compact":
        return born.replace("-", "")
    if style == "slash":
        return born.replace("-", "/")
    parts = born.split("-")
    if style == "han":
        return "".join(f"{int(part)}{word}" for part, word in zip(parts, "年月日", strict=False))
    if style == "dotted":
        return ".".join(reversed(parts))
    if len(parts) > 1:
        parts[1] = _MONTHS[int(parts[1]) - 1]
    return " ".join(reversed(parts))


def latin(source: Source, surname: str, given: str, random: Random) -> str:
    """Write a Latin name in a source's order and letters."""
    if random.random() < 0.05:
        text = f"{surname}, {given}" if surname else given
    elif source.surname_first:
        text = f"{surname} {given}"
    else:
        text = f"{given} {surname}"
    text = text.strip()
    return text.upper() if source.capitals else text
