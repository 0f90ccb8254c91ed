"""What layers hold, and moving a memory between them: one row, one change set, and a way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.filters import Filter, Sight
from lmem.domain.layers import layers
from lmem.domain.scope import NOWHERE, Scope
from lmem.errors import InvalidInput
from lmem.service.holdings import Holdings
from lmem.service.layers import LayerMoves, moves
from tests.unit.service.service_kit import Kit, drive


def _moves(kit: Kit) -> LayerMoves:
    return LayerMoves(kit.storage, kit.clock, kit.relay.wake)


def _holdings(kit: Kit) -> Holdings:
    return Holdings(kit.storage, kit.settings.of)


async def _project(kit: Kit, name: str) -> str:
    found = await kit.storage.read(lambda tx: tx.projects.named(kit.actor.user_id, name))
    assert found is not None
    return found


def test_holdings_count_flags_first_layers_and_lonely_ones(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("a decision", memory_type="decision", project="api")
        await kit.add("another", memory_type="decision", project="web")
        await kit.add("a task", memory_type="task", project="api", session="monday")
        await kit.add("faded", layers=("temporal",), project="api")
        await kit.add("everywhere", memory_type="preference", project="web")
        await kit.add("mine alone", is_private=True)
        api = await _project(kit, "api")
        here = Filter(kit.actor.user_id, sight=Sight(api))
        found = {item.layer: item for item in await _holdings(kit).counts(kit.everything, here)}
        assert list(found) == ["session", "project", "global", "temporal"]
        counts = {name: (item.memories, item.here, item.primary, item.alone) for name, item in found.items()}
        assert counts == {
            "session": (1, 1, 1, 0), "project": (3, 2, 2, 2), "global": (2, 2, 2, 2), "temporal": (1, 1, 1, 1),
        }  # fmt: skip
        assert found["project"].types == (("decision", 2), ("task", 1))
        assert dict(found["project"].projects)[api] == 2
        shared = replace(kit.everything, shared=True)
        assert (await _holdings(kit).counts(shared, shared))[2].memories == 1

    drive(tmp_path, scenario)


def test_a_move_is_one_change_that_undo_takes_back(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        made = await kit.add("a decision", memory_type="decision", project="api")
        before = (await kit.memories.get(kit.actor, made)).memory
        moved = await _moves(kit).move(kit.actor, made, layers(["global"]), NOWHERE, "it holds everywhere")
        assert moved.changed == ("layers",) and moved.memory.layers.names == ("global",)
        assert (moved.memory.key, moved.memory.project_id) == (before.key, before.project_id)
        _, versions = await kit.history.versions(kit.actor, made)
        assert [(item.reason, item.diff["layers"]) for item in moves(versions)] == [
            ("it holds everywhere", (["project"], ["global"]))
        ]
        again = await _moves(kit).move(kit.actor, made, layers(["global"]), NOWHERE, None)
        assert again.changed == () and again.change_set is None
        await kit.history.undo(kit.actor, moved.change_set)
        assert (await kit.memories.get(kit.actor, made)).memory.layers == before.layers

    drive(tmp_path, scenario)


def test_what_has_no_project_joins_the_one_it_is_moved_into(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        made = await kit.add("a note")
        await kit.add("another", project="api")
        api = await _project(kit, "api")
        with pytest.raises(InvalidInput, match="belongs to no project"):
            await _moves(kit).move(kit.actor, made, layers(["project"]), NOWHERE, None)
        with pytest.raises(InvalidInput, match="belongs to no session"):
            await _moves(kit).move(kit.actor, made, layers(["session"]), Scope(api, "api"), None)
        with pytest.raises(InvalidInput, match="No layer"):
            await _moves(kit).move(kit.actor, made, layers([]), Scope(api, "api"), None)
        moved = await _moves(kit).move(kit.actor, made, layers(["project"]), Scope(api, "api"), None)
        assert moved.memory.project_id == api and moved.memory.layers.names == ("project",)
        await kit.history.undo(kit.actor, moved.change_set)
        assert (await kit.memories.get(kit.actor, made)).memory.project_id is None

    drive(tmp_path, scenario)
