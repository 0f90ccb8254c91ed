"""One connection through the fault proxy: its two ends, and what goes from one to the other.

Not the choice of what goes wrong: faults.py makes it, and is asked at every step.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers.faults import FaultProxy

HOST = "127.0.0.1"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class End(asyncio.Protocol):
    """The proxy's end of the connection to the client, or to the server."""

    def __init__(self, link: Link, direction: str) -> None:
        self.direction = direction
        """What arrives here: 'requests' or 'answers'."""
        self.finished = False
        """Whether the peer has sent its last byte, and that was passed on."""
        self._link = link
        self._transport: asyncio.Transport | None = None

    @property
    def connected(self) -> bool:
        return self._transport is not None

    @property
    def other(self) -> End:
        return self._link.server if self is self._link.client else self._link.client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self is self._link.client:
            self._link.accepted()

    def data_received(self, data: bytes) -> None:
        self._link.carry(self, data)

    def eof_received(self) -> bool:
        self._link.carry(self, b"")
        return True  # the other direction is still open

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._link.ended(self, broken=exc is not None)

    def pause_writing(self) -> None:
        self.other.read(False)

    def resume_writing(self) -> None:
        self.other.read(True)

    def read(self, on: bool) -> None:
        """Take from the peer, or leave it waiting."""
        if self._transport and not self._transport.is_closing():
            if on:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def send(self, data: bytes) -> None:
        """To the peer; nothing is the end of what is sent."""
        if self._transport and not self._transport.is_closing():
            if data:
                self._transport.write(data)
            else:
                with suppress(OSError):  # the peer may be gone meanwhile
                    self._transport.write_eof()

    def close(self) -> None:
        """After what was sent has been sent."""
        if self._transport:
            self._transport.close()

    def reset(self) -> None:
        """At once, so that the peer sees an error."""
        if self._transport:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()


class Link:
    """A client's connection and the one to the server that it stands for."""

    def __init__(self, proxy: FaultProxy) -> None:
        self.client, self.server = End(self, "requests"), End(self, "answers")
        self.torn = False
        """Whether something was lost, so that the rest makes no sense any more."""
        self._proxy = proxy
        self._late: deque[tuple[float, bytes]] = deque()
        self._reaching: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None  # while it is being connected to the server
        self._timer: asyncio.TimerHandle | None = None

    def accepted(self) -> None:
        """The client is there."""
        self._proxy.accepted += 1
        self._proxy.links.add(self)
        if self._proxy.resets:
            self.reset()
        elif self._proxy.reaches:
            self.client.read(False)
            self._reaching = asyncio.get_running_loop().create_task(self._reach())
            self._reaching.add_done_callback(lambda _: self._leave())
        else:
            self.torn = True

    def carry(self, source: End, data: bytes) -> None:
        """Bytes from one end for the other; none is the end of what it sends."""
        if source is self.server and (self._late or self._proxy.delay):
            self._late.append((asyncio.get_running_loop().time(), data))
            self.deliver()
        else:
            self._pass_on(source, data)

    def deliver(self) -> None:
        """Pass on the answers that have waited long enough."""
        loop = asyncio.get_running_loop()
        if self._timer:
            self._timer.cancel()
        while self._late and self._late[0][0] + self._proxy.delay <= loop.time():
            self._pass_on(self.server, self._late.popleft()[1])
        if self._late:
            self._timer = loop.call_at(self._late[0][0] + self._proxy.delay, self.deliver)

    def ended(self, end: End, *, broken: bool) -> None:
        """One end is closed, by its peer's reset or by us."""
        self._leave()
        if self._proxy.silent:
            self.torn = True
        elif broken:
            self.reset()
        else:
            end.other.close()

    def reset(self) -> None:
        """Both ends, at once."""
        if self._reaching and self._socket:
            self._reaching.cancel()
        if self._timer:
            self._timer.cancel()
        self._late.clear()
        self.client.reset()
        self.server.reset()

    def _leave(self) -> None:
        """Count no longer, once nothing is left of it."""
        reaching = self._reaching and not self._reaching.done()
        if not (self.client.connected or self.server.connected or reaching):
            self._proxy.links.discard(self)

    async def _reach(self) -> None:
        loop = asyncio.get_running_loop()
        self._socket = socket.socket()
        self._socket.setblocking(False)
        try:
            await loop.sock_connect(self._socket, (HOST, self._proxy.target))
        except (OSError, asyncio.CancelledError):
            self._socket.close()
            self._socket = None
            self.client.reset()
            return
        connected, self._socket = self._socket, None
        await loop.create_connection(lambda: self.server, sock=connected)
        if self.client.connected:
            self.client.read(True)
        else:
            self.server.reset()

    def _pass_on(self, source: End, data: bytes) -> None:
        if self._proxy.swallows(source.direction) or (not data and self._proxy.silent):
            self._proxy.swallowed += len(data)
            self.torn = True
            return
        source.other.send(data)
        if not data:
            source.finished = True
            if source.other.finished:
                self.client.close()
                self.server.close()
