"""Looks that hang: they take no turn from others, and the stores' threads not at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

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


def test_a_repository_that_hangs_cannot_take_every_thread(
    monkeypatch: pytest.MonkeyPatch, answers: threading.Event
) -> None:
    monkeypatch.setattr(lookups, "HUNG_S", 60.0)

    async def run() -> None:
        known = Lookups()
        stuck = ["/src/stuck/a", "/src/stuck/b/c", "/src/stuck/b/d", "/src/stuck", "/src/stuck/e"]
        begun = [asyncio.ensure_future(known.of(directory, answers.wait)) for directory in stuck]
        await until(lambda: len(known._hanging) == 5)
        assert await known.of("/src/stuck/f", lambda: 3) == 3, "it may be a busy machine"
        monkeypatch.setattr(lookups, "HUNG_S", 0.0)
        for directory in ("/src/stuck/f", "/src/stuck", "/src/stuck/b/c/d"):
            with pytest.raises(LmemError, match=f"The disk of {directory} does not answer"):
                await known.of(directory, lambda: 3)
        assert [await known.of(where, lambda: 3) for where in ("/src/stuck2", "/src", "/", "/home")] == [3] * 4
        answers.set()
        await asyncio.gather(*begun)
        assert await known.of("/src/stuck/f", lambda: 3) == 3

    asyncio.run(run())


def test_disks_that_hang_are_not_the_root(monkeypatch: pytest.MonkeyPatch, answers: threading.Event) -> None:
    monkeypatch.setattr(lookups, "HUNG_S", 0.0)
    monkeypatch.setattr(lookups, "MOST_HANGING", 6)

    async def run() -> None:
        known = Lookups()
        begun = [asyncio.ensure_future(known.of(f"/mnt{number}", answers.wait)) for number in range(5)]
        await until(lambda: len(known._hanging) == 5)
        assert await known.of("/home", lambda: 3) == 3
        begun.append(asyncio.ensure_future(known.of("/srv", answers.wait)))
        await until(lambda: len(known._hanging) == 6)
        with pytest.raises(LmemError, match="The disk of /home does not answer"):
            await known.of("/home", lambda: 3)
        answers.set()
        await asyncio.gather(*begun)

    asyncio.run(run())


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
