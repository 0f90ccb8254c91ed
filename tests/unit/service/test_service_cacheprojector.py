"""The outbox's rows remove what a server still has of their objects; a purge removes all of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lmem.domain import cachekeys
from lmem.domain.cachekeys import Key, Kind
from lmem.domain.outbox import Pending, Projection
from lmem.errors import StoreUnavailable
from lmem.ports.cache import Value
from lmem.service.cacheprojector import CacheProjector
from lmem.service.caches import Caches
from tests.unit.service.faultycache import FaultyCache
from tests.unit.service.service_kit import Kit, drive

ONE, TWO = "1" * 32, "2" * 32
PROJECTION = Projection("cache-0001", "cache", "redis", "gen-0001", None, "active", None, {})


def row(kind: str, object_id: str = ONE, op: str = "upsert") -> Pending:
    return Pending(PROJECTION.id, kind, object_id, op, 1, 0)


async def left(store: FaultyCache, keys: Mapping[str, Key]) -> set[str]:
    found = await store.get([(key.name, key.row.kind) for key in keys.values()])
    return {name for name, value in zip(keys, found, strict=True) if value is not None}


@pytest.mark.parametrize(
    ("rows", "gone"),
    [
        ([row("memory")], {"memory", "outgoing", "incoming", "recent", "projects", "context", "active"}),
        ([row("relationship")], {"recent", "projects", "context", "active"}),
        ([row("project")], {"git", "recent", "projects", "context", "active"}),
        ([row("user")], {"preferences"}),
        ([row("pattern")], {"patterns"}),
        ([row("user"), row("pattern")], {"preferences", "patterns"}),
        ([row("project", op="delete")], {"git", "recent", "projects", "context", "active"}),
        ([row("user"), row("memory", TWO, "delete")], None),
    ],
)
def test_rows_remove_what_may_hold_something_of_them(
    tmp_path: Path, rows: list[Pending], gone: set[str] | None
) -> None:
    async def scenario(kit: Kit) -> None:
        store, project = FaultyCache(), await kit.project("api")
        user = kit.actor.user_id
        keys = {
            "memory": cachekeys.memory(ONE), "outgoing": cachekeys.outgoing(ONE), "incoming": cachekeys.incoming(ONE),
            "other": cachekeys.memory("3" * 32), "recent": cachekeys.recent(user), "projects": cachekeys.projects(user),
            "context": cachekeys.project_context(project), "active": cachekeys.active(project),
            "patterns": cachekeys.project_patterns(project), "git": cachekeys.git_status(ONE),
            "preferences": cachekeys.preferences(ONE), "history": cachekeys.history(user),
        }  # fmt: skip
        values: dict[Kind, Value] = {"string": b"x", "list": ("x",), "set": frozenset("x"), "hash": {"x": "1"}}
        await store.put({key.name: values[key.row.kind] for key in keys.values()}, 60)
        caches = Caches(store)
        await caches.open()
        await CacheProjector(kit.storage, caches, kit.clock).apply(PROJECTION, rows)
        assert keys.keys() - await left(store, keys) == (keys.keys() if gone is None else gone)

    drive(tmp_path, scenario)


def test_a_server_that_is_away_is_told_of_and_tried_again_by_the_relay(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        store = FaultyCache()
        caches = Caches(store)
        await caches.open()
        projector = CacheProjector(kit.storage, caches, kit.clock)
        store.fails = StoreUnavailable("It is away.")
        for rows in ([row("memory")], [row("memory", op="delete")]):
            with pytest.raises(StoreUnavailable, match="away"):
                await projector.apply(PROJECTION, rows)
        store.fails = None
        await projector.apply(PROJECTION, [row("memory", op="delete")])
        assert not caches.holds_purged

    drive(tmp_path, scenario)
