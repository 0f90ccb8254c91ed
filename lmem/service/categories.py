"""Guesses of categories: vectors from the index, the user's categorised memories from the truth.

Not the writing of a guess (lmem.service.annotations), nor the rule that makes one (lmem.domain.categories).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lmem.domain.automatic import is_automatic
from lmem.domain.categories import OWN_ENOUGH, PROTOTYPES, Guess, by_neighbours, by_prototypes
from lmem.domain.filters import Filter
from lmem.domain.memories import Memory
from lmem.ports.embedder import Document, Encoding
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import MEMORIES, AsyncVectors, Candidate, Condition
from lmem.service.generations import AVERAGE_LENGTH
from lmem.service.indexes import Indexes

CANDIDATES = 48
"""Categorised points that are looked at; many of them may have their category from here."""

_CATEGORIES = tuple(category for category, given in PROTOTYPES.items() for _ in given)
"""Of each prototype, in their order."""


class Categories:
    """Guesses by what the index holds now. The prototypes are embedded once for each model."""

    def __init__(self, storage: Storage, indexes: Indexes, vectors: AsyncVectors) -> None:
        self._storage = storage
        self._indexes = indexes
        self._vectors = vectors
        self._prototypes: tuple[str, Sequence[bytes]] | None = None

    async def guess(self, user_id: str, memories: Sequence[Memory]) -> dict[str, Guess]:
        """Memory id -> category, for those that are told clearly. Raises StoreUnavailable when no index serves."""
        if not memories:
            return {}
        generation = self._indexes.serving()
        stored = await self._vectors.retrieve(generation, MEMORIES, [memory.id for memory in memories], True)
        vectors = {point.id: point.dense for point in stored if point.dense}
        own = await self._storage.read(lambda tx: tx.annotations.own(user_id, OWN_ENOUGH))
        guesses = await self._by_prototypes(vectors) if own < OWN_ENOUGH else {}
        for memory in memories if own else ():
            dense = vectors.get(memory.id)
            found = await self._by_neighbours(generation, memory, dense) if dense is not None else None
            if found is not None:
                guesses[memory.id] = found
        return guesses

    async def _by_prototypes(self, vectors: Mapping[str, bytes]) -> dict[str, Guess]:
        rows = await self._indexes.embedder.cosines(list(vectors.values()), await self._embedded())
        found = {id: by_prototypes(zip(_CATEGORIES, row, strict=True)) for id, row in zip(vectors, rows, strict=True)}
        return {id: guess for id, guess in found.items() if guess is not None}

    async def _by_neighbours(self, generation: str, memory: Memory, dense: bytes) -> Guess | None:
        """By memories that the user categorised; what is private tells nothing of what is not."""
        asked = (Condition("user_id", any=(memory.user_id,)), Condition("category", absent=True, negate=True))
        query = Encoding(dense, b"", b"", 0)
        answer = await self._vectors.search(generation, MEMORIES, query, asked, CANDIDATES, "dense")
        wanted = Filter(memory.user_id, shared=not memory.is_private, temporal=True)
        return await self._storage.read(lambda tx: by_neighbours(_categorised(tx, answer.found, wanted, memory.id)))

    async def _embedded(self) -> Sequence[bytes]:
        model = self._indexes.model.fingerprint if self._indexes.model else ""
        if self._prototypes is None or self._prototypes[0] != model:
            documents = [Document(text) for given in PROTOTYPES.values() for text in given]
            encodings = await self._indexes.embedder.encode_documents(documents, AVERAGE_LENGTH)
            self._prototypes = model, [encoding.dense for encoding in encodings]
        return self._prototypes[1]


def _categorised(
    tx: UnitOfWork, candidates: Sequence[Candidate], wanted: Filter, own_id: str
) -> list[tuple[str, float]]:
    """The candidates whose category a user chose, with their cosines."""
    known = tx.memories.beginnings([item.id for item in candidates], wanted)
    return [
        (memory.category, item.cosine)
        for item in candidates
        if (memory := known.get(item.id)) is not None
        and memory.category is not None
        and memory.id != own_id
        and not is_automatic(memory.context, "category")
    ]
