"""The server on one loop: how it stops, and how it moves to another socket.

Not one connection (test_daemon_conversation.py) nor one request (test_daemon_requests.py).
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from lmem.daemon.call import Call
from lmem.errors import NotFound
from tests.unit.daemon.serving import SMALL, client, code, echo, serving


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
            assert [code(await one.hear()) for _ in range(3)] == ["not_found", "daemon_stopping", "cancelled"]
            assert await one.hear() == {}
            await stopping
            assert server.connections == server.working == 0

    asyncio.run(run())


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
