"""What a memory is related to: by links, by the order of time, and by meaning.

Not the making of links (lmem.service.relations), nor walks over several of them (lmem.service.graph).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmem.domain.actors import Actor
from lmem.domain.filters import Filter, Sight
from lmem.domain.memories import Memory
from lmem.domain.related import Applied, Related, RelationFilter
from lmem.errors import StoreUnavailable
from lmem.ports.embedder import Document, Encoding
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import MEMORIES, AsyncVectors
from lmem.service import names
from lmem.service.conditions import conditions
from lmem.service.generations import AVERAGE_LENGTH
from lmem.service.indexes import Indexes

CANDIDATES = 64
PATIENCE = 1.0
"""Seconds that the first question after a start waits for the index worker."""


@dataclass(frozen=True, slots=True)
class Around:
    """A memory, its relations as a reader may see them, and the projects that it applies to."""

    memory: Memory
    relations: tuple[Related, ...]
    projects: tuple[Applied, ...]


@dataclass(frozen=True, slots=True)
class Similar:
    """The memories nearest to one in meaning with their cosines, nearest first, and the least cosine that counts."""

    memory: Memory
    found: tuple[tuple[Memory, float], ...]
    least: float


class RelationReader:
    """Reads of what is related to what."""

    def __init__(self, storage: Storage, indexes: Indexes, vectors: AsyncVectors) -> None:
        self._storage = storage
        self._indexes = indexes
        self._vectors = vectors

    async def of(self, actor: Actor, memory_id: str, types: Sequence[str], detected: bool | None) -> Around:
        """The relations of a memory: those that have rows, and those that follow from order when a type names them.

        Raises NotFound, AmbiguousId.
        """
        wanted = RelationFilter(actor.user_id, actor.shared, tuple(types), detected)

        def work(tx: UnitOfWork) -> Around:
            memory = names.memory(tx, actor, memory_id)
            projects = () if types or detected is not None else tuple(tx.relations.applied(memory.id))
            return Around(memory, tuple(tx.relations.at(memory.id, wanted)), projects)

        return await self._storage.read(work)

    async def page(
        self, actor: Actor, types: Sequence[str], detected: bool | None, limit: int, offset: int
    ) -> list[Related]:
        """Relations of any memories, the strongest first."""
        wanted = RelationFilter(actor.user_id, actor.shared, tuple(types), detected)
        return await self._storage.read(lambda tx: tx.relations.page(wanted, limit, offset))

    async def similar(self, actor: Actor, memory_id: str, everywhere: bool, least: float, limit: int) -> Similar:
        """The memories that are at least so near to one in meaning (`semantic_search_threshold`): global ones and those
        of its project, with `everywhere` all.

        Raises NotFound, and StoreUnavailable when the index of the vectors does not serve.
        """
        memory = await self._storage.read(lambda tx: names.memory(tx, actor, memory_id))
        sight = None if everywhere else Sight(memory.project_id)
        wanted = Filter(actor.user_id, shared=actor.shared, sight=sight)
        await self._indexes.settled(PATIENCE)
        query = await self._encoding(memory)
        answer = await self._vectors.search(
            self._indexes.serving(), MEMORIES, query, conditions(wanted), CANDIDATES, "dense"
        )
        near = {item.id: item.cosine for item in answer.found if item.cosine >= least and item.id != memory.id}
        rows = await self._storage.read(lambda tx: tx.memories.beginnings(list(near), wanted))
        found = sorted(rows.values(), key=lambda row: (-near[row.id], row.id))
        return Similar(memory, tuple((row, near[row.id]) for row in found[:limit]), least)

    async def _encoding(self, memory: Memory) -> Encoding:
        """The memory's vector as the index has it; one that it does not have is made anew."""
        if memory.is_private and self._indexes.on_server:
            raise StoreUnavailable(
                "A private memory is not compared on a server, which would be sent its meaning.",
                hint=f"Search for its words instead, or 'lmem related {memory.id[:8]}' for its links.",
            )
        stored = await self._vectors.retrieve(self._indexes.serving(), MEMORIES, [memory.id], dense=True)
        if stored and stored[0].dense:
            return Encoding(stored[0].dense, b"", b"", 0)
        (made,) = await self._indexes.embedder.encode_documents([Document(memory.text)], AVERAGE_LENGTH)
        return Encoding(made.dense, b"", b"", 0)
