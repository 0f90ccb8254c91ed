"""Targets for the tests of the index worker: made in the child, they do what native code can do to a process.

Not a test.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from lmem.errors import NotFound

THIS = "tests.unit.stores.worker_targets"


class Panic(BaseException):
    """As pyo3's PanicException: not an Exception."""


class Odd:
    """Answers, raises, sleeps and dies on request."""

    def __init__(self, name: str = "odd") -> None:
        self.name = name

    def echo(self, value: object, *, twice: bool = False) -> object:
        return [value, value] if twice else value

    def rename(self, name: str) -> None:
        self.name = name

    def sleep(self, seconds: float) -> str:
        time.sleep(seconds)
        return threading.current_thread().name

    def absent(self) -> None:
        raise NotFound("There is no such thing.", hint="Look elsewhere.")

    def fail(self) -> None:
        shape = "round"
        raise ZeroDivisionError(f"too {shape}")

    def panic(self) -> None:
        raise Panic("a lock is poisoned")

    def die(self, number: int) -> None:
        os.kill(os.getpid(), number)
        time.sleep(10)

    def facts(self) -> dict[str, object]:
        """What this process is: descriptors, parent, working directory on the path."""
        return {
            "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
            "parent": os.getppid(),
            "path": list(sys.path),
            "arenas": os.environ.get("MALLOC_ARENA_MAX"),
        }


class Holder:
    """Is made of another target."""

    def __init__(self, other: Odd) -> None:
        self._other = other

    def name(self) -> str:
        return self._other.name


class Unmade:
    """Cannot be made."""

    def __init__(self) -> None:
        raise TypeError("no such argument")
