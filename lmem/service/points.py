"""From rows of the truth to points of a generation, with as little embedding as possible.

Not the relay (lmem.service.projection), which decides when and what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lmem.domain.memories import Memory
from lmem.domain.outbox import Pending, Projection
from lmem.errors import StoreUnavailable
from lmem.ports.embedder import Document, Encoding
from lmem.ports.storage import UnitOfWork
from lmem.ports.vectors import MEMORIES, AsyncVectors, Payload, Point, Stored
from lmem.service.indexes import AVERAGE_LENGTH, Indexes


class PointBuilder:
    """Makes the points of memories."""

    def __init__(self, indexes: Indexes, vectors: AsyncVectors) -> None:
        self._indexes = indexes
        self._vectors = vectors

    async def points(self, projection: Projection, memories: Sequence[Memory]) -> list[Point]:
        """The points of memories in a projection.

        A vector is made only for text that neither this nor the serving generation holds: changed flags are a payload
        alone, and a generation that is being built takes its vectors from the one that serves.
        """
        model = self._indexes.model
        if model is None:
            raise StoreUnavailable("There is no model to embed with.")
        hashes = {memory.id: _text_hash(memory) for memory in memories}
        here = await self._stored(projection.generation, [memory.id for memory in memories if memory.rev > 1])
        there = {}
        serving = self._indexes.targets[:1]
        if projection.state == "building" and serving and serving[0] != projection:
            there = await self._stored(serving[0].generation, list(hashes), dense=True)

        def same(stored: Stored | None, memory: Memory) -> bool:
            return stored is not None and (
                stored.payload.get("content_hash") == hashes[memory.id]
                and stored.payload.get("model") == model.fingerprint
            )

        kept = {memory.id for memory in memories if same(here.get(memory.id), memory)}
        reused = {memory.id for memory in memories if memory.id not in kept and same(there.get(memory.id), memory)}
        fresh = [memory for memory in memories if memory.id not in kept | reused]
        moved = [memory for memory in memories if memory.id in reused]
        average = float(projection.settings.get("average_length", AVERAGE_LENGTH))
        encodings: dict[str, Encoding] = {}
        for batch, dense in ((fresh, True), (moved, False)):
            if batch:
                documents = [Document(memory.text) for memory in batch]
                encoded = await self._indexes.embedder.encode_documents(documents, average, dense)
                encodings |= {memory.id: item for memory, item in zip(batch, encoded, strict=True)}
        for memory in moved:
            encodings[memory.id] = encodings[memory.id]._replace(dense=there[memory.id].dense)
        return [
            Point(memory.id, _payload(memory, hashes[memory.id], model.fingerprint), encodings.get(memory.id))
            for memory in memories
        ]

    async def _stored(self, generation: str, ids: Sequence[str], dense: bool = False) -> dict[str, Stored]:
        found = await self._vectors.retrieve(generation, MEMORIES, ids, dense) if ids else []
        return {item.id: item for item in found}


def load(tx: UnitOfWork, rows: Sequence[Pending]) -> tuple[list[Memory], list[str]]:
    """The memories behind rows, and the ids that a projection must not hold (purged or archived)."""
    memories, gone = [], []
    for row in rows:
        memory = tx.memories.find(row.object_id) if row.op == "upsert" else None
        if memory is None or memory.is_archived:
            gone.append(row.object_id)
        else:
            memories.append(memory)
    return memories, gone


def _text_hash(memory: Memory) -> str:
    """A hash of exactly what is embedded, so that a change of flags never embeds again."""
    return hashlib.blake2b(memory.text.encode(), digest_size=16).hexdigest()


def _payload(memory: Memory, text_hash: str, fingerprint: str) -> Payload:
    """The payload of specification 2.1, with what a replay needs: revision, hash of the text, model."""
    return {
        "memory_id": memory.id,
        "user_id": memory.user_id,
        "project_id": memory.project_id,
        "session_id": memory.session_id,
        "memory_type": memory.memory_type,
        "category": memory.category,
        "tags": list(memory.tags),
        "importance_score": memory.importance_score,
        "layer_assignments": list(memory.layers.names),
        "title": memory.title,
        "summary": memory.summary,
        "created_at": memory.created_at,
        "updated_at": memory.updated_at,
        "rev": memory.rev,
        "content_hash": text_hash,
        "model": fingerprint,
    }
