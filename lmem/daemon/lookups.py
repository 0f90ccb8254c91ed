"""Looks at directories that may lie on a disk that does not answer, each on a thread of its own.

Not the threads of the stores, which never wait for these: a look that hangs keeps its thread for as long as it hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lmem.errors import LmemError

AT_ONCE = 4
"""Looks that may still answer. One that hangs is none of them."""

HANGS_S = 0.05
"""Seconds after which a look hangs; one at a disk that answers takes a few milliseconds."""

MOST_HANGING = 32
"""Looks that hang at once. One disk gets half of them, so that it cannot keep those at others away."""

_T = TypeVar("_T")
_MOUNTS = Path("/proc/self/mountinfo")


class Lookups:
    """Runs looks. Call it from the event loop only."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._hanging: list[str] = []
        self._late: set[str] = set()

    async def of(self, directory: str, look: Callable[[], _T]) -> _T:
        """What `look` answers; wait for it with `asyncio.wait`, as nothing ends a look that was begun.

        Raises what it raises, and LmemError when too many looks at the same disk hang.
        """
        async with self._turns:
            if self._is_full(directory):
                raise silent(directory)
            answer = _begun(look)
            done, _ = await asyncio.wait({answer}, timeout=HANGS_S)
        if not done:
            self._hanging.append(directory)
            try:
                await asyncio.wait({answer})
            finally:
                self._hanging.remove(directory)
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

    def _is_full(self, directory: str) -> bool:
        if len(self._hanging) < MOST_HANGING // 2:
            return False
        mounts = _mounts()
        same = [item for item in self._hanging if _mount(item, mounts) == _mount(directory, mounts)]
        return len(same) >= MOST_HANGING // 2 or len(self._hanging) >= MOST_HANGING


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


def _mounts() -> list[str]:
    """The directories where file systems begin; none where the system does not tell."""
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").split("\n")
    except OSError:
        return []
    return [_plain(fields[4]) for line in lines if len(fields := line.split(" ")) > 4]


def _plain(point: str) -> str:
    for escaped, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(escaped, character)
    return point.rstrip("/")


def _mount(directory: str, mounts: list[str]) -> str:
    """The mount that a directory lies on, by its name alone: a look at it could hang."""
    return max((point for point in mounts if f"{directory}/".startswith(f"{point}/")), key=len, default="")
