"""A text that was embedded before is not embedded again: after an edit and back, and when a store refused a batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.domain.memories import Draft
from lmem.errors import StoreUnavailable
from lmem.ports.cache import CacheStore
from lmem.service import embeddings
from lmem.service.caches import Caches
from lmem.service.projection import Relay
from lmem.stores.inprocess.cache import LocalCache
from tests.unit.service.faultycache import FaultyCache
from tests.unit.service.service_kit import Kit, drive

MANY = embeddings.FEW + 4


async def relayed(kit: Kit, store: CacheStore | None = None) -> tuple[Relay, Caches]:
    """A relay of the kit's with a cache."""
    caches = Caches(store or LocalCache(1 << 22))
    await caches.open()
    return Relay(kit.storage, kit.indexes, kit.vectors, kit.clock, 1_000_000, caches), caches


async def settle(relay: Relay) -> None:
    while await relay.step():
        pass


async def add_many(kit: Kit, **fields: object) -> None:
    drafts = [Draft(f"line number {number}", f"line {number}", **fields) for number in range(MANY)]  # type: ignore[arg-type]
    await kit.memories.add_many(kit.actor, drafts)


def test_a_text_that_comes_back_is_not_embedded_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        relay, caches = await relayed(kit)
        made = await kit.add("amber stones")
        await settle(relay)
        for content in ("basalt columns", "amber stones"):
            await kit.memories.edit(kit.actor, made, {"content": content}, None)
            await settle(relay)
        await kit.lifecycle.forget(kit.actor, [made], None, False)
        await settle(relay)
        await kit.lifecycle.restore(kit.actor, [made])
        await settle(relay)
        assert kit.embedder.encoded == ["amber stones", "basalt columns"]
        assert await kit.ids("amber stones") == [made]
        assert caches.tallies["embedding:{content_hash}"].hits == 2

    drive(tmp_path, scenario)


def test_a_batch_that_its_store_refused_is_embedded_once(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        relay, caches = await relayed(kit)
        await add_many(kit)
        for _ in range(2):
            kit.vectors.fails = StoreUnavailable("The disk is busy.")
            with pytest.raises(StoreUnavailable):
                await settle(relay)
        kit.vectors.fails = None
        await settle(relay)
        assert len(kit.embedder.encoded) == MANY
        assert caches.tallies["embedding:batch:{batch_id}"].hits >= 1
        assert caches.store is not None
        assert await caches.store.names("embedding:") == [], "it goes when the store has it, and is kept nowhere else"

    drive(tmp_path, scenario)


def test_another_daemon_goes_on_with_the_batch_that_a_server_kept(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        store = LocalCache(1 << 22)
        relay, _ = await relayed(kit, store)
        await add_many(kit)
        kit.vectors.fails = StoreUnavailable("The disk is busy.")
        with pytest.raises(StoreUnavailable):
            await settle(relay)
        kit.vectors.fails = None
        after, _ = await relayed(kit, store)
        await settle(after)
        assert len(kit.embedder.encoded) == MANY

    drive(tmp_path, scenario)


@pytest.mark.parametrize("many", [False, True])
def test_vectors_of_private_memories_never_leave_the_process(tmp_path: Path, many: bool) -> None:
    async def scenario(kit: Kit) -> None:
        for store in (FaultyCache(), LocalCache(1 << 22)):
            relay, caches = await relayed(kit, store)
            if many:
                await add_many(kit, is_private=True)
                kit.vectors.fails = StoreUnavailable("The disk is busy.")
                with pytest.raises(StoreUnavailable):
                    await settle(relay)
                kit.vectors.fails = None
            else:
                await kit.add(f"a secret of {type(store).__name__}", is_private=True)
                await settle(relay)
            await caches.settled()
            assert bool(await store.names("embedding:")) == (not store.is_remote)
            await settle(relay)

    drive(tmp_path, scenario)
