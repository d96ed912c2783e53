"""Asks made at the same time, answered by one call: one round trip and one flush for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

TOGETHER_MAX: Final = 64
AT_ONCE_MAX: Final = 2

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")


class Together(Generic[Ask, Answer]):
    """Collects asks while earlier ones are under way; nobody waits for company that may not come.

    An ask begins at once while fewer than ``at_once`` calls run; the others go together as soon as one
    ends.  ``work`` answers them in their order; an exception in place of an answer is raised to that
    asker alone, one that ``work`` raises to all it was called for.  Two asks that have one of ``apart``
    in common never share a call.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Ask]], Awaitable[Sequence[Answer | BaseException]]],
        apart: Callable[[Ask], Sequence[Hashable]] = lambda _one: (),
        at_once: int = AT_ONCE_MAX,
    ) -> None:
        """Answer by ``work``, at most TOGETHER_MAX asks in one call."""
        self._work = work
        self._apart = apart
        self._at_once = at_once
        self._waiting: deque[tuple[Ask, asyncio.Future[Answer]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, one: Ask) -> Answer:
        """Return the answer to one ask."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        self._begin()
        return await future

    def _begin(self) -> None:
        if self._waiting and len(self._tasks) < self._at_once:
            task = asyncio.ensure_future(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._begin()

    async def _run(self) -> None:
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
