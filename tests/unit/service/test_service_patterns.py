"""Patterns recorded by hand: one pattern for each type and name, what its projects and memories say of it.

Not the points made of them (test_service_patternpoints.py), nor finding them by meaning.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lmem.domain.patterns import Cited, PatternDraft, PatternFilter
from lmem.errors import AmbiguousId, Conflict, Forbidden, InvalidInput, NotFound
from lmem.service.patternrecords import Recorded
from lmem.service.patterns import Patterns, Shown
from lmem.service.projects import Projects
from tests.unit.service.service_kit import Kit, drive

OUTBOX = PatternDraft("architecture", "outbox", "the change and what is told of it are one transaction")


@dataclass
class Book:
    """The service of patterns beside two projects."""

    kit: Kit
    api: str
    web: str

    def __post_init__(self) -> None:
        self.patterns = Patterns(self.kit.storage, self.kit.clock, self.kit.relay.wake)

    async def add(self, draft: PatternDraft = OUTBOX, project: str = "") -> Recorded:
        return await self.patterns.add(self.kit.actor, draft, project or self.api)

    async def went(self, success: bool, reason: str | None = None, memory: str | None = None, at: str = "") -> Recorded:
        return await self.patterns.outcome(self.kit.actor, "outbox", at or self.api, success, reason, memory)

    async def show(self, name: str = "outbox", shared: bool = False) -> Shown:
        return await self.patterns.show(replace(self.kit.actor, shared=shared), name)

    async def waiting(self) -> list[tuple[str, str]]:
        """(object, op) of the rows of patterns that wait for the vectors."""
        rows = await self.kit.storage.read(lambda tx: tx.outbox.due("vectors-0001", "9999", 100))
        return [(row.object_id, row.op) for row in rows if row.kind == "pattern"]

    async def log(self) -> list[str]:
        """Actions on patterns in the audit log, oldest first."""
        found = await self.kit.storage.read(lambda tx: tx.audit.links(0, 1000))
        return [str(link.fields[3]) for link in found if link.fields[4] == "pattern"]


def in_book(directory: Path, scenario: Callable[[Book], Awaitable[None]]) -> None:
    async def run(kit: Kit) -> None:
        await scenario(Book(kit, await kit.project("api"), await kit.project("web")))

    drive(directory, run)


def test_a_new_pattern_is_its_first_use_and_has_a_finder(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        made = await book.add()
        assert (made.created, made.new_here, made.changed) == (True, True, ())
        assert (made.pattern.rev, made.pattern.usage_count, made.pattern.success_rate) == (1, 1, 1.0)
        assert made.pattern.project_ids == (book.api,)
        shown = await book.show()
        (use,) = shown.uses
        assert (use.project_id, use.success, use.discovered_by) == (book.api, True, book.kit.actor.user_id)
        assert await book.waiting() == [(made.pattern.id, "upsert")]
        assert await book.log() == ["create"]

    in_book(tmp_path, scenario)


def test_the_same_type_and_name_is_the_same_pattern(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        first = await book.add()
        again = await book.add()
        assert (again.created, again.new_here, again.changed) == (False, False, ())
        assert (again.pattern.rev, await book.log()) == (1, ["create"]), "nothing changed, so nothing is written"
        other = await book.add(replace(OUTBOX, description="said better", data={"tables": ["outbox"]}))
        assert other.changed == ("description", "data")
        assert (other.pattern.id, other.pattern.rev, other.here.data) == (first.pattern.id, 2, {"tables": ["outbox"]})
        kept = await book.add(replace(OUTBOX, description=None))
        assert (kept.changed, kept.pattern.description, kept.here.data) == ((), "said better", {"tables": ["outbox"]})
        another = await book.add(replace(OUTBOX, type="testing"))
        assert another.created and another.pattern.id != first.pattern.id

    in_book(tmp_path, scenario)


def test_another_project_has_a_row_of_its_own_and_no_second_finder(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        await book.add()
        book.kit.clock.move(minutes=1)
        web = await book.add(replace(OUTBOX, description="as the web does it"), book.web)
        assert (web.created, web.new_here, web.pattern.usage_count) == (False, True, 2)
        assert web.pattern.project_ids == tuple(sorted((book.api, book.web)))
        shown = await book.show()
        assert {seen.project_id: seen.description for seen, _ in shown.projects} == {
            book.web: "as the web does it", book.api: OUTBOX.description,
        }  # fmt: skip
        assert shown.pattern.description == "as the web does it"
        assert [use.discovered_by for use in shown.uses] == [None, book.kit.actor.user_id]
        assert shown.discovered_by == book.kit.actor.user_id

    in_book(tmp_path, scenario)


def test_outcomes_count_in_their_project_and_in_all(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        await book.add()
        for success in (True, False, False):  # in one moment: the clock stands
            went = await book.went(success, None if success else "it deadlocked")
        assert (went.here.usage_count, went.here.success_rate) == (4, 0.5)
        assert (went.pattern.rev, went.changed) == (4, ("uses",))
        web = await book.went(True, at=book.web)
        assert web.new_here and (web.here.usage_count, web.here.success_rate) == (1, 1.0)
        assert (web.pattern.usage_count, web.pattern.success_rate) == (5, 0.6)
        uses = (await book.show()).uses
        assert len({(use.project_id, use.used_at) for use in uses}) == 5
        assert [use.reason for use in uses if not use.success] == ["it deadlocked"] * 2

    in_book(tmp_path, scenario)


def test_a_list_is_of_a_project_or_of_all_and_in_order(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        await book.add()
        await book.add(PatternDraft("testing", "twins", "one suite for two engines"))
        await book.add(PatternDraft("testing", "mocks", "a false engine"), book.web)
        for success in (False, False):
            await book.went(success)
        user = book.kit.actor.user_id

        async def names(order: str = "usage", **wanted: object) -> list[str]:
            found = await book.patterns.page(PatternFilter(user, **wanted), order, 10)  # type: ignore[arg-type]
            return [item.pattern.name for item in found]

        assert await names() == ["outbox", "mocks", "twins"]
        assert await names("success") == ["mocks", "twins", "outbox"]
        assert await names(type="testing") == ["mocks", "twins"]
        assert await names(project_id=book.api) == ["outbox", "twins"]
        assert await names(min_success=0.5) == ["mocks", "twins"]
        assert await names("success", project_id=book.api, min_success=0.3) == ["twins", "outbox"]
        assert await names(project_id=book.api, type="testing", min_success=0.5) == ["twins"]
        (first, _) = await book.patterns.of_project(book.kit.actor, book.api)
        assert first.here is not None and (first.here.usage_count, first.here.project_id) == (3, book.api)
        assert await book.patterns.page(PatternFilter("0" * 32), "usage", 10) == []

    in_book(tmp_path, scenario)


def test_memories_speak_for_and_against(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        shown, worked, failed = [await book.kit.add(text) for text in ("shown", "it worked", "it failed")]
        cited = (
            Cited(shown[:8], "demonstrates"), Cited(worked, "validates", outcome="half the code"),
            Cited(failed, "contradicts_pattern", reason="too slow"),
        )  # fmt: skip
        made = await book.add(replace(OUTBOX, evidence=cited))
        assert made.here.memory_ids == (shown, worked, failed)
        assert (await book.add(replace(OUTBOX, evidence=cited))).changed == ()
        await book.went(False, "again", memory=failed)
        await book.went(True, memory=shown)
        found = {(item.title, item.kind): (item.outcome, item.reason) for item in (await book.show()).evidence}
        assert found == {
            ("shown", "demonstrates"): (None, None), ("it worked", "validates"): ("half the code", None),
            ("it failed", "contradicts_pattern"): (None, "again"), ("shown", "validates"): ("success", None),
        }  # fmt: skip

    in_book(tmp_path, scenario)


def test_private_evidence_is_shown_to_nobody_else(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        private, public = await book.kit.add("my pay", is_private=True), await book.kit.add("the plan")
        await book.add(replace(OUTBOX, evidence=(Cited(private, "demonstrates"), Cited(public, "demonstrates"))))
        assert len((await book.show()).evidence) == 2
        other = await book.show(shared=True)
        assert [item.title for item in other.evidence] == ["the plan"]
        assert [count for _, count in other.projects] == [1]
        with pytest.raises(NotFound):
            shared = replace(book.kit.actor, shared=True)
            await book.patterns.outcome(shared, "outbox", book.api, False, None, private)
        assert (await book.show()).pattern.usage_count == 1, "a refused outcome counts nothing"

    in_book(tmp_path, scenario)


def test_a_purged_memory_is_evidence_no_more(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        gone, stays = await book.kit.add("gone"), await book.kit.add("stays")
        await book.add(replace(OUTBOX, evidence=(Cited(gone, "demonstrates"), Cited(stays, "demonstrates"))))
        await book.kit.lifecycle.purge(book.kit.actor, [gone], dry_run=False)
        shown = await book.show()
        assert [item.memory_id for item in shown.evidence] == [stays]
        assert shown.projects[0][0].memory_ids == (stays,)

    in_book(tmp_path, scenario)


def test_what_is_refused_writes_nothing(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        with pytest.raises(InvalidInput, match="needs a description"):
            await book.add(replace(OUTBOX, description=None))
        archived = await book.kit.add("archived")
        await book.kit.lifecycle.forget(book.kit.actor, [archived], None, dry_run=False)
        with pytest.raises(Conflict, match="archived"):
            await book.add(replace(OUTBOX, evidence=(Cited(archived, "demonstrates"),)))
        with pytest.raises(NotFound):
            await book.add(replace(OUTBOX, evidence=(Cited("deadbeef", "demonstrates"),)))
        assert await book.patterns.page(PatternFilter(book.kit.actor.user_id), "usage", 10) == []
        await book.add()
        user = book.kit.actor.user_id
        await book.kit.storage.write(lambda tx: tx.users.update(user, {"is_active": 0}))
        with pytest.raises(Forbidden):
            await book.went(True)
        with pytest.raises(Forbidden):
            await book.patterns.forget(book.kit.actor, "outbox", dry_run=False)
        assert (await book.show()).pattern.rev == 1

    in_book(tmp_path, scenario)


def test_a_pattern_is_named_by_name_type_or_id(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        made = (await book.add()).pattern
        for name in ("outbox", " outbox ", "architecture/outbox", "Architecture/outbox", made.id, made.id[:6]):
            assert (await book.show(name)).pattern.id == made.id
        with pytest.raises(NotFound) as missed:
            await book.show("outbux")
        assert "outbox" in missed.value.hint
        await book.add(replace(OUTBOX, type="testing"))
        with pytest.raises(AmbiguousId, match="architecture/outbox"):
            await book.show("outbox")
        assert (await book.show("testing/outbox")).pattern.type == "testing"

    in_book(tmp_path, scenario)


def test_forgetting_leaves_a_tombstone_and_the_memories(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        memory = await book.kit.add("shown")
        made = await book.add(replace(OUTBOX, evidence=(Cited(memory, "demonstrates"),)))
        assert (await book.patterns.forget(book.kit.actor, "outbox", dry_run=True)).id == made.pattern.id
        await book.patterns.forget(book.kit.actor, "outbox", dry_run=False)
        assert await book.waiting() == [(made.pattern.id, "delete")]
        assert await book.log() == ["create", "delete"]
        assert (await book.kit.memories.get(book.kit.actor, memory)).memory.title == "shown"
        with pytest.raises(NotFound):
            await book.show()

    in_book(tmp_path, scenario)


def test_patterns_and_their_uses_move_with_a_merged_project_and_back(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        await book.add()
        await book.went(False)
        await book.add(PatternDraft("testing", "twins", "one suite for two engines"))
        await book.add(PatternDraft("testing", "twins", "one suite"), book.web)
        projects = Projects(book.kit.storage, book.kit.clock, book.kit.relay.wake, lambda: None)
        merged = await projects.merge(book.kit.actor, "api", "web", None, dry_run=False)
        outbox, twins = await book.show(), await book.show("twins")
        assert (outbox.pattern.project_ids, outbox.pattern.usage_count, outbox.pattern.rev) == ((book.web,), 2, 3)
        assert {use.project_id for use in outbox.uses} == {book.web}
        assert twins.pattern.usage_count == 2, "what both had stays where it was"
        await book.kit.history.undo(book.kit.actor, merged.change_set)
        back = await book.show()
        assert (back.pattern.project_ids, back.pattern.usage_count, back.pattern.rev) == ((book.api,), 2, 4)
        assert {use.project_id for use in back.uses} == {book.api}

    in_book(tmp_path, scenario)


def test_undo_stops_at_what_was_recorded_of_patterns_and_no_name_is_kept_of_it(tmp_path: Path) -> None:
    async def scenario(book: Book) -> None:
        actor = book.kit.actor
        await book.kit.add("keep me")
        book.kit.clock.move(seconds=1)
        await book.add()
        with pytest.raises(Conflict, match="a pattern was recorded"):
            await book.kit.history.undo(actor, None)
        await book.patterns.forget(actor, "outbox", dry_run=False)
        with pytest.raises(Conflict, match="a pattern was removed"):
            await book.kit.history.undo(actor, None)

    in_book(tmp_path, scenario)
