"""Receipts in force, so that a clinician's following reads in one visit need no new commit.

Only a memory: PostgreSQL asks the log at each read whether a receipt still opens anything.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from carecode.kernel.vocabulary import Purpose, Receipt, Requester, Resident, ResidentId

RECEIPTS_MAX: Final = 10_000
USABLE: Final = timedelta(minutes=9)
"""A minute less than a receipt opens rows: none is taken out just before its end."""

_Key = tuple[str, str, "ResidentId", "Purpose"]


class Receipts:
    """Receipts by requester, institution, resident and purpose; the oldest fall out."""

    def __init__(self) -> None:
        """Begin empty."""
        self._receipts: OrderedDict[_Key, Receipt] = OrderedDict()

    def get(self, requester: Requester, resident: Resident, purpose: Purpose, now: datetime) -> Receipt | None:
        """Return a receipt that should still open rows, or None."""
        key = _key(requester, resident, purpose)
        receipt = self._receipts.get(key)
        if receipt is None:
            return None
        if now - receipt.at > USABLE or receipt.keys != resident.keys:
            del self._receipts[key]
            return None
        return receipt

    def put(self, requester: Requester, resident: Resident, purpose: Purpose, receipt: Receipt) -> None:
        """Remember a receipt."""
        self._receipts[_key(requester, resident, purpose)] = receipt
        if len(self._receipts) > RECEIPTS_MAX:
            self._receipts.popitem(last=False)

    def drop(self, requester: Requester, resident: Resident, purpose: Purpose) -> None:
        """Forget a receipt that opens nothing any more."""
        self._receipts.pop(_key(requester, resident, purpose), None)


def _key(requester: Requester, resident: Resident, purpose: Purpose) -> _Key:
    return (requester.id, requester.organisation, resident.id, purpose)
