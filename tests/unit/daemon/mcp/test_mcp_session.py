"""A session on the server's own loop: both eras, bad lines, what runs at once, how it is cancelled and stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lmem.daemon.call import Call
from lmem.daemon.limits import Limits
from tests.unit.daemon.serving import reasons, serving, until

HELLO = {"lmem": 1, "mode": "mcp", "version": "0.1.0", "cwd": "/w", "client": "cli", "pid": 1, "project": "api"}
INITIALIZE = {
    "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
}  # fmt: skip
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
BRIEF = {"text": "# lmem\n", "tokens": 3, "project": None, "session": None, "items": [], "left_out": 0}
Frame = dict[str, object]


class Desk:
    """A dispatch that keeps account; a call with a budget above 1000 takes until it is let go or cancelled."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.running = self.most = self.cancelled = 0
        self.let_go = asyncio.Event()

    async def __call__(self, call: Call) -> object:
        self.calls.append(call)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if int(str(call.params.get("budget", 0))) > 1000:
                await self.let_go.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)  # cleans up; cancelled again, it would not come to the next line
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        return BRIEF


class Agent:
    """A client that says what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, line: bytes | Frame) -> None:
        self.writer.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")

    def ask(self, number: object, method: str, **params: object) -> None:
        self.say({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    def brief(self, number: object, budget: int = 100) -> None:
        self.ask(number, "tools/call", name="memory_context", arguments={"budget": budget})

    async def hear(self) -> Frame:
        line = await asyncio.wait_for(self.reader.readline(), 10)
        found = json.loads(line) if line else {}
        assert isinstance(found, dict)
        return found

    async def initialize(self) -> None:
        self.ask(0, "initialize", **INITIALIZE)
        assert "result" in await self.hear()
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})


@asynccontextmanager
async def agent(path: Path, *, handshake: bool = True) -> AsyncIterator[Agent]:
    reader, writer = await asyncio.open_unix_connection(path, limit=20_000_000)
    found = Agent(reader, writer)
    try:
        found.say(HELLO)
        assert (await found.hear())["instance"] == "i"
        if handshake:
            await found.initialize()
        yield found
    finally:
        writer.close()


def result(frame: Frame) -> Frame:
    found = frame["result"]
    assert isinstance(found, dict)
    return found


def error(frame: Frame) -> Frame:
    found = frame["error"]
    assert isinstance(found, dict)
    return found


def test_a_call_comes_from_an_agent_whatever_it_calls_itself(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk()
        async with serving(tmp_path / "s", desk) as server, agent(tmp_path / "s") as one:
            one.brief(1)
            answer = result(await one.hear())
            assert answer["content"] == [{"type": "text", "text": "# lmem\nNothing is stored for this place yet.\n"}]
            (call,) = desk.calls
            assert call.method == "context/get" and call.params == {"budget": 100}
            assert (call.caller.client, call.caller.cwd, call.caller.project) == ("mcp", "/w", "api")
            assert server.working == 0 and server.connections == 1

    asyncio.run(run())


def test_the_new_era_needs_no_handshake(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(tmp_path / "s", Desk()), agent(tmp_path / "s", handshake=False) as one:
            one.ask("d", "server/discover", _meta=MODERN)
            discovered = result(await one.hear())
            assert discovered["supportedVersions"] == ["2026-07-28"] and "lmem" in str(discovered["instructions"])
            one.ask("l", "tools/list", _meta=MODERN)
            listed = result(await one.hear())
            assert listed["cacheScope"] == "private" and int(str(listed["ttlMs"])) > 0
            one.ask("c", "tools/call", name="memory_context", arguments={}, _meta=MODERN)
            assert "result" in await one.hear()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"\xff\xfe\n", -32700),
        (b'{"jsonrpc":"2.0",\n', -32700),
        (b"[" * 100_000 + b"\n", -32700),
        (b"\0\0\n", -32700),
        (b"[]\n", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n', -32600),
        (b"17\n", -32600),
        (b"{}\n", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":[1],"method":"ping"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":5}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"nothing/known"}\n', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"memory_drop"}}\n', -32602),
    ],
)
def test_a_bad_line_is_answered_and_the_next_one_works(tmp_path: Path, line: bytes, code: int) -> None:
    async def run() -> None:
        async with serving(tmp_path / "s", Desk()), agent(tmp_path / "s") as one:
            for _ in range(2):
                one.say(line)
                assert error(await one.hear())["code"] == code
                one.say(b'\r\n \n{"jsonrpc": "2.0", "id": 9, "method": "ping"}\r\n')
                assert await one.hear() == {"jsonrpc": "2.0", "id": 9, "result": {}}

    asyncio.run(run())


def test_a_line_over_the_limit_is_reported_once(tmp_path: Path) -> None:
    async def run() -> None:
        limits = Limits(frame=100_000)
        async with serving(tmp_path / "s", Desk(), limits), agent(tmp_path / "s") as one:
            one.say(b'{"x":"' + b"x" * 1_000_000)
            said = error(await one.hear())
            assert said == {"code": -32600, "message": "A frame may have 100000 bytes; this one has more."}
            one.say(b"x" * 1_000_000 + b'"}\n')
            one.ask(1, "ping")
            assert (await one.hear())["id"] == 1

    asyncio.run(run())


def test_half_a_line_at_the_end_is_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk()
        async with serving(tmp_path / "s", desk) as server, agent(tmp_path / "s") as one:
            one.say(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"memory_context"}}')
            one.writer.write_eof()
            assert await one.hear() == {}
            await until(lambda: not server.connections)
            assert not desk.calls

    asyncio.run(run())


def test_no_more_calls_run_at_once_than_may(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk()
        async with serving(tmp_path / "s", desk, Limits(in_flight=4)), agent(tmp_path / "s") as one:
            for number in range(1, 41):
                one.brief(number, 5000)
            await until(lambda: desk.running >= 4)
            await asyncio.sleep(0.1)
            assert desk.running <= 8, "what was read ahead is a few"
            desk.let_go.set()
            assert {(await one.hear())["id"] for _ in range(40)} == set(range(1, 41))

    asyncio.run(run())


def test_hanging_up_cancels_what_runs_once(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk()
        async with serving(tmp_path / "s", desk) as server:
            async with agent(tmp_path / "s") as one:
                one.brief(1, 5000)
                one.brief(2, 5000)
                await until(lambda: desk.running == 2)
            await until(lambda: server.working == server.connections == desk.running == 0)
            assert desk.cancelled == 2

    asyncio.run(run())


def test_a_cancelled_request_is_cancelled_and_not_answered(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk()
        async with serving(tmp_path / "s", desk) as server, agent(tmp_path / "s") as one:
            one.brief(1, 5000)
            await until(lambda: desk.running == 1)
            one.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
            await until(lambda: desk.cancelled == 1 and server.working == 0)
            one.brief(2)
            assert (await one.hear())["id"] == 2

    asyncio.run(run())


def test_stopping_lets_a_call_finish_refuses_the_next_and_hangs_up(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk()
        async with serving(tmp_path / "s", desk) as server, agent(tmp_path / "s") as one:
            one.brief(1, 5000)
            await until(lambda: desk.running == 1)
            stopping = asyncio.create_task(server.stop(5))
            await asyncio.sleep(0.05)
            one.brief(2)
            refusal = result(await one.hear())
            assert refusal["isError"] and "Call the tool again" in str(refusal["content"])
            desk.let_go.set()
            assert "structuredContent" in result(await one.hear())
            assert await one.hear() == {}
            await stopping
            assert server.connections == server.working == 0

    asyncio.run(run())


def test_a_stop_in_mid_call_is_an_error_for_it(tmp_path: Path) -> None:
    async def run() -> None:
        desk = Desk()
        async with serving(tmp_path / "s", desk) as server, agent(tmp_path / "s") as one:
            one.brief("x", 5000)
            await until(lambda: desk.running == 1)
            await server.stop(0)
            assert desk.cancelled == 1 and server.working == 0, "it had cleaned up before the stores close"
            frame = await one.hear()
            assert frame["id"] == "x" and error(frame)["message"] == "Connection closed"
            assert await one.hear() == {}

    asyncio.run(run())


def test_an_agent_that_does_not_read_waits_and_is_cut(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        limits = Limits(write_pause=10_000, write_cut=10_000_000, stall_seconds=0.3)
        async with serving(tmp_path / "s", Desk(), limits) as server, agent(tmp_path / "s") as one:
            one.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for number in range(2000):
                one.ask(number, "tools/list")
            await until(lambda: not server.connections)
            assert reasons(caplog) == ["it does not read"]

    asyncio.run(run())


def test_a_flood_of_junk_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(tmp_path / "s", Desk()), agent(tmp_path / "s") as one, agent(tmp_path / "s") as two:
            one.say(b"\n" * 2_000_000)
            await asyncio.sleep(0.05)
            started = asyncio.get_running_loop().time()
            two.brief(1)
            await two.hear()
            assert asyncio.get_running_loop().time() - started < 1.0
            one.writer.transport.abort()

    asyncio.run(run())
