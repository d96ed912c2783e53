"""What happened to links, in the words of a page: what, by whom, when and why; entries are letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carecode.disclosure.stewards_undoing import UNDONE
from carecode.identity.linking.events import Kind, Mark, standing
from carecode.web.language import DEFAULT
from carecode.web.steward.facts import LETTERS
from carecode.web.steward.said import EVENT, MARK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from carecode.identity.linking.events import Event
    from carecode.web.page import Page


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a page tells it."""

    id: UUID
    what: str
    who: str
    at: datetime
    reason: str = field(repr=False)
    letters: str  # "A, B"
    bits: float | None
    taken_back: bool
    offers: bool  # it can be taken back here


def letters_of(entries: Sequence[UUID], named: Sequence[UUID]) -> str:
    """Name entries by their letters, in order; one that is not on the page has none.

    >>> from uuid import UUID
    >>> letters_of([UUID(int=1), UUID(int=2)], [UUID(int=2), UUID(int=9)])
    'B'
    """
    known = dict(zip(entries, LETTERS, strict=False))
    return ", ".join(sorted({known[each] for each in named if each in known}))


async def told(page: Page, history: Sequence[Event], entries: Sequence[UUID]) -> list[Told]:
    """Tell events, given newest first and told so."""
    names = await page.app.people.names({each.actor for each in history if each.human})
    stands = {each.id for each in standing(list(reversed(history)))}
    found = []
    for event in history:
        who = page.say("A computer, by its rules")
        if event.human:
            known = names.get(event.actor)
            who = event.actor if known is None else known.name
            if known is not None and page.language != DEFAULT:
                who = known.chinese(known.name, known.title)[0]
        named = [*event.entries, *(() if event.beside is None else (event.beside,))]
        what = EVENT[event.kind]
        if event.kind is Kind.PIN:
            what = MARK[event.mark if event.mark is not Mark.NONE else Mark.MUST]
        found.append(
            Told(
                event.id,
                page.say(what),
                who,
                event.at,
                event.reason if event.human else "",
                letters_of(entries, named),
                None if event.evidence is None else event.evidence.bits,
                event.id not in stands and event.undoes is None,
                event.id in stands and event.kind in UNDONE,
            )
        )
    return found
