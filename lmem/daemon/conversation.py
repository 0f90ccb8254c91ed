"""One client's connection: bytes in, lines out, every limit that protects the other clients.

Not a dispatcher: what a call means is the app's business. Not the listener: `lmem.daemon.server` makes one of these
for each connection and counts them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from dataclasses import dataclass
from typing import Protocol, cast

from lmem.config import LIVE
from lmem.daemon.call import Call, Caller, Dispatch
from lmem.daemon.lines import Lines
from lmem.daemon.mcp.session import Session
from lmem.errors import (
    Cancelled,
    DaemonError,
    DaemonStopping,
    Forbidden,
    FrameError,
    Internal,
    LmemError,
)
from lmem.protocol.framing import MAX_FRAME, Frame, decode, encode
from lmem.protocol.messages import answer, failure, notification, parse_hello
from lmem.protocol.peers import peer

log = logging.getLogger(__name__)

Running = asyncio.Task[bytes] | asyncio.Task[None]
"""A call, or a session of an agent."""

TURN = 64
"""Lines of one connection handled before the loop serves the others."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, bytes and seconds a client may use. `frame` is one line with its newline, `hello_frame` the first one.

    Answers that a client does not read: over `write_pause` bytes its requests wait, over `write_cut` bytes or after
    `stall_seconds` without room it is cut off.
    """

    connections: int = 256
    in_flight: int = 64
    frame: int = MAX_FRAME
    hello_frame: int = 64 * 1024
    hello_seconds: float = 5.0
    write_pause: int = 1024 * 1024
    write_cut: int = 2 * MAX_FRAME
    stall_seconds: float = 30.0


class Floor(Protocol):
    """What a conversation needs of the server that holds it: shared limits, counts, and the way to the app."""

    limits: Limits
    loop: asyncio.AbstractEventLoop
    stopping: bool
    working: int
    dispatch: Dispatch

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
        self._paused = False  # the client does not read: no more of its requests are begun
        self._turn_due = False
        self._tasks: dict[object, asyncio.Task[bytes]] = {}
        self._caller: Caller | None = None
        self._session: asyncio.Task[None] | None = None  # takes the lines itself, once the hello said 'mcp'
        self._arrived = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._thread = threading.get_ident()

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
                    f"The daemon serves {self._limits.connections} connections already.",
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
        self._paused = True
        self._stop_timer()
        self._timer = self._server.loop.call_later(self._limits.stall_seconds, self.cut, "it does not read")

    def resume_writing(self) -> None:
        self._paused = False
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
            if self._transport.is_closing() or self._paused or len(self._tasks) >= self._limits.in_flight:
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
                self._request(self._caller, frame)
        except LmemError as err:
            self._fail(err, number if isinstance(number, int | str) else None)
        return True

    def _balance_reading(self) -> None:
        """Stop reading while a whole frame's worth waits unhandled, so that memory stays bounded."""
        if self._transport.is_closing():
            return
        waits = self._paused or self._turn_due or self._session or len(self._tasks) >= self._limits.in_flight
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
            if not self._paused:
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

    def _request(self, caller: Caller, frame: Frame) -> None:
        method, params, number = frame.get("method"), frame.get("params", {}), frame.get("id")
        if frame.get("jsonrpc") != "2.0" or not isinstance(method, str) or not isinstance(params, dict):
            raise FrameError('A request is {"jsonrpc": "2.0", "id": ..., "method": "...", "params": {...}}.')
        if "id" not in frame:
            self._notified(method, params)
            return
        if isinstance(number, bool) or not isinstance(number, int | str) or number in self._tasks:
            raise FrameError("A request's id is a number or a text that no running request has.")
        if self._server.stopping:
            raise DaemonStopping()
        call = Call(method, params, caller, lambda params: self._progress(number, params))
        task = self._server.loop.create_task(self._work(number, call))
        self._tasks[number] = task
        self._server.working += 1
        task.add_done_callback(lambda task: self._finished(number, task))

    def _notified(self, method: str, params: dict[str, object]) -> None:
        number = params.get("id")
        if method == "$/cancel" and isinstance(number, int | str) and number in self._tasks:
            self._tasks[number].cancel()

    async def _work(self, number: int | str, call: Call) -> bytes:
        line = encode(answer(number, await self._server.dispatch(call)))
        if len(line) > self._limits.frame:
            raise FrameError(
                f"The answer has {len(line)} bytes, more than a frame may have.", hint="Ask for less, as with --limit."
            )
        return line

    def _finished(self, number: int | str, task: asyncio.Task[bytes]) -> None:
        del self._tasks[number]
        self._server.working -= 1
        if task.cancelled():
            # Not DaemonStopping: that one promises that nothing was done.
            self._fail(Cancelled("The daemon stopped before this was done." if self._server.stopping else None), number)
        elif isinstance(error := task.exception(), LmemError):
            self._fail(error, number)
        elif error is not None:
            log.error("a call left its door open", exc_info=error)
            self._fail(Internal(), number)
        else:
            self.send(task.result())
        if len(self._lines) and not self._turn_due:
            self._turn_due = True
            self._server.loop.call_soon(self._turn)

    def _progress(self, number: int | str, params: dict[str, object]) -> None:
        if threading.get_ident() != self._thread:
            self._server.loop.call_soon_threadsafe(self._progress, number, params)
        elif number in self._tasks and not self._paused:  # a slow reader loses progress, never an answer
            self.send(encode(notification("$/progress", {**params, "id": number})))

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
        running: list[Running] = [*self._tasks.values(), *([self._session] if self._session else [])]
        for task in running:
            task.cancel()
        return running

    def _fail(self, error: LmemError, number: int | str | None = None) -> None:
        self.send(encode(failure(number, error)))
        if self._caller is None:
            self.close()

    def _refuse(self, error: LmemError) -> None:
        self.send(encode(failure(None, error)))
        self.close()

    def _no_hello(self) -> None:
        self._fail(FrameError("No hello came in time."))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
