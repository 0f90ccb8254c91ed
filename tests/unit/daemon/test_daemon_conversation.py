"""One connection of a server: who is told what, who waits and who is cut, with limits small enough to reach."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from lmem.daemon.call import Call
from lmem.daemon.limits import Limits
from tests.unit.daemon.serving import SMALL, client, echo, reasons, serving, until


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


@pytest.mark.parametrize("cwd", ["/w\0x", "\0", "/\udcff\ud800", "", "relative"])
def test_a_directory_that_cannot_be_is_nowhere_in_particular(tmp_path: Path, cwd: str) -> None:
    async def run() -> None:
        async with serving(tmp_path / "s", echo, SMALL), client(tmp_path / "s", greet=False) as one:
            one.say({"lmem": 1, "mode": "rpc", "version": "1", "cwd": cwd, "client": "test", "pid": 1})
            assert "instance" in await one.hear()
            one.ask(1)
            result = (await one.hear())["result"]
            assert isinstance(result, dict) and result["cwd"] == ""

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
