"""What passes between the server and the app behind it: a call, its caller, and the process around both.

Not the wire's frames (lmem.protocol) and not the handlers: this is the seam between them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Protocol

from lmem.config import Config
from lmem.paths import Paths


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: uid and pid from the kernel; client, version, working directory and what its environment names
    ('' for nothing) from the hello. `settings` are the settings in its environment, by variable."""

    uid: int
    pid: int
    client: str
    version: str
    cwd: str
    project: str = ""
    session: str = ""
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `progress` sends a '$/progress' notification to its client, from any thread, and may drop it.

    `session_id` is the session that it is made in, once that is known.
    """

    method: str
    params: dict[str, object]
    caller: Caller
    progress: Callable[[dict[str, object]], None]
    session_id: str | None = None


Dispatch = Callable[[Call], Awaitable[object]]
"""Answers a call with a JSON-able result, or raises an LmemError."""


@dataclass(frozen=True, slots=True)
class Host:
    """The process an app lives in.

    `instance` is new at each start, `started_at` is UTC in ISO 8601, `began` the monotonic clock at the start.
    `stop(if_idle)` begins a graceful stop and says whether it did: with `if_idle` it does not while other calls run.
    `connections()` counts the clients of this moment.
    """

    paths: Paths
    config: Config
    instance: str
    started_at: str
    began: float
    pid: int
    stop: Callable[[bool], bool]
    connections: Callable[[], int]


class App(Protocol):
    """What bootstrap builds: everything behind the socket."""

    async def dispatch(self, call: Call) -> object:
        """The answer of one call; raises LmemError and nothing else."""
        ...

    def describe(self) -> dict[str, object]:
        """Fields for the hello's answer, among them 'ready': {'storage': bool, 'vectors': bool}."""
        ...

    async def close(self) -> None:
        """Flush and close every store; no call runs any more."""
        ...


Build = Callable[[Host], Coroutine[None, None, App]]
"""Makes the app. It runs while the server answers hellos, so it must leave the event loop free (threads for disk)."""
