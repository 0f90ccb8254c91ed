"""The generations of the index when something fails: nothing hangs, nothing is left behind, it heals by itself.

Not the relay's ordinary work (test_service_projection.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lmem.domain.outbox import Projection
from lmem.errors import Conflict, LmemError, StorageFull, StoreUnavailable, WorkerDied
from lmem.ports.storage import UnitOfWork
from lmem.ports.vectors import MEMORIES
from lmem.service import generations
from lmem.service.indexes import Indexes
from lmem.service.projection import Relay
from tests.unit.service.service_kit import Kit, drive


async def _waiting(kit: Kit) -> int:
    return sum((await kit.storage.read(lambda tx: tx.outbox.pending())).values())


async def _projections(kit: Kit) -> list[Projection]:
    return await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))


def _raising(error: LmemError) -> Callable[..., object]:
    async def fail(*_: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [StorageFull("The disk is full."), StoreUnavailable("Edge cannot load.")])
def test_a_start_that_failed_says_why_and_is_tried_again(tmp_path: Path, error: LmemError) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("before the trouble")
        await kit.settle()
        opened, kit.vectors.open = kit.vectors.open, _raising(error)  # type: ignore[method-assign, assignment]
        with pytest.raises(type(error)):
            await kit.indexes.start()
        await kit.indexes.settled(0.0)
        assert kit.indexes.reason is not None
        assert kit.indexes.reason.message == error.message
        with pytest.raises(type(error)):
            await kit.relay.step()
        kit.vectors.open = opened  # type: ignore[method-assign]
        await kit.settle()
        assert kit.indexes.reason is None
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 1

    drive(tmp_path, scenario)


@pytest.mark.parametrize("error", [Conflict("It has another schema."), StoreUnavailable("Edge cannot load.")])
def test_a_generation_that_never_opens_is_built_anew(tmp_path: Path, error: LmemError) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("before the trouble")
        await kit.settle()
        damaged, opened = kit.indexes.serving(), kit.vectors.open

        async def refuse(generation: str, dimensions: int) -> str:
            if generation == damaged:
                raise error
            return await opened(generation, dimensions)

        kit.vectors.open = refuse  # type: ignore[method-assign]
        for _ in range(4):
            try:
                await kit.indexes.start()
            except StoreUnavailable:
                continue
        await kit.settle()
        assert kit.indexes.serving() != damaged
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 1

    drive(tmp_path, scenario)


def test_nobody_waits_for_a_worker_that_died(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        kit.indexes.down(WorkerDied())
        async with asyncio.timeout(1):
            await kit.indexes.settled(30)
        answer = await kit.search.search("anything", kit.everything, 5)
        assert len(answer.degraded) == 1

    drive(tmp_path, scenario)


def test_a_copy_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        copy, kit.vectors.copy = kit.vectors.copy, _raising(StorageFull())  # type: ignore[method-assign, assignment]
        with pytest.raises(StorageFull):
            await kit.indexes.prepare_copy()
        assert not kit.indexes.optimising
        kit.vectors.copy = copy  # type: ignore[method-assign]
        for error in (StorageFull(), Conflict("It is open."), StoreUnavailable("It failed.")):
            made = await kit.indexes.prepare_copy()
            assert made is not None
            optimise, kit.vectors.optimise = kit.vectors.optimise, _raising(error)  # type: ignore[method-assign, assignment]
            with pytest.raises(type(error)):
                await kit.indexes.optimise(made)
            kit.vectors.optimise = optimise  # type: ignore[method-assign]
            assert not kit.indexes.optimising
            assert list(await kit.vectors.sizes()) == [kit.indexes.serving()]
            await kit.add(f"after {error.code}")
            await kit.settle()
            assert await _waiting(kit) == 0

    drive(tmp_path, scenario)


def test_a_copy_is_told_slice_by_slice_what_its_source_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "SLICE", 2)

    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(5)]
        write, late = kit.storage.write, list[str]()

        async def between(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
            if await _waiting(kit) == 7:  # the first slice of two is there
                kit.storage.write = write  # type: ignore[method-assign]
                late.append(await kit.add("came between two slices"))
                await kit.lifecycle.purge(kit.actor, [ids[0], ids[4]], dry_run=False)
            return await write(work, large)

        kit.storage.write = between  # type: ignore[method-assign]
        copy = await kit.indexes.prepare_copy()
        assert copy is not None and late
        rows = await kit.storage.read(lambda tx: tx.outbox.due(copy.id, "9999", 100))
        assert {(row.object_id, row.op) for row in rows} == {
            *((id, "upsert") for id in (*ids[1:4], *late)), (ids[0], "delete"), (ids[4], "delete"),
        }  # fmt: skip
        await kit.indexes.optimise(copy)
        await kit.settle()
        assert kit.indexes.serving() == copy.generation
        assert await kit.vectors.count(copy.generation, MEMORIES) == 4

    drive(tmp_path, scenario)


def test_a_copy_that_cannot_be_told_is_forgotten(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        write = kit.storage.write

        async def fails(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
            if await _waiting(kit) == 1 and len(await kit.vectors.sizes()) == 2 and not failed:
                projections = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
                if len(projections) == 2:
                    failed.append(True)
                    raise StorageFull()
            return await write(work, large)

        failed: list[bool] = []
        kit.storage.write = fails  # type: ignore[method-assign]
        with pytest.raises(StorageFull):
            await kit.indexes.prepare_copy()
        assert failed and list(await kit.vectors.sizes()) == [kit.indexes.serving()]
        assert len(await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))) == 1
        assert not kit.indexes.optimising

    drive(tmp_path, scenario)


def test_a_copy_whose_worker_died_is_cleared_at_the_next_start(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        made = await kit.indexes.prepare_copy()
        assert made is not None
        optimise, drop = kit.vectors.optimise, kit.vectors.drop
        kit.vectors.optimise = kit.vectors.drop = _raising(WorkerDied())  # type: ignore[method-assign, assignment]
        with pytest.raises(WorkerDied):
            await kit.indexes.optimise(made)
        kit.vectors.optimise, kit.vectors.drop = optimise, drop  # type: ignore[method-assign]
        kit.indexes.down(WorkerDied())
        await kit.indexes.start()
        assert list(await kit.vectors.sizes()) == [kit.indexes.serving()]
        assert await kit.indexes.prepare_copy() is not None

    drive(tmp_path, scenario)


def test_a_switch_that_the_disk_refuses_comes_with_the_next_step(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        old = kit.indexes.serving()
        copy = await kit.indexes.prepare_copy()
        assert copy is not None
        await kit.indexes.optimise(copy)
        write, kit.storage.write = kit.storage.write, _raising(StorageFull())  # type: ignore[method-assign, assignment]
        with pytest.raises(StorageFull):
            await kit.indexes.settle()
        kit.storage.write = write  # type: ignore[method-assign]
        assert kit.indexes.serving() == old
        late = await kit.add("two, which the old one is told too")
        await kit.settle()
        assert kit.indexes.serving() == copy.generation
        assert list(await kit.vectors.sizes()) == [copy.generation]
        assert await _waiting(kit) == 0
        assert late in await kit.ids("two")

    drive(tmp_path, scenario)


def test_nothing_is_begun_while_a_switch_is_written(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        built = await kit.indexes.rebuild()
        while await kit.relay.step() and await _waiting(kit):
            pass
        write, go = kit.storage.write, asyncio.Event()

        async def refused(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
            await go.wait()
            raise StorageFull()

        kit.storage.write = refused  # type: ignore[method-assign]
        switching = asyncio.create_task(kit.indexes.settle())
        while kit.indexes.serving() != built.generation:
            await asyncio.sleep(0)
        assert kit.indexes.building == built, "it is not over before it is stored"
        with pytest.raises(Conflict):
            await kit.indexes.rebuild()
        assert await kit.indexes.prepare_copy() is None
        go.set()
        with pytest.raises(StorageFull):
            await switching
        kit.storage.write = write  # type: ignore[method-assign]
        await kit.settle()
        assert [item.state for item in await _projections(kit)] == ["active"]
        assert list(await kit.vectors.sizes()) == [kit.indexes.serving()]

    drive(tmp_path, scenario)


@pytest.mark.parametrize("begin", ["rebuild", "prepare_copy"])
def test_what_a_full_disk_kept_from_being_forgotten_goes_when_there_is_space(tmp_path: Path, begin: str) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        await kit.add("two")  # which a copy is told of
        write, left = kit.storage.write, 1

        async def refused(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
            nonlocal left
            if len(await _projections(kit)) == 2:
                left -= 1
                if left < 0:
                    raise StorageFull()
            return await write(work, large)

        kit.storage.write = refused  # type: ignore[method-assign]
        with pytest.raises(StorageFull):
            await getattr(kit.indexes, begin)()
        assert list(await kit.vectors.sizes()) == [kit.indexes.serving()], "its files may be what the disk lacks"
        assert len(await _projections(kit)) == 2
        with pytest.raises(StorageFull):
            await kit.settle()
        kit.storage.write = write  # type: ignore[method-assign]
        await kit.settle()
        assert len(await _projections(kit)) == 1
        assert await _waiting(kit) == 0

    drive(tmp_path, scenario)


def test_a_failed_copy_does_not_stop_the_relay(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        kit.vectors.copy = _raising(StorageFull())  # type: ignore[method-assign, assignment]
        relay = Relay(kit.storage, kit.indexes, kit.vectors, kit.clock, 1)
        await kit.add("one")
        while await relay.step():
            pass
        assert await _waiting(kit) == 0

    drive(tmp_path, scenario)


def test_no_tombstone_outlives_the_generation_it_waited_for(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("one")
        await kit.settle()
        await kit.lifecycle.purge(kit.actor, [memory_id], dry_run=False)
        sql = "SELECT object_id FROM tombstones"
        left = await kit.storage._database.read(lambda connection: connection.execute(sql).fetchall())
        assert left == [(memory_id,)]
        kit.vectors.inner.drop(kit.indexes.serving())
        await kit.indexes.start()
        left = await kit.storage._database.read(lambda connection: connection.execute(sql).fetchall())
        assert left == []

    drive(tmp_path, scenario)


def test_the_last_of_two_starts_at_once_counts(tmp_path: Path) -> None:
    """The relay's own is writing when the worker dies; the worker's next life begins with another."""

    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        for generation in await kit.vectors.sizes():
            kit.vectors.inner.drop(generation)
        write, go = kit.storage.write, asyncio.Event()

        async def slow(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
            if await kit.vectors.sizes() and kit.storage.write == slow:  # a new one is made, and told to the truth now
                kit.storage.write = write  # type: ignore[method-assign]
                await go.wait()
            return await write(work, large)

        kit.storage.write = slow  # type: ignore[method-assign]
        first = asyncio.create_task(kit.indexes.start())
        while kit.storage.write == slow:
            await asyncio.sleep(0)
        kit.indexes.down(WorkerDied())
        second = asyncio.create_task(kit.indexes.start())
        await asyncio.sleep(0.05)
        go.set()
        await asyncio.gather(first, second)
        await kit.settle()
        assert [item.state for item in await _projections(kit)] == ["active"]
        assert list(await kit.vectors.sizes()) == [kit.indexes.serving()]
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 1

    drive(tmp_path, scenario)


def test_a_start_of_a_worker_that_died_since_does_not_serve(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        opened = kit.vectors.open

        async def dies(generation: str, dimensions: int) -> str:
            instance = await opened(generation, dimensions)
            kit.indexes.down(WorkerDied())
            return instance

        kit.vectors.open = dies  # type: ignore[method-assign]
        await kit.indexes.start()
        assert kit.indexes.reason is not None
        kit.vectors.open = opened  # type: ignore[method-assign]
        await kit.indexes.start()
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 1

    drive(tmp_path, scenario)


def test_a_start_that_keeps_failing_is_not_hammered(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        tried: list[str] = []

        async def refuse(generation: str, dimensions: int) -> str:
            tried.append(generation)
            raise StorageFull()

        kit.vectors.open = refuse  # type: ignore[method-assign]
        relay = kit.relay
        indexes = Indexes(kit.storage, kit.embedder, kit.vectors, kit.clock, "memory", lambda: relay.wake())
        relay = Relay(kit.storage, indexes, kit.vectors, kit.clock, 10**9)
        with pytest.raises(StorageFull):
            await indexes.start()
        running = asyncio.create_task(relay.run())
        await asyncio.sleep(0.3)
        running.cancel()
        assert len(tried) == 2  # by the worker, by the relay; the next one after half a second

    drive(tmp_path, scenario)
