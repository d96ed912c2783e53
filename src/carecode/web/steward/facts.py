"""Entries side by side: what each says, cut where two differ.  Pure; the templates mark and underline."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, NamedTuple

from carecode.disclosure.masks import masked_number, masked_phone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carecode.disclosure.stewards_entries import Entry
    from carecode.identity.identifiers import Identifier

COMPARED_MAX: Final = 200  # characters of one value
LETTERS: Final = "ABCDEFGHIJKL"
_PAIR: Final = 2


class Piece(NamedTuple):
    """A part of a value, and whether the other side has another one there."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison."""

    name: str  # of FIELDS
    cells: tuple[tuple[tuple[Piece, ...], ...], ...] = field(repr=False)  # entry -> lines -> pieces


def rows(entries: Sequence[Entry], *, dated: Callable[[Entry], str], sexes: Callable[[Entry], str]) -> list[Row]:
    """Lay entries side by side; ``dated`` and ``sexes`` write birth date and sex in the page's language."""
    return [
        _row("name", [[each.person.name, _latin(each)] for each in entries]),
        _row("born", [[dated(each)] for each in entries]),
        _row("sex", [[sexes(each)] for each in entries]),
        _row("contact", [[masked_phone(each.person.phone)] for each in entries]),
        _row("number", [[_masked(one) for one in each.numbers if one.kind] for each in entries]),
        _row("other", [[_masked(one) for one in each.numbers if not one.kind] for each in entries]),
    ]


def pieces(own: str, other: str) -> tuple[Piece, ...]:
    """Cut a value where another differs; one that only one side has is not marked.

    >>> pieces("张伟国", "张卫国")
    (Piece(text='张', differs=False), Piece(text='伟', differs=True), Piece(text='国', differs=False))
    """
    own, other = own[:COMPARED_MAX], other[:COMPARED_MAX]
    if not own or not other:
        return (Piece(own, differs=False),) if own else ()
    found = []
    for word, begins, ends, _, _ in SequenceMatcher(None, own, other, autojunk=False).get_opcodes():
        if ends > begins:
            found.append(Piece(own[begins:ends], differs=word != "equal"))
    return tuple(found)


def _row(name: str, lines: list[list[str]]) -> Row:
    """Compare each entry with the first, the first with the second."""
    cells = []
    for place, own in enumerate(lines):
        other = lines[1 if place == 0 and len(lines) >= _PAIR else 0]
        cells.append(
            tuple(pieces(text, other[line] if line < len(other) else "") for line, text in enumerate(own) if text)
        )
    return Row(name, tuple(cells))


def _latin(entry: Entry) -> str:
    return "" if entry.person.name_latin == entry.person.name else entry.person.name_latin


def _masked(number: Identifier) -> str:
    return masked_number(number.value)
