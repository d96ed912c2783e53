"""Asks made at the same time, answered by one call: one round trip and one flush for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

TOGETHER_MAX: Final = 64

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


class Together(Generic[Ask, Answer]):
    """Collects asks while earlier ones are under way; nobody waits for company that may not come.

    An ask begins at once while no call runs; the others go together as soon as it ends.  ``work``
    answers them in their order; an exception in place of an answer is raised to that asker alone, one
    that ``work`` raises to all it was called for.  Two asks that have one of ``apart`` in common never
    share a call.  ``first`` is waited for before asks are taken: where what follows on the answers is
    still at work on earlier ones, whoever comes meanwhile goes along.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Ask]], Awaitable[Sequence[Answer | BaseException]]],
        apart: Callable[[Ask], Sequence[Hashable]] = lambda _one: (),
        first: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Answer by ``work``, at most TOGETHER_MAX asks in one call."""
        self._work = work
        self._first = first
        self._apart = apart
        self._waiting: deque[tuple[Ask, asyncio.Future[Answer]]] = deque()
        self._call: asyncio.Task[None] | None = None

    async def ask(self, one: Ask) -> Answer:
        """Return the answer to one ask."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        self._begin()
        return await future

    async def settled(self) -> None:
        """Wait until the call that runs now has ended, whether or not another begins after it."""
        if self._call is not None:
            await asyncio.wait((self._call,))

    def _begin(self) -> None:
        if self._waiting and self._call is None:
            self._call = asyncio.ensure_future(self._run())
            self._call.add_done_callback(self._ended)

    def _ended(self, _call: asyncio.Task[None]) -> None:
        self._call = None
        self._begin()

    async def _run(self) -> None:
        if self._first is not None:
            await self._first()
        taken = self._take()
        if not taken:
            return
        try:
            answers = await self._work([one for one, _future in taken])
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            for _one, future in taken:
                if not future.done():
                    future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise
            return
        for (_one, future), answer in zip(taken, answers, strict=True):
            if future.done():
                continue  # the asker left
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _take(self) -> list[tuple[Ask, asyncio.Future[Answer]]]:
        """Take the first asks in line; what must stay apart waits for the next call."""
        taken: list[tuple[Ask, asyncio.Future[Answer]]] = []
        met: set[Hashable] = set()
        later: list[tuple[Ask, asyncio.Future[Answer]]] = []
        while self._waiting and len(taken) < TOGETHER_MAX:
            one, future = self._waiting.popleft()
            if future.done():
                continue
            marks = self._apart(one)
            if not met.isdisjoint(marks):
                later.append((one, future))
                continue
            met.update(marks)
            taken.append((one, future))
        self._waiting.extendleft(reversed(later))
        return taken
