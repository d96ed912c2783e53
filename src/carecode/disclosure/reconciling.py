"""What institutions say they got, against what the log says they got: day by day, the difference in public.

An institution keeps its own list of the receipts that answers carried.  A receipt that only the institution
has would be a reading that the log lost; one that only the log has is a reading that the institution does
not know of, perhaps made with somebody's stolen session.  Both are counted in the public log, so that a
list which is never compared shows as well, and each difference comes before the institution's officer.
Source: IHE BALP 1.1 (an AuditEvent at the source and one at the recipient describe one disclosure).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_OID, uuid5

from carecode.disclosure.reviews import NewItem
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import Role, receipt_mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carecode.audit.log import Log
    from carecode.disclosure.announcing import Public
    from carecode.disclosure.people import People
    from carecode.disclosure.reviews import Work
    from carecode.kernel.vocabulary import Requester

RECEIPTS_MAX: Final = 1_000_000
DAYS_BACK_MAX: Final = 400
_FORM: Final = re.compile(r"[0-9a-f]{32}")
WHO: Final = frozenset({Role.SYSTEM, Role.INTEGRATOR, Role.OFFICER})


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One institution's day, compared."""

    organisation: str
    day: date
    both: int
    only_theirs: int  # the log lacks them: must be zero
    only_ours: int  # the institution did not know of them

    @property
    def statement(self) -> dict[str, object]:
        """What the public log says of it: counts only."""
        return {
            "kind": "reconciliation",
            "organisation": self.organisation,
            "day": self.day.isoformat(),
            "both": self.both,
            "only_institution": self.only_theirs,
            "only_log": self.only_ours,
        }


class Reconciling:
    """The comparison."""

    def __init__(self, log: Log, people: People, public: Public, work: Work) -> None:
        """Compare with ``log``, publish to ``public``, put differences before ``work``."""
        self._log = log
        self._people = people
        self._public = public
        self._work = work

    async def compare(self, requester: Requester, day: date, receipts: Iterable[str], now: datetime) -> Reconciled:
        """Compare the receipts that an institution got on a day (UTC) with the log, publish and return the counts.

        ``receipts`` are what answers carried (``carecode-receipt``, 32 hexadecimal digits), each counted
        once.  RefusedError for anyone but the institution's machines, integrators and officers;
        InvalidInputError for a day that is not over or lies more than DAYS_BACK_MAX days back, and for what is
        no receipt.
        """
        if requester.role not in WHO:
            raise RefusedError("not-an-institution", "Only an institution's own system or officer compares its list.")
        if not timedelta(days=1) <= now.astimezone(UTC).date() - day <= timedelta(days=DAYS_BACK_MAX):
            raise InvalidInputError("reconcile-day", "Compare a day that is over and less than 400 days ago.")
        theirs = _numbers(receipts)
        begins = datetime.combine(day, time(), UTC)
        receipts_then = await self._log.receipts_of(requester.organisation, begins, begins + timedelta(days=1))
        ours = {receipt_mark(one) for one in receipts_then}
        found = Reconciled(requester.organisation, day, len(ours & theirs), len(theirs - ours), len(ours - theirs))
        await self._public.publish(found.statement)
        if found.only_theirs or found.only_ours:
            place = await self._people.organisation(requester.organisation)
            await self._work.add(_item(found, place.name), now)
        return found


def _numbers(receipts: Iterable[str]) -> set[str]:
    numbers: set[str] = set()
    for place, text in enumerate(receipts, 1):
        if not _FORM.fullmatch(mark := text.strip().lower()):
            raise InvalidInputError("receipt-form", f"Line {place} is no receipt number.")
        numbers.add(mark)
        if len(numbers) > RECEIPTS_MAX:
            raise InvalidInputError("reconcile-size", f"At most {RECEIPTS_MAX} receipts of one day are compared.")
    return numbers


def _item(found: Reconciled, place: str) -> NewItem:
    number = uuid5(NAMESPACE_OID, f"{found.organisation}\n{found.day.isoformat()}\nreconciliation")
    note = (
        f"{found.day.isoformat()}: {found.only_theirs} receipts stand only in the institution's list,"
        f" {found.only_ours} only in the access log."
    )
    return NewItem(found.organisation, number, "anomaly", place, note=note)
