"""Looks at directories that may lie on a disk that does not answer, each on a thread of its own.

Not the threads of the stores, which never wait for these: a look that hangs keeps its thread for as long as it hangs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TypeVar

from lmem.errors import LmemError

AT_ONCE = 4
"""Looks that may still answer. One that hangs is none of them."""

HANGS_S = 0.05
"""Seconds after which a look hangs; one at a disk that answers takes a few milliseconds."""

MOST_HANGING = 128
"""Looks that hang at once, each with a thread."""

HUNG_S = 2.0
"""Seconds after which a look is thought to hang for good."""

SIBLINGS = 4
"""Directories beside each other that hang for good; then that around them does, and no more of it is looked at."""

_T = TypeVar("_T")


class Lookups:
    """Runs looks. Call it from the event loop only."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._hanging: list[tuple[float, str]] = []
        self._late: set[str] = set()

    async def of(self, directory: str, look: Callable[[], _T]) -> _T:
        """What `look` answers; wait for it with `asyncio.wait`, as nothing ends a look that was begun.

        Raises what it raises, and LmemError when too many looks hang, there or at all.
        """
        async with self._turns:
            if self._is_refused(directory):
                raise silent(directory)
            answer = _begun(look)
            done, _ = await asyncio.wait({answer}, timeout=HANGS_S)
        if not done:
            hangs = time.monotonic(), directory
            self._hanging.append(hangs)
            try:
                await asyncio.wait({answer})
            finally:
                self._hanging.remove(hangs)
        return answer.result()

    async def within(self, seconds: float, directory: str, look: Callable[[], _T]) -> _T:
        """As `of`, and one at a time for a directory: for work that comes back to it again and again.

        Raises LmemError when it takes longer, and as long as it has not ended after that.
        """
        if directory in self._late:
            raise silent(directory)
        task = asyncio.ensure_future(self.of(directory, look))
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if done:
            return task.result()

        def ended(late: asyncio.Task[_T]) -> None:
            self._late.discard(directory)
            if not late.cancelled():
                late.exception()  # nobody waits for it any more

        self._late.add(directory)
        task.add_done_callback(ended)
        raise silent(directory)

    def _is_refused(self, directory: str) -> bool:
        """Whether a look would only take a thread: so that one repository that hangs cannot take all of them."""
        if len(self._hanging) >= MOST_HANGING:
            return True
        before = time.monotonic() - HUNG_S
        hung = [PurePosixPath(item).parts for since, item in self._hanging if since < before]
        if len(hung) < SIBLINGS:
            return False
        parts = PurePosixPath(directory).parts
        for depth in range(2, len(parts) + 1):  # below the root, where all disks begin
            inside = {path[depth : depth + 1] for path in hung if path[:depth] == parts[:depth]}
            if len(inside) >= SIBLINGS:
                return True
        return False


def silent(directory: str) -> LmemError:
    """What it means that a look at a directory does not end."""
    return LmemError(
        f"The disk of {directory[:200]} does not answer, so nothing was stored.",
        hint="Try again when 'ls' answers there; an add may name its project instead: --project NAME.",
    )


def _begun(look: Callable[[], _T]) -> asyncio.Future[_T]:
    """The answer of a look on a thread that serves no other."""
    executor = ThreadPoolExecutor(1, "lmem-look")
    answer = asyncio.get_running_loop().run_in_executor(executor, look)
    executor.shutdown(wait=False)
    return answer
