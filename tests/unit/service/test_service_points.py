"""Points of a session's items: found by the words beside them, embedded once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lmem.domain.filters import Filter
from tests.unit.service.service_kit import Kit, drive


async def _talk(kit: Kit, *texts: str, session: str = "talk") -> list[str]:
    ids = []
    for text in texts:
        ids.append(await kit.add(text, session=session))
        kit.clock.move(minutes=1)
    return ids


async def _sparse(kit: Kit, query: str) -> list[str]:
    return await kit.ids(query, only="sparse")


def test_an_item_is_found_by_its_neighbours_words_after_its_own(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        before, item, after, far = await _talk(kit, "the zebra crossing", "yes indeed", "a walrus sang", "goodbye")
        await kit.settle()
        assert await _sparse(kit, "zebra") == [before, item]
        assert set(await _sparse(kit, "walrus")) == {after, item, far}
        assert await _sparse(kit, "indeed zebra walrus") and (await _sparse(kit, "walrus"))[0] == after

    drive(tmp_path, scenario)


def test_items_of_two_sessions_are_no_neighbours(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        (zebra,) = await _talk(kit, "the zebra crossing")
        await _talk(kit, "yes indeed", session="other")
        await kit.add("stands alone")
        await kit.settle()
        assert await _sparse(kit, "zebra") == [zebra]

    drive(tmp_path, scenario)


def test_neighbours_that_are_private_forgotten_or_purged_lend_no_words(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        zebra, item, walrus = await _talk(kit, "the zebra crossing", "yes indeed", "a walrus sang")
        await kit.settle()
        shared = replace(kit.actor, shared=True)
        await kit.memories.edit(kit.actor, zebra, {"is_private": True}, None, None)
        await kit.lifecycle.purge(kit.actor, [walrus], dry_run=False)
        await kit.settle()
        assert await _sparse(kit, "walrus") == []
        answer = await kit.search.search("zebra", Filter(shared.user_id, shared=True), 10, only="sparse")
        assert [found.memory.id for found in answer.found] == []
        await kit.memories.edit(kit.actor, zebra, {"is_private": False}, None, None)
        await kit.settle()
        assert await _sparse(kit, "zebra") == [zebra, item]
        await kit.lifecycle.forget(kit.actor, [zebra], None, dry_run=False)
        await kit.settle()
        assert await _sparse(kit, "zebra") == []

    drive(tmp_path, scenario)


def test_a_changed_neighbour_costs_terms_and_no_embedding(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        before, item = await _talk(kit, "the zebra crossing", "yes indeed")
        await kit.settle()
        kit.embedder.encoded.clear()
        kit.embedder.only_terms.clear()
        await kit.memories.edit(kit.actor, before, {"content": "the okapi crossing"}, None, None)
        await kit.settle()
        assert len(kit.embedder.encoded) == 1 and "okapi" in kit.embedder.encoded[0]
        assert kit.embedder.only_terms == ["yes indeed"]
        assert await _sparse(kit, "okapi") == [before, item]

    drive(tmp_path, scenario)


def test_a_session_and_a_long_item_are_lifted_and_a_lone_memory_is_not(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        lasting, _ = await _talk(kit, "the zebra crossing was painted again by the whole team in the sun", "zebra")
        alone = await kit.add("zebra stripes")
        await kit.settle()
        answer = await kit.search.search("zebra", kit.everything, 10)
        parts = {found.memory.id: found.ranked.parts for found in answer.found}
        items = sorted((item for item in parts if item != alone), key=lambda item: parts[item]["length"])
        short, long = (parts[item] for item in items)
        assert items[1] == lasting
        assert long["length"] > short["length"] > 0
        assert "length" not in parts[alone] and "session" not in parts[alone]

    drive(tmp_path, scenario)
