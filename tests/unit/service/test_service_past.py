"""Reads of an earlier time, the timeline, differences and merging on a real store.

Not random histories (test_service_random_histories.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lmem.domain import differences, times
from lmem.domain.filters import Filter
from lmem.domain.history import AsOf
from lmem.errors import Conflict, InvalidInput, NotFound
from lmem.service.past import Past
from lmem.service.superseding import Superseding
from lmem.service.timeline import Timeline
from tests.unit.service.service_kit import START, Kit, drive


def _then(kit: Kit, recorded: bool = False) -> AsOf:
    return AsOf(times.to_text(kit.clock.moment), recorded)


def test_a_search_of_the_past_finds_the_words_of_then(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("the cache is redis")
        archived = await kit.add("the queue is redis too")
        then = _then(kit)
        kit.clock.move(days=1)
        await kit.memories.edit(kit.actor, memory_id, {"content": "the cache is valkey"}, None)
        await kit.lifecycle.forget(kit.actor, [archived], None, False)
        past, wanted = Past(kit.storage), kit.everything
        assert {item.memory.id for item in await past.search("redis", wanted, then, 10)} == {memory_id, archived}
        assert [item.memory.content for item in await past.search("redis cache", wanted, then, 1)] == [
            "the cache is redis"
        ]
        assert await past.search("valkey", wanted, then, 10) == []
        now = _then(kit)
        assert [item.memory.id for item in await past.search("valkey", wanted, now, 10)] == [memory_id]
        assert await past.search("redis", wanted, now, 10) == []
        assert await past.search('"cache is redis"', wanted, now, 10) == []
        assert len(await past.search('"cache is redis"', wanted, then, 10)) == 1

    drive(tmp_path, scenario)


def test_what_was_imported_later_held_before_it_was_known(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("an old decision", created_at=START - timedelta(days=30))
        week_ago = times.to_text(START - timedelta(days=7))
        past = Past(kit.storage)
        memory, version = await past.get(kit.actor, memory_id, AsOf(week_ago))
        assert (memory.content, version.number) == ("an old decision", 1)
        with pytest.raises(NotFound, match="was not known yet"):
            await past.get(kit.actor, memory_id, AsOf(week_ago, recorded=True))

    drive(tmp_path, scenario)


def test_pages_of_the_past_meet(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"note {number}", importance=number / 10) for number in range(8)]
        then = _then(kit)
        kit.clock.move(days=1)
        for memory_id in ids[::2]:
            await kit.memories.edit(kit.actor, memory_id, {"importance_score": 1.0}, None)
        past = Past(kit.storage)
        pages = [await past.page(kit.everything, then, "rank", 3, offset) for offset in (0, 3, 6)]
        assert [memory.id for page, _, _ in pages for memory in page] == ids[::-1]
        assert {(total, ended) for _, total, ended in pages} == {(8, False)}

    drive(tmp_path, scenario)


def test_others_are_told_nothing_of_a_private_past(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("a secret place", is_private=True)
        private = _then(kit)
        kit.clock.move(days=1)
        await kit.memories.edit(kit.actor, memory_id, {"is_private": False, "content": "a public place"}, None)
        other, wanted = replace(kit.actor, shared=True), Filter(kit.actor.user_id, shared=True)
        past = Past(kit.storage)
        assert await past.search("place", wanted, private, 10) == []
        assert await past.page(wanted, private, "rank", 10, 0) == ([], 0, False)
        with pytest.raises(NotFound):
            await past.get(other, memory_id, private)
        assert [item.memory.id for item in await past.search("place", wanted, _then(kit), 10)] == [memory_id]
        assert len(await past.search("secret", kit.everything, private, 10)) == 1
        await kit.memories.edit(kit.actor, memory_id, {"is_private": True}, "hidden again")
        assert await past.search("place", wanted, _then(kit), 10) == []
        assert await Timeline(kit.storage).changes(other, 10, 0) == []

    drive(tmp_path, scenario)


def test_a_purge_takes_the_past_with_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("alpha words")
        then = _then(kit)
        await kit.memories.edit(kit.actor, memory_id, {"content": "omega words"}, None)
        await kit.lifecycle.purge(kit.actor, [memory_id], False)
        assert await Past(kit.storage).search("alpha", kit.everything, then, 10) == []

    drive(tmp_path, scenario)


def test_merging_keeps_the_first_and_ends_the_others(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        first = await kit.add("use WAL", tags=("db",), importance=0.3)
        second = await kit.add("because readers never wait", tags=("wal",), importance=0.8)
        same = await kit.add("Use  wal")
        merging = Superseding(kit.storage, kit.clock, lambda: None)
        preview = await merging.merge(kit.actor, [first, second, same], None, 1000, True)
        assert preview.change_set is None
        assert (await kit.memories.get(kit.actor, first)).memory.content == "use WAL"
        merged = await merging.merge(kit.actor, [first, second, same], "say it once", 1000, False)
        assert merged.memory.content == "use WAL\n\nbecause readers never wait"
        assert (merged.memory.tags, merged.memory.importance_score) == (("db", "wal"), 0.8)
        for other in (second, same):
            detail = await kit.memories.get(kit.actor, other)
            assert detail.memory.valid_until is not None and not detail.memory.is_archived
            assert [(link.type, link.other_id) for link in detail.links] == [("superseded_by", first)]
        assert (await kit.history.versions(kit.actor, second))[1][-1].change_type == "merged"
        with pytest.raises(Conflict, match="superseded"):
            await merging.merge(kit.actor, [first, second], None, 1000, False)
        undone = await kit.history.undo(kit.actor, merged.change_set)
        assert (await kit.memories.get(kit.actor, second)).links == ()
        await kit.history.undo(kit.actor, undone.undone_by)
        assert len((await kit.memories.get(kit.actor, first)).links) == 2

    drive(tmp_path, scenario)


def test_what_cannot_be_merged(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        first, private = await kit.add("one"), await kit.add("two", is_private=True)
        merging = Superseding(kit.storage, kit.clock, lambda: None)
        with pytest.raises(InvalidInput):
            await merging.merge(kit.actor, [first, first], None, 1000, False)
        with pytest.raises(Conflict, match="private"):
            await merging.merge(kit.actor, [first, private], None, 1000, False)
        with pytest.raises(InvalidInput, match="bytes"):
            await merging.merge(kit.actor, [private, first], None, 5, False)
        await kit.lifecycle.forget(kit.actor, [first], None, False)
        with pytest.raises(Conflict, match="archived"):
            await merging.merge(kit.actor, [private, first], None, 1000, False)

    drive(tmp_path, scenario)


def test_the_timeline_around_a_memory(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = []
        for number in range(7):
            ids.append(await kit.add(f"note {number}"))
            kit.clock.move(minutes=number % 2)  # some at the same moment: then the order of being stored counts
        timeline = Timeline(kit.storage)
        anchor, around = await timeline.around(kit.actor, ids[3], kit.everything, 2)
        assert anchor.id == ids[3]
        assert [memory.id for memory in around] == ids[1:6]
        assert [memory.id for memory in await timeline.newest(kit.everything, 3)] == ids[4:]

    drive(tmp_path, scenario)


def test_changes_say_what_can_be_undone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("words")
        edited = await kit.memories.edit(kit.actor, memory_id, {"title": "one"}, "a better title")
        undone = await kit.history.undo(kit.actor, None)
        newest, oldest, added = await Timeline(kit.storage).changes(kit.actor, 10, 0)
        assert (newest.id, newest.kind) == (undone.undone_by, "undo")
        assert (oldest.id, oldest.kind, oldest.reason) == (edited.change_set, "edit", "a better title")
        assert (oldest.undone_by, oldest.count) == (undone.undone_by, 1)
        assert [found for found, _ in oldest.memories] == [memory_id]
        assert (added.id, added.kind, added.memories) == (None, "add", ((memory_id, "words"),))

    drive(tmp_path, scenario)


def test_the_difference_between_versions(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("one\ntwo\nthree", tags=("a",))
        await kit.memories.edit(kit.actor, memory_id, {"content": "one\n2\nthree"}, None)
        await kit.memories.edit(kit.actor, memory_id, {"tags": ("b",), "is_private": True}, None)
        before, after, numbers = await kit.history.diff(kit.actor, memory_id, None, None)
        assert numbers == (2, 3)
        assert differences.fields(before, after) == {"tags": (["a"], ["b"]), "is_private": (False, True)}
        assert differences.lines(before, after) == []
        before, after, numbers = await kit.history.diff(kit.actor, memory_id, 1, 2)
        assert numbers == (1, 2)
        assert differences.lines(before, after) == ["@@ -1,3 +1,3 @@", " one", "-two", "+2", " three"]
        with pytest.raises(NotFound, match="no version 9"):
            await kit.history.diff(kit.actor, memory_id, 1, 9)

    drive(tmp_path, scenario)


def test_a_restored_version_is_a_new_one_and_stays_private(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("first words", tags=("a",))
        await kit.memories.edit(kit.actor, memory_id, {"content": "other words", "tags": ("b",)}, None)
        await kit.memories.edit(kit.actor, memory_id, {"is_private": True}, None)
        restored = await kit.history.restore(kit.actor, memory_id, 1, None)
        now = (await kit.memories.get(kit.actor, memory_id)).memory
        assert (now.content, now.tags, now.is_private, now.rev) == ("first words", ("a",), True, 4)
        with pytest.raises(NotFound, match="no version 7"):
            await kit.history.restore(kit.actor, memory_id, 7, None)
        await kit.history.undo(kit.actor, restored.change_set)
        assert (await kit.memories.get(kit.actor, memory_id)).memory.content == "other words"

    drive(tmp_path, scenario)


def test_done_by_another_is_a_change_that_undo_takes_back(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task, solution = await kit.add("fix it", memory_type="task"), await kit.add("the fix")
        await kit.lifecycle.done(kit.actor, task, True, solution, None)
        undone = await kit.history.undo(kit.actor, None)
        assert undone.kind == "done"
        assert (await kit.memories.get(kit.actor, task)).links == ()
        assert not (await kit.memories.get(kit.actor, solution)).memory.is_archived
        await kit.history.undo(kit.actor, undone.undone_by)
        assert [link.type for link in (await kit.memories.get(kit.actor, task)).links] == ["resolved_by"]
        await kit.history.undo(kit.actor, None)
        assert (await kit.memories.get(kit.actor, task)).links == ()

    drive(tmp_path, scenario)
