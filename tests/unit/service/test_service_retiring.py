"""A projection that is let go: gone at once for everybody, cleared in slices, never back, whatever cuts it short."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from lmem.domain.outbox import Pending, Projection
from lmem.ports.storage import UnitOfWork
from lmem.ports.vectors import MEMORIES
from lmem.service import retiring
from lmem.service.cacheprojector import PROJECTION, CacheProjector
from lmem.service.caches import Caches
from lmem.service.copies import forget
from lmem.service.indexes import Indexes
from lmem.service.projection import Relay
from tests.unit.service.faultycache import FaultyCache
from tests.unit.service.service_kit import Kit, drive

AT = "2026-11-25T00:00:00.000Z"


class Killed(Exception):
    """What nobody catches: nothing runs after it, as after kill -9."""


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retiring, "SLICE", 2)


async def _rows(kit: Kit) -> dict[str, int]:
    """How many rows of the outbox each projection has that is left in any state."""
    sql = "SELECT p.id, count(o.object_id) FROM projections p LEFT JOIN outbox o ON o.projection = p.id GROUP BY p.id"
    return dict(await kit.storage.query(lambda connection: connection.execute(sql).fetchall()))


async def _tombstones(kit: Kit) -> int:
    sql = "SELECT count(*) FROM tombstones"
    found: int = await kit.storage.query(lambda connection: connection.execute(sql).fetchone()[0])
    return found


async def _projection(kit: Kit, port: str, id: str) -> Projection:
    made = Projection(id, port, "test", id, None, "active", None, {})
    await kit.storage.write(lambda tx: tx.outbox.add_projection(made, AT, made.id))
    return made


def _before_each_write(kit: Kit, then: Callable[[], Awaitable[None]]) -> None:
    write = kit.storage.write

    async def after(work: Callable[[UnitOfWork], Any], large: bool = False) -> Any:
        await then()
        return await write(work, large)

    kit.storage.write = after  # type: ignore[method-assign]


def test_rows_go_slice_by_slice_and_others_write_in_between(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        retired, kept = await _projection(kit, "graph", "graph-1"), await _projection(kit, "graph", "graph-2")
        for number in range(7):
            await kit.add(f"row {number}")
        write, seen = kit.storage.write, list[int]()
        late = list[str]()

        async def look() -> None:
            seen.append((await _rows(kit)).get(retired.id, 0))
            kit.storage.write, between = write, kit.storage.write  # type: ignore[method-assign]
            late.append(await kit.add(f"late {len(late)}"))
            kit.storage.write = between  # type: ignore[method-assign]

        _before_each_write(kit, look)
        await retiring.retire(kit.storage, retired)
        kit.storage.write = write  # type: ignore[method-assign]
        (whole, first, *slices) = seen
        assert whole < first, "the row that came before it was retired"
        assert slices == [max(first - 2 * number, 0) for number in range(1, len(slices) + 1)]
        rows = await _rows(kit)
        assert retired.id not in rows and rows[kept.id] == first + len(late) - 1

    drive(tmp_path, scenario)


def test_a_switch_that_was_killed_half_way_leaves_nothing_after_a_restart(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(6)]
        await kit.settle()
        (old,) = kit.indexes.targets
        built = await kit.indexes.rebuild()
        for id in ids:
            await kit.storage.write(lambda tx, id=id: tx.outbox.enqueue("memory", id, 1, "upsert", old.id))  # type: ignore[misc]

        async def killed() -> None:
            if 0 < (await _rows(kit))[old.id] < len(ids):
                raise Killed

        write = kit.storage.write
        _before_each_write(kit, killed)
        await kit.storage.write(lambda tx: tx.outbox.confirm(tx.outbox.due(built.id, "9999", 1000)))
        kit.indexes.agrees = _agreed
        with pytest.raises(Killed):
            await kit.indexes.settle()
        kit.storage.write = write  # type: ignore[method-assign]
        assert (await _rows(kit))[old.id] == 4, "it was cut short"
        known = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert [(item.id, item.state) for item in known] == [(built.id, "active")]
        assert old.id not in await kit.storage.read(lambda tx: tx.outbox.pending())

        indexes = Indexes(kit.storage, kit.embedder, kit.vectors, kit.clock, "memory", lambda: None)
        await indexes.start()
        assert list(await _rows(kit)) == [built.id] and indexes.serving() == built.generation
        assert list(await kit.vectors.sizes()) == [built.generation]

    drive(tmp_path, scenario)


def test_one_that_was_the_last_and_cut_short_does_not_keep_the_next_from_its_number(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(5)]
        (only,) = kit.indexes.targets
        await kit.storage.write(lambda tx: tx.outbox.retire(only.id))
        await kit.storage.write(lambda tx: tx.outbox.clear_retired(2))
        indexes = Indexes(kit.storage, kit.embedder, kit.vectors, kit.clock, "memory", lambda: None)
        await indexes.start()
        relay = Relay(kit.storage, indexes, kit.vectors, kit.clock, 1_000_000)
        while await relay.step():
            pass
        assert await kit.vectors.count(indexes.serving(), MEMORIES) == len(ids)
        assert await _rows(kit) == {only.id: 0}, "a new one of the same number"

    drive(tmp_path, scenario)


def test_a_retired_one_does_not_come_back_and_is_told_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        retired = Projection("graph-1", "graph", "test", "gen-0001", None, "building", None, {})
        await kit.storage.write(lambda tx: tx.outbox.add_projection(retired, AT, None))
        made = await kit.add("told before")
        await kit.storage.write(
            lambda tx: tx.outbox.fail(Pending(retired.id, "memory", made, "upsert", _seq(tx, made), 0), "no", None)
        )
        await kit.storage.write(lambda tx: tx.outbox.retire(retired.id))
        before = (await _rows(kit))[retired.id]
        assert before
        await kit.storage.write(lambda tx: tx.outbox.set_projection(retired.id, {"state": "active"}))
        assert not await kit.storage.write(lambda tx: tx.outbox.tell(retired.id, 10))
        await kit.add("told after")
        await kit.lifecycle.purge(kit.actor, [made], dry_run=False)
        assert (await _rows(kit))[retired.id] == before
        for question in (
            lambda tx: tx.outbox.projections("graph"), lambda tx: tx.outbox.parked_count(),
            lambda tx: tx.outbox.parked(20), lambda tx: retired.id in tx.outbox.pending(),
        ):  # fmt: skip
            assert not await kit.storage.read(question)
        await retiring.clear(kit.storage)
        assert retired.id not in await _rows(kit)

    drive(tmp_path, scenario)


@pytest.mark.parametrize("waits", [True, False])
def test_what_was_deleted_is_buried_when_only_a_retired_one_had_not_confirmed(tmp_path: Path, waits: bool) -> None:
    async def scenario(kit: Kit) -> None:
        graph = await _projection(kit, "graph", "graph-1")
        ids = [await kit.add(f"row {number}") for number in range(5)]
        await kit.settle()
        await kit.lifecycle.purge(kit.actor, ids, dry_run=False)
        if not waits:
            await kit.settle()
        assert await _tombstones(kit) == 5
        await retiring.retire(kit.storage, graph)
        assert await _tombstones(kit) == (5 if waits else 0)
        await kit.settle()
        assert await _tombstones(kit) == 0

    drive(tmp_path, scenario)


def test_nobody_waits_for_a_retired_one_to_bury_what_was_deleted(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        graph = await _projection(kit, "graph", "graph-1")
        ids = [await kit.add(f"row {number}") for number in range(8)]
        await kit.settle()
        await kit.lifecycle.purge(kit.actor, ids[:4], dry_run=False)
        await kit.settle()
        assert await _tombstones(kit) == 4
        await kit.storage.write(lambda tx: tx.outbox.retire(graph.id))
        await kit.lifecycle.purge(kit.actor, ids[4:], dry_run=False)
        await kit.settle()
        assert await _tombstones(kit) == 4, "of what only the retired one had not confirmed"
        left = list[int]()
        while await kit.storage.write(lambda tx: tx.outbox.clear_retired(2)):
            left.append(await _tombstones(kit))
        assert [count for count in dict.fromkeys(left) if count] == [4, 2], "slice by slice"

    drive(tmp_path, scenario)


def test_a_cache_whose_server_is_set_again_begins_anew(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await _projection(kit, "cache", PROJECTION)
        await kit.add("told before")
        await forget(kit.storage, "cache")
        assert (await _rows(kit))[PROJECTION], "what cut it short came before it was cleared"
        assert PROJECTION not in await kit.storage.read(lambda tx: tx.outbox.pending())
        (begun,) = await CacheProjector(kit.storage, Caches(FaultyCache()), kit.clock).prepare()
        assert (begun.state, (await _rows(kit))[PROJECTION]) == ("active", 0)

    drive(tmp_path, scenario)


async def _agreed(_: Projection) -> bool:
    return True


def _seq(tx: UnitOfWork, object_id: str) -> int:
    return next(row.seq for row in tx.outbox.due("graph-1", "9999", 100) if row.object_id == object_id)
