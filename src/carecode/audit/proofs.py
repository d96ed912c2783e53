"""What a resident's own device checks her list with: all that is hashed of it, and the signed public log.

Her device computes the chain anew from the fields, sees that it ends where the head map of a cosigned
checkpoint says, and remembers what it saw.  Nothing of it has to be believed because we say it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from carecode.audit.log import ENTRIES_MAX
from carecode.audit.logkey import log_key

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from carecode.audit.log import Entry, Log
    from carecode.audit.publiclog import PublicLog
    from carecode.audit.witnesses import Witnesses
    from carecode.crypto.keyring import KeyRing
    from carecode.kernel.vocabulary import Resident

MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
"""How the log writes a time, in UTC."""
NO_DEPOSITOR: Final = "-"


class Proofs:
    """Makes what a device checks a list with."""

    def __init__(self, log: Log, public_log: PublicLog, witnesses: Witnesses, ring: KeyRing) -> None:
        """Work on these doors."""
        self._log = log
        self._public_log = public_log
        self._witnesses = witnesses
        self._ring = ring

    async def of(self, resident: Resident, told: Collection[Entry]) -> dict[str, Any]:
        """Return checkpoint, head proofs, keys and her newest ENTRIES_MAX entries, for a script.

        Entries in ``told`` are given with every hashed field, others as number, time and hash: enough for
        the chain.  UnavailableError while the log has no checkpoint that the quorum cosigned.
        """
        bundle = await self._public_log.bundle(resident)
        # After the bundle: so its heads are never ahead of the entries.
        entries = await self._log.entries(resident, ENTRIES_MAX)
        words = {(entry.chain, entry.seq): entry for entry in told}
        demand = self._witnesses.demand
        return {
            "checkpoint": bundle.note,
            "log": (await log_key(self._public_log, self._ring)).vkey(),
            "witnesses": [key.vkey() for key in demand.keys],
            "quorum": demand.quorum,
            "lists": [
                {"resident": sha256(key.bytes).hexdigest(), "head": proof.as_json()}
                for key, proof in zip(resident.keys, bundle.heads, strict=True)
            ],
            "whole": len(entries) < ENTRIES_MAX,
            "entries": [
                hashed(entry)
                if entry.form is not None and words.get((entry.chain, entry.seq)) == entry
                else bare(entry)
                for entry in entries
            ],
        }


def hashed(entry: Entry) -> dict[str, Any]:
    """Write all that the hash of an entry covers, by name, in the order in which it is hashed.

    The order is that of ``audit.entry_words`` in sql/0002; None where there is no line.
    """
    return {
        "form": entry.form,
        "resident": sha256(entry.chain.bytes).hexdigest(),
        "seq": entry.seq,
        "receipt": str(entry.receipt),
        "at": moment(entry.at),
        "requester": entry.requester,
        "requester_name": entry.requester_name,
        "requester_title": entry.requester_title,
        "role": entry.role,
        "organisation": entry.organisation,
        "action": entry.action,
        "purpose": entry.purpose.value,
        "basis": entry.basis,
        "categories": ",".join(str(int(category)) for category in sorted(entry.categories)),
        "depositor": NO_DEPOSITOR if entry.depositor is None else entry.depositor,
        "keys": ",".join(sha256(key.bytes).hexdigest() for key in entry.keys),
        "opens": None if entry.opens is None else int(entry.opens),
        "until": None if entry.until is None else moment(entry.until),
    }


def bare(entry: Entry) -> dict[str, Any]:
    """Write the place of an entry in its chain and no more."""
    return {
        "resident": sha256(entry.chain.bytes).hexdigest(),
        "seq": entry.seq,
        "at": moment(entry.at),
        "hash": entry.hash.hex(),
    }


def moment(at: datetime) -> str:
    """Write a time as the log hashes it; the database gives it in UTC."""
    return at.strftime(MOMENT)
