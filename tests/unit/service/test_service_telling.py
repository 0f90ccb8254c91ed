"""A projection is told of the truth in slices: others write in between, and whatever cuts it short, it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from lmem.domain.outbox import Pending
from lmem.errors import Conflict, InvalidInput, StorageFull, StoreUnavailable, WorkerDied
from lmem.ports.storage import UnitOfWork
from lmem.ports.vectors import MEMORIES
from lmem.service import retiring, telling
from lmem.service.indexes import Indexes
from lmem.service.projection import Relay
from tests.contract.graphcopies import Server
from tests.unit.service.service_kit import Kit, drive
from tests.unit.service.test_service_graphcopy import Copied


class Killed(Exception):
    """What nobody catches: nothing runs after it, as after kill -9."""


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "SLICE", 2)


async def _rows(kit: Kit, projection_id: str) -> list[Pending]:
    return await kit.storage.read(lambda tx: tx.outbox.due(projection_id, "9999", 1000))


def _after_a_slice(kit: Kit, port: str, then: Callable[[str], Awaitable[None]]) -> None:
    """Call `then` once, with the projection that has had a slice of two and not yet the next one."""
    write = kit.storage.write

    async def between(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
        known = await kit.storage.read(lambda tx: tx.outbox.projections(port))
        for projection in known:
            if projection.is_untold and projection.settings["told"] > 0:
                kit.storage.write = write  # type: ignore[method-assign]
                await then(projection.id)
        return await write(work, large)

    kit.storage.write = between  # type: ignore[method-assign]


async def _killed(_: str) -> None:
    raise Killed


def test_what_is_written_between_two_slices_is_told_as_it_is_then(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(6)]
        await kit.lifecycle.forget(kit.actor, [ids[3]], None, dry_run=False)
        await kit.settle()
        late = list[str]()

        async def others(projection_id: str) -> None:
            assert [row.object_id for row in await _rows(kit, projection_id)] == ids[:2]
            late.append(await kit.add("came between two slices"))
            await kit.lifecycle.purge(kit.actor, [ids[0], ids[5]], dry_run=False)
            with pytest.raises(Conflict):
                await kit.indexes.rebuild()
            assert await kit.indexes.prepare_copy() is None, "nothing is copied beside it"

        _after_a_slice(kit, "vectors", others)
        built = await kit.indexes.rebuild()
        assert late and not built.is_untold
        rows = await _rows(kit, built.id)
        assert {(row.object_id, row.op) for row in rows} == {
            *((id, "upsert") for id in (ids[1], ids[2], ids[4], *late)), (ids[0], "delete"), (ids[5], "delete"),
        }  # fmt: skip
        assert len({row.seq for row in rows}) == len(rows)
        await kit.settle()
        assert kit.indexes.serving() == built.generation
        assert await kit.vectors.count(built.generation, MEMORIES) == 4

    drive(tmp_path, scenario)


def test_a_first_generation_that_was_killed_half_way_is_told_the_rest_after_a_restart(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(7)]
        await kit.settle()
        (served,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        await retiring.retire(kit.storage, served)  # as of another model
        _after_a_slice(kit, "vectors", _killed)
        with pytest.raises(Killed):
            await Indexes(kit.storage, kit.embedder, kit.vectors, kit.clock, "memory", lambda: None).start()
        (cut,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert cut.is_untold and [row.object_id for row in await _rows(kit, cut.id)] == ids[:2]
        added = await kit.add("added before it was told the rest")
        indexes = Indexes(kit.storage, kit.embedder, kit.vectors, kit.clock, "memory", lambda: None)
        await indexes.start()
        assert indexes.building is not None and indexes.building == cut.told(), "the same one goes on"
        assert [row.object_id for row in await _rows(kit, cut.id)] == [*ids, added]
        relay = Relay(kit.storage, indexes, kit.vectors, kit.clock, 1_000_000)
        while await relay.step():
            pass
        assert await kit.vectors.count(indexes.serving(), MEMORIES) == 8
        (serving,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert serving.state == "active" and not serving.is_untold

    drive(tmp_path, scenario)


@pytest.mark.parametrize("error", [StorageFull("The disk is full."), asyncio.CancelledError()])
def test_a_rebuild_that_is_given_up_leaves_nothing_that_waits(tmp_path: Path, error: BaseException) -> None:
    async def scenario(kit: Kit) -> None:
        for number in range(5):
            await kit.add(f"row {number}")
        await kit.settle()

        async def given_up(_: str) -> None:
            raise error

        _after_a_slice(kit, "vectors", given_up)
        with pytest.raises(type(error)):
            await kit.indexes.rebuild()
        assert list(await kit.vectors.sizes()) == [kit.indexes.serving()]
        assert len(await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))) == 1
        built = await kit.indexes.rebuild()
        await kit.settle()
        assert kit.indexes.serving() == built.generation

    drive(tmp_path, scenario)


def test_a_rebuild_that_is_given_up_while_its_row_is_written_leaves_none(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        loop, write, given_up = asyncio.get_running_loop(), kit.storage.write, threading.Event()

        async def row_in_hand(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
            kit.storage.write = write  # type: ignore[method-assign]

            def slow(tx: UnitOfWork) -> Any:
                loop.call_soon_threadsafe(task.cancel)
                assert given_up.wait(30)
                return work(tx)

            try:
                return await write(slow, large)
            finally:
                given_up.set()

        kit.storage.write = row_in_hand  # type: ignore[method-assign]
        task = asyncio.create_task(kit.indexes.rebuild())
        with pytest.raises(asyncio.CancelledError):
            await task
        assert given_up.is_set()
        (only,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert only.generation == kit.indexes.serving()
        assert list(await kit.vectors.sizes()) == [only.generation]

    drive(tmp_path, scenario)


@pytest.mark.parametrize("back", [True, False])
def test_a_rebuild_whose_worker_is_started_anew_meanwhile_is_not_said_to_have_begun(tmp_path: Path, back: bool) -> None:
    async def scenario(kit: Kit) -> None:
        for number in range(5):
            await kit.add(f"row {number}")
        await kit.settle()
        serving = kit.indexes.serving()

        async def died(_: str) -> None:
            kit.indexes.down(WorkerDied())
            if back:
                await kit.indexes.start()

        _after_a_slice(kit, "vectors", died)
        with pytest.raises(StoreUnavailable, match="started anew") as caught:
            await kit.indexes.rebuild()
        assert "lmem rebuild vectors" in str(caught.value.hint) and kit.indexes.building is None
        if not back:
            await kit.indexes.start()
        assert kit.indexes.serving() == serving and kit.indexes.building is None
        (only,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert only.generation == serving and list(await kit.vectors.sizes()) == [serving]
        built = await kit.indexes.rebuild()
        await kit.settle()
        assert kit.indexes.serving() == built.generation

    drive(tmp_path, scenario)


def test_a_rebuild_that_a_start_has_not_seen_is_forgotten(tmp_path: Path) -> None:
    """The worker is back before the row is written: nobody else knows of it."""

    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        serving, write = kit.indexes.serving(), kit.storage.write

        async def died_before(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
            kit.storage.write = write  # type: ignore[method-assign]
            kit.indexes.down(WorkerDied())
            await kit.indexes.start()
            return await write(work, large)

        kit.storage.write = died_before  # type: ignore[method-assign]
        with pytest.raises(StoreUnavailable, match="started anew"):
            await kit.indexes.rebuild()
        (only,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert only.generation == serving == kit.indexes.serving()

    drive(tmp_path, scenario)


@pytest.mark.parametrize("by", ["the relay", "a restart"])
def test_a_rebuild_of_the_graph_that_was_cut_short_is_gone_on_with(tmp_path: Path, by: str) -> None:
    async def scenario(kit: Kit) -> None:
        copied = Copied(kit, Server())
        for number in range(7):
            await kit.add(f"fact number {number}", project="api")
        await copied.settle()
        _after_a_slice(kit, "graph", _killed)
        with pytest.raises(Killed):
            await copied.projector.rebuild()
        if by == "a restart":
            copied = Copied(kit, copied.server)
        await kit.add("added before it was told the rest", project="api")
        (projection,) = await copied.projector.prepare()
        assert not projection.is_untold and copied.projector.building == projection
        await copied.settle()
        assert copied.projector.building is None
        assert await copied.copy.size() == await copied.copy.size(2), "everything was written again"
        await copied.assert_agrees()

    drive(tmp_path, scenario)


def test_a_rebuild_of_the_graph_tries_what_was_parked_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        copied = Copied(kit, Server())
        made = await kit.add("refused once", project="api")
        await copied.projector.prepare()
        assert copied.projector.projection is not None
        rows = await _rows(kit, copied.projector.projection.id)
        refused = next(row for row in rows if row.object_id == made)
        await copied.relay.park(refused, InvalidInput("It is refused."))
        await copied.settle()
        assert await kit.storage.read(lambda tx: tx.outbox.parked_count()) == 1
        await copied.projector.rebuild()
        await copied.settle()
        assert await kit.storage.read(lambda tx: tx.outbox.parked_count()) == 0
        await copied.assert_agrees()

    drive(tmp_path, scenario)


def test_a_step_that_looked_before_a_rebuild_does_not_end_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        copied = Copied(kit, Server())
        await kit.add("one", project="api")
        await copied.settle()
        (before,) = await copied.projector.prepare()
        begun = await copied.projector.rebuild()
        await copied.projector.settle(before)
        assert copied.projector.building == begun
        await copied.settle()
        assert copied.projector.building is None
        await copied.assert_agrees()

    drive(tmp_path, scenario)
