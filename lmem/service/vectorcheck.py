"""The vectors beside the truth: what each point has to hold, what it holds, and how it is made right again.

Not a writer of points: what is wrong goes through the outbox, as every change does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import partial

from lmem.domain.consistency import Issue, Object
from lmem.domain.outbox import Projection
from lmem.domain.payloads import digest
from lmem.errors import StoreUnavailable
from lmem.ports.embedder import ModelInfo
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import MEMORIES, PATTERNS, AsyncVectors
from lmem.service.indexes import Indexes
from lmem.service.patternpoints import pattern_payload
from lmem.service.points import payload_of

PAGE = 500
"""Memories or patterns of one read: some milliseconds."""
DIGESTS = 2000
"""Points whose digests cross the pipe at once: about 0.1 MB."""
MOST_AT_ONCE = 20_000
PATIENCE = 15.0
"""Seconds that a look waits for a start of the index worker."""

Page = Callable[..., dict[Object, str]]
"""Digests of one page of objects in a unit of work, by the range of their ids."""


class VectorCheck:
    """Compares the serving generation, or `only` that of one projection.

    Implements lmem.service.consistency.StoreCheck.
    """

    name = "vectors"
    kinds: tuple[str, ...] = ("memory", "pattern")

    def __init__(
        self, storage: Storage, indexes: Indexes, vectors: AsyncVectors, only: Projection | None = None
    ) -> None:
        self._only = only
        self._storage = storage
        self._indexes = indexes
        self._vectors = vectors

    async def parts(self) -> list[tuple[str, str]]:
        """Ranges of ids that together hold everything, each small enough to be looked at in one piece."""
        points = await self._vectors.count(self._generation(), MEMORIES)
        if points <= MOST_AT_ONCE:
            return [("", "")]
        edges = [f"{number:x}" for number in range(1, 16)]
        return list(zip(["", *edges], [*edges, ""], strict=True))

    async def projection(self) -> str:
        """The id of the projection that is compared. Raises StoreUnavailable when none serves."""
        if self._only is not None:
            return self._only.id
        await self._indexes.settled(PATIENCE)
        self._indexes.serving()
        return self._indexes.targets[0].id

    async def truth(self, low: str, high: str) -> dict[Object, str]:
        """Digests of what points have to hold, of ids in [low, high); on a server nothing of what is private."""
        model, shared = self._model(), self._indexes.on_server
        memories = await self._pages(partial(_memories, model=model, shared=shared), low, high)
        return memories | await self._pages(partial(_patterns, model=model), low, high)

    async def held(self, low: str, high: str) -> dict[Object, str]:
        """Digests of what points hold, of ids in [low, high). Raises StoreUnavailable."""
        memories = await self._held("memory", MEMORIES, low, high)
        return memories | await self._held("pattern", PATTERNS, low, high)

    async def one(self, memory_id: str) -> tuple[dict[Object, str], dict[Object, str]]:
        """Both sides of one memory's point."""
        low, high = memory_id, memory_id + "0"
        return await self.truth(low, high), await self.held(low, high)

    async def left(self, ids: Sequence[str]) -> int | None:
        """How many of these memories have a point, in any open generation; all of them while a copy is optimised.

        None when there never was a generation, as before there is a model. Raises StoreUnavailable.
        """
        await self._indexes.settled(PATIENCE)
        try:
            self._indexes.serving()
        except StoreUnavailable:
            if await self._indexes.is_empty():
                return None
            raise
        if self._indexes.optimising:
            return len(ids)
        found = [await self._vectors.retrieve(item.generation, MEMORIES, ids) for item in self._indexes.targets]
        return sum(len(points) for points in found)

    def late(self, waiting: Set[Object]) -> Callable[[Object], bool]:
        """A point is late when its object waits."""
        return waiting.__contains__

    def to_repair(self, issues: Sequence[Issue]) -> list[tuple[str, str, str]]:
        """Rows for the outbox that make these right."""
        return [(issue.kind, issue.id, "delete" if issue.state == "orphaned" else "upsert") for issue in issues]

    async def _pages(self, page: Page, low: str, high: str) -> dict[Object, str]:
        found: dict[Object, str] = {}
        while True:
            some = await self._storage.read(partial(page, low=low, high=high))
            found |= some
            if len(some) < PAGE:
                return found
            low = max(item.id for item in some) + "0"  # the next id in order

    async def _held(self, kind: str, collection: str, low: str, high: str) -> dict[Object, str]:
        generation, found = self._generation(), dict[Object, str]()
        after = before(low)
        while True:
            page = await self._vectors.digests(generation, collection, after, DIGESTS)
            found |= {Object(kind, id): mark for id, mark in page if not high or id < high}
            if len(page) < DIGESTS or (high and page[-1][0] >= high):
                return found
            after = page[-1][0]

    def _generation(self) -> str:
        return self._indexes.serving() if self._only is None else self._only.generation

    def _model(self) -> ModelInfo:
        model = self._indexes.model
        if model is None:
            raise StoreUnavailable("There is no model, so nothing is known of its vectors.", hint="Run 'lmem init'.")
        return model


def before(low: str) -> str | None:
    """The last id of 32 hex digits before `low`, to start after; None when there is none."""
    number = int(low.ljust(32, "0"), 16) if low else 0
    return f"{number - 1:032x}" if number else None


def _memories(tx: UnitOfWork, low: str, high: str, model: ModelInfo, shared: bool) -> dict[Object, str]:
    found: dict[Object, str] = {}
    for memory in tx.consistency.memories(low, high, PAGE, shared):
        near = [beside.text for beside in tx.memories.around(memory)] if memory.session_id is not None else ()
        found[Object("memory", memory.id)] = digest(payload_of(memory, near, model))
    return found


def _patterns(tx: UnitOfWork, low: str, high: str, model: ModelInfo) -> dict[Object, str]:
    found = tx.patterns.between(low, high, PAGE)
    return {Object("pattern", item.id): digest(pattern_payload(item, model)) for item in found}
