"""The requests of one connection whose hello said 'rpc': begun, cancelled, and answered under their ids.

Not the connection (lmem.daemon.conversation), which says when the next one may begin, and not what a method means.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Protocol

import orjson

from lmem.daemon.call import Call, Caller, Dispatch
from lmem.daemon.limits import Limits
from lmem.errors import Cancelled, DaemonStopping, FrameError, Internal, LmemError
from lmem.protocol.framing import Frame, encode
from lmem.protocol.messages import answer, notification

log = logging.getLogger(__name__)

_AS_JSON = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""What would be a mistake in an answer is refused, as json refuses it."""

Number = int | str
"""A request's id, which its client chose."""


class Wire(Protocol):
    """What requests need of their connection."""

    paused: bool
    """Whether the client does not read what it was sent."""

    def send(self, line: bytes) -> None:
        """Queue one line."""
        ...

    def fail(self, error: LmemError, number: Number | None) -> None:
        """Queue an error."""
        ...

    def go_on(self) -> None:
        """A request has ended: the next one may begin."""
        ...


class Floor(Protocol):
    """What they need of the server: the way to the app, and the count of calls that a stop waits for."""

    limits: Limits
    loop: asyncio.AbstractEventLoop
    stopping: bool
    working: int
    dispatch: Dispatch


class Requests:
    """Those that run now. Made and called on the loop's thread; progress may come from any."""

    def __init__(self, wire: Wire, floor: Floor) -> None:
        self._wire = wire
        self._floor = floor
        self._tasks: dict[Number, asyncio.Task[bytes]] = {}
        self._thread = threading.get_ident()

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, caller: Caller, frame: Frame) -> None:
        """Begin what a frame asks for, or hear what it notifies of. Raises FrameError, DaemonStopping."""
        method, params, number = frame.get("method"), frame.get("params", {}), frame.get("id")
        if frame.get("jsonrpc") != "2.0" or not isinstance(method, str) or not isinstance(params, dict):
            raise FrameError('A request is {"jsonrpc": "2.0", "id": ..., "method": "...", "params": {...}}.')
        if "id" not in frame:
            self._notified(method, params)
            return
        if isinstance(number, bool) or not isinstance(number, int | str) or number in self._tasks:
            raise FrameError("A request's id is a number or a text that no running request has.")
        if self._floor.stopping:
            raise DaemonStopping()
        call = Call(method, params, caller, lambda params: self._progress(number, params))
        task = self._floor.loop.create_task(self._work(number, call))
        self._tasks[number] = task
        self._floor.working += 1
        task.add_done_callback(lambda task: self._finished(number, task))

    def cancel(self) -> list[asyncio.Task[bytes]]:
        """Cancel all that run; the tasks, so that somebody can wait for them."""
        running = list(self._tasks.values())
        for task in running:
            task.cancel()
        return running

    def _notified(self, method: str, params: dict[str, object]) -> None:
        number = params.get("id")
        if method == "$/cancel" and isinstance(number, int | str) and number in self._tasks:
            self._tasks[number].cancel()

    async def _work(self, number: Number, call: Call) -> bytes:
        line = _line(answer(number, await self._floor.dispatch(call)))
        if len(line) > self._floor.limits.frame:
            raise FrameError(
                f"The answer has {len(line)} bytes, more than a frame may have.", hint="Ask for less, as with --limit."
            )
        return line

    def _finished(self, number: Number, task: asyncio.Task[bytes]) -> None:
        del self._tasks[number]
        self._floor.working -= 1
        if task.cancelled():
            # Not DaemonStopping: that one promises that nothing was done.
            stopped = "The daemon stopped before this was done." if self._floor.stopping else None
            self._wire.fail(Cancelled(stopped), number)
        elif isinstance(error := task.exception(), LmemError):
            self._wire.fail(error, number)
        elif error is not None:
            log.error("a call left its door open", exc_info=error)
            self._wire.fail(Internal(), number)
        else:
            self._wire.send(task.result())
        self._wire.go_on()

    def _progress(self, number: Number, params: dict[str, object]) -> None:
        if threading.get_ident() != self._thread:
            self._floor.loop.call_soon_threadsafe(self._progress, number, params)
        elif number in self._tasks and not self._wire.paused:  # a slow reader loses progress, never an answer
            self._wire.send(encode(notification("$/progress", {**params, "id": number})))


def _line(frame: Frame) -> bytes:
    """As lmem.protocol.framing.encode, in a third of the time: an answer may have megabytes, and all others wait."""
    try:
        return orjson.dumps(frame, option=_AS_JSON)
    except TypeError:  # a lone surrogate, as in a question, or another thing that it does not take
        return encode(frame)
