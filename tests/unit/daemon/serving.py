"""A server on the test's own loop, at a socket of the test's, and a client of it, for all tests of what a server does.

Not a daemon: there is no store behind it, only the dispatch that the test hands over.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lmem.daemon.call import Call
from lmem.daemon.limits import Limits
from lmem.daemon.server import Server

Dispatch = Callable[[Call], Awaitable[object]]
HELLO = {"lmem": 1, "mode": "rpc", "version": "0.1.0", "cwd": "/w", "client": "test", "pid": 1}
SMALL = Limits(connections=4, in_flight=2, frame=1000, hello_frame=200, hello_seconds=0.1, stall_seconds=0.2)


@asynccontextmanager
async def serving(path: Path, dispatch: Dispatch, limits: Limits | None = None) -> AsyncIterator[Server]:
    """The server while it listens; its hello names the instance 'i'."""
    server = Server(dispatch, lambda: {"instance": "i"}, limits)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    await server.listen(sock)
    try:
        yield server
    finally:
        await server.stop(0)


async def echo(call: Call) -> object:
    """Answers with what the call says about itself."""
    caller = call.caller
    return {"method": call.method, "params": call.params, "client": caller.client, "cwd": caller.cwd, "pid": caller.pid}


class Client:
    """A client on the test's own loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, *frames: dict[str, object]) -> None:
        self.writer.write(b"".join(json.dumps(frame).encode() + b"\n" for frame in frames))

    def ask(self, number: int, method: str = "echo", **params: object) -> None:
        self.say({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    async def hear(self) -> dict[str, object]:
        line = await asyncio.wait_for(self.reader.readline(), 5)
        found = json.loads(line) if line else {}
        assert isinstance(found, dict)
        return found


@asynccontextmanager
async def client(path: Path, *, greet: bool = True) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_unix_connection(path)
    found = Client(reader, writer)
    try:
        if greet:
            found.say(HELLO)
            assert (await found.hear())["instance"] == "i"
        yield found
    finally:
        writer.close()


def code(frame: dict[str, object]) -> object:
    """The stable code of an error."""
    error = frame["error"]
    assert isinstance(error, dict)
    return error["data"]["code"]


async def until(condition: Callable[[], object]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition did not come true in time")


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Why clients were cut off."""
    return [record.__dict__["data"]["reason"] for record in caplog.records if record.msg == "cut off a client"]
