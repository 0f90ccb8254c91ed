"""The server on one loop: who is cut, what waits, how it stops; with limits small enough to reach."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lmem.daemon.call import Call
from lmem.daemon.conversation import Limits
from lmem.errors import NotFound
from tests.unit.daemon.serving import reasons, serving, until

HELLO = {"lmem": 1, "mode": "rpc", "version": "0.1.0", "cwd": "/w", "client": "test", "pid": 1}
SMALL = Limits(connections=4, in_flight=2, frame=1000, hello_frame=200, hello_seconds=0.1, stall_seconds=0.2)


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


def test_a_call_knows_its_caller(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(tmp_path / "s", echo, SMALL) as server, client(tmp_path / "s") as one:
            assert server.connections == 1 and server.idle_seconds == 0
            one.ask(1, a=1)
            result = (await one.hear())["result"]
            assert isinstance(result, dict)
            assert result["client"] == "test" and result["cwd"] == "/w" and result["params"] == {"a": 1}
            one.say({"jsonrpc": "2.0", "id": 2, "method": "bare"})
            assert (await one.hear())["result"] == {**result, "method": "bare", "params": {}}

    asyncio.run(run())


def test_no_hello_in_time_ends_the_connection(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(tmp_path / "s", echo, SMALL), client(tmp_path / "s", greet=False) as one:
            assert "No hello came in time" in str(await one.hear())
            assert await one.hear() == {}

    asyncio.run(run())


def test_requests_over_the_limit_wait_their_turn(tmp_path: Path) -> None:
    running = most = 0

    async def count(call: Call) -> object:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return {}

    async def run() -> None:
        async with serving(tmp_path / "s", count, SMALL), client(tmp_path / "s") as one:
            for number in range(20):
                one.ask(number)
            assert {(await one.hear())["id"] for _ in range(20)} == set(range(20))
            assert most == 2

    asyncio.run(run())


def test_unread_requests_stay_bounded(tmp_path: Path) -> None:
    async def forever(call: Call) -> object:
        await asyncio.sleep(60)
        return {}

    async def run() -> None:
        async with serving(tmp_path / "s", forever, SMALL), client(tmp_path / "s") as one:
            line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "x" * 500}).encode() + b"\n"
            for number in range(4000):
                one.writer.write(line.replace(b'"id": 1', f'"id": {number}'.encode()))
            await asyncio.sleep(0.2)
            left = one.writer.transport.get_write_buffer_size()
            assert left > 1_000_000, "the daemon took no more than its buffers hold"

    asyncio.run(run())


def test_a_client_that_does_not_read_is_cut_after_a_while(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def big(call: Call) -> object:
        return {"text": "x" * 900}

    async def run() -> None:
        limits = Limits(in_flight=4, frame=1000, write_pause=1000, write_cut=10_000_000, stall_seconds=0.2)
        async with serving(tmp_path / "s", big, limits) as server, client(tmp_path / "s") as one:
            one.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for number in range(2000):
                one.ask(number)
            await until(lambda: not server.connections)
            assert reasons(caplog) == ["it does not read"]

    asyncio.run(run())


def test_a_pile_of_answers_is_cut_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def big(call: Call) -> object:
        call.progress({"text": "x" * 3_000_000})
        return {}

    async def run() -> None:
        limits = Limits(in_flight=4, write_pause=100_000_000, write_cut=5_000_000, stall_seconds=60)
        async with serving(tmp_path / "s", big, limits) as server, client(tmp_path / "s") as one:
            one.writer.transport.pause_reading()  # type: ignore[attr-defined]
            one.ask(1)
            one.ask(2)
            await until(lambda: not server.connections)
            assert reasons(caplog) == ["it lets answers pile up"]

    asyncio.run(run())


def test_progress_may_come_from_any_thread_and_ends_with_its_call(tmp_path: Path) -> None:
    late: list[Callable[[dict[str, object]], None]] = []

    async def work(call: Call) -> object:
        await asyncio.to_thread(call.progress, {"done": 1})
        await asyncio.sleep(0.01)
        late.append(call.progress)
        return {}

    async def run() -> None:
        async with serving(tmp_path / "s", work, SMALL), client(tmp_path / "s") as one:
            one.ask(7)
            assert await one.hear() == {"jsonrpc": "2.0", "method": "$/progress", "params": {"done": 1, "id": 7}}
            assert (await one.hear())["id"] == 7
            late[0]({"done": 2})
            one.ask(8)
            assert (await one.hear())["params"] == {"done": 1, "id": 8}

    asyncio.run(run())


def test_stopping_answers_what_runs_and_refuses_what_comes(tmp_path: Path) -> None:
    async def slow(call: Call) -> object:
        await asyncio.sleep(60 if call.params["long"] else 0.1)
        raise NotFound("It ran to its end.")

    async def run() -> None:
        async with serving(tmp_path / "s", slow, SMALL) as server, client(tmp_path / "s") as one:
            one.ask(1, long=False)
            one.ask(2, long=True)
            await asyncio.sleep(0.02)
            stopping = asyncio.create_task(server.stop(0.3))
            await asyncio.sleep(0.02)
            assert server.working == 2
            one.ask(3, long=False)
            assert [await _code(one) for _ in range(3)] == ["not_found", "daemon_stopping", "cancelled"]
            assert await one.hear() == {}
            await stopping
            assert server.connections == server.working == 0

    asyncio.run(run())


async def _code(one: Client) -> object:
    error = (await one.hear())["error"]
    assert isinstance(error, dict)
    return error["data"]["code"]


def test_a_new_socket_takes_over_and_conversations_go_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(tmp_path / "s", echo, SMALL) as server, client(tmp_path / "s") as one:
            sock = socket.socket(socket.AF_UNIX)
            sock.bind(str(tmp_path / "t"))
            await server.listen(sock)
            async with client(tmp_path / "t") as two:
                for each in (one, two):
                    each.ask(1)
                    assert (await each.hear())["result"]

    asyncio.run(run())
