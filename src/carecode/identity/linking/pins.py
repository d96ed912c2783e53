"""What people decided about two entries, which no model overrides: must be one person, cannot be, was looked at.

Pure.  A pin only says what is so already: two entries are linked first and then held together, or
parted first and then held apart.  Whatever would break a pin is refused, also to people, until
somebody takes the pin back.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from carecode.identity.linking.events import Event, Kind, Mark, Marking, pair
from carecode.kernel.errors import ConflictError, RefusedError

Marks = Mapping[tuple[UUID, UUID], Mark]
Places = Mapping[UUID, UUID]
"""Entry -> person, for entries that are not persons by themselves."""


def marking(event: Event, marks: Marks) -> Marking:
    """Return what a pin or a dismissal changes.

    Raises RefusedError ``pin-by-people`` for a model, ConflictError ``pinned-already`` where a pin stands.
    """
    if not event.human:
        raise RefusedError("pin-by-people", "Only a person may pin or dismiss. Open a review instead.")
    first, second = pair(*event.entries)
    before = marks.get((first, second), Mark.NONE)
    after = Mark.DISMISSED if event.kind is Kind.DISMISS else event.mark
    if before in (Mark.MUST, Mark.CANNOT) or before is after:
        raise ConflictError("pinned-already", "These two are decided already. Take that decision back first.")
    return Marking(first, second, before, after)


def hold(marks: Marks, before: Places, after: Places, *, human: bool) -> None:
    """See that every pin is kept by ``after``.

    Raises ConflictError ``pinned-apart`` or ``pinned-together``; to a model also RefusedError
    ``dismissed`` when it joins two who were looked at and left apart.
    """
    for (first, second), mark in marks.items():
        together = after.get(first, first) == after.get(second, second)
        if mark is Mark.CANNOT and together:
            raise ConflictError(
                "pinned-apart",
                "Somebody decided that two of these are different people. Take that pin back before you join them.",
            )
        if mark is Mark.MUST and not together:
            raise ConflictError(
                "pinned-together",
                "Somebody decided that two of these are one person. Take that pin back before you part them.",
            )
        was_together = before.get(first, first) == before.get(second, second)
        if mark is Mark.DISMISSED and together and not was_together and not human:
            raise RefusedError(
                "dismissed", "Somebody looked at two of these and left them apart. A person must decide."
            )
