"""Adding, editing and reading on a real store: bulk, privacy, near-duplicates, activity.

Not one draft or one edit (test_service_drafts.py, test_service_edits.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.memories import Draft
from lmem.errors import Conflict, Forbidden, LmemError, NotFound, StorageFull
from lmem.service import activity as activity_module
from lmem.service.activity import Activity
from lmem.service.drafts import Added
from lmem.service.duplicates import near_duplicate
from tests.unit.service.service_kit import Kit, drive


def test_bulk_lines_stand_alone_and_make_their_names(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        drafts = [
            Draft("a", "a", project="api", session="s1"),
            Draft("b", "b", id="b" * 32),
            Draft("c", "c", id="b" * 32),
            Draft("d", "d", project="api", session="s1"),
        ]
        results = await kit.memories.add_many(kit.actor, drafts)
        assert [type(item) for item in results] == [Added, Added, Conflict, Added]
        first, last = results[0], results[3]
        assert isinstance(first, Added) and isinstance(last, Added)
        assert (first.new_project, first.new_session, last.new_project) == ("api", "s1", None)
        assert first.memory.session_id == last.memory.session_id

    drive(tmp_path, scenario)


def test_private_memories_are_in_no_shared_answer(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        secret = await kit.add("the launch codes", is_private=True)
        await kit.settle()
        agent = replace(kit.actor, shared=True)
        shared = replace(kit.everything, shared=True)
        with pytest.raises(NotFound):
            await kit.memories.get(agent, secret)
        assert (await kit.memories.page(shared, "rank", 10, 0)).total == 0
        assert (await kit.search.search("launch codes", shared, 10)).found == ()
        assert await kit.rows(shared, 0, 10) == []
        assert await kit.memories.tags(shared) == []
        assert await kit.ids("launch codes") == [secret]

    drive(tmp_path, scenario)


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ("We use Postgres for the billing service because of row level security", True),
        ("we use postgres for the billing  service because of row level security!", True),
        ("We use Postgres for the billing service because of column level security", True),
        ("We never use Postgres for the billing service because of row level security", False),
        ("We use Postgres 16 for the billing service because of row level security", False),
        ("The office has a new coffee machine", False),
    ],
)
def test_near_duplicates_are_named_unless_numbers_or_negations_differ(tmp_path: Path, second: str, found: bool) -> None:
    async def scenario(kit: Kit) -> None:
        first = await kit.add("We use Postgres for the billing service because of row level security")
        for filler in range(5):
            await kit.add(f"filler {filler} about postgres")
        new = await kit.memories.get(kit.actor, await kit.add(second))
        near = await near_duplicate(kit.storage, new.memory, kit.everything)
        assert (near is not None and near[0].id == first) is found

    drive(tmp_path, scenario)


def test_reads_are_counted_and_audited_later(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("read me")
        activity = Activity(kit.storage, kit.clock, b"key")
        for _ in range(3):
            activity.read(kit.actor, [memory_id])
        activity.searched(kit.actor, "a very secret question", [memory_id])
        assert (await kit.memories.get(kit.actor, memory_id)).memory.access_count == 0
        await activity.flush()
        memory = (await kit.memories.get(kit.actor, memory_id)).memory
        assert (memory.access_count, memory.rev) == (4, 1)

    drive(tmp_path, scenario)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"very secret question" not in stored


def test_errors_of_bulk_are_values_not_exceptions(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        results = await kit.memories.add_many(kit.actor, [Draft("a", "a", id="c" * 32), Draft("b", "b", id="c" * 32)])
        assert isinstance(results[1], LmemError)

    drive(tmp_path, scenario)


def test_who_is_not_active_writes_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("before")
        await kit.storage._database.write(lambda connection: connection.execute("UPDATE users SET is_active = 0"))
        with pytest.raises(Forbidden):
            await kit.add("after")
        with pytest.raises(Forbidden):
            await kit.memories.edit(kit.actor, memory_id, {"title": "after"}, None)
        with pytest.raises(Forbidden):
            await kit.lifecycle.purge(kit.actor, [memory_id], dry_run=False)
        assert await kit.ids("before") == [memory_id]

    drive(tmp_path, scenario)


def test_activity_survives_a_full_disk_and_stays_small(tmp_path: Path) -> None:
    class Full:
        async def write(self, work: object) -> None:
            raise StorageFull()

    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("read me")
        activity = Activity(kit.storage, kit.clock, b"key")
        activity._storage = Full()  # type: ignore[assignment]
        for _ in range(activity_module.MOST_ENTRIES + 5):
            activity.read(kit.actor, [memory_id])
        await activity.flush()
        await activity.flush()
        assert len(activity._entries) == activity_module.MOST_ENTRIES
        activity._storage = kit.storage
        kit.clock.move(hours=1)
        activity.seen(kit.actor)
        await activity.flush()
        memory = (await kit.memories.get(kit.actor, memory_id)).memory
        assert memory.access_count == activity_module.MOST_ENTRIES + 5
        sql = "SELECT last_active_at FROM users"
        seen = await kit.storage._database.read(lambda connection: connection.execute(sql).fetchall())
        assert seen == [("2026-11-22T13:00:00.000Z",)]

    drive(tmp_path, scenario)
