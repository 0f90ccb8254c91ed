"""Pages of the graph: every edge once, with both of its ends; nothing private unless its user asks for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.relationwords import relation_type
from lmem.errors import InvalidInput
from lmem.service.graphexport import GraphExport, Page
from lmem.service.linkrules import LinkDraft
from lmem.service.relations import Relations
from tests.unit.service.service_kit import Kit, drive


async def prepared(kit: Kit) -> dict[str, str]:
    """Three memories in a row, the last of them private, in a project."""
    await kit.project("api")
    ids = {name: await kit.add(name, project="api", is_private=name == "hidden") for name in ("one", "two", "hidden")}
    relations, (kind, _) = Relations(kit.storage, kit.clock, kit.relay.wake), relation_type("relates_to")
    for start, end in (("one", "two"), ("two", "hidden")):
        await relations.link(kit.actor, LinkDraft(ids[start], ids[end], kind), None)
    return ids


async def pages(kit: Kit, *types: str, private: bool = False, shared: bool = False, limit: int = 2) -> list[Page]:
    actor, after, found = replace(kit.actor, shared=shared), "", list[Page]()
    while True:
        found.append(await GraphExport(kit.storage).page(actor, types, private, after, limit))
        if found[-1].next is None:
            return found
        after = found[-1].next


def edges(found: list[Page]) -> list[tuple[str, str, str]]:
    return [(edge.type, edge.start, edge.end) for page in found for edge in page.edges]


def test_pages_join_to_all_edges_with_their_ends(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = await prepared(kit)
        for limit in (1, 2, 100):
            found = await pages(kit, limit=limit)
            assert edges(found) == [("RELATES_TO", ids["one"], ids["two"])]
            assert {node.id for page in found for node in page.nodes} == {ids["one"], ids["two"]}
        every = edges(await pages(kit, "BELONGS_TO", "CREATED", "OWNS", "RELATES_TO", "TEMPORAL_BEFORE"))
        assert sorted(kind for kind, _, _ in every) == [
            "BELONGS_TO", "BELONGS_TO", "CREATED", "CREATED", "OWNS", "RELATES_TO", "TEMPORAL_BEFORE"
        ]  # fmt: skip

    drive(tmp_path, scenario)


def test_what_is_private_is_exported_only_for_its_user_who_asks(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = await prepared(kit)
        own = await pages(kit, private=True)
        assert ("RELATES_TO", ids["two"], ids["hidden"]) in edges(own)
        assert ids["hidden"] in {node.id for page in own for node in page.nodes}
        for found in (await pages(kit), await pages(kit, private=True, shared=True)):
            assert ids["hidden"] not in str(found)

    drive(tmp_path, scenario)


def test_a_place_that_is_none_is_refused(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        for after in ("nowhere", "Elsewhere/", "Project/x"):
            with pytest.raises(InvalidInput, match="no place in an export"):
                await GraphExport(kit.storage).page(kit.actor, (), False, after, 9)

    drive(tmp_path, scenario)
