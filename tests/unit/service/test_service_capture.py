"""Commits as memories: each once, an edited one left as it is, a rewritten one ended and brought back by undo."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.commits import SOURCE
from lmem.domain.memories import Draft
from lmem.domain.scope import NOWHERE
from lmem.errors import Forbidden
from lmem.service.capture import Capture
from lmem.service.changesets import BACKFILL, Series
from tests.unit.service.service_kit import Kit, drive


def _draft(sha: str, text: str = "Fix it") -> Draft:
    return Draft(text, text, memory_type="commit", source_tool=SOURCE, external_id=sha)


def _capture(kit: Kit) -> Capture:
    return Capture(kit.storage, kit.clock, kit.memories, kit.relay.wake)


def test_a_commit_is_stored_once_whoever_brings_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        capture = _capture(kit)
        drafts = [_draft("a"), _draft("b"), _draft("c")]
        both = await asyncio.gather(*(capture.store(kit.actor, NOWHERE, drafts) for _ in range(2)))
        assert sorted(both) == [0, 3]
        assert await capture.unknown(None, ["a", "d", "d", "c"]) == ["d"]

    drive(tmp_path, scenario)


def test_an_edited_commit_stays_as_it_is(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        capture = _capture(kit)
        await capture.store(kit.actor, NOWHERE, [_draft("a")])
        memory = (await kit.memories.page(kit.everything, "created", 10, 0)).memories[0]
        await kit.memories.edit(kit.actor, memory.id, {"content": "my own words"}, None)
        assert await capture.store(kit.actor, NOWHERE, [_draft("a")]) == 0
        assert (await kit.memories.get(kit.actor, memory.id)).memory.content == "my own words"

    drive(tmp_path, scenario)


def test_a_purged_commit_is_not_stored_again_nor_what_a_rebase_makes_of_it(tmp_path: Path) -> None:
    def commit(sha: str, text: str, minute: int) -> Draft:
        git = {"author": "Ada <ada@example.org>", "authored_at": f"2026-11-22T12:{minute}:00.000Z", "commit": sha}
        return replace(_draft(sha, text), git_context=git)

    async def scenario(kit: Kit) -> None:
        capture = _capture(kit)
        drafts = [commit("a", "Fix the vault\n\nOf staging", 10), commit("b", "Keep", 11)]
        await capture.store(kit.actor, NOWHERE, drafts)
        first = await kit.storage.read(lambda tx: tx.memories.external(SOURCE, "a", None))
        assert first is not None
        await kit.memories.edit(kit.actor, first.id, {"title": "mine", "content": "my own words"}, None)
        await kit.lifecycle.purge(kit.actor, [first.id], False)
        assert await capture.unknown(None, ["a", "c"]) == ["c"]
        again = [
            commit("a", "Fix the vault", 10), commit("c", "Fix the vault\n\nFiles:\nother", 10),
            commit("d", "Fix the vault", 12), commit("e", "Fix the door", 10),
        ]  # fmt: skip
        assert await capture.store(kit.actor, NOWHERE, again) == 2
        stored = (await kit.memories.page(kit.everything, "created", 10, 0)).memories
        assert {memory.external_id for memory in stored} == {"b", "d", "e"}

    drive(tmp_path, scenario)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"Of staging" not in held


def test_a_rewritten_commit_ends_with_a_link_and_an_undo_brings_it_back(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        capture = _capture(kit)
        await capture.store(kit.actor, NOWHERE, [_draft("a"), _draft("b"), _draft("c"), _draft("d")])
        assert await capture.supersede(kit.actor, None, {"a": "b", "c": None, "x": "b"}, "amended") == 2
        assert await capture.supersede(kit.actor, None, {"a": "d"}, "amended") == 0
        assert await capture.supersede(kit.actor, None, {}, "amended") == 0
        memories = (await kit.memories.page(kit.everything, "created", 10, 0)).memories
        found = {memory.external_id: memory for memory in memories}
        assert {sha for sha, item in found.items() if item.valid_until} == {"a", "c"}
        links = (await kit.memories.get(kit.actor, found["b"].id)).links
        assert [(link.type, link.other_id) for link in links] == [("supersedes", found["a"].id)]
        await kit.history.undo(kit.actor, None)
        assert (await kit.memories.get(kit.actor, found["a"].id)).memory.valid_until is None
        assert not (await kit.memories.get(kit.actor, found["b"].id)).links

    drive(tmp_path, scenario)


def test_a_backfill_is_undone_as_a_whole_and_stores_again_what_was_taken_back(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        capture, shas = _capture(kit), [f"{number:040x}" for number in range(40)]

        async def backfill() -> tuple[int, int | None]:
            series = Series(BACKFILL)
            wanted = await capture.unknown(None, shas, backfill=True)
            stored = 0
            for at in range(0, len(wanted), 25):
                drafts = [_draft(sha, f"Fix {sha}") for sha in wanted[at : at + 25]]
                stored += await capture.store(kit.actor, NOWHERE, drafts, series)
            return stored, series.number

        async def there() -> int:
            return (await kit.memories.page(kit.everything, "created", 1, 0)).total

        stored, number = await backfill()
        assert (stored, await backfill()) == (40, (0, None))
        undone = await kit.history.undo(kit.actor, None)
        assert (undone.kind, undone.change_set, len(undone.memories)) == (BACKFILL, number, 40)
        assert (await there(), await capture.unknown(None, shas)) == (0, [])  # a hook brings none of them back
        again, number = await backfill()
        assert (again, await there()) == (40, 40)
        forgotten = (await kit.memories.page(kit.everything, "created", 1, 0)).memories[0].id
        await kit.lifecycle.forget(kit.actor, [forgotten], None, dry_run=False)
        assert await backfill() == (0, None)  # what somebody forgot stays forgotten
        await kit.lifecycle.restore(kit.actor, [forgotten])
        await kit.history.undo(kit.actor, None)
        await kit.history.undo(kit.actor, None)
        await kit.history.undo(kit.actor, number)
        assert await there() == 0
        assert (await backfill())[0] == 40

    drive(tmp_path, scenario)


def test_a_commit_whose_add_was_undone_is_offered_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        capture = _capture(kit)
        await capture.store(kit.actor, NOWHERE, [_draft("a")])
        await kit.history.undo(kit.actor, None)
        assert await capture.unknown(None, ["a"], backfill=True) == ["a"]
        assert await capture.store(kit.actor, NOWHERE, [_draft("a")]) == 0
        assert await capture.store(kit.actor, NOWHERE, [_draft("a")], Series(BACKFILL)) == 1

    drive(tmp_path, scenario)


def test_a_series_that_was_undone_meanwhile_goes_on_in_another_change_set(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        capture, series = _capture(kit), Series(BACKFILL)
        await capture.store(kit.actor, NOWHERE, [_draft("a")], series)
        first = series.number
        await kit.history.undo(kit.actor, first)
        await capture.store(kit.actor, NOWHERE, [_draft("b", "Other")], series)
        assert series.number not in (None, first)
        assert [item.external_id for item in (await kit.history.undo(kit.actor, series.number)).memories] == ["b"]

    drive(tmp_path, scenario)


def test_a_user_who_may_not_write_is_told(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.storage.write(lambda tx: tx.users.update(kit.actor.user_id, {"is_active": 0}))
        with pytest.raises(Forbidden):
            await _capture(kit).store(kit.actor, NOWHERE, [_draft("a")])

    drive(tmp_path, scenario)
