"""Versions and undo on a real store.

Not what a version is made of (test_service_lifecycle.py and test_service_memories.py make the changes).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.actors import Actor
from lmem.errors import Conflict, NotFound
from lmem.service.timeline import Timeline
from lmem.service.users import Users
from tests.unit.service.service_kit import Kit, drive


def test_undo_reverses_edit_then_add(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("first words", tags=("a",))
        original = (await kit.memories.get(kit.actor, memory_id)).memory
        await kit.memories.edit(
            kit.actor, memory_id, {"content": "second words", "add_tags": ("b",), "importance_score": 0.9}, "better"
        )
        edited = (await kit.memories.get(kit.actor, memory_id)).memory
        assert (edited.content, edited.tags, edited.importance_score) == ("second words", ("a", "b"), 0.9)
        undone = await kit.history.undo(kit.actor, None)
        assert undone.kind == "edit"
        back = (await kit.memories.get(kit.actor, memory_id)).memory
        assert back == replace(original, rev=back.rev, updated_at=back.updated_at)
        assert (await kit.history.undo(kit.actor, None)).kind == "add"
        assert (await kit.memories.get(kit.actor, memory_id)).memory.is_archived
        with pytest.raises(NotFound):
            await kit.history.undo(kit.actor, None)

    drive(tmp_path, scenario)


def test_undo_refuses_what_changed_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        first = await kit.memories.edit(kit.actor, memory_id, {"title": "one"}, None)
        await kit.memories.edit(kit.actor, memory_id, {"title": "two"}, None)
        with pytest.raises(Conflict):
            await kit.history.undo(kit.actor, first.change_set)

    drive(tmp_path, scenario)


def test_undo_again_and_again_goes_back_step_by_step(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        for title in ("one", "two", "three"):
            await kit.memories.edit(kit.actor, memory_id, {"title": title}, None)
        seen = []
        for _ in range(3):
            await kit.history.undo(kit.actor, None)
            seen.append((await kit.memories.get(kit.actor, memory_id)).memory.title)
        assert seen == ["two", "one", "words"]

    drive(tmp_path, scenario)


def test_what_was_undone_can_be_done_again_and_then_stands_in_the_way(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        first = await kit.memories.edit(kit.actor, memory_id, {"title": "one"}, None)
        second = await kit.memories.edit(kit.actor, memory_id, {"title": "two"}, None)
        await kit.history.undo(kit.actor, second.change_set)
        undo = (await kit.history.versions(kit.actor, memory_id))[1][-1].change_set
        await kit.history.undo(kit.actor, undo)
        assert (await kit.memories.get(kit.actor, memory_id)).memory.title == "two"
        with pytest.raises(Conflict, match="changed again"):
            await kit.history.undo(kit.actor, first.change_set)
        await kit.history.undo(kit.actor, second.change_set)
        with pytest.raises(Conflict, match="undone already"):
            await kit.history.undo(kit.actor, second.change_set)
        await kit.history.undo(kit.actor, first.change_set)
        assert (await kit.memories.get(kit.actor, memory_id)).memory.title == "words"

    drive(tmp_path, scenario)


def test_the_change_of_a_purged_memory_cannot_be_undone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        edited = await kit.memories.edit(kit.actor, memory_id, {"title": "one"}, None)
        await kit.lifecycle.purge(kit.actor, [memory_id], dry_run=False)
        with pytest.raises(Conflict, match="purged"):
            await kit.history.undo(kit.actor, edited.change_set)

    drive(tmp_path, scenario)


def test_a_restore_that_changes_nothing_is_no_change(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        done = await kit.history.restore(kit.actor, memory_id, 1, None)
        assert (done.memories, done.change_set) == ((), None)
        assert await kit.storage.read(lambda tx: tx.versions.change_set(1)) is None

    drive(tmp_path, scenario)


def test_with_nothing_to_undo_the_next_step_is_no_search(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        with pytest.raises(NotFound) as caught:
            await kit.history.undo(kit.actor, None)
        assert "lmem changes" in (caught.value.hint or "")

    drive(tmp_path, scenario)


def test_undo_of_done_opens_the_task_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task = await kit.add("write the tests", memory_type="task", is_private=True)
        _, resolver = await kit.lifecycle.done(kit.actor, task, False, None, None)
        assert resolver.is_private
        await kit.history.undo(kit.actor, None)
        assert (await kit.memories.get(kit.actor, resolver.id)).memory.is_archived
        _, again = await kit.lifecycle.done(kit.actor, task, False, None, None)
        assert again.id != resolver.id

    drive(tmp_path, scenario)


def test_history_holds_every_text(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("version one")
        await kit.memories.edit(kit.actor, memory_id, {"importance_score": 0.7}, None)
        await kit.memories.edit(kit.actor, memory_id, {"content": "version two"}, "news")
        await kit.memories.edit(kit.actor, memory_id, {"content": "version three"}, None)
        _, versions = await kit.history.versions(kit.actor, memory_id)
        assert [item.content for item in versions] == ["version one", "version one", "version two", "version three"]
        assert [item.number for item in versions] == [1, 2, 3, 4]
        assert versions[1].diff == {"importance_score": (0.5, 0.7)}
        assert versions[2].reason == "news"

    drive(tmp_path, scenario)


def test_others_than_the_user_are_not_told_which_private_memory_resolved_a_task(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task, private = await kit.add("a task", memory_type="task"), await kit.add("mine", is_private=True)
        await kit.lifecycle.done(kit.actor, task, False, private, None)
        _, mine = await kit.history.versions(kit.actor, task)
        assert mine[-1].diff["resolved_by"] == (None, private)
        agent = replace(kit.actor, shared=True)
        _, theirs = await kit.history.versions(agent, task)
        assert theirs[-1].diff == {"outcome": (None, "done")}
        shared = replace(kit.everything, shared=True)
        assert private not in str(await kit.history.exported(agent, shared, 0, 10))
        assert private in str(await kit.history.exported(kit.actor, kit.everything, 0, 10))

    drive(tmp_path, scenario)


@pytest.mark.parametrize("archived", [False, True])
def test_undo_reaches_past_nothing_that_the_user_did_since(tmp_path: Path, archived: bool) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("keep me")
        if archived:
            await kit.lifecycle.forget(kit.actor, [memory_id], None, dry_run=False)
        kit.clock.move(seconds=1)
        users = Users(kit.storage, kit.clock, kit.relay.wake)
        await users.set(kit.actor, {"display_name": "Ann"})
        with pytest.raises(Conflict, match="display_name of the user was set") as caught:
            await kit.history.undo(kit.actor, None)
        assert "'lmem user set' changes it again." in (caught.value.hint or "")
        assert (await kit.memories.get(kit.actor, memory_id)).memory.is_archived == archived
        (number,) = [item.id for item in await Timeline(kit.storage).changes(kit.actor, 9, 0) if item.kind == "user"]
        with pytest.raises(Conflict, match=f"Undo does not take change {number} back"):
            await kit.history.undo(kit.actor, number)
        kit.clock.move(seconds=1)
        newer = await kit.add("newer")
        assert [item.id for item in (await kit.history.undo(kit.actor, None)).memories] == [newer]

    drive(tmp_path, scenario)


def test_undo_does_not_reach_past_a_purge(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        kept, gone = await kit.add("keep me"), await kit.add("gone")
        kit.clock.move(seconds=1)
        await kit.lifecycle.purge(kit.actor, [gone], dry_run=False)
        with pytest.raises(Conflict, match="1 memory purged"):
            await kit.history.undo(kit.actor, None)
        assert not (await kit.memories.get(kit.actor, kept)).memory.is_archived

    drive(tmp_path, scenario)


def test_changes_list_single_adds_in_their_place_by_time(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one = await kit.add("one")
        kit.clock.move(seconds=1)
        edited = await kit.memories.edit(kit.actor, one, {"title": "other"}, None)
        kit.clock.move(seconds=1)
        two = await kit.add("two", is_private=True)
        timeline = Timeline(kit.storage)

        async def listed(actor: Actor, limit: int = 9, offset: int = 0) -> list[tuple[int | None, str]]:
            return [(item.id, item.memories[0][0]) for item in await timeline.changes(actor, limit, offset)]

        everything = [(None, two), (edited.change_set, one), (None, one)]
        assert await listed(kit.actor) == everything
        assert [row for at in range(4) for row in await listed(kit.actor, 1, at)] == everything
        assert await listed(replace(kit.actor, shared=True)) == everything[1:]
        undone = await kit.history.undo(kit.actor, None)
        assert undone.change_set is None and undone.undone_by is not None
        assert await listed(kit.actor) == [(undone.undone_by, two), *everything[1:]]

    drive(tmp_path, scenario)
