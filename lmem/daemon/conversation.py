"""One client's connection: bytes in, lines out, every limit that protects the other clients.

Not what the lines ask for: that is for `lmem.daemon.requests` or, of an agent, `lmem.daemon.mcp.session`. Not the
listener: `lmem.daemon.server` makes one of these for each connection and counts them.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Protocol, cast

from lmem.config import LIVE
from lmem.daemon import requests
from lmem.daemon.call import Caller
from lmem.daemon.lines import Lines
from lmem.daemon.mcp.session import Session
from lmem.domain.nouns import count
from lmem.errors import DaemonError, DaemonStopping, Forbidden, FrameError, LmemError
from lmem.protocol.framing import Frame, decode, encode
from lmem.protocol.messages import failure, parse_hello
from lmem.protocol.peers import peer

log = logging.getLogger(__name__)

Running = asyncio.Task[bytes] | asyncio.Task[None]
"""A call, or a session of an agent."""

TURN = 64
"""Lines of one connection handled before the loop serves the others."""


class Floor(requests.Floor, Protocol):
    """What a conversation needs of the server that holds it, beside what its requests need."""

    def hello(self) -> Frame:
        """The answer to a client's hello."""
        ...

    def join(self, conversation: Conversation) -> bool:
        """Count a conversation in; False when there are too many."""
        ...

    def leave(self, conversation: Conversation) -> None:
        """Count it out."""
        ...


class Conversation(asyncio.Protocol):
    """The protocol object of one connection; all methods run on the loop's thread."""

    def __init__(self, server: Floor) -> None:
        self._server = server
        self._limits = server.limits
        self._lines = Lines(self._limits.hello_frame)
        self.paused = False  # the client does not read: no more of its requests are begun
        self._turn_due = False
        self._requests = requests.Requests(self, server)
        self._caller: Caller | None = None
        self._session: asyncio.Task[None] | None = None  # takes the lines itself, once the hello said 'mcp'
        self._arrived = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    # The transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._limits.write_pause)
        self._pid, self._uid = peer(transport.get_extra_info("socket"))
        full = not self._server.join(self)
        pid_and_uid = {"data": {"pid": self._pid, "uid": self._uid}}
        if self._uid != os.getuid():
            log.warning("refused a connection of another user", extra=pid_and_uid)
            self._refuse(Forbidden("This socket belongs to another user.", hint="Run lmem as the socket's owner."))
        elif self._server.stopping:
            self._refuse(DaemonStopping())
        elif full:
            log.warning("refused a connection: too many", extra=pid_and_uid)
            self._refuse(
                DaemonError(
                    f"The daemon serves {count(self._limits.connections, 'connection')} already.",
                    hint="Close some of them, or raise daemon.max_connections.",
                )
            )
        else:
            self._timer = self._server.loop.call_later(self._limits.hello_seconds, self._no_hello)

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._lines.feed(data)
        if self._turn_due:
            self._balance_reading()
        else:
            self._turn()

    def eof_received(self) -> bool:
        return False  # a client that hangs up cancels what it asked for: connection_lost follows

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.cancel()
        self._lines.clear()
        self._server.leave(self)

    def pause_writing(self) -> None:
        self.paused = True
        self._stop_timer()
        self._timer = self._server.loop.call_later(self._limits.stall_seconds, self.cut, "it does not read")

    def resume_writing(self) -> None:
        self.paused = False
        self._stop_timer()
        if not self._turn_due:
            self._turn()

    # Lines

    def _turn(self) -> None:
        """Handle what has arrived, a bounded number of lines, then let the others have the loop."""
        self._turn_due = False
        for _ in range(TURN):
            if self._session is not None:
                self._arrived.set()
                break
            if self._transport.is_closing() or self.paused or len(self._requests) >= self._limits.in_flight:
                break
            if not self._next_line():
                break
        else:
            self._turn_due = True
            self._server.loop.call_soon(self._turn)
        self._balance_reading()

    def _next_line(self) -> bool:
        number: object = None
        try:
            line = self._lines.take()
            if line is None:
                return False
            if line.isspace():
                return True
            frame = decode(line)
            if self._caller is None:
                self._greet(frame)
            else:
                number = frame.get("id")
                self._requests.begin(self._caller, frame)
        except LmemError as err:
            self.fail(err, number if isinstance(number, int | str) else None)
        return True

    def _balance_reading(self) -> None:
        """Stop reading while a whole frame's worth waits unhandled, so that memory stays bounded."""
        if self._transport.is_closing():
            return
        waits = self.paused or self._turn_due or self._session or len(self._requests) >= self._limits.in_flight
        if waits and len(self._lines) > self._limits.frame:
            self._transport.pause_reading()
        elif not self._transport.is_reading():
            self._transport.resume_reading()

    # Messages

    def _greet(self, frame: Frame) -> None:
        hello = parse_hello(frame)
        self._stop_timer()
        self._lines.limit = self._limits.frame
        # An agent is no terminal, whatever it calls itself: others than the user read its answers.
        client = "mcp" if hello.mode == "mcp" else hello.client
        self._caller = Caller(
            self._uid, self._pid, client, hello.version, hello.cwd, hello.project, hello.session,
            tuple(sorted(item for item in hello.settings.items() if item[0] in LIVE)),
        )  # fmt: skip
        self.send(encode(self._server.hello()))
        if hello.mode == "mcp":
            session = Session(self, self._server, self._caller, self._limits.in_flight)
            self._session = self._server.loop.create_task(session.serve())
            self._session.add_done_callback(self._session_ended)

    async def line(self) -> bytes:
        """The next line, for the session, once the client reads what it was sent. Raises FrameError."""
        while True:
            self._arrived.clear()
            if not self.paused:
                try:
                    line = self._lines.take()
                finally:
                    self._balance_reading()
                if line is not None:
                    return line
            await self._arrived.wait()

    def _session_ended(self, session: asyncio.Task[None]) -> None:
        if not session.cancelled():
            log.error("an MCP session ended before its connection", exc_info=session.exception())
        self.close()

    def go_on(self) -> None:
        """Handle what has arrived meanwhile, in the loop's next round."""
        if len(self._lines) and not self._turn_due:
            self._turn_due = True
            self._server.loop.call_soon(self._turn)

    # Answers and ends

    def send(self, line: bytes) -> None:
        """Queue one line; a client that lets too much pile up is cut off."""
        if self._transport.is_closing():
            return
        self._transport.write(line)
        if self._transport.get_write_buffer_size() > self._limits.write_cut:
            self.cut("it lets answers pile up")

    def close(self) -> None:
        """Hang up once everything queued is sent."""
        self._transport.close()

    def cut(self, reason: str) -> None:
        """Hang up at once."""
        log.warning("cut off a client", extra={"data": {"pid": self._pid, "reason": reason}})
        self._transport.abort()

    def cancel(self) -> list[Running]:
        """Cancel what runs for this client; the tasks, so that the server can wait for them."""
        running: list[Running] = [*self._requests.cancel()]
        if self._session is not None:
            self._session.cancel()
            running.append(self._session)
        return running

    def fail(self, error: LmemError, number: int | str | None = None) -> None:
        """Queue an error; before the hello it is the last word."""
        self.send(encode(failure(number, error)))
        if self._caller is None:
            self.close()

    def _refuse(self, error: LmemError) -> None:
        self.send(encode(failure(None, error)))
        self.close()

    def _no_hello(self) -> None:
        self.fail(FrameError("No hello came in time."))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
