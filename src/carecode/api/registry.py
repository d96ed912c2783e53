"""Which numbers an institution may name somebody by, and whom it alone speaks of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carecode.identity.identifiers import hospital_system

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carecode.api.call import Call
    from carecode.identity.identifiers import Identifier
    from carecode.kernel.vocabulary import Resident, ResidentId


@dataclass(frozen=True, slots=True)
class Own:
    """Which numbers of one person an institution gave itself, under whatever system.

    A document's number is nobody's own, whoever sent it.
    """

    numbers: tuple[Identifier, ...] = field(repr=False)

    def __contains__(self, number: Identifier) -> bool:
        """Say whether a number is among them, in whatever form."""
        return (number.system, number.canonical) in {(one.system, one.canonical) for one in self.numbers}


async def own_of(call: Call, resident: Resident) -> Own:
    """Return which of her numbers the requester's institution gave itself."""
    organisation = call.requester.organisation
    authority = hospital_system(organisation)
    stated = await call.app.index.stated(resident)
    return Own(
        tuple(
            one.identifier
            for one in stated
            if one.identifier.kind is None and (one.source == organisation or one.identifier.system == authority)
        )
    )


async def usable(call: Call, numbers: Iterable[Identifier], *, fresh: bool = False) -> tuple[Identifier, ...]:
    """Return the numbers that the requester's institution may name somebody by: documents', and those it gave.

    With ``fresh`` those too that name nobody yet.  Other institutions' numbers are short and run on: by them
    anybody could find, or attach itself to, one patient of another's after the other.
    """
    kept: list[Identifier] = []
    authority = hospital_system(call.requester.organisation)
    for number in numbers:
        if number.kind is not None or number.system == authority:
            kept.append(number)
            continue
        resident = await call.app.index.resolve(number.system, number.value)
        if (fresh and resident is None) or (resident is not None and number in await own_of(call, resident)):
            kept.append(number)
    return tuple(kept)


async def is_alone(call: Call, entry: ResidentId) -> bool:
    """Say whether nobody but the requester's institution says anything of the person of an entry."""
    organisation = call.requester.organisation
    index = call.app.index
    resident = await index.by_id(entry)
    if resident is None:
        return False
    said = {one.source for one in await index.sources.claims(entry)}
    return said | {one.source for one in await index.stated(resident)} == {organisation}
