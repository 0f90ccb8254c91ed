"""Links that lmem detects: by an id or a commit that a text names, once, and over nobody's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.domain.related import Related, RelationFilter
from lmem.domain.relationwords import relation_type
from lmem.service import annotations as module
from lmem.service.linkrules import LinkDraft
from lmem.service.relations import Relations
from tests.unit.service.service_kit import Kit, drive
from tests.unit.service.test_service_annotations import annotate

SHA = "3f2a9bc4d5e6f708192a3b4c5d6e7f8091a2b3c4"


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_REST", 0.0)
    monkeypatch.setattr(module, "SHARE", 0.0)


async def detected(kit: Kit) -> list[Related]:
    wanted = RelationFilter(kit.actor.user_id, False, detected=True)
    return await kit.storage.read(lambda tx: tx.relations.page(wanted, 9, 0))


def test_a_text_that_names_a_memory_is_linked_to_it_once(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        first = await kit.add("the cache is flushed at midnight", id="a1b2c3d4" + "0" * 24)
        await annotate(kit)
        second = await kit.add("a1b2c3d4 was wrong: it is flushed at noon; f0f0f0f0f1 is nobody")
        await annotate(kit)
        (found,) = await detected(kit)
        assert (found.relation.from_id, found.relation.to_id) == (second, first)
        assert (found.relation.type, found.relation.context) == ("relates_to", "names it")
        await Relations(kit.storage, kit.clock, kit.relay.wake).unlink(kit.actor, second, first, None, None)
        await annotate(kit)
        assert await detected(kit) == [], "what somebody took away stays away"

    drive(tmp_path, scenario)


def test_a_reverting_commit_contradicts_the_one_that_it_names(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        old = await kit.add("Cache the rows", source_tool="git.post-commit", external_id=SHA, memory_type="commit")
        new = await kit.add(f"Revert the cache\n\nThis reverts commit {SHA}.", memory_type="commit")
        await annotate(kit)
        (found,) = await detected(kit)
        assert (found.relation.from_id, found.relation.to_id, found.relation.type) == (new, old, "contradicts")
        assert found.relation.properties == {"discovered_at": "2026-11-22T12:00:00.000Z"}

    drive(tmp_path, scenario)


def test_what_is_linked_or_archived_or_the_text_itself_is_left_alone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        own = "b1b2c3d4" + "0" * 24
        linked = await kit.add("linked", id="a1b2c3d4" + "0" * 24)
        archived = await kit.add("archived", id="c1b2c3d4" + "0" * 24)
        await kit.add("I am b1b2c3d4; see a1b2c3d4 and c1b2c3d4", id=own)
        await kit.lifecycle.forget(kit.actor, [archived], None, dry_run=False)
        kind, _ = relation_type("contradicts")
        draft = LinkDraft(linked, own, kind)
        await Relations(kit.storage, kit.clock, kit.relay.wake).link(kit.actor, draft, None)
        await annotate(kit)
        assert await detected(kit) == []

    drive(tmp_path, scenario)


def test_a_plain_undo_passes_over_what_lmem_detected(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("first", id="a1b2c3d4" + "0" * 24)
        second = await kit.add("see a1b2c3d4")
        await annotate(kit)
        kit.clock.move(seconds=1)
        undone = await kit.history.undo(kit.actor, None)
        assert [memory.id for memory in undone.memories] == [second], "the add"

    drive(tmp_path, scenario)
