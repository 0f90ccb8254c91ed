"""Forget, restore, purge, done, history and undo on a real store.

Not the terminal's questions around them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmem.errors import AmbiguousId, Conflict, InvalidInput, NotFound
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


def test_undo_reverses_edit_then_add(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("first words", tags=("a",))
        original = (await kit.memories.get(kit.actor, memory_id)).memory
        await kit.memories.edit(
            kit.actor, memory_id, {"content": "second words", "add_tags": ("b",), "importance_score": 0.9}, "better"
        )
        edited = (await kit.memories.get(kit.actor, memory_id)).memory
        assert (edited.content, edited.tags, edited.importance_score) == ("second words", ("a", "b"), 0.9)
        undone = await kit.lifecycle.undo(kit.actor, None)
        assert undone.kind == "edit"
        back = (await kit.memories.get(kit.actor, memory_id)).memory
        assert back == replace(original, rev=back.rev, updated_at=back.updated_at)
        assert (await kit.lifecycle.undo(kit.actor, None)).kind == "add"
        assert (await kit.memories.get(kit.actor, memory_id)).memory.is_archived
        with pytest.raises(NotFound):
            await kit.lifecycle.undo(kit.actor, None)

    drive(tmp_path, scenario)


def test_undo_refuses_what_changed_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        first = await kit.memories.edit(kit.actor, memory_id, {"title": "one"}, None)
        await kit.memories.edit(kit.actor, memory_id, {"title": "two"}, None)
        with pytest.raises(Conflict):
            await kit.lifecycle.undo(kit.actor, first.change_set)

    drive(tmp_path, scenario)


def test_undo_again_and_again_goes_back_step_by_step(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        for title in ("one", "two", "three"):
            await kit.memories.edit(kit.actor, memory_id, {"title": title}, None)
        seen = []
        for _ in range(3):
            await kit.lifecycle.undo(kit.actor, None)
            seen.append((await kit.memories.get(kit.actor, memory_id)).memory.title)
        assert seen == ["two", "one", "words"]

    drive(tmp_path, scenario)


def test_what_was_undone_can_be_done_again_and_then_stands_in_the_way(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        first = await kit.memories.edit(kit.actor, memory_id, {"title": "one"}, None)
        second = await kit.memories.edit(kit.actor, memory_id, {"title": "two"}, None)
        await kit.lifecycle.undo(kit.actor, second.change_set)
        undo = (await kit.lifecycle.history(kit.actor, memory_id))[1][-1].change_set
        await kit.lifecycle.undo(kit.actor, undo)
        assert (await kit.memories.get(kit.actor, memory_id)).memory.title == "two"
        with pytest.raises(Conflict, match="changed again"):
            await kit.lifecycle.undo(kit.actor, first.change_set)
        await kit.lifecycle.undo(kit.actor, second.change_set)
        with pytest.raises(Conflict, match="undone already"):
            await kit.lifecycle.undo(kit.actor, second.change_set)
        await kit.lifecycle.undo(kit.actor, first.change_set)
        assert (await kit.memories.get(kit.actor, memory_id)).memory.title == "words"

    drive(tmp_path, scenario)


def test_the_change_of_a_purged_memory_cannot_be_undone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        edited = await kit.memories.edit(kit.actor, memory_id, {"title": "one"}, None)
        await kit.lifecycle.purge(kit.actor, [memory_id], dry_run=False)
        with pytest.raises(Conflict, match="purged"):
            await kit.lifecycle.undo(kit.actor, edited.change_set)

    drive(tmp_path, scenario)


@pytest.mark.parametrize("action", ["forget", "restore", "purge"])
def test_a_memory_named_twice_is_one(tmp_path: Path, action: str) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("named twice")
        names = [memory_id, memory_id[:8], memory_id[:6].upper()]
        if action == "restore":
            await kit.lifecycle.forget(kit.actor, [memory_id], None, dry_run=False)
            changed = await kit.lifecycle.restore(kit.actor, names)
        elif action == "forget":
            changed = await kit.lifecycle.forget(kit.actor, names, None, dry_run=False)
        else:
            changed = await kit.lifecycle.purge(kit.actor, names, dry_run=False)
        assert [memory.id for memory in changed.memories] == [memory_id]

    drive(tmp_path, scenario)


def test_undo_of_done_opens_the_task_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task = await kit.add("write the tests", memory_type="task", is_private=True)
        _, resolver = await kit.lifecycle.done(kit.actor, task, False, None, None)
        assert resolver.is_private
        await kit.lifecycle.undo(kit.actor, None)
        assert (await kit.memories.get(kit.actor, resolver.id)).memory.is_archived
        _, again = await kit.lifecycle.done(kit.actor, task, False, None, None)
        assert again.id != resolver.id

    drive(tmp_path, scenario)


def test_done_for_a_forgotten_task_is_not_forgotten_too(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task = await kit.add("write the tests", memory_type="task")
        await kit.lifecycle.forget(kit.actor, [task], None, dry_run=False)
        _, resolver = await kit.lifecycle.done(kit.actor, task, False, None, "all green")
        assert not resolver.is_archived
        assert await kit.ids("green") == [resolver.id]

    drive(tmp_path, scenario)


def test_history_holds_every_text(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("version one")
        await kit.memories.edit(kit.actor, memory_id, {"importance_score": 0.7}, None)
        await kit.memories.edit(kit.actor, memory_id, {"content": "version two"}, "news")
        await kit.memories.edit(kit.actor, memory_id, {"content": "version three"}, None)
        _, versions = await kit.lifecycle.history(kit.actor, memory_id)
        assert [item.content for item in versions] == ["version one", "version one", "version two", "version three"]
        assert [item.number for item in versions] == [1, 2, 3, 4]
        assert versions[1].diff == {"importance_score": (0.5, 0.7)}
        assert versions[2].reason == "news"

    drive(tmp_path, scenario)


def test_done_resolves_a_task_once(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task = await kit.add("write the tests", memory_type="task")
        note = await kit.add("a note")
        closed, resolver = await kit.lifecycle.done(kit.actor, task, False, None, "all green")
        assert (closed.id, resolver.content) == (task, "all green")
        links = (await kit.memories.get(kit.actor, task)).links
        assert [(link.type, link.other_id) for link in links] == [("resolved_by", resolver.id)]
        with pytest.raises(Conflict):
            await kit.lifecycle.done(kit.actor, task, False, None, None)
        with pytest.raises(InvalidInput):
            await kit.lifecycle.done(kit.actor, note, False, None, None)

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
