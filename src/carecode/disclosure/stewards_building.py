"""Builds what stewards' and desks' pages knock at, for ``app.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carecode.disclosure.deskforms import DeskForms
from carecode.disclosure.formrefs import FormRefs
from carecode.disclosure.possible import Possible
from carecode.disclosure.reviews import Words
from carecode.disclosure.stewards import Stewards
from carecode.disclosure.stewards_cases import Cases
from carecode.disclosure.stewards_entries import Entries

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.audit.log import Log
    from carecode.crypto.keyring import KeyRing
    from carecode.identity.index import Index
    from carecode.identity.ledger import Ledger
    from carecode.store.database import Database


@dataclass(frozen=True, slots=True)
class StewardDoors:
    """The doors of comparing."""

    stewards: Stewards
    possible: Possible  # duplicates, before a desk adds somebody
    forms: DeskForms
    refs: FormRefs


def steward_doors(  # what each part is made of
    database: Database,
    ring: KeyRing,
    *,
    index: Index,
    ledger: Ledger,
    log: Log,
    random_bytes: Callable[[int], bytes],
) -> StewardDoors:
    """Build all of them on one database."""
    words = Words(ring, random_bytes)
    entries = Entries(index, ledger)
    refs = FormRefs(ring, random_bytes)
    return StewardDoors(
        Stewards(Cases(database, ring, entries, words), log, words.number),
        Possible(entries, log, refs),
        DeskForms(database, ring, random_bytes),
        refs,
    )
