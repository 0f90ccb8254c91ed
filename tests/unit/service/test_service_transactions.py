"""Staged transactions: nothing before the commit, all of it or nothing after, and one undo for all.

Not the kill of a daemon in the middle (tests/integration/test_product_transactions.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from lmem.domain.actors import Actor
from lmem.domain.memories import Draft, Memory, title_of
from lmem.domain.scope import NOWHERE, Scope
from lmem.errors import Conflict, Forbidden, InvalidInput, LmemError, NotFound
from lmem.service import staging
from lmem.service.transactions import Committed, Transactions
from tests.unit.service.service_kit import Kit, drive


@dataclass
class Bench:
    """The coordinator over the kit's services, and its transactions of one process."""

    kit: Kit
    scope: Scope = NOWHERE
    transactions: Transactions = field(init=False)

    def __post_init__(self) -> None:
        kit = self.kit
        self.transactions = Transactions(kit.storage, kit.clock, kit.memories, kit.lifecycle, kit.relay.wake)

    @property
    def actor(self) -> Actor:
        return self.kit.actor

    async def begin(self) -> str:
        return await self.transactions.begin(self.actor)

    def add(self, number: str, *texts: str, **fields: object) -> list[str]:
        drafts = [
            (f"Line {at}", Draft(text, title_of(text), **fields))  # type: ignore[arg-type]
            for at, text in enumerate(texts, 1)
        ]
        return self.transactions.stage_adds(self.actor, number, drafts, True, self.kit.settings.of)

    async def edit(self, number: str, memory: str, **changes: object) -> None:
        await self.transactions.stage_edit(self.actor, number, memory, changes, "why", None, ())

    async def archive(self, number: str, *ids: str, archived: bool = True) -> None:
        await self.transactions.stage_archive(self.actor, number, ids, archived, None)

    async def commit(self, number: str) -> Committed:
        return await self.transactions.commit(self.actor, number, None, lambda tx: self.scope)

    async def stored(self) -> dict[str, Memory]:
        """Every memory by its title, archived ones too."""
        found = await self.kit.storage.read(lambda tx: tx.memories.after(self.kit.everything, 0, 1000))
        return {memory.title: memory for memory in found}

    async def untouched(self) -> bool:
        """Whether no memory and no change set is there."""
        sets = await self.kit.storage.read(lambda tx: tx.versions.change_set(1))
        return not await self.stored() and sets is None


def on_bench(directory: Path, scenario: Callable[[Bench], Awaitable[None]]) -> None:
    async def run(kit: Kit) -> None:
        await scenario(Bench(kit))

    drive(directory, run)


