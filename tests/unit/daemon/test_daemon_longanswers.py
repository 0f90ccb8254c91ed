"""Long answers are encoded as short ones are, and others get their turn meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from lmem.daemon import longanswers
from lmem.protocol.framing import encode
from lmem.protocol.messages import answer

ROW = {"id": "a" * 32, "content": 'é "quoted" \x01\n' * 20, "none": None, "number": 0.5, "list": [1, {"a": []}]}
RESULTS: list[object] = [
    None,
    {},
    {"memories": []},
    {"memories": [ROW] * 3, "total": 3},
    {"memories": [ROW] * 500, "total": 500, "degraded": [], "scope": {"project": None}},
    {"results": [{**ROW, "content": "x" * 30_000}], "é": True},
    {"rows": list(range(100)), "more": [[], {}, "a"] * 40},
    {"memories": [ROW] * 100, "echo": "\udcff"},
    {"memories": [{**ROW, "title": "\udcff"}] * 100},
]


@pytest.mark.parametrize("result", RESULTS)
def test_it_is_the_same_line(result: object) -> None:
    for number in (7, 'a"b'):
        assert asyncio.run(longanswers.line(number, result)) == encode(answer(number, result))


def test_others_get_their_turn() -> None:
    async def turns(result: object) -> int:
        count, task = 0, asyncio.ensure_future(longanswers.line(1, result))
        while not task.done():
            await asyncio.sleep(0)
            count += 1
        return count

    megabytes = {"memories": [{**ROW, "content": "x" * 500_000}] * 10}
    assert asyncio.run(turns(megabytes)) > 10
    assert asyncio.run(turns({"memories": [ROW] * 10})) < 3
