"""A proxy between a client and a server on this machine that breaks their connections in the ways networks do.

Not aware of any protocol: it carries bytes. One thread serves all connections, so that a fault that is set has been
obeyed, by the open connections too, when `set` returns.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from enum import StrEnum
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from tests.servers.links import HOST, Link
from tests.servers.process import free_port


class Fault(StrEnum):
    """What is wrong with the way to the server."""

    NONE = "none"
    LATENCY = "latency"
    """What the server says arrives later."""
    RESET = "reset"
    """Open connections are reset, and every new one as soon as it is accepted."""
    BLACK_HOLE = "black hole"
    """Connections are accepted, what is sent is taken, and nothing ever comes back."""
    HALF_OPEN = "half-open"
    """One direction is lost, and neither end hears that the other is gone."""
    REFUSE = "refuse"
    """Nobody listens, and open connections are reset."""


class FaultProxy:
    """Listens on a port of its own for the server at `target`.

    What a fault swallowed is gone: when the fault is over, the connections that lost something are reset, and new ones
    are whole.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self.fault = Fault.NONE
        self.accepted = 0
        """How many connections were accepted so far."""
        self.swallowed = 0
        """How many bytes were lost so far."""
        self.seconds = 0.0
        self.lost: Literal["requests", "answers"] = "answers"
        self.links: set[Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._listener: socket.socket | None = None
        self._accepting: set[asyncio.Task[Any]] = set()

    def url(self, url: str) -> str:
        """The server's URL with the proxy's address in it. Not for neo4j://, whose clients are told other addresses."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}{at}{HOST}:{self.port}").geturl()

    def set(self, fault: Fault, *, seconds: float = 0.2, lost: Literal["requests", "answers"] = "answers") -> None:
        """From now on this fault and no other.

        `seconds`: how much later answers arrive, with LATENCY. `lost`: what does not arrive, with HALF_OPEN.
        """
        self._call(self._set(fault, seconds, lost))

    @property
    def open(self) -> int:
        """How many connections are open, at either end."""
        return len(self.links)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen(True))
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._set(Fault.REFUSE, 0.0, "answers"))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What links ask

    @property
    def delay(self) -> float:
        """Seconds that an answer waits."""
        return self.seconds if self.fault is Fault.LATENCY else 0.0

    @property
    def silent(self) -> bool:
        """Whether the end of one side is kept from the other."""
        return self.fault in (Fault.BLACK_HOLE, Fault.HALF_OPEN)

    @property
    def reaches(self) -> bool:
        """Whether a new connection gets as far as the server."""
        return self.fault is not Fault.BLACK_HOLE

    @property
    def resets(self) -> bool:
        return self.fault in (Fault.RESET, Fault.REFUSE)

    def swallows(self, direction: str) -> bool:
        """Whether bytes of this direction are lost."""
        return self.fault is Fault.BLACK_HOLE or (self.fault is Fault.HALF_OPEN and direction == self.lost)

    # In the thread

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def _accept(self) -> None:
        assert self._listener
        try:
            accepted, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # it has gone away again
        task = self._loop.create_task(self._loop.connect_accepted_socket(lambda: Link(self).client, accepted))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    async def _listen(self, on: bool) -> None:
        if on and self._listener is None:
            self._listener = socket.create_server((HOST, self.port))
            self._listener.setblocking(False)
            self._loop.add_reader(self._listener, self._accept)
        elif not on and self._listener:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
            await asyncio.gather(*self._accepting)

    async def _set(self, fault: Fault, seconds: float, lost: Literal["requests", "answers"]) -> None:
        self.fault, self.seconds, self.lost = fault, seconds, lost
        await self._listen(fault is not Fault.REFUSE)
        doomed = [link for link in self.links if self.resets or (link.torn and not self.silent)]
        for link in doomed:
            link.reset()
        while self.links.intersection(doomed):
            await asyncio.sleep(0)
        for link in self.links:
            link.deliver()
