"""From rows of the truth to points of a generation, with as little embedding as possible.

Not the relay (lmem.service.projection), which decides when and what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmem.domain.memories import Memory
from lmem.domain.outbox import Pending, Projection
from lmem.errors import StoreUnavailable
from lmem.ports.embedder import Document, Encoding, ModelInfo
from lmem.ports.storage import UnitOfWork
from lmem.ports.vectors import MEMORIES, AsyncVectors, Payload, Point, Stored
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.embeddings import Embeddings
from lmem.service.generations import AVERAGE_LENGTH
from lmem.service.indexes import Indexes


class PointBuilder:
    """Makes the points of memories."""

    def __init__(self, indexes: Indexes, vectors: AsyncVectors, caches: Caches = NO_CACHE) -> None:
        self._indexes = indexes
        self._vectors = vectors
        self._caches = caches
        self._embeddings = Embeddings(caches)

    async def points(self, projection: Projection, loaded: Loaded) -> list[Point]:
        """The points of memories in a projection.

        A vector is made only for text that neither this nor the serving generation holds: changed flags are a payload
        alone, changed neighbours the terms alone, and a generation that is being built takes its vectors from the one
        that serves. Nor for text that was embedded within a day.
        """
        memories, at = loaded.memories, self._caches.number
        model = self._indexes.model
        if model is None:
            raise StoreUnavailable("There is no model to embed with.")
        marks = {memory.id: _Marks.of(memory, loaded.near.get(memory.id, ()), model) for memory in memories}
        known = [memory.id for memory in memories if memory.rev > 1 or memory.session_id is not None]
        here = await self._stored(projection.generation, known)
        there = {}
        serving = self._indexes.targets[:1]
        if projection.state == "building" and serving and serving[0] != projection:
            there = await self._stored(serving[0].generation, list(marks), dense=True)
        kept = {id for id, mark in marks.items() if mark.same_vector(here.get(id))}
        heard = {id for id in kept if not marks[id].same_terms(here[id])}  # its neighbours alone are others now
        reused = {id for id, mark in marks.items() if id not in kept and mark.same_vector(there.get(id))}
        new = [memory for memory in memories if memory.id not in kept | reused]
        remembered = await self._embeddings.known(model, new)
        dense = {id: there[id].dense for id in reused} | remembered
        encodings: dict[str, Encoding] = {}
        average = float(projection.settings.get("average_length", AVERAGE_LENGTH))
        for batch, with_dense in ((marks.keys() - kept - dense.keys(), True), (dense.keys() | heard, False)):
            chosen = [memory for memory in memories if memory.id in batch]
            if chosen:
                documents = [Document(memory.text, loaded.near.get(memory.id, ())) for memory in chosen]
                encoded = await self._indexes.embedder.encode_documents(documents, average, with_dense)
                encodings |= {memory.id: item for memory, item in zip(chosen, encoded, strict=True)}
        for id, vector in dense.items():
            encodings[id] = encodings[id]._replace(dense=vector)
        if len(remembered) < len(new):
            await self._embeddings.keep(model, new, encodings, at)
        return [Point(memory.id, _payload(memory, marks[memory.id]), encodings.get(memory.id)) for memory in memories]

    async def taken(self, loaded: Loaded) -> None:
        """The points of these were written: nothing has to be kept for trying again."""
        if self._indexes.model is not None:
            await self._embeddings.taken(self._indexes.model, loaded.memories)

    async def _stored(self, generation: str, ids: Sequence[str], dense: bool = False) -> dict[str, Stored]:
        found = await self._vectors.retrieve(generation, MEMORIES, ids, dense) if ids else []
        return {item.id: item for item in found}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the rows of one step stand for: memories to index, with the texts beside them in their sessions by id, the
    ids that a projection must not hold (purged, archived or withheld), and the private memories withheld from it."""

    memories: tuple[Memory, ...]
    near: Mapping[str, tuple[str, ...]]
    gone: tuple[str, ...]
    withheld: tuple[Memory, ...] = ()

    def keep_findable(self, tx: UnitOfWork, confirmed: Sequence[str]) -> None:
        """The serving index has these now: full text need not know them, but for what is withheld from the index."""
        tx.fulltext.drop_pending(confirmed)
        for memory in self.withheld:
            if memory.id in confirmed:
                tx.fulltext.add_pending(memory.key, memory.title, memory.content, memory.summary)


def load(tx: UnitOfWork, rows: Sequence[Pending], shared: bool = False) -> Loaded:
    """The current state of what rows name; `shared` withholds what is private, which no server is ever sent.

    Neighbours that are private or archived lend no words.
    """
    memories, near, gone = list[Memory](), dict[str, tuple[str, ...]](), list[str]()
    withheld: list[Memory] = []
    for row in rows:
        memory = tx.memories.find(row.object_id) if row.op == "upsert" else None
        if memory is None or memory.is_archived or (shared and memory.is_private):
            gone.append(row.object_id)
            withheld += [memory] if memory is not None and not memory.is_archived else []
            continue
        memories.append(memory)
        if memory.session_id is not None:
            near[memory.id] = tuple(beside.text for beside in tx.memories.around(memory))
    return Loaded(tuple(memories), near, tuple(gone), tuple(withheld))


@dataclass(frozen=True, slots=True)
class _Marks:
    """What a point was made of, as its payload keeps it: hashes of its text and of its neighbours', and the model."""

    text: str
    near: str | None
    model: str

    @classmethod
    def of(cls, memory: Memory, near: Sequence[str], model: ModelInfo) -> _Marks:
        return cls(_hash(memory.text), _hash("\0".join(near)) if near else None, model.fingerprint)

    def same_vector(self, stored: Stored | None) -> bool:
        """Whether a stored point has this vector: a change of flags never embeds again."""
        return stored is not None and (
            stored.payload.get("content_hash") == self.text and stored.payload.get("model") == self.model
        )

    def same_terms(self, stored: Stored) -> bool:
        return stored.payload.get("near_hash") == self.near


def payload_of(memory: Memory, near: Sequence[str], model: ModelInfo) -> Payload:
    """What the point of a memory has to hold, with the texts beside it in its session."""
    return _payload(memory, _Marks.of(memory, near, model))


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _payload(memory: Memory, marks: _Marks) -> Payload:
    """The payload of specification 2.1, with what a replay needs: revision, what the point was made of."""
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
        "content_hash": marks.text,
        "near_hash": marks.near,
        "model": marks.model,
    }
