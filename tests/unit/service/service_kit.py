"""What the tests of services share: a store in a temporary file, a clock that is set, an embedder of word counts.

Not the real embedder or index; the vectors are the in-memory twin, which passes the same contract as Qdrant Edge.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import struct
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from lmem.config import layered
from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.memories import Draft, Memory, title_of
from lmem.domain.query import words_of
from lmem.domain.times import to_text
from lmem.errors import StoreUnavailable
from lmem.ports.embedder import Document, Encoding, ModelInfo
from lmem.ports.vectors import Candidates, Condition, Engine, Point, Stored
from lmem.service import enrolment
from lmem.service.history import History
from lmem.service.indexes import Indexes
from lmem.service.lifecycle import Lifecycle
from lmem.service.memories import Memories
from lmem.service.projection import Relay
from lmem.service.search import Search
from lmem.service.settings import Settings
from lmem.stores.embedding.nearness import cosines
from lmem.stores.inprocess.vectors import MemoryVectors
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.storage import SqliteStorage

T = TypeVar("T")
DIMENSIONS = 64
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def move(self, **step: float) -> None:
        self.moment += timedelta(**step)


@dataclass
class WordEmbedder:
    """Texts with the same words have the same vector; `fails` is raised instead of answering while it is set."""

    fails: StoreUnavailable | None = None
    encoded: list[str] = field(default_factory=list)
    only_terms: list[str] = field(default_factory=list)

    async def load(self) -> ModelInfo:
        self.check()
        return ModelInfo("words", "test", DIMENSIONS, "words-1")

    async def encode_documents(
        self, documents: Sequence[Document], average_length: float, dense: bool = True
    ) -> list[Encoding]:
        self.check()
        if dense:
            self.encoded += [document.text for document in documents]
        else:
            self.only_terms += [document.text for document in documents]
        return [_beside(_encode(document.text), document.near, dense) for document in documents]

    async def cosines(self, vectors: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
        self.check()
        return cosines(vectors, others)

    def check(self) -> None:
        if self.fails is not None:
            raise self.fails


def _encode(text: str) -> Encoding:
    values = [0.0] * DIMENSIONS
    words = words_of(text) or ["nothing"]
    for word in words:
        values[hashlib.md5(word.encode()).digest()[0] % DIMENSIONS] += 1.0
    norm = math.sqrt(sum(value * value for value in values))
    dense = struct.pack(f"<{DIMENSIONS}f", *(value / norm for value in values))
    terms = sorted({int.from_bytes(hashlib.md5(word.encode()).digest()[:4], "little") for word in words})
    return Encoding(
        dense, struct.pack(f"<{len(terms)}I", *terms), struct.pack(f"<{len(terms)}f", *[1.0] * len(terms)), len(words)
    )


def _beside(own: Encoding, near: Sequence[str], dense: bool) -> Encoding:
    """An encoding with the terms of texts beside it at half the weight, and without its vector unless `dense`."""
    weights = dict.fromkeys(array("I", own.terms), 1.0)
    for text in near:
        for term in array("I", _encode(text).terms):
            weights[term] = weights.get(term, 0.0) + 0.5
    terms = array("I", sorted(weights))
    values = array("f", [weights[term] for term in terms])
    return Encoding(own.dense if dense else b"", terms.tobytes(), values.tobytes(), own.tokens)


@dataclass
class AwaitedVectors:
    """The in-memory twin, awaited as services do; `fails` is raised while it is set."""

    inner: MemoryVectors = field(default_factory=MemoryVectors)
    fails: Exception | None = None
    written: int = 0
    served: list[str] = field(default_factory=list)

    async def write(
        self, generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()
    ) -> None:
        if self.fails is not None:
            raise self.fails
        self.inner.write(generation, collection, points, delete)
        self.written += len(points)

    async def retrieve(self, generation: str, collection: str, ids: Sequence[str], dense: bool = False) -> list[Stored]:
        return self.inner.retrieve(generation, collection, ids, dense)

    async def search(
        self, generation: str, collection: str, query: Encoding, conditions: Sequence[Condition], limit: int,
        only: str | None = None,
    ) -> Candidates:  # fmt: skip
        if isinstance(self.fails, StoreUnavailable):
            raise self.fails
        return self.inner.search(generation, collection, query, conditions, limit, only)

    async def scroll(self, generation: str, collection: str, after: str | None, limit: int) -> list[Stored]:
        return self.inner.scroll(generation, collection, after, limit)

    async def digests(self, generation: str, collection: str, after: str | None, limit: int) -> list[tuple[str, str]]:
        return self.inner.digests(generation, collection, after, limit)

    async def count(self, generation: str, collection: str) -> int:
        return self.inner.count(generation, collection)

    async def open(self, generation: str, dimensions: int) -> str:
        return self.inner.open(generation, dimensions)

    async def serve(self, generation: str) -> None:
        self.inner.serve(generation)
        self.served.append(generation)

    async def copy(self, generation: str, target: str) -> str:
        return self.inner.copy(generation, target)

    async def optimise(self, generation: str) -> None:
        self.inner.optimise(generation)

    async def drop(self, generation: str) -> None:
        self.inner.drop(generation)

    async def sizes(self) -> dict[str, int]:
        return self.inner.sizes()

    async def engine(self) -> Engine:
        return self.inner.engine()


@dataclass
class WordFinder:
    """Questions asked of the two twins; each fails as it is told to."""

    embedder: WordEmbedder
    vectors: AwaitedVectors
    asked: list[str] = field(default_factory=list)

    async def find(
        self, generation: str, collection: str, text: str, conditions: Sequence[Condition], limit: int,
        only: str | None = None,
    ) -> Candidates:  # fmt: skip
        self.embedder.check()
        self.asked.append(text)
        query = _encode(text)
        return replace(await self.vectors.search(generation, collection, query, conditions, limit, only), query=query)


@dataclass
class Kit:
    """The services over one store, driven step by step."""

    storage: SqliteStorage
    clock: SetClock
    embedder: WordEmbedder
    vectors: AwaitedVectors
    indexes: Indexes
    relay: Relay
    memories: Memories
    lifecycle: Lifecycle
    history: History
    search: Search
    actor: Actor
    settings: Settings

    @property
    def everything(self) -> Filter:
        return Filter(self.actor.user_id)

    async def add(self, content: str, **fields: object) -> str:
        """Add a memory; answers its id."""
        draft = Draft(content, title_of(content), **fields)  # type: ignore[arg-type]
        return (await self.memories.add(self.actor, draft, create_names=True)).memory.id

    async def rows(self, wanted: Filter, after: int, limit: int) -> list[Memory]:
        """Whole rows in the order of being added, archived ones too."""
        return await self.storage.read(lambda tx: list(tx.memories.after(wanted, after, limit)))

    async def project(self, name: str) -> str:
        """Make a project; answers its id."""
        at = to_text(self.clock.now())
        return (await self.storage.write(lambda tx: enrolment.create(tx, self.actor, name, None, at))).id

    async def settle(self) -> None:
        """Let the relay work until nothing is left."""
        while await self.relay.step():
            pass

    async def ids(self, query: str, **fields: object) -> list[str]:
        """The ids that a search answers."""
        answer = await self.search.search(query, self.everything, 10, **fields)  # type: ignore[arg-type]
        return [item.memory.id for item in answer.found]


@asynccontextmanager
async def kit(directory: Path) -> AsyncIterator[Kit]:
    """The services on a new store in `directory`."""
    clock, embedder, vectors = SetClock(), WordEmbedder(), AwaitedVectors()
    storage = SqliteStorage(Database.open(directory / "layered_memory.db"))
    user = await storage.write(lambda tx: tx.directory.user("ada", None, None, "2026-11-22T12:00:00.000Z"))
    indexes = Indexes(storage, embedder, vectors, clock, "memory", lambda: None)
    relay = Relay(storage, indexes, vectors, clock, 1_000_000)
    settings = Settings(storage, user, layered(()), directory / "config.toml", {})
    await settings.refresh()
    try:
        await indexes.start()
        yield Kit(
            storage, clock, embedder, vectors, indexes, relay,
            Memories(storage, clock, relay.wake, settings.of), Lifecycle(storage, clock, relay.wake),
            History(storage, clock, relay.wake),
            Search(storage, indexes, WordFinder(embedder, vectors), clock),
            Actor(user, "unix:1000:1", "test/1"), settings,
        )  # fmt: skip
    finally:
        await relay.close()
        await storage.close()


def drive(directory: Path, scenario: Callable[[Kit], Awaitable[T]]) -> T:
    """Run a scenario on a new store."""

    async def run() -> T:
        async with kit(directory) as made:
            return await scenario(made)

    return asyncio.run(run())
