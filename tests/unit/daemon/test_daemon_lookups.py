"""Looks that hang: they take no turn from others, and the stores' threads not at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lmem.daemon import lookups
from lmem.daemon.lookups import Lookups
from lmem.errors import LmemError


@pytest.fixture
def answers() -> Iterator[threading.Event]:
    """Until it is set, a disk does not answer."""
    event = threading.Event()
    yield event
    event.set()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.005)


def test_a_look_answers_or_raises_what_it_raised() -> None:
    def broken() -> int:
        raise OSError("gone")

    async def run() -> None:
        known = Lookups()
        assert await known.of("/a", lambda: 3) == 3
        with pytest.raises(OSError, match="gone"):
            await known.of("/a", broken)
        with pytest.raises(OSError, match="gone"):
            await known.within(20, "/a", broken)

    asyncio.run(run())


def test_looks_that_hang_keep_nobody_else_waiting(answers: threading.Event) -> None:
    async def run() -> None:
        known = Lookups()
        hanging = [asyncio.ensure_future(known.of(f"/stuck/{number}", answers.wait)) for number in range(12)]
        await until(lambda: len(known._hanging) == 12)
        async with asyncio.timeout(20):
            assert await known.of("/healthy", lambda: 3) == 3
            assert await asyncio.gather(*(asyncio.to_thread(int, "3") for _ in range(40))) == [3] * 40
        answers.set()
        await asyncio.gather(*hanging)
        assert not known._hanging

    asyncio.run(run())


def test_one_disk_cannot_take_every_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: threading.Event
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 a rw\n2 1 0:9 / /mnt/my\\040disk rw - nfs host:/ rw\n3 1 8:2 / /mnt rw - ext4 b rw\n"
    )
    monkeypatch.setattr(lookups, "_MOUNTS", mounts)
    monkeypatch.setattr(lookups, "MOST_HANGING", 8)

    async def run() -> None:
        known, begun = Lookups(), []
        for number in range(4):
            begun.append(asyncio.ensure_future(known.of(f"/mnt/my disk/{number}", answers.wait)))
        await until(lambda: len(known._hanging) == 4)
        with pytest.raises(LmemError, match="The disk of /mnt/my disk does not answer"):
            await known.of("/mnt/my disk", lambda: 3)
        assert [await known.of(where, lambda: 3) for where in ("/mnt/my disk2", "/mnt", "/home")] == [3, 3, 3]
        for number in range(4):
            begun.append(asyncio.ensure_future(known.of(f"/mnt/{number}", answers.wait)))
        await until(lambda: len(known._hanging) == 8)
        with pytest.raises(LmemError, match="The disk of /home does not answer"):
            await known.of("/home", lambda: 3)
        answers.set()
        await asyncio.gather(*begun)
        assert await known.of("/mnt/my disk", lambda: 3) == 3

    asyncio.run(run())


def test_where_the_system_tells_no_mounts_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "_MOUNTS", tmp_path / "none")
    assert lookups._mount("/a", lookups._mounts()) == lookups._mount("/b/c", lookups._mounts()) == ""


def test_work_that_comes_back_does_not_begin_again_while_it_hangs(answers: threading.Event) -> None:
    begun = []

    def look() -> int:
        begun.append(1)
        answers.wait()
        return len(begun)

    async def run() -> None:
        known = Lookups()
        for _ in range(5):
            with pytest.raises(LmemError, match="The disk of /stuck does not answer"):
                await known.within(0.02, "/stuck", look)
        assert await known.within(20, "/healthy", lambda: 3) == 3
        assert len(begun) == 1
        answers.set()
        await until(lambda: not known._late)
        assert await known.within(20, "/stuck", look) == 2

    asyncio.run(run())
