"""What a call leaves to be done when its answer is on its way: values for the cache, notes of what was asked.

Not a queue that is kept: what it holds is done two turns of the event loop later, or before by whoever needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

Work = Callable[[], Coroutine[None, None, None]]


class Afterwards:
    """Runs work after the answer of the call that it comes from. Call it from the event loop only.

    An answer is sent in the turn of the loop after its handler's last. The work begins in the turn behind that, and
    before anything is looked at that a client sends on having read the answer.
    """

    def __init__(self) -> None:
        self._work: list[Work] = []
        self._due = False
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is work that nobody has begun."""
        return bool(self._work)

    def add(self, work: Work) -> None:
        """Run `work` soon, in the order of the calls. It deals with its own errors: nobody waits for them."""
        self._work.append(work)
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._begin)  # as the answer is sent; the task begins behind that

    async def done(self) -> None:
        """Do what waits now, in the caller's turn."""
        while self._work:
            await self._work.pop(0)()

    def _begin(self) -> None:
        self._due = False
        if self._work:  # the loop keeps only weak references
            self._task = asyncio.get_running_loop().create_task(self.done())
