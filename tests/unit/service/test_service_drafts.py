"""A draft on a real store: known again by its id or its source's, in a project that is there.

Not the parsing of parameters (test_daemon_params.py, test_daemon_drafts.py) and not many at once
(test_service_memories.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.memories import Draft
from lmem.errors import Conflict, NotFound
from tests.unit.service.service_kit import Kit, drive


def test_the_same_id_twice_is_one_memory(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        draft = Draft("text", "text", id="a" * 32)
        first = await kit.memories.add(kit.actor, draft)
        again = await kit.memories.add(kit.actor, draft)
        assert (first.created, again.created, again.memory.id) == (True, False, "a" * 32)
        with pytest.raises(Conflict):
            await kit.memories.add(kit.actor, replace(draft, content="other"))

    drive(tmp_path, scenario)


def test_a_source_id_is_one_memory_and_changed_text_a_version(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        first = await kit.add("one", source_tool="import.x", external_id="7")
        assert await kit.add("one", source_tool="import.x", external_id="7") == first
        assert await kit.add("two", source_tool="import.x", external_id="7") == first
        elsewhere = await kit.add("two", source_tool="import.x", external_id="7", project="other")
        assert elsewhere != first  # two projects may use the same ids
        _, versions = await kit.history.versions(kit.actor, first)
        assert [item.content for item in versions] == ["one", "two"]

    drive(tmp_path, scenario)


def test_a_source_that_gives_the_same_again_changes_only_what_it_gives(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        bare = Draft("the text", "the text", source_tool="import.x", external_id="7")
        full = replace(
            bare, title="Mine", summary="short", tags=("t",), memory_type="decision", category="c", importance=0.9,
            decay_rate=0.2, context={"file": "a.py"}, is_private=True,
            given=frozenset({"title", "summary", "tags", "memory_type", "category", "importance_score", "decay_rate"}),
        )  # fmt: skip
        first = (await kit.memories.add(kit.actor, full)).memory
        for draft in (bare, full):
            again = await kit.memories.add(kit.actor, draft)
            assert (again.changed, replace(again.memory, key=0)) == ((), first)
        other = await kit.memories.add(kit.actor, replace(bare, content="other", title="other"))
        assert other.changed == ("content",)  # a title that somebody chose stays
        assert (other.memory.title, other.memory.summary, other.memory.tags) == ("Mine", "short", ("t",))
        given = frozenset({"tags", "importance_score"})
        anew = replace(bare, content="other", tags=("u",), importance=0.5, given=given)
        added = await kit.memories.add(kit.actor, anew)
        assert set(added.changed) == {"tags", "importance_score"} and not added.created
        assert (added.memory.tags, added.memory.memory_type, added.memory.is_private) == (("u",), "decision", True)

    drive(tmp_path, scenario)


def test_a_title_of_the_text_follows_what_a_source_changed(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one", source_tool="import.x", external_id="7")
        two = Draft("two", "two", source_tool="import.x", external_id="7")
        added = await kit.memories.add(kit.actor, two)
        assert (added.memory.title, set(added.changed)) == ("two", {"title", "content"})

    drive(tmp_path, scenario)


def test_an_unknown_project_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("x", project="payments-api")
        with pytest.raises(NotFound) as caught:
            await kit.memories.add(kit.actor, Draft("y", "y", project="payment-api"))
        assert "payments-api" in caught.value.hint
        assert (await kit.memories.page(kit.everything, "rank", 10, 0)).total == 1

    drive(tmp_path, scenario)
