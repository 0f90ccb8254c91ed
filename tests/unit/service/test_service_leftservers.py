"""Servers that were left: noticed at the next start, in each receipt, until they expire or are said to be empty."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.audit import Wanted
from lmem.domain.leftservers import KnownServer
from lmem.errors import Forbidden, InvalidInput, NotFound
from lmem.service.leftservers import LeftServers, swept
from lmem.service.purging import Purged
from lmem.service.receipts import receipt
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.storage import SqliteStorage
from tests.contract.graphcopies import Server
from tests.unit.service.service_kit import START, Kit, SetClock, drive
from tests.unit.service.test_service_graphcopy import Copied

OLD = KnownServer("qdrant", "http://old:6333", "lmem_")
NEW = KnownServer("qdrant", "http://new:6333", "lmem_")
REDIS = KnownServer("redis", "redis://r:6379/0", "lmem:")
LEFT_AT = "2026-11-22T12:00:00.000Z"


def test_a_start_without_a_server_leaves_it_and_one_with_it_takes_it_back(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        servers = LeftServers(kit.storage, kit.clock)
        await servers.started([OLD])
        assert await servers.left() == []
        await servers.started([NEW])
        kit.clock.move(days=400)
        await servers.started([NEW])
        assert await servers.left() == [replace(OLD, left_at=LEFT_AT)], "the day it was left stays"
        await servers.started([OLD])
        assert [item.key for item in await servers.left()] == [NEW.key]
        await servers.started([replace(OLD, prefix="mine_")])
        assert [item.key for item in await servers.left()] == [NEW.key, OLD.key], "another name on the same server"

    drive(tmp_path, scenario)


def test_a_server_whose_address_is_written_otherwise_is_not_left(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        servers = LeftServers(kit.storage, kit.clock)
        await servers.started([OLD, REDIS])
        moved = [replace(OLD, url="https://OLD"), replace(REDIS, url="rediss://r")]
        await servers.started(moved)
        assert await servers.left() == []
        assert await kit.storage.read(lambda tx: tx.servers.all()) == moved

    drive(tmp_path, scenario)


def test_the_truth_remembers_it_when_it_is_closed(tmp_path: Path) -> None:
    async def leave(kit: Kit) -> None:
        servers = LeftServers(kit.storage, kit.clock)
        await servers.started([OLD])
        await servers.started([])

    async def again() -> list[KnownServer]:
        storage = SqliteStorage(Database.open(tmp_path / "layered_memory.db"))
        try:
            return await LeftServers(storage, SetClock(START)).left()
        finally:
            await storage.close()

    drive(tmp_path, leave)
    assert asyncio.run(again()) == [replace(OLD, left_at=LEFT_AT)]


@pytest.mark.parametrize("down", [False, True])
def test_another_prefix_in_a_database_of_neo4j_is_moved_not_left(tmp_path: Path, down: bool) -> None:
    async def scenario(kit: Kit) -> None:
        servers = LeftServers(kit.storage, kit.clock)
        before = [KnownServer("neo4j", "bolt://n:7687", "lmem", name) for name in ("", "work")]
        now = KnownServer("neo4j", "neo4j+s://n", "mine", "neo4j")
        await servers.started([before[0]])
        await servers.started([before[1]])
        await servers.started([now])
        assert [item.database for item in await servers.left()] == ["work"], "nobody sweeps another database"
        assert await servers.moving() == [replace(before[0], left_at=LEFT_AT)]
        with pytest.raises(NotFound):
            await servers.emptied(kit.actor, before[0].exact)
        rows = await receipt(kit.storage, [], Purged((), ("a" * 32,)), (), await servers.moving())
        assert (rows[-1].place, rows[-1].state) == ("Neo4j at bolt://n:7687", "pending")
        assert "prefix 'lmem' are swept" in rows[-1].check
        if down:  # it never came to the sweep
            await servers.started([])
            assert [item.exact for item in await servers.left()] == [item.exact for item in (*before, now)]
            return
        await kit.storage.write(swept)
        assert await servers.moving() == []
        await servers.started([])
        assert [item.exact for item in await servers.left()] == [before[1].exact, now.exact]

    drive(tmp_path, scenario)


@pytest.mark.parametrize("known", [True, False])
def test_what_is_whole_in_a_database_has_swept_it(tmp_path: Path, known: bool) -> None:
    """Also when that was done by an lmem which did not note it."""

    async def scenario(kit: Kit) -> None:
        servers = LeftServers(kit.storage, kit.clock)
        before, now = (KnownServer("neo4j", "bolt://n:7687", prefix, "") for prefix in ("lmem", "mine"))
        await kit.add("one", project="api")
        copied = Copied(kit, Server())
        if known:
            await copied.settle()
        await servers.started([before])
        await servers.started([now])
        copied = Copied(kit, copied.server)
        if not known:
            await copied.projector.prepare()
            assert await servers.moving(), "it is being filled"
        await copied.settle()
        assert await servers.moving() == [] == await servers.left()

    drive(tmp_path, scenario)


def test_what_expires_by_itself_is_forgotten(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        servers = LeftServers(kit.storage, kit.clock)
        await servers.started([REDIS])
        await servers.started([])
        kit.clock.move(hours=24)
        assert [item.family for item in await servers.left()] == ["redis"]
        kit.clock.move(seconds=1)
        assert await servers.left() == []
        await servers.started([])
        assert await kit.storage.read(lambda tx: tx.servers.all()) == []

    drive(tmp_path, scenario)


def test_each_receipt_names_it_until_it_is_said_to_be_empty(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        servers = LeftServers(kit.storage, kit.clock)
        await servers.started([OLD, REDIS])
        await servers.started([NEW])

        async def places() -> dict[str, str]:
            rows = await receipt(kit.storage, [], Purged((), ("a" * 32,)), await servers.left())
            assert {row.state for row in rows if " at " in row.place} <= {"pending"}
            return {row.place: row.check for row in rows if " at " in row.place}

        named = await places()
        assert named.keys() == {"Qdrant at http://old:6333", "Redis at redis://r:6379/0"}
        said = named["Qdrant at http://old:6333"]
        assert said.startswith("was left on 2026-11-22 and may still hold it: delete there the collection 'lmem_lmem'")
        assert "lmem repair --emptied 'http://old:6333#lmem_'" in said
        with pytest.raises(Forbidden, match="own terminal"):
            await servers.emptied(replace(kit.actor, shared=True), OLD.url)
        for url in ("http://elsewhere", NEW.url):
            with pytest.raises(NotFound) as err:
                await servers.emptied(kit.actor, url)
            assert "'http://old:6333#lmem_', 'redis://r:6379/0#lmem:'" in str(err.value.hint), "one in use is not left"
        assert await servers.emptied(kit.actor, f" {OLD.url}/ ") == [replace(OLD, left_at=LEFT_AT)]
        assert (await places()).keys() == {"Redis at redis://r:6379/0"}
        entries = await kit.storage.read(lambda tx: tx.audit.page(Wanted(kit.actor.user_id), 1, 0))
        assert [(entry.kind, entry.object_id) for entry in entries] == [("server", "qdrant")]

    drive(tmp_path, scenario)


def test_one_of_several_copies_on_a_server_is_said_to_be_empty_by_what_tells_it_apart(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        servers = LeftServers(kit.storage, kit.clock)
        mine = replace(OLD, prefix="it's mine_")
        graphs = [KnownServer("neo4j", "bolt://n:7687", "lmem", name) for name in ("neo4j", "work")]
        await servers.started([OLD, mine, *graphs])
        await servers.started([])

        async def ended(url: str) -> list[KnownServer]:
            return [replace(item, left_at=None) for item in await servers.emptied(kit.actor, url)]

        for url, forms in (
            (OLD.url, "'http://old:6333#lmem_', 'http://old:6333#it'\"'\"'s mine_'"),
            ("https://OLD", "'http://old:6333#lmem_', 'http://old:6333#it'\"'\"'s mine_'"),
            ("bolt://n", "'bolt://n:7687/neo4j#lmem', 'bolt://n:7687/work#lmem'"),
            ("bolt://n#lmem", "'bolt://n:7687/neo4j#lmem', 'bolt://n:7687/work#lmem'"),
        ):
            with pytest.raises(InvalidInput, match="Several copies") as err:
                await ended(url)
            assert forms in str(err.value.hint)
            assert len(await servers.left()) == 4
        for url in ("http://old:6333#", "http://old:6333#other", "bolt://old:6333", "http://n:7687", "http://[x"):
            with pytest.raises(NotFound):
                await ended(url)
        assert await ended(mine.exact) == [mine]
        assert await ended(OLD.url) == [OLD], "it is the only one left there"
        assert await ended("bolt+s://N/work") == [graphs[1]]
        assert await ended(graphs[0].exact) == [graphs[0]]
        assert await servers.left() == []

    drive(tmp_path, scenario)
