"""The requests of one connection: their ids, what ends one, and the progress that comes before its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from lmem.daemon.call import Call
from lmem.errors import NotFound
from tests.unit.daemon.serving import SMALL, client, code, serving


@pytest.mark.parametrize("number", [True, None, [1], 1.5, 7])
def test_an_id_is_a_number_or_a_text_that_no_running_request_has(tmp_path: Path, number: object) -> None:
    async def forever(call: Call) -> object:
        return await asyncio.Event().wait()

    async def run() -> None:
        async with serving(tmp_path / "s", forever, SMALL) as server, client(tmp_path / "s") as one:
            one.ask(7)
            one.say({"jsonrpc": "2.0", "id": number, "method": "echo"})
            assert code(await one.hear()) == "bad_frame"
            assert server.working == 1

    asyncio.run(run())


def test_a_cancel_ends_a_request_and_frees_its_id(tmp_path: Path) -> None:
    async def wait(call: Call) -> object:
        return await asyncio.Event().wait() if call.params["long"] else {}

    async def run() -> None:
        async with serving(tmp_path / "s", wait, SMALL) as server, client(tmp_path / "s") as one:
            one.ask(1, long=True)
            for other in (2, "1", None, [1]):
                one.say({"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": other}})
            one.say({"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": 1}})
            assert code(await one.hear()) == "cancelled"
            assert server.working == 0
            one.ask(1, long=False)
            assert (await one.hear())["result"] == {}

    asyncio.run(run())


@pytest.mark.parametrize(
    ("outcome", "expected", "logged"),
    [
        (NotFound("It is not there."), "not_found", False),
        (KeyError("x"), "internal", True),
        ({"text": "x" * 1000}, "bad_frame", False),
    ],
)
def test_what_cannot_be_answered_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, outcome: object, expected: str, logged: bool
) -> None:
    async def dispatch(call: Call) -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def run() -> None:
        async with serving(tmp_path / "s", dispatch, SMALL), client(tmp_path / "s") as one:
            one.ask(1)
            assert code(await one.hear()) == expected
            assert ("left its door open" in caplog.text) is logged

    asyncio.run(run())


@pytest.mark.parametrize(
    "outcome",
    [
        {"text": 'é "quoted" \x01\n\u2028', "none": None, "number": 1e-7, "list": [[], {}, True]},
        {"echo": "\udcff"},
        {"number": 1 << 80},
        None,
    ],
)
def test_an_answer_arrives_as_it_is(tmp_path: Path, outcome: object) -> None:
    async def dispatch(call: Call) -> object:
        return outcome

    async def run() -> None:
        async with serving(tmp_path / "s", dispatch), client(tmp_path / "s") as one:
            one.ask(1)
            assert await one.hear() == {"jsonrpc": "2.0", "id": 1, "result": outcome}

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