def test_nothing_is_seen_before_the_commit_and_all_of_it_after(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number = await bench.begin()
        ids = bench.add(number, "one", "two")
        assert await bench.untouched() and bench.transactions.waiting(bench.actor, number) == 2
        done = await bench.commit(number)
        stored = await bench.stored()
        assert [stored[title].id for title in ("one", "two")] == ids
        assert await bench.kit.ids("two") == [ids[1]]
        changed = await bench.kit.storage.read(lambda tx: tx.versions.in_change_set(done.change_set or 0))
        assert {version.memory_id for version in changed} == set(ids)
        with pytest.raises(NotFound):
            await bench.commit(number)

    on_bench(tmp_path, scenario)


def test_one_undo_takes_all_back_and_a_redo_brings_all_again(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        old, other = await bench.kit.add("old"), await bench.kit.add("other")
        number = await bench.begin()
        new = bench.add(number, "new")[0]
        await bench.edit(number, new, content="new, said better")
        await bench.edit(number, old, importance_score=0.9)
        await bench.archive(number, other)
        done = await bench.commit(number)
        stored = await bench.stored()
        assert stored["new, said better"].id == new and stored["other"].is_archived
        assert stored["old"].importance_score == 0.9
        undone = await bench.kit.history.undo(bench.actor, None)
        assert undone.change_set == done.change_set and len(undone.memories) == 3
        stored = await bench.stored()
        assert stored["old"].importance_score == 0.5 and not stored["other"].is_archived
        assert [memory.is_archived for memory in stored.values() if memory.id == new] == [True]
        await bench.kit.history.undo(bench.actor, undone.undone_by)
        again = await bench.stored()
        assert again["other"].is_archived and not again["new, said better"].is_archived

    on_bench(tmp_path, scenario)


async def _fails(bench: Bench, number: str, error: type[LmemError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        await bench.commit(number)
    assert "Nothing of the transaction is stored." in caught.value.message


def test_an_error_names_its_line_and_nothing_is_stored(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        taken = await bench.kit.add("taken")
        before = await bench.stored()
        number = await bench.begin()
        bench.add(number, "fine", "fine too", project="made now", session="made too")
        bench.transactions.stage_adds(
            bench.actor, number, [("Line 3", Draft("other text", "other text", id=taken))], True, bench.kit.settings.of
        )
        await _fails(bench, number, Conflict, "Line 3: The id")
        number = await bench.begin()
        await bench.edit(number, taken, title="changed")
        await bench.transactions.stage_edit(bench.actor, number, taken, {"title": "again"}, None, 1, ())
        await _fails(bench, number, Conflict, "Request 2: Memory .* is at revision 2, not 1")
        assert await bench.stored() == before
        names = await bench.kit.storage.read(lambda tx: tx.directory.project_names(bench.actor.user_id))
        assert names == {} and await bench.kit.storage.read(lambda tx: tx.versions.change_set(1)) is None

    on_bench(tmp_path, scenario)


def test_a_request_that_was_refused_on_arrival_spoils_the_commit(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number = await bench.begin()
        bench.add(number, "fine")
        bench.transactions.refuse(bench.actor, number, 2)
        with pytest.raises(Conflict, match=r"refused \(2\)"):
            await bench.commit(number)
        assert await bench.untouched()

    on_bench(tmp_path, scenario)


def test_names_are_checked_on_arrival(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number = await bench.begin()
        for unknown in ("deadbeef", "0" * 32):
            with pytest.raises(NotFound):
                await bench.edit(number, unknown, title="x")
            with pytest.raises(NotFound):
                await bench.archive(number, unknown)
        private = await bench.kit.add("private", is_private=True)
        with pytest.raises(NotFound):
            other = replace(bench.actor, shared=True)
            await bench.transactions.stage_archive(other, number, [private], True, None)
        assert bench.transactions.waiting(bench.actor, number) == 0

    on_bench(tmp_path, scenario)


def test_projects_and_sessions_that_lines_name_are_made_with_them(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number = await bench.begin()
        bench.add(number, "one", "two", project="api", session="monday")
        bench.scope = Scope(await bench.kit.project("here"), "here", "it was named")
        bench.add(number, "three")
        done = (await bench.commit(number)).done
        stored = await bench.stored()
        assert len({stored[title].project_id for title in ("one", "two")}) == 1
        assert stored["three"].project_id == bench.scope.project_id and stored["one"].session_id
        made = [(getattr(item, "new_project", None), getattr(item, "new_session", None)) for item in done]
        assert made == [("api", "monday"), (None, None), (None, None)]

    on_bench(tmp_path, scenario)


def test_what_changes_nothing_has_no_change_set(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number = await bench.begin()
        bench.add(number, "one", external_id="7", source_tool="cli.bulk")
        assert (await bench.commit(number)).change_set == 1
        number = await bench.begin()
        bench.add(number, "one", external_id="7", source_tool="cli.bulk")
        assert (await bench.commit(number)).change_set is None
        number = await bench.begin()
        bench.add(number, "one, edited", external_id="7", source_tool="cli.bulk")
        assert (await bench.commit(number)).change_set == 2
        assert await bench.commit(await bench.begin()) == Committed((), None, NOWHERE)

    on_bench(tmp_path, scenario)


def test_a_rollback_forgets(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number = await bench.begin()
        bench.add(number, "one", "two")
        assert bench.transactions.rollback(bench.actor, number) == 2
        assert await bench.untouched()
        with pytest.raises(NotFound, match="There is no transaction"):
            bench.transactions.rollback(bench.actor, number)

    on_bench(tmp_path, scenario)


def test_a_transaction_belongs_to_its_process(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number = await bench.begin()
        bench.add(number, "one")
        for other in (replace(bench.actor, address="unix:1000:2"), replace(bench.actor, agent="other/1")):
            with pytest.raises(NotFound):
                bench.transactions.waiting(other, number)
            with pytest.raises(NotFound):
                bench.transactions.rollback(other, number)
        assert (await bench.commit(number)).change_set == 1

    on_bench(tmp_path, scenario)


def test_an_idle_transaction_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bench: Bench) -> None:
        monkeypatch.setattr(staging, "IDLE_S", 0.0)
        number = await bench.begin()
        bench.add(number, "one")
        for _ in range(2):
            await asyncio.sleep(0)  # a turn of the loop: in the first its timer is due, in the second it has run
        with pytest.raises(NotFound, match="There is no transaction"):
            await bench.commit(number)
        assert await bench.untouched()

    on_bench(tmp_path, scenario)


def test_every_request_gives_it_time_anew(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number, held = await bench.begin(), bench.transactions._staging._open
        timer = held[number].timer
        bench.add(number, "one")
        assert timer.cancelled() and held[number].timer.when() >= timer.when()

    on_bench(tmp_path, scenario)


def test_how_much_may_wait_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MOST_ITEMS", 3)
    monkeypatch.setattr(staging, "MOST_BYTES", 100)
    monkeypatch.setattr(staging, "MOST_OPEN", 2)

    async def scenario(bench: Bench) -> None:
        first, second = await bench.begin(), await bench.begin()
        with pytest.raises(Conflict, match="2 transactions are open"):
            await bench.begin()
        bench.add(first, "one", "two", "three")
        with pytest.raises(InvalidInput, match="at most 3 memories"):
            bench.add(first, "four")
        with pytest.raises(InvalidInput):
            bench.add(second, "x" * 101)
        other = replace(bench.actor, address="unix:1000:2")
        third = await bench.transactions.begin(other)
        bench.add(second, "four", "five")
        with pytest.raises(Conflict, match="leave no room"):
            six = [("Line 1", Draft("six", "six")), ("Line 2", Draft("seven", "seven"))]
            bench.transactions.stage_adds(other, third, six, True, bench.kit.settings.of)
        bench.transactions.rollback(bench.actor, second)
        bench.transactions.stage_adds(other, third, six, True, bench.kit.settings.of)
        assert len((await bench.commit(first)).done) == 3
        await bench.begin()

    on_bench(tmp_path, scenario)


def test_a_user_who_is_not_active_can_neither_begin_nor_commit(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        number = await bench.begin()
        bench.add(number, "one")
        user = bench.actor.user_id
        await bench.kit.storage.write(lambda tx: tx.users.update(user, {"is_active": 0}))
        with pytest.raises(Forbidden):
            await bench.begin()
        with pytest.raises(Forbidden):
            await bench.commit(number)
        assert await bench.untouched()

    on_bench(tmp_path, scenario)
