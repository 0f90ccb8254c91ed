"""What tests of `lmem mcp` share: the SDK's own client at its pipes, and a process that is told raw lines.

Not a test.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import select
import subprocess
import termios
import time
from array import array
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import psutil
from mcp import Client, StdioServerParameters

from tests.bench.harness import installed
from tests.integration.product import Json

Era = Literal["auto", "legacy"]
ERAS: tuple[Era, ...] = ("auto", "legacy")
"""The SDK's client with the protocol of 2026-07-28, and with the handshake of 2025-11-25."""
INITIALIZE = {
    "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
}  # fmt: skip


@asynccontextmanager
async def agent(environ: Mapping[str, str], cwd: Path, era: Era = "auto") -> AsyncIterator[Client]:
    """The SDK's client with its own `lmem mcp`."""
    bridge = StdioServerParameters(command=installed(), args=["mcp"], env=dict(environ), cwd=cwd)
    async with Client(bridge, mode=era) as client:
        yield client


async def use(client: Client, tool: str, **arguments: object) -> Json:
    """The fields of a tool's answer, which must be none of an error and have a text."""
    found = await client.call_tool(tool, arguments)
    assert not found.is_error, found.content
    assert found.content[0].type == "text" and found.content[0].text
    assert isinstance(found.structured_content, dict)
    return found.structured_content


async def storm(environ: Mapping[str, str], cwd: Path, agents: int, calls: int) -> list[float]:
    """So many agents at once, each with so many calls of all four tools; the seconds of each. Any error is raised."""

    async def one(number: int) -> list[float]:
        taken: list[float] = []
        async with agent(environ, cwd, ERAS[number % 2]) as client:
            known = str((await use(client, "memory_add", content=f"Agent {number} writes through one queue"))["id"])
            for turn in range(calls - 1):
                started = time.perf_counter()
                match turn % 4:
                    case 0:
                        found = await use(client, "memory_search", query=f"what does agent {number} write through")
                        assert found["results"]
                    case 1:
                        (memory,) = (await use(client, "memory_get", ids=[known]))["memories"]
                        assert memory["content"] == f"Agent {number} writes through one queue"
                    case 2:
                        assert (await use(client, "memory_context", budget=300))["items"]
                    case _:
                        text = f"Agent {number} noted in turn {turn}: all is well"
                        assert (await use(client, "memory_add", content=text))["created"]
                taken.append(time.perf_counter() - started)
        return taken

    return [seconds for found in await asyncio.gather(*map(one, range(agents))) for seconds in found]


class Bridge:
    """An `lmem mcp` that is told lines."""

    def __init__(self, environ: Mapping[str, str], cwd: Path) -> None:
        self.process = subprocess.Popen(
            [installed(), "mcp"], env=dict(environ), cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.typing, self.shown, self.noise = self.process.stdin, self.process.stdout, self.process.stderr
        self._heard = bytearray()
        self._number = 0

    def say(self, line: bytes | Json) -> None:
        self.typing.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        self.typing.flush()

    def hear(self, seconds: float = 20.0) -> Json:
        """The next frame, which must be whole and of the protocol."""
        while (end := self._heard.find(b"\n") + 1) == 0:
            ready, _, _ = select.select([self.shown], [], [], seconds)
            assert ready, "nothing came"
            data = os.read(self.shown.fileno(), 1 << 20)
            assert data, "it ended"
            self._heard += data
        found = json.loads(self._heard[:end])
        del self._heard[:end]
        assert isinstance(found, dict) and found["jsonrpc"] == "2.0"
        return found

    def tell(self, method: str, **params: object) -> int:
        """Send a request; its number."""
        self._number += 1
        self.say({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    @property
    def has_passed_on(self) -> bool:
        """Whether the bridge has read all that was said, and waits for more."""
        unread = array("i", [1])
        fcntl.ioctl(self.typing, termios.FIONREAD, unread)
        return unread[0] == 0 and psutil.Process(self.process.pid).status() == psutil.STATUS_SLEEPING

    def ask(self, method: str, **params: object) -> Json:
        """The frame that answers a request."""
        number = self.tell(method, **params)
        frame = self.hear()
        assert frame["id"] == number, frame
        return frame

    def use(self, tool: str, **arguments: Any) -> Json:
        """The result of a tool's call, an error's too."""
        found = self.ask("tools/call", name=tool, arguments=arguments)["result"]
        assert isinstance(found, dict)
        return found

    def initialize(self) -> Json:
        found = self.ask("initialize", **INITIALIZE)["result"]
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert isinstance(found, dict)
        return found


@contextmanager
def bridge(environ: Mapping[str, str], cwd: Path, *, handshake: bool = True) -> Iterator[Bridge]:
    """A bridge, which must be gone two seconds after its input ended at the latest."""
    made = Bridge(environ, cwd)
    try:
        if handshake:
            made.initialize()
        yield made
        made.typing.close()
        assert made.process.wait(timeout=2) == 0
    finally:
        made.process.kill()
        made.process.wait()
        for pipe in (made.typing, made.shown, made.noise):
            with suppress(BrokenPipeError):
                pipe.close()
