"""What fits into one answer: whole while that is little, then beginnings, and never more than a line of the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lmem.daemon.handlers.records import memory_json
from lmem.domain.memories import Memory
from lmem.domain.room import ALL, BEGINNING, WHOLE, Room, TooMuch, cut, size
from lmem.protocol.framing import MAX_FRAME
from tests.unit.domain.test_domain_memories import memory


def of(content: str, **fields: object) -> Memory:
    return replace(memory("a title", content), **fields)  # type: ignore[arg-type]


def encoded(memories: list[Memory]) -> int:
    return len(json.dumps([memory_json(item, {}) for item in memories], ensure_ascii=False).encode())


def test_little_text_is_given_as_it_is() -> None:
    given = [of(f"note {number} " * 60, context={"file": "a.py"}) for number in range(300)]
    room = Room(little=True)
    assert room.fill(given) == given and not room.ended
    assert room.fill([]) == []


@pytest.mark.parametrize("text", ["lorem ipsum ", "\x01", '"\\', "é", "語", "🙂"])
def test_beyond_the_room_there_are_beginnings_and_then_nothing(text: str) -> None:
    whole = of((text * 1_000_000)[: 900_000 // len(text.encode())], summary=text * 4000, context={"notes": text * 4000})
    room = Room()
    found = room.fill([whole] * 1000)
    cuts = [item for item in found if item is not whole]
    assert encoded(found) <= ALL < MAX_FRAME
    assert encoded(found[: len(found) - len(cuts)]) <= WHOLE
    assert len(cuts) > 200 and room.ended == (len(found) < 1000)
    assert all(item.whole_length == len(whole.content) and len(item.content) == BEGINNING for item in cuts)
    assert all(item.context == {} and len(item.summary or "") == BEGINNING for item in cuts)


def test_a_short_one_after_long_ones_is_whole() -> None:
    long, short = of("x" * 2_000_000), of("a short note", context={"file": "a.py", "line": 3})
    assert Room().fill([long, long, short])[2] is short
    assert cut(short) is short


def test_no_more_is_read_than_fits() -> None:
    read = 0

    def rows() -> Iterator[Memory]:
        nonlocal read
        while read < 100_000:
            read += 1
            yield of("語" * 300_000)

    found = Room().fill(rows())
    assert read == len(found) + 1
    assert size(*found) <= ALL


def test_a_room_for_little_says_when_that_is_over() -> None:
    room = Room(little=True)
    assert room.takes(of("x" * 100_000))
    with pytest.raises(TooMuch):
        room.takes(of("x" * 500_000))
    looking = Room(little=True)
    with pytest.raises(TooMuch):
        for _ in range(10):
            looking.looks(of("x" * 100_000))
