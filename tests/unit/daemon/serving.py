"""A server on the test's own loop, at a socket of the test's, for the tests of conversations and of agents' sessions.

Not a daemon: there is no store behind it, only the dispatch that the test hands over.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lmem.daemon.call import Call
from lmem.daemon.conversation import Limits
from lmem.daemon.server import Server

Dispatch = Callable[[Call], Awaitable[object]]


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


async def until(condition: Callable[[], object]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition did not come true in time")


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Why clients were cut off."""
    return [record.__dict__["data"]["reason"] for record in caplog.records if record.msg == "cut off a client"]
