"""Counters of reads: written some at a time, each once, whatever comes in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lmem.errors import StorageFull
from lmem.ports.storage import UnitOfWork
from lmem.service import activity as activity_module
from lmem.service.activity import Activity
from tests.unit.service.service_kit import Kit, drive


class Failing:
    """A storage whose writes after the first `good` ones do what `otherwise` does."""

    def __init__(self, kit: Kit, good: int, otherwise: Callable[[], Any]) -> None:
        self._kit = kit
        self._good = good
        self._otherwise = otherwise
        self.writes = 0

    async def write(self, work: Callable[[UnitOfWork], object]) -> object:
        self.writes += 1
        if self.writes > self._good:
            await self._otherwise()
        return await self._kit.storage.write(work)


async def _counts(kit: Kit, ids: list[str]) -> list[int]:
    return [(await kit.memories.get(kit.actor, id)).memory.access_count for id in ids]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_module, "COUNTED", 2)


def test_what_a_full_disk_leaves_is_counted_later_and_nothing_twice(tmp_path: Path) -> None:
    async def full() -> None:
        raise StorageFull()

    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"memory {number}") for number in range(5)]
        activity = Activity(kit.storage, kit.clock, b"key")
        activity._count([*ids, *ids])
        activity._storage = failing = Failing(kit, 2, full)  # type: ignore[assignment]
        assert await activity.flush_counters() == 2
        assert failing.writes == 3
        assert sorted(await _counts(kit, ids)) == [0, 0, 0, 2, 2]
        assert activity.waiting_counters() == 3
        activity._storage = kit.storage
        assert await activity.flush_counters() == 3
        assert await _counts(kit, ids) == [2] * 5
        assert await activity.flush_counters() == 0

    drive(tmp_path, scenario)


def test_what_a_cancelled_flush_had_not_come_to_is_written_as_the_daemon_closes(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"memory {number}") for number in range(5)]
        activity, reached = Activity(kit.storage, kit.clock, b"key"), asyncio.Event()

        async def stop() -> None:
            reached.set()
            await asyncio.Event().wait()

        activity._count(ids)
        activity._storage = Failing(kit, 2, stop)  # type: ignore[assignment]
        flushing = asyncio.create_task(activity.flush_counters())
        await reached.wait()
        flushing.cancel()
        await asyncio.gather(flushing, return_exceptions=True)
        assert activity.waiting_counters() == 1  # two are written, and two with the work that was under way
        activity._storage = kit.storage
        await activity.flush()
        assert sorted(await _counts(kit, ids)) == [0, 0, 1, 1, 1]

    drive(tmp_path, scenario)
