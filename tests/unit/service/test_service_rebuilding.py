"""A rebuild: begun beside the serving generation, verified, switched to; what keeps it from that is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from lmem.domain.outbox import Projection
from lmem.errors import Conflict, InvalidInput, LmemError, NotFound, StoreUnavailable
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


def test_a_copy_that_is_optimised_is_no_rebuild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "STEP", 0.01)

    async def scenario(kit: Kit) -> None:
        for at in range(7):
            await kit.add(f"memory number {at}")
        await kit.settle()
        goes_on, optimise = asyncio.Event(), kit.vectors.optimise

        async def slowly(generation: str) -> None:
            await goes_on.wait()
            await optimise(generation)

        kit.vectors.optimise = slowly  # type: ignore[method-assign]
        copy = await kit.indexes.prepare_copy(7)
        assert copy is not None and copy.is_copy
        async with _working(kit) as service:
            optimising = asyncio.create_task(kit.indexes.optimise(copy))
            with pytest.raises(Conflict, match="being built"):
                await service.rebuild(kit.actor, "vectors", False, _told)
            waiting = asyncio.create_task(service.rebuild(kit.actor, "vectors", True, _told))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            goes_on.set()
            done = await waiting
            await optimising
        assert done.objects == 7 and done.done
        assert kit.indexes.serving() == done.generation != copy.generation

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


@pytest.mark.parametrize("fault", [InvalidInput, StoreUnavailable])
@pytest.mark.parametrize("refuses", ["old", "new"])
def test_full_text_finds_what_the_generation_that_serves_does_not_have(
    tmp_path: Path, fault: type[LmemError], refuses: str
) -> None:
    """One of two generations refuses a memory: after the switch it waits just when the new one has not taken it."""

    async def scenario(kit: Kit) -> None:
        others = [await kit.add(f"row {name}") for name in ("apple", "banana")]
        await kit.settle()
        serving = kit.indexes.serving()
        write = kit.vectors.write
        bad = await kit.add("row cherry")

        async def refuse(generation, collection, points, delete=()):  # type: ignore[no-untyped-def]
            if (generation == serving) == (refuses == "old") and any(point.id == bad for point in points):
                raise fault("The vector is not finite.")
            await write(generation, collection, points, delete)

        kit.vectors.write = refuse  # type: ignore[method-assign]
        await _settled(kit)
        await kit.indexes.rebuild()
        await _settled(kit)
        if fault is InvalidInput or refuses == "old":
            assert kit.indexes.serving() != serving
        found = await kit.storage.read(lambda tx: tx.fulltext.pending('"row"', kit.everything, 10))
        missing = refuses == "new" and kit.indexes.serving() != serving
        assert [memory_id for memory_id, _ in found] == ([bad] if missing else [])
        assert set(await kit.ids("row cherry")) == {bad, *others}

    drive(tmp_path, scenario)


async def _settled(kit: Kit) -> None:
    for _ in range(8):  # a generation that refuses a row is asked again before the row is put off
        with suppress(StoreUnavailable):
            await kit.settle()
