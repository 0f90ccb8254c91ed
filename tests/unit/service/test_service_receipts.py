"""The receipt of a purge: what it says of the vector index, as it is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lmem.errors import ModelMissing, StoreUnavailable
from lmem.ports.storage import UnitOfWork
from lmem.ports.vectors import MEMORIES
from lmem.service.indexes import Indexes
from lmem.service.purging import Purged
from lmem.service.receipts import Place, receipt
from lmem.service.vectorcheck import VectorCheck
from tests.unit.service.service_kit import AwaitedVectors, Kit, WordEmbedder, drive

ID = "3f2a9c1d00000000000000000000000a"


async def _said(kit: Kit, indexes: Indexes, vectors: AwaitedVectors, *ids: str) -> Place:
    """What a receipt says of the vectors."""
    places = await receipt(kit.storage, [VectorCheck(kit.storage, indexes, vectors)], Purged((), ids))
    (found,) = (place for place in places if place.place == "vectors")
    return found


def _retire(tx: UnitOfWork, id: str) -> None:
    tx.outbox.retire(id)


def _others(kit: Kit, vectors: AwaitedVectors, embedder: WordEmbedder) -> Indexes:
    return Indexes(kit.storage, embedder, vectors, kit.clock, "memory", lambda: None)


def test_before_there_is_a_model_nothing_is_there_and_nothing_is_pending(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        for made in kit.indexes.targets:
            await kit.storage.write(partial(_retire, id=made.id))
        vectors = AwaitedVectors()
        indexes = _others(kit, vectors, WordEmbedder(fails=ModelMissing()))
        await indexes.start()
        assert await _said(kit, indexes, vectors, ID) == Place("vectors", "no memory was ever there", "gone")
        vectors.inner.open("gen-0007", 8)
        assert (await _said(kit, indexes, vectors, ID)).state == "pending", "files without a row may hold it"

    drive(tmp_path, scenario)


def test_an_index_whose_model_is_gone_may_still_hold_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        indexes = _others(kit, kit.vectors, WordEmbedder(fails=ModelMissing()))
        await indexes.start()
        said = await _said(kit, indexes, kit.vectors, await kit.add("a memory"))
        assert said.state == "pending" and said.check.startswith("not reachable: There is no embedding model")

    drive(tmp_path, scenario)


def test_what_was_there_is_gone_when_the_relay_has_seen_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        id = await kit.add("a memory")
        await kit.settle()
        assert kit.vectors.inner.retrieve(kit.indexes.serving(), MEMORIES, [id])
        await kit.lifecycle.purge(kit.actor, [id], False)
        await kit.settle()
        assert await _said(kit, kit.indexes, kit.vectors, id) == Place("vectors", "nothing there has this id", "gone")
        kit.indexes.down(StoreUnavailable("The index worker died."))
        assert (await _said(kit, kit.indexes, kit.vectors, id)).state == "pending"

    drive(tmp_path, scenario)
