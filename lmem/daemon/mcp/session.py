"""One agent's session: lines of a connection whose hello said 'mcp', and the calls that its tools make.

Not the protocol (lmem.daemon.mcp.server, which imports the `mcp` package, and so is imported at the first session
only) and not the tools. A line that is no JSON-RPC message is answered here and harms nothing else.
"""

from __future__ import annotations

import asyncio
import importlib
from types import ModuleType
from typing import Protocol

from lmem.daemon.call import Call, Caller, Dispatch
from lmem.errors import DaemonStopping, FrameError
from lmem.protocol.framing import MAX_FRAME, Frame, decode, encode

SERVER = "lmem.daemon.mcp.server"
BAD_JSON = -32700
BAD_REQUEST = -32600


class Wire(Protocol):
    """What a session needs of its connection."""

    async def line(self) -> bytes:
        """The next line. Raises FrameError, once, for one that is too long."""
        ...

    def send(self, line: bytes) -> None:
        """Queue one line."""
        ...


class Floor(Protocol):
    """What it needs of the server: the way to the app, and the count of calls that a stop waits for."""

    stopping: bool
    working: int
    dispatch: Dispatch


class Session:
    """Runs until it is cancelled, and what it began is cancelled with it. `most` calls run at once."""

    def __init__(self, wire: Wire, floor: Floor, caller: Caller, most: int) -> None:
        self._wire = wire
        self._floor = floor
        self._caller = caller
        self._most = most
        self._running: set[asyncio.Task[object]] = set()

    async def serve(self) -> None:
        """Serve the connection. The package is imported in a thread: that takes a second, once."""
        server: ModuleType = await asyncio.to_thread(importlib.import_module, SERVER)
        try:
            await server.serve(self)
        finally:
            for task in self._running:
                _cancel(task)
            if self._running:
                await asyncio.wait(self._running)

    async def message(self) -> Frame:
        """The next JSON object. Other lines get an error and are passed over."""
        while True:
            try:
                while len(self._running) >= self._most:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                line = await self._wire.line()
                if not line.isspace():
                    return decode(line)
            except FrameError as err:
                # what JSON did not like is its cause
                self.refuse(None, BAD_REQUEST if err.__cause__ is None else BAD_JSON, err.message)
            await asyncio.sleep(0)  # a flood of such lines does not keep the others waiting

    def refuse(self, number: object, code: int, message: str) -> None:
        """Answer what is no message, or none that can be answered otherwise."""
        self._wire.send(encode({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}}))

    def send(self, frame: Frame) -> None:
        """Send a message; an answer too long for a frame becomes an error."""
        line = encode(frame)
        if len(line) <= MAX_FRAME:
            self._wire.send(line)
        else:
            self.refuse(frame.get("id"), BAD_REQUEST, f"The answer has {len(line)} bytes, more than a frame may have.")

    async def ask(self, method: str, params: dict[str, object]) -> dict[str, object]:
        """The result of one method of the wire, called for this agent. Raises LmemError.

        It runs in a task of its own, which is cancelled once when this is, and may clean up in peace.
        """
        if self._floor.stopping:
            raise DaemonStopping()
        task = asyncio.ensure_future(self._work(Call(method, params, self._caller, lambda _: None)))
        self._running.add(task)
        self._floor.working += 1
        task.add_done_callback(self._finished)
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            _cancel(task)
            raise
        result = task.result()
        assert isinstance(result, dict), "every handler answers an object"
        return result

    async def _work(self, call: Call) -> object:
        return await self._floor.dispatch(call)

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        self._floor.working -= 1
        if not task.cancelled():
            task.exception()  # it is the asker's, who may have gone


def _cancel(task: asyncio.Task[object]) -> None:
    """Cancel a task once: it may be cleaning up already."""
    if not task.cancelling():
        task.cancel()
