"""Verify, repair and sync: what is damaged on purpose is named exactly, put right, and then agrees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.consistency import Issue
from lmem.errors import StoreUnavailable
from lmem.ports.vectors import MEMORIES, Point
from lmem.service import vectorcheck
from lmem.service.consistency import Consistency
from lmem.service.vectorcheck import VectorCheck, before
from tests.unit.service.service_kit import Kit, drive


def _of(kit: Kit) -> Consistency:
    """Verify on the kit's stores; its relay works when it is woken, as a task would."""
    return Consistency(kit.storage, kit.clock, [VectorCheck(kit.storage, kit.indexes, kit.vectors)], kit.relay.wake)


@asynccontextmanager
async def _working(kit: Kit) -> AsyncIterator[None]:
    """The relay works beside what is done."""
    task = asyncio.create_task(kit.relay.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _filled(kit: Kit, number: int = 12) -> list[str]:
    ids = [await kit.add(f"memory number {at} about topic {at % 3}", tags=("alpha",)) for at in range(number)]
    await kit.settle()
    return sorted(ids)


async def _damage(kit: Kit, ids: list[str]) -> set[Issue]:
    """Delete two points, change two, add one that the truth does not know."""
    generation = kit.indexes.serving()
    (kept,) = kit.vectors.inner.retrieve(generation, MEMORIES, [ids[5]], dense=True)
    orphan, stored = "f" * 32, kit.vectors.inner.retrieve(generation, MEMORIES, ids[2:4])
    changed = [Point(item.id, {**item.payload, "importance_score": 0.99}, None) for item in stored]
    kit.vectors.inner.write(generation, MEMORIES, changed, ids[:2])
    items = kit.vectors.inner._items(generation, MEMORIES)
    items[orphan] = replace(items[kept.id])
    missing = {Issue("memory", id, "missing") for id in ids[:2]}
    return missing | {Issue("memory", id, "stale") for id in ids[2:4]} | {Issue("memory", orphan, "orphaned")}


def test_what_was_written_agrees(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await _filled(kit)
        sqlite, vectors = await _of(kit).verify(kit.actor)
        assert sqlite.clean
        assert vectors.clean
        assert (vectors.checked, vectors.differing) == (12, 0)

    drive(tmp_path, scenario)


@pytest.mark.parametrize("at_once", [1, 20_000])
def test_damage_is_named_exactly_and_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(vectorcheck, "MOST_AT_ONCE", at_once)
    monkeypatch.setattr(vectorcheck, "PAGE", 3)
    monkeypatch.setattr(vectorcheck, "DIGESTS", 4)

    async def scenario(kit: Kit) -> None:
        ids = await _filled(kit)
        expected = await _damage(kit, ids)
        service = _of(kit)
        (found,) = await service.verify(kit.actor, ["vectors"])
        assert set(found.issues) == expected
        assert (found.count("missing"), found.count("stale"), found.count("orphaned")) == (2, 2, 1)
        async with _working(kit):
            await service.repair(kit.actor)
        (after,) = await service.verify(kit.actor, ["vectors"])
        assert after.clean, after.issues

    drive(tmp_path, scenario)


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        expected = await _damage(kit, await _filled(kit))
        (found,) = await _of(kit).repair(kit.actor, dry_run=True)
        assert set(found.issues) == expected
        assert not await kit.storage.read(lambda tx: tx.outbox.pending())

    drive(tmp_path, scenario)


def test_what_is_on_its_way_is_late_and_not_wrong(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await _filled(kit)
        await kit.add("nobody has indexed this yet")
        (found,) = await _of(kit).verify(kit.actor, ["vectors"])
        assert found.clean
        assert found.waiting == 1

    drive(tmp_path, scenario)


def test_a_parked_row_is_not_clean_and_is_tried_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        id = await kit.add("a row that fails")
        (row,) = await kit.relay.due(kit.indexes.targets[0].id)
        await kit.relay.park(row, StoreUnavailable("it failed"))
        service = _of(kit)
        (found,) = await service.verify(kit.actor, ["vectors"])
        assert found.parked == 1
        assert not found.clean
        async with _working(kit):
            await service.repair(kit.actor)
        (after,) = await service.verify(kit.actor, ["vectors"])
        assert after.clean
        assert kit.vectors.inner.retrieve(kit.indexes.serving(), MEMORIES, [id])

    drive(tmp_path, scenario)


def test_a_store_that_cannot_be_asked_says_so(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await _filled(kit, 2)
        kit.indexes.down(StoreUnavailable("The index worker died.", hint="See its log."))
        (found,) = await _of(kit).verify(kit.actor, ["vectors"])
        assert (found.unavailable, found.hint) == ("The index worker died.", "See its log.")
        assert not found.clean

    drive(tmp_path, scenario)


def test_one_memory_is_brought_to_every_store(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = await _filled(kit)
        await _damage(kit, ids)
        service = _of(kit)
        async with _working(kit):
            found, states = await service.sync(kit.actor, ids[0][:8])
        assert found == ids[0]
        assert [(item.store, item.state) for item in states] == [("vectors", "agrees")]
        await kit.lifecycle.forget(kit.actor, [ids[1]], None, False)
        async with _working(kit):
            _, states = await service.sync(kit.actor, ids[1])
        assert [item.state for item in states] == ["absent"]

    drive(tmp_path, scenario)


def test_a_damaged_full_text_index_is_a_problem_of_the_truth(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        (id,) = await _filled(kit, 1)
        service = _of(kit)
        assert (await service.verify(kit.actor, ["sqlite"]))[0].clean
        sql = "INSERT INTO memories_fts (memories_fts, rowid, title, content, summary) SELECT 'delete', memory_key, title, content, summary FROM memories WHERE id = ?"  # noqa: E501
        await kit.storage._database.write(lambda connection: connection.execute(sql, (id,)))
        (found,) = await service.verify(kit.actor, ["sqlite"])
        assert not found.clean
        assert "did not pass its check" in found.problems[0]
        assert not list((tmp_path / "backups").iterdir())

    drive(tmp_path, scenario)


def test_the_id_before_another() -> None:
    assert before("") is None
    assert before("0") is None
    assert before("8") == "7" + "f" * 31
    assert before("0" * 31 + "1") == "0" * 32
