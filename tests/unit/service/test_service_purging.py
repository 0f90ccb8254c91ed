"""Purging on a real store: what goes along, what is said to be left, and that nobody's absence leaves the bytes there.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from lmem.domain.relationwords import relation_type
from lmem.errors import NotFound, StorageFull
from lmem.service import purging
from lmem.service.linkrules import LinkDraft
from lmem.service.purging import Purging
from lmem.service.receipts import Place, receipt
from lmem.service.relations import Relations
from lmem.service.superseding import Superseding
from tests.unit.service.service_kit import Kit, drive

WORD = "wumpuszqx"


def _held(folder: Path) -> list[str]:
    """The files that hold the word, once nobody has them open."""
    return [path.name for path in folder.rglob("*") if path.is_file() and WORD.encode() in path.read_bytes().lower()]


async def _unswept(kit: Kit) -> list[str]:
    return await kit.storage.read(lambda tx: tx.memories.unswept())


def _cut_short(monkeypatch: pytest.MonkeyPatch, kit: Kit) -> None:
    """The next sweep is never begun, as when the daemon is killed after the commit."""

    async def killed() -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(kit.storage, "purge_residue", killed)


def test_a_purge_goes_on_without_who_asked(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        id = await kit.add(f"the {WORD} of staging")
        asked = asyncio.create_task(kit.lifecycle.purge(kit.actor, [id], False))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        async with asyncio.timeout(10):
            while await kit.storage.read(lambda tx: tx.memories.find(id) is not None or tx.memories.unswept()):
                await asyncio.sleep(0.005)

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []


def test_a_purge_that_was_cut_short_is_swept_when_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(kit: Kit) -> None:
        id, kept = await kit.add(f"the {WORD} of staging"), await kit.add("a note that stays")
        with monkeypatch.context() as patch:
            _cut_short(patch, kit)
            with pytest.raises(asyncio.CancelledError):
                await kit.lifecycle.purge(kit.actor, [id], False)
        assert await _unswept(kit) == [id]
        assert (await kit.lifecycle.purge(kit.actor, [id[:8]], True)).gone == (id,)
        again = await kit.lifecycle.purge(kit.actor, [id[:8]], False)
        assert (again.memories, again.gone, again.unswept) == ((), (id,), "")
        assert {place.state for place in await receipt(kit.storage, [], again)} == {"gone"}
        with pytest.raises(NotFound):
            await kit.lifecycle.purge(kit.actor, [id], False)
        assert await kit.storage.read(lambda tx: tx.memories.find(kept)) is not None

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []


def test_a_purge_that_was_cut_short_is_swept_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "AGAIN_S", 0.01)

    async def scenario(kit: Kit) -> None:
        running = asyncio.create_task(Purging(kit.storage, kit.clock, lambda: None).run())
        id = await kit.add(f"the {WORD} of staging")
        with monkeypatch.context() as patch:
            _cut_short(patch, kit)
            await kit.storage.write(lambda tx: tx.memories.delete([id]))
        async with asyncio.timeout(10):
            while await _unswept(kit):
                await asyncio.sleep(0.005)
        running.cancel()

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []


def test_the_receipt_says_what_a_reader_keeps_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lmem.stores.sqlite.storage.PATIENCE_S", 0.0)

    async def scenario(kit: Kit) -> None:
        id = await kit.add(f"the {WORD} of staging")
        (file,) = tmp_path.glob("*.db")
        reader = sqlite3.connect(file, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM memories").fetchone()
        purged = await kit.lifecycle.purge(kit.actor, [id], False)
        said = {place.place: place for place in await receipt(kit.storage, [], purged)}
        assert [name for name, place in said.items() if place.state == "pending"] == [
            "sqlite: full text", "sqlite: write-ahead log",
        ]  # fmt: skip
        assert "Another process reads the database" in said["sqlite: write-ahead log"].check
        reader.close()
        again = await kit.lifecycle.purge(kit.actor, [id], False)
        assert {place.state for place in await receipt(kit.storage, [], again)} == {"gone"}

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []


def test_a_full_disk_leaves_the_sweep_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full() -> None:
        raise StorageFull("The disk is full.")

    async def scenario(kit: Kit) -> None:
        id = await kit.add(f"the {WORD} of staging")
        with monkeypatch.context() as patch:
            patch.setattr(kit.storage, "purge_residue", full)
            purged = await kit.lifecycle.purge(kit.actor, [id], False)
        said = {place.place: place for place in await receipt(kit.storage, [], purged)}
        assert said["sqlite: full text"].state == "pending"
        assert "The disk is full." in said["sqlite: full text"].check
        assert (await kit.lifecycle.purge(kit.actor, [id], False)).unswept == ""

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []


@pytest.mark.parametrize("purged", [0, 1])
def test_the_reason_of_a_link_goes_with_either_end(tmp_path: Path, purged: int) -> None:
    async def scenario(kit: Kit) -> None:
        ends = [await kit.add("the new way"), await kit.add("the old way")]
        relations = Relations(kit.storage, kit.clock, lambda: None)
        draft = LinkDraft(ends[0], ends[1], relation_type("supersedes")[0])
        await relations.link(kit.actor, draft, f"because of the {WORD}")
        await kit.lifecycle.purge(kit.actor, [ends[purged]], False)

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []


def test_the_reason_goes_from_the_other_memories_of_a_change_but_not_what_lmem_says(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one, other = await kit.add("one"), await kit.add("other")
        await kit.lifecycle.forget(kit.actor, [one, other], f"no {WORD} any more", False)
        await kit.lifecycle.restore(kit.actor, [one, other])
        await kit.lifecycle.purge(kit.actor, [one], False)
        versions = await kit.storage.read(lambda tx: tx.versions.of(other))
        assert [version.reason for version in versions] == [None, None, "restore"]

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []


@pytest.mark.parametrize("reason", [None, "all green"])
def test_what_done_made_of_a_task_goes_with_it(tmp_path: Path, reason: str | None) -> None:
    async def scenario(kit: Kit) -> None:
        task = await kit.add(f"rotate the {WORD}", memory_type="task", tags=(WORD,), category=WORD)
        _, made = await kit.lifecycle.done(kit.actor, task, False, None, reason)
        await kit.memories.edit(kit.actor, made.id, {"title": "another title"}, None)
        found = await kit.lifecycle.purge(kit.actor, [task], True)
        assert [memory.id for memory in found.memories] == [task, made.id]
        await kit.lifecycle.purge(kit.actor, [task], False)
        await kit.settle()

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []


def test_a_task_and_a_named_resolver_do_not_go_together(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task, by = await kit.add("a task", memory_type="task"), await kit.add("a commit")
        await kit.lifecycle.done(kit.actor, task, False, by, None)
        assert [memory.id for memory in (await kit.lifecycle.purge(kit.actor, [task], True)).memories] == [task]
        other = await kit.add("another task", memory_type="task")
        _, made = await kit.lifecycle.done(kit.actor, other, False, None, None)
        assert [memory.id for memory in (await kit.lifecycle.purge(kit.actor, [made.id], True)).memories] == [made.id]

    drive(tmp_path, scenario)


def test_what_it_was_merged_into_is_named(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        first, second = await kit.add("the first"), await kit.add(f"and the {WORD}")
        await Superseding(kit.storage, kit.clock, lambda: None).merge(kit.actor, [first, second], None, 9999, False)
        places = await receipt(kit.storage, [], await kit.lifecycle.purge(kit.actor, [second], False))
        assert places[-1] == Place(f"memory {first[:8]}", places[-1].check, "pending")
        assert f"'lmem forget {first[:8]} --purge' removes it too" in places[-1].check
        both = await kit.lifecycle.purge(kit.actor, [first], False)
        assert both.merged_into == ()

    drive(tmp_path, scenario)
    assert _held(tmp_path) == []
