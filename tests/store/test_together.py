from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from carecode.store.together import TOGETHER_MAX, Together


class Calls:
    """Doubles numbers, slowly; remembers which came together and how many calls ran at once."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []
        self.running = 0
        self.most_running = 0

    async def double(self, asks: Sequence[int]) -> list[int | BaseException]:
        self.made.append(list(asks))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(0.005)
        self.running -= 1
        if 13 in asks:
            raise OSError("the whole call failed")
        return [ValueError("odd one") if ask < 0 else 2 * ask for ask in asks]


async def test_everyone_gets_her_own_answer() -> None:
    calls = Calls()
    together = Together[int, int](calls.double)
    assert await asyncio.gather(*(together.ask(n) for n in range(500) if n != 13)) == [
        2 * n for n in range(500) if n != 13
    ]
    assert len(calls.made) < 20
    assert calls.most_running == 1
    assert max(len(made) for made in calls.made) <= TOGETHER_MAX


async def test_nobody_waits_for_company() -> None:
    calls = Calls()
    together = Together[int, int](calls.double)
    assert await together.ask(1) == 2
    assert calls.made == [[1]]


async def test_whoever_comes_while_the_next_step_works_goes_along() -> None:
    calls, commits = Calls(), Calls()
    commit = Together[int, int](commits.double)
    together = Together[int, int](calls.double, first=commit.settled)
    earlier = asyncio.ensure_future(commit.ask(1))
    await asyncio.sleep(0)
    asks = [asyncio.ensure_future(together.ask(2))]
    await asyncio.sleep(0.002)
    asks.append(asyncio.ensure_future(together.ask(3)))
    assert await asyncio.gather(*asks) == [4, 6]
    assert earlier.done()
    assert calls.made == [[2, 3]]
    await commit.settled()  # nothing runs: nothing to wait for


async def test_what_must_stay_apart_stays_apart_and_in_order() -> None:
    calls = Calls()
    together = Together[int, int](calls.double, apart=lambda one: (one % 3,))
    await asyncio.gather(*(together.ask(n) for n in range(60) if n != 13))
    for made in calls.made:
        assert len({n % 3 for n in made}) == len(made)
    for rest in range(3):
        assert [n for made in calls.made for n in made if n % 3 == rest] == [
            n for n in range(60) if n % 3 == rest and n != 13
        ]


async def test_one_refusal_is_one_askers_alone() -> None:
    together = Together[int, int](Calls().double)
    answers = await asyncio.gather(*(together.ask(n) for n in (1, -2, 3)), return_exceptions=True)
    assert answers[0] == 2
    assert isinstance(answers[1], ValueError)
    assert answers[2] == 6


async def test_a_failed_call_fails_those_in_it_and_no_later_one() -> None:
    together = Together[int, int](Calls().double)
    with pytest.raises(OSError, match="whole call"):
        await together.ask(13)
    assert await together.ask(4) == 8


async def test_an_asker_who_leaves_takes_nothing_from_the_others() -> None:
    calls = Calls()
    together = Together[int, int](calls.double)
    first = asyncio.ensure_future(together.ask(1))
    leaving, staying = asyncio.ensure_future(together.ask(2)), asyncio.ensure_future(together.ask(3))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await first == 2
    assert await staying == 6
    assert [2] not in calls.made
