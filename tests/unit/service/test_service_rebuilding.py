"""A rebuild: begun beside the serving generation, verified, switched to; what keeps it from that is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lmem.domain.outbox import Projection
from lmem.errors import Conflict, NotFound, StoreUnavailable
from lmem.ports.vectors import MEMORIES
from lmem.service import rebuilding
from lmem.service.consistency import Consistency
from lmem.service.rebuilding import Rebuilding
from lmem.service.vectorcheck import VectorCheck
from tests.unit.service.service_kit import Kit, drive


@asynccontextmanager
async def _working(kit: Kit) -> AsyncIterator[Rebuilding]:
    """Rebuilds of the kit's vectors, with its relay at work."""
    consistency = Consistency(kit.storage, kit.clock, [], kit.relay.wake)

    async def agrees(projection: Projection) -> bool:
        return await consistency.agrees(VectorCheck(kit.storage, kit.indexes, kit.vectors, projection))

    kit.indexes.agrees = agrees
    kit.indexes._wake = kit.relay.wake
    task = asyncio.create_task(kit.relay.run())
    try:
        yield Rebuilding(kit.storage, kit.clock, {"vectors": kit.indexes})
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _told(store: str, done: int, total: int) -> None:
    assert 0 <= done <= total


def test_a_rebuild_takes_over_with_everything(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"memory number {at}") for at in range(9)]
        await kit.settle()
        old = kit.indexes.serving()
        async with _working(kit) as service:
            done = await service.rebuild(kit.actor, "vectors", True, _told)
        assert done.objects == 9
        assert done.done
        assert kit.indexes.serving() == done.generation != old
        assert kit.vectors.inner.count(done.generation, MEMORIES) == len(ids)
        assert list(kit.vectors.inner.sizes()) == [done.generation]

    drive(tmp_path, scenario)


def test_what_is_lost_on_the_way_is_written_before_it_serves(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"memory number {at}") for at in range(5)]
        await kit.settle()
        async with _working(kit) as service:
            looked = kit.indexes.agrees
            lost: list[str] = []

            async def after_a_loss(projection: Projection) -> bool:
                if not lost:
                    lost.append(ids[2])
                    kit.vectors.inner.write(projection.generation, MEMORIES, [], [ids[2]])
                return await looked(projection)

            kit.indexes.agrees = after_a_loss
            done = await service.rebuild(kit.actor, "vectors", True, _told)
        assert lost
        assert kit.vectors.inner.count(done.generation, MEMORIES) == 5

    drive(tmp_path, scenario)


def test_one_that_never_agrees_serves_after_some_looks(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("a memory")
        await kit.settle()
        looks: list[str] = []

        async def never(projection: Projection) -> bool:
            looks.append(projection.id)
            return False

        async with _working(kit) as service:
            kit.indexes.agrees = never
            await service.rebuild(kit.actor, "vectors", True, _told)
        assert len(looks) == 3

    drive(tmp_path, scenario)


def test_it_may_not_be_waited_for(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("a memory")
        await kit.settle()
        service = Rebuilding(kit.storage, kit.clock, {"vectors": kit.indexes})
        done = await service.rebuild(kit.actor, "vectors", False, _told)
        assert not done.done
        with pytest.raises(Conflict, match="being built"):
            await kit.indexes.rebuild()
        again = await service.rebuild(kit.actor, "vectors", False, _told)
        assert again.generation == done.generation

    drive(tmp_path, scenario)


def test_one_that_stands_still_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "STILL", 0.05)
    monkeypatch.setattr(rebuilding, "STEP", 0.01)

    async def scenario(kit: Kit) -> None:
        await kit.add("a memory")
        await kit.settle()
        service = Rebuilding(kit.storage, kit.clock, {"vectors": kit.indexes})
        with pytest.raises(StoreUnavailable, match="goes on by itself"):
            await service.rebuild(kit.actor, "vectors", True, _told)

    drive(tmp_path, scenario)


def test_a_store_that_there_is_not_is_named(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        service = Rebuilding(kit.storage, kit.clock, {"vectors": kit.indexes})
        with pytest.raises(NotFound, match="graf") as caught:
            await service.rebuild(kit.actor, "graf", True, _told)
        assert "vectors" in caught.value.hint

    drive(tmp_path, scenario)


def test_a_store_that_is_busy_is_not_said_to_be_built_anew(tmp_path: Path) -> None:
    class Busy:
        building: Projection | None = None

        async def rebuild(self) -> Projection | None:
            raise Conflict("A generation is being built already.")

    async def scenario(kit: Kit) -> None:
        service = Rebuilding(kit.storage, kit.clock, {"vectors": Busy()})
        with pytest.raises(Conflict, match="being built already"):
            await service.rebuild(kit.actor, "vectors", True, _told)

    drive(tmp_path, scenario)
