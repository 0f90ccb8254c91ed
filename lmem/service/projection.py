"""The relay: it applies what waits in the outbox to every open generation, and confirms after the target has.

Not a writer of truth: it reads the current row and writes that, so replay and reordering converge.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace

from lmem.domain import times
from lmem.domain.memories import Memory
from lmem.domain.outbox import Pending, Projection
from lmem.errors import InvalidInput, LmemError, StorageFull, StoreUnavailable, WorkerDied
from lmem.ports.clock import Clock
from lmem.ports.embedder import Document, Encoding
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import MEMORIES, AsyncVectors, Payload, Point, Stored
from lmem.service.indexes import Indexes

BATCH = 64
"""Rows of one step: the flush behind it costs about 9 ms, so smaller steps cost ingest and larger ones freshness."""

LONGEST_PAUSE = 30.0
DEATHS_TO_SUSPECT = 2
"""After so many deaths of the worker at one batch its rows are tried one by one, and the one that kills is parked."""

log = logging.getLogger(__name__)


class Relay:
    """One task that keeps the projections up with the truth."""

    def __init__(
        self, storage: Storage, indexes: Indexes, vectors: AsyncVectors, clock: Clock, optimise_after: int
    ) -> None:
        self._storage = storage
        self._indexes = indexes
        self._vectors = vectors
        self._clock = clock
        self._optimise_after = optimise_after
        self._written_since_optimise = 0
        self._awake = asyncio.Event()
        self._pause = 0.0
        self._deaths = 0
        self._optimising: asyncio.Task[None] | None = None
        self.trouble: LmemError | None = None

    def wake(self) -> None:
        """There may be work."""
        self._awake.set()

    def note_death(self) -> None:
        """The worker died under a step; after the second time its rows are suspects."""
        self._deaths += 1

    async def run(self) -> None:
        """Work until cancelled. The relay step is one of the three doors: it records what fails and goes on."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            try:
                while await self.step():
                    self._deaths = 0
                self.trouble, self._pause = None, 0.0
            except (StoreUnavailable, StorageFull) as err:
                if isinstance(err, WorkerDied):
                    self.note_death()
                await self._back_off(err)
            except Exception as err:
                log.exception("the relay failed")
                await self._back_off(LmemError(f"The relay failed: {type(err).__name__}."))

    async def step(self) -> bool:
        """Apply one batch to each open generation; answers whether there was any.

        Raises StoreUnavailable or StorageFull when a store cannot take it; nothing is confirmed then.
        """
        worked = False
        for projection in self._indexes.targets:
            rows = await self._due(projection.id)
            if rows:
                worked = True
                await self._apply_or_park(projection, rows)
        if not worked:
            await self._indexes.settle()
        await self._optimise_if_due()
        return worked

    async def close(self) -> None:
        """End background work."""
        if self._optimising is not None:
            self._optimising.cancel()
            await asyncio.gather(self._optimising, return_exceptions=True)

    async def _due(self, projection_id: str) -> list[Pending]:
        now = times.to_text(self._clock.now())
        return await self._storage.read(lambda tx: tx.outbox.due(projection_id, now, BATCH))

    async def _apply_or_park(self, projection: Projection, rows: Sequence[Pending]) -> None:
        try:
            if self._deaths < DEATHS_TO_SUSPECT or len(rows) == 1:
                await self._apply(projection, rows)
                return
        except InvalidInput as err:
            if len(rows) == 1:
                await self._park(rows[0], err)
                return
        except WorkerDied as err:
            if self._deaths >= DEATHS_TO_SUSPECT:
                await self._park(rows[0], err)
            raise
        for row in rows:  # one of them is bad: find it, and let it block nothing
            await self._apply_or_park(projection, [row])

    async def _apply(self, projection: Projection, rows: Sequence[Pending]) -> None:
        memories, gone = await self._storage.read(lambda tx: _load(tx, rows))
        points = await self._points(projection, memories)
        await self._vectors.write(projection.generation, MEMORIES, points, gone)
        serving = projection == self._indexes.targets[0]

        def confirm(tx: UnitOfWork) -> None:
            confirmed = tx.outbox.confirm(rows)
            if serving:
                tx.fulltext.drop_pending(confirmed)

        await self._storage.write(confirm)
        self._written_since_optimise += len(points) if serving else 0

    async def _points(self, projection: Projection, memories: Sequence[Memory]) -> list[Point]:
        model = self._indexes.model
        if model is None:
            raise StoreUnavailable("There is no model to embed with.")
        hashes = {memory.id: _text_hash(memory) for memory in memories}
        here = await self._stored(projection.generation, [memory.id for memory in memories if memory.rev > 1])
        there = {}
        if projection.state == "building" and self._indexes.targets[0] != projection:
            serving = self._indexes.targets[0].generation
            there = await self._stored(serving, list(hashes), dense=True)

        def same(stored: Stored | None, memory: Memory) -> bool:
            return stored is not None and (
                stored.payload.get("content_hash") == hashes[memory.id]
                and stored.payload.get("model") == model.fingerprint
            )

        kept = {memory.id for memory in memories if same(here.get(memory.id), memory)}
        reused = {memory.id for memory in memories if memory.id not in kept and same(there.get(memory.id), memory)}
        fresh = [memory for memory in memories if memory.id not in kept | reused]
        moved = [memory for memory in memories if memory.id in reused]
        average = float(projection.settings.get("average_length", 30.0))
        encodings: dict[str, Encoding] = {}
        for batch, dense in ((fresh, True), (moved, False)):
            if batch:
                documents = [Document(memory.text) for memory in batch]
                encoded = await self._indexes.embedder.encode_documents(documents, average, dense)
                encodings |= {memory.id: item for memory, item in zip(batch, encoded, strict=True)}
        for memory in moved:
            encodings[memory.id] = replace(encodings[memory.id], dense=there[memory.id].dense)
        return [
            Point(memory.id, _payload(memory, hashes[memory.id], model.fingerprint), encodings.get(memory.id))
            for memory in memories
        ]

    async def _stored(self, generation: str, ids: Sequence[str], dense: bool = False) -> dict[str, Stored]:
        found = await self._vectors.retrieve(generation, MEMORIES, ids, dense) if ids else []
        return {item.id: item for item in found}

    async def _park(self, row: Pending, err: LmemError) -> None:
        log.warning("parked %s %s: %s", row.kind, row.object_id, err.message)
        await self._storage.write(lambda tx: tx.outbox.fail(row, err.message, None))

    async def _back_off(self, err: LmemError) -> None:
        if self.trouble is None or self.trouble.code != err.code:
            log.warning("the relay waits: %s", err.message)
        self.trouble = err
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or 0.5)
        asyncio.get_running_loop().call_later(self._pause, self.wake)

    async def _optimise_if_due(self) -> None:
        if self._written_since_optimise < self._optimise_after or self._optimising is not None:
            return
        self._written_since_optimise = 0
        copy = await self._indexes.prepare_copy()  # the relay is this task, so nobody writes meanwhile
        if copy is not None:
            self._optimising = asyncio.create_task(self._optimise(copy))

    async def _optimise(self, copy: Projection) -> None:
        try:
            await self._indexes.optimise(copy)
        except LmemError as err:
            log.warning("optimising failed: %s", err.message)
        finally:
            self._optimising = None


def _load(tx: UnitOfWork, rows: Sequence[Pending]) -> tuple[list[Memory], list[str]]:
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
