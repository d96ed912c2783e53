"""Two people who are taken for one: a value each in their records, and what links and parts them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import date

from carecode.crypto.keyring import KeyRing
from carecode.disclosure.answers import Release
from carecode.disclosure.choices import Wish
from carecode.disclosure.linked import Linked
from carecode.disclosure.people import herself
from carecode.identity.ledger import By, Ledger
from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role
from carecode.store.database import Database
from tests.promises.quarter import Quarter, observation

MODEL = By("run-1", human=False)
STEWARD = Requester("county-2/steward", Role.STEWARD, "county-2", "A steward", "records office")
NAMES = {"LIN": ("林梅", "female", "1951-02-03"), "WU": ("吴建国", "male", "1988-11-30")}


@dataclass
class Pair:
    """Two people with a value each, and what links and parts them."""

    quarter: Quarter
    ledger: Ledger
    linked: Linked
    lin: Resident  # 6.1, written by County Hospital 2
    wu: Resident  # 9.9, written by City Hospital 1

    async def link(self) -> None:
        await self.ledger.link(self.wu.id, self.lin.id, MODEL, self.quarter.now)

    async def part(self) -> None:
        await self.linked.unlink(STEWARD, self.wu.id, "two people", self.quarter.now)

    async def of(self, one: Resident) -> Resident:
        """Ask the index anew."""
        found = await self.quarter.house.index.by_id(one.id)
        assert found is not None
        return found

    async def write(self, place: str, number: str, value: float) -> None:
        name, sex, born = NAMES[number]
        patient = {"name": [{"text": name}], "gender": sex, "birthDate": born}
        await self.quarter.deposit(place, number, observation(value), patient=patient)

    async def seen(self, who: str, one: Resident, purpose: Purpose = Purpose.TREAT) -> set[float]:
        """Return the values that somebody is shown."""
        released = await self.quarter.house.gate.open(self.quarter.staff[who], purpose, resident=await self.of(one))
        return values(released) if isinstance(released, Release) else set()

    async def decide(self, one: Resident, wish: Wish) -> None:
        await self.quarter.house.privacy.decide(herself(one.id), wish)


def values(released: Release) -> set[float]:
    found = [json.loads(body.json) for body in released.bodies if body.type == "Observation"]
    return {one["valueQuantity"]["value"] for one in found}


async def settled_pair(quarter: Quarter, database: Database, ring: KeyRing) -> Pair:
    """Register both, with other names, birth dates and sexes, and let a hospital each write one value."""
    both = [
        await quarter.resident(number, name, date.fromisoformat(born)) for number, (name, _sex, born) in NAMES.items()
    ]
    ledger = Ledger(database, ring, secrets.token_bytes)
    made = Pair(quarter, ledger, Linked(quarter.house.index, quarter.house.log, ledger), both[0], both[1])
    await made.write("county-2", "LIN", 6.1)
    await made.write("city-1", "WU", 9.9)
    return made
