"""People who compare entries: a house with two stewards and a desk, and people who were registered twice."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID

from carecode.app import App
from carecode.audit.log import Entry
from carecode.disclosure.people import Organisation, Staff
from carecode.disclosure.stewards_building import StewardDoors, steward_doors
from carecode.disclosure.stewards_cases import Answer
from carecode.identity.citizen import check_character
from carecode.identity.identifiers import parse
from carecode.identity.ledger import By
from carecode.identity.person import Person
from carecode.kernel.vocabulary import PLATFORM, Requester, Resident, Role

REASON = "Called the clinic; both cards were read out."
WEIGUO = Person("张伟国", "Zhang Weiguo", date(1958, 8, 9), "male", "139 0000 4471")
OTHER_SIGN = Person("张卫国", "Zhang Weiguo", date(1958, 8, 9), "male", "139 0000 4471")
CITIZEN, OTHER_CITIZEN = "110101195808090412", "110101195808090770"
DESK = By("@desk", human=True, reason="The desk asks.")


@dataclass
class Scene:
    """Who is there."""

    house: App
    doors: StewardDoors
    steward: Requester
    second: Requester
    third: Requester
    desk: Requester

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def enrol(self, person: Person, *numbers: tuple[str, str], source: str = "county-2") -> Resident:
        parsed = [parse(*each) for each in numbers]
        return (await self.house.index.enrol(parsed, person, source=source, now=self.now)).resident

    async def case(self, *residents: Resident) -> UUID:
        """Open a case about some people, the newest first."""
        ids = [each.id for each in reversed(residents)]
        opened = await self.house.index.ledger.open_review(ids, DESK, self.now)
        assert opened.review is not None
        return opened.review

    async def answer(
        self, steward: Requester, number: UUID, word: str, *chosen: int, reason: str = REASON
    ) -> str | None:
        """Open a case as a steward and answer it."""
        seen = await self.doors.stewards.look(steward, number)
        wish = Answer(word=word, reason=reason, seen=seen.seen, chosen=chosen)
        return await self.doors.stewards.answer(steward, number, wish, self.now)

    async def list_of(self, resident: Resident) -> list[tuple[str, str]]:
        """Return what stands in her list, oldest first: by whom and on what ground."""
        current = await self.house.index.by_id(resident.id)
        assert current is not None
        entries: list[Entry] = await self.house.log.entries(current)
        return [(each.requester, each.basis) for each in reversed(entries)]

    async def people(self, *residents: Resident) -> int:
        """Count how many people some entries are."""
        return len({(await self.house.index.ledger.person(each.id))[0] for each in residents})


def doors_of(house: App) -> StewardDoors:
    """Give the doors of comparing, which the house has or is given here."""
    built = getattr(house, "steward", None)
    if built is None:
        built = steward_doors(
            house.database,
            house.ring,
            index=house.index,
            ledger=house.index.ledger,
            log=house.log,
            random_bytes=secrets.token_bytes,
        )
        cast("Any", house).steward = built
    return cast("StewardDoors", built)


async def staffed(house: App, handle: str, role: Role, name: str, name_zh: str) -> Requester:
    await house.people.put_staff(Staff(handle, "county-2", role, name, name_zh, "", ""))
    found = await house.people.staff(handle)
    assert found is not None
    return found


async def scene_of(house: App) -> Scene:
    """Fill a house."""
    for handle, name, kind in ((PLATFORM, "CareCode", "platform"), ("county-2", "County Hospital 2", "hospital")):
        await house.people.put_organisation(Organisation(handle, name, name, kind))
    await house.people.put_organisation(Organisation("east-clinic", "East Clinic", "东区诊所", "clinic"))
    await house.people.mark_demo()
    return Scene(
        house,
        doors_of(house),
        await staffed(house, "@steward", Role.STEWARD, "Shen Yu", "沈宇"),
        await staffed(house, "steward-2", Role.STEWARD, "Gao Ling", "高灵"),
        await staffed(house, "steward-3", Role.STEWARD, "Bai Jun", "白军"),
        await staffed(house, "@desk", Role.DESK, "Xu Ning", "徐宁"),
    )


def with_check(number: str) -> str:
    """Give a citizen's number its right check character."""
    return number[:17] + check_character(number[:17])
