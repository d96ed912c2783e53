"""Three grown people and a child, of whom tests say who acts for whom."""

from __future__ import annotations

from datetime import date

from carecode.app import App
from carecode.disclosure.delegationbook import Acting, Scope
from carecode.disclosure.people import Organisation, herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Category, Closed, Resident

MEDICINES = Scope(frozenset({Category.MEDICINES, Category.ALLERGIES}), Closed.PSY)
DECIDES = Scope(may_decide=True)


class Family:
    """Three grown people and a child, whose birthday the test chooses."""

    def __init__(self, house: App, *people: Resident) -> None:
        self.house = house
        self.now = house.clock()
        self.her, self.helper, self.third, self.child = people
        self.me, self.other = herself(self.her.id), herself(self.helper.id)

    async def ask(self, scope: Scope = MEDICINES, **options: object) -> None:
        code = await self.house.delegations.codes.offer(self.helper.id, self.now)
        await self.house.delegations.grant(self.me, code, scope, self.now, **options)  # type: ignore[arg-type]

    async def settle(self, scope: Scope = MEDICINES) -> Acting:
        """Ask and accept."""
        await self.ask(scope)
        [asked] = await self.house.delegations.for_whom(self.helper.id, self.now)
        await self.house.delegations.accept(self.helper.id, asked.id, self.now)
        acting = await self.acting()
        assert acting is not None
        return acting

    async def acting(self) -> Acting | None:
        return await self.house.delegations.acting(self.helper.id, self.her, self.now)

    async def log(self) -> list[tuple[str, str]]:
        entries = await self.house.log.entries(self.her)
        return [(x.requester_name, x.basis) for x in entries if x.action == "decide"]


async def family_of(house: App) -> Family:
    """Register them, and two hospitals."""
    for handle in ("county-2", "city-1"):
        await house.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
    people = []
    for number, (name, born) in enumerate(
        [
            ("林梅", date(1985, 3, 14)),
            ("王静", date(1995, 1, 1)),
            ("赵伟", date(1990, 1, 1)),
            ("林小雨", date(2023, 6, 1)),
        ]
    ):
        person = Person(name, "", born, "female", "")
        identifier = parse("passport", f"E1234567{number}")
        people.append((await house.index.enrol([identifier], person, source="x", now=house.clock())).resident)
    return Family(house, *people)
