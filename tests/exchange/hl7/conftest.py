"""Two hospitals' ports on one real house."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest

from carecode.app import App
from carecode.exchange.hl7.correspondent import Correspondent
from carecode.exchange.hl7.inbox import Inbox
from carecode.exchange.hl7.pace import Pace
from carecode.exchange.hl7.register import HouseRegister
from carecode.kernel.vocabulary import Requester, Role
from tests.exchange.hl7.people import CITY, COUNTY

Who: TypeAlias = Callable[[str], Awaitable[Requester | None]]
START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


class Clock:
    """A clock that goes on by a second at each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def machines() -> dict[str, Requester]:
    """The hospitals' computers; taking one out takes its access away."""
    return {
        each.machine: Requester(each.machine, Role.SYSTEM, each.organisation, f"A computer of {each.organisation}")
        for each in (COUNTY, CITY)
    }


@pytest.fixture
def register(house: App) -> HouseRegister:
    return HouseRegister(house.index, house.cards, house.gate)


@pytest.fixture
def opened(register: HouseRegister, machines: dict[str, Requester], clock: Clock) -> Callable[[Correspondent], Inbox]:
    async def who(machine: str) -> Requester | None:
        return machines.get(machine)

    def make(sender: Correspondent) -> Inbox:
        return Inbox(sender, register, who, clock, secrets.token_bytes, Pace(asked=200, missed=20))

    return make


@pytest.fixture
def county(opened: Callable[[Correspondent], Inbox]) -> Inbox:
    return opened(COUNTY)


@pytest.fixture
def city(opened: Callable[[Correspondent], Inbox]) -> Inbox:
    return opened(CITY)
