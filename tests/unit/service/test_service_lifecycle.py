"""Forget, restore, purge and done on a real store.

Not the terminal's questions around them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmem.errors import AmbiguousId, Conflict, InvalidInput, NotFound
from lmem.service.lifecycle import Changed
from lmem.service.purging import Purged
from tests.unit.service.service_kit import Kit, drive


def test_forgotten_is_hidden_and_comes_back(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("the cache is flushed at midnight")
        await kit.settle()
        forgotten = await kit.lifecycle.forget(kit.actor, [memory_id[:8]], "obsolete", dry_run=False)
        assert [memory.id for memory in forgotten.memories] == [memory_id]
        assert await kit.ids("cache midnight") == []
        await kit.settle()
        assert await kit.vectors.count(kit.indexes.serving(), "memory_embeddings") == 0
        await kit.lifecycle.restore(kit.actor, [memory_id])
        assert await kit.ids("cache midnight") == [memory_id]  # before the relay has seen it
        await kit.settle()
        assert await kit.ids("cache midnight") == [memory_id]

    drive(tmp_path, scenario)


def test_dry_run_changes_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("kept")
        for purge in (False, True):
            action = kit.lifecycle.purge if purge else kit.lifecycle.forget
            arguments = ([memory_id], True) if purge else ([memory_id], None, True)
            found = await action(kit.actor, *arguments)
            assert [memory.id for memory in found.memories] == [memory_id]
        assert not (await kit.memories.get(kit.actor, memory_id)).memory.is_archived

    drive(tmp_path, scenario)


def test_purged_is_gone_from_truth_and_vectors(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("canary XyzzyPlugh")
        await kit.settle()
        await kit.lifecycle.purge(kit.actor, [memory_id], dry_run=False)
        with pytest.raises(NotFound):
            await kit.memories.get(kit.actor, memory_id)
        assert await kit.ids("XyzzyPlugh") == []  # the stale point is filtered by the truth
        await kit.settle()
        assert await kit.vectors.retrieve(kit.indexes.serving(), "memory_embeddings", [memory_id]) == []

    drive(tmp_path, scenario)
    assert b"XyzzyPlugh" not in b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


@pytest.mark.parametrize("action", ["forget", "restore", "purge"])
def test_a_memory_named_twice_is_one(tmp_path: Path, action: str) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("named twice")
        names = [memory_id, memory_id[:8], memory_id[:6].upper()]
        changed: Changed | Purged
        if action == "restore":
            await kit.lifecycle.forget(kit.actor, [memory_id], None, dry_run=False)
            changed = await kit.lifecycle.restore(kit.actor, names)
        elif action == "forget":
            changed = await kit.lifecycle.forget(kit.actor, names, None, dry_run=False)
        else:
            changed = await kit.lifecycle.purge(kit.actor, names, dry_run=False)
        assert [memory.id for memory in changed.memories] == [memory_id]

    drive(tmp_path, scenario)


def test_done_for_a_forgotten_task_is_not_forgotten_too(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task = await kit.add("write the tests", memory_type="task")
        await kit.lifecycle.forget(kit.actor, [task], None, dry_run=False)
        _, resolver = await kit.lifecycle.done(kit.actor, task, False, None, "all green")
        assert not resolver.is_archived
        assert await kit.ids("green") == [resolver.id]

    drive(tmp_path, scenario)


def test_done_resolves_a_task_once(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task = await kit.add("write the tests", memory_type="task")
        note = await kit.add("a note")
        closed, resolver = await kit.lifecycle.done(kit.actor, task, False, None, "all green")
        assert (closed.id, resolver.content) == (task, "all green")
        links = (await kit.memories.get(kit.actor, task)).links
        assert [(link.type, link.other_id) for link in links] == [("resolved_by", resolver.id)]
        with pytest.raises(Conflict) as caught:
            await kit.lifecycle.done(kit.actor, task, False, None, None)
        assert f"closed already, by {resolver.id[:8]}." in caught.value.message
        assert f"'lmem unlink {resolver.id[:8]} {task[:8]}' opens" in caught.value.hint
        hidden = replace(kit.actor, shared=True)
        await kit.memories.edit(kit.actor, resolver.id, {"is_private": True}, None)
        with pytest.raises(Conflict) as unseen:
            await kit.lifecycle.done(hidden, task, False, None, None)
        assert resolver.id[:8] not in unseen.value.message + unseen.value.hint
        with pytest.raises(InvalidInput, match="is a note, not a task"):
            await kit.lifecycle.done(kit.actor, note, False, None, None)
        with pytest.raises(InvalidInput, match="is an error, not a task"):
            await kit.lifecycle.done(kit.actor, await kit.add("it broke", memory_type="error"), False, None, None)

    drive(tmp_path, scenario)


def test_ids_by_prefix(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one = await kit.add("one", id="abcd" + "0" * 28)
        await kit.add("two", id="abcd" + "1" * 28)
        assert (await kit.memories.get(kit.actor, one[:5])).memory.id == one
        with pytest.raises(AmbiguousId, match="abcd0"):
            await kit.memories.get(kit.actor, "abcd")
        for wrong in ("abc", "xyz!", "", "0" * 33):
            with pytest.raises(InvalidInput):
                await kit.memories.get(kit.actor, wrong)
        with pytest.raises(NotFound):
            await kit.memories.get(kit.actor, "ffff")

    drive(tmp_path, scenario)
