"""What a memory is related to: links, projects, order, meaning; and what is not told to whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.relationwords import relation_type
from lmem.errors import NotFound, StoreUnavailable
from lmem.ports.vectors import QDRANT
from lmem.service.linkrules import LinkDraft
from lmem.service.related import RelationReader
from lmem.service.relations import Relations
from tests.unit.service.service_kit import Kit, drive


def reader(kit: Kit) -> RelationReader:
    return RelationReader(kit.storage, kit.indexes, kit.vectors)


async def link(kit: Kit, one: str, other: str, kind: str = "relates_to") -> None:
    draft = LinkDraft(one, other, relation_type(kind)[0])
    await Relations(kit.storage, kit.clock, kit.relay.wake).link(kit.actor, draft, None)


def test_links_projects_and_order_are_told(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        project = await kit.project("web")
        await kit.project("api")
        one, other = await kit.add("one", project="api"), await kit.add("other", project="api")
        await link(kit, one, other)
        await Relations(kit.storage, kit.clock, kit.relay.wake).apply(kit.actor, one, project, 0.5, None)
        whole = await reader(kit).of(kit.actor, one[:8], (), None)
        assert [item.relation.type for item in whole.relations] == ["relates_to"]
        assert [(item.name, item.relevance) for item in whole.projects] == [("web", 0.5)]
        order = await reader(kit).of(kit.actor, one, ("temporal_before",), None)
        assert [(item.relation.from_id, item.derived) for item in order.relations] == [(one, True)]
        assert order.projects == ()
        assert len(await reader(kit).page(kit.actor, (), None, 10, 0)) == 1

    drive(tmp_path, scenario)


def test_similar_memories_are_above_the_threshold_and_nearest_first(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one = await kit.add("cache rows midnight flush")
        near = await kit.add("cache rows midnight drop")
        nearer = await kit.add("flush cache rows midnight twice")
        await kit.add("penguins live on ice")
        await kit.settle()
        found = await reader(kit).similar(kit.actor, one, True, 0.5, 10)
        assert [memory.id for memory, _ in found.found] == [nearer, near]
        assert all(cosine >= 0.5 for _, cosine in found.found)
        assert len((await reader(kit).similar(kit.actor, one, True, 0.5, 1)).found) == 1
        assert (await reader(kit).similar(kit.actor, one, True, 0.99, 9)).found == ()

    drive(tmp_path, scenario)


def test_similar_memories_are_of_the_same_project_or_global_unless_all_are_asked(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        for name in ("api", "web"):
            await kit.project(name)
        one = await kit.add("cache rows midnight flush", project="api", layers=("project",))
        await kit.add("cache rows midnight drop", project="web", layers=("project",))
        beside = await kit.add("cache rows midnight twice", project="api", layers=("project",))
        everywhere = await kit.add("cache rows midnight always", layers=("global",))
        await kit.settle()
        near = await reader(kit).similar(kit.actor, one, False, 0.5, 10)
        assert {memory.id for memory, _ in near.found} == {beside, everywhere}
        assert len((await reader(kit).similar(kit.actor, one, True, 0.5, 10)).found) == 3

    drive(tmp_path, scenario)


def test_a_memory_that_the_index_has_not_seen_is_embedded_for_the_question(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        near = await kit.add("cache rows midnight drop")
        await kit.settle()
        one = await kit.add("cache rows midnight flush")
        found = await reader(kit).similar(kit.actor, one, True, 0.5, 10)
        assert [memory.id for memory, _ in found.found] == [near]

    drive(tmp_path, scenario)


def test_nothing_private_is_similar_for_others_nor_sent_to_a_server(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one = await kit.add("cache rows midnight flush")
        hidden = await kit.add("cache rows midnight drop", is_private=True)
        await kit.settle()
        agent = replace(kit.actor, shared=True)
        assert (await reader(kit).similar(agent, one, True, 0.5, 10)).found == ()
        with pytest.raises(NotFound):
            await reader(kit).similar(agent, hidden, True, 0.5, 10)
        kit.indexes.engine = QDRANT
        with pytest.raises(StoreUnavailable, match="private memory is not compared"):
            await reader(kit).similar(kit.actor, hidden, True, 0.5, 10)

    drive(tmp_path, scenario)


def test_an_index_that_is_down_is_an_error(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one = await kit.add("one")
        kit.indexes.down(StoreUnavailable("The index worker died."))
        with pytest.raises(StoreUnavailable, match="died"):
            await reader(kit).similar(kit.actor, one, True, 0.5, 10)

    drive(tmp_path, scenario)
