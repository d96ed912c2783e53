"""Take decisions from a file: all of them, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.kernel.errors import CareCodeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from carecode.disclosure.choices import Wish
    from carecode.disclosure.privacy import Privacy
    from carecode.kernel.vocabulary import Requester


async def take(privacy: Privacy, requester: Requester, wishes: Sequence[Wish]) -> int:
    """Decide what a file wishes for; return how many decisions are new.

    When one cannot be kept, the ones before it are taken back, in the log too, and its error is raised.
    """
    for wish in wishes:
        await privacy.preview(requester, wish)
    made: list[UUID] = []
    try:
        for wish in wishes:
            number = await privacy.decide(requester, wish)
            if number is not None:
                made.append(number)
    except CareCodeError:
        for number in reversed(made):
            await privacy.undo(requester, number)
        raise
    return len(made)
