"""What a service may ask of the vector store: points in, scored candidates out, generations beside each other.

Not the truth: everything here can be rebuilt from SQLite. Vectors are bytes (see lmem.ports.embedder).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

from lmem.ports.embedder import Encoding

MEMORIES = "memory_embeddings"
PATTERNS = "pattern_embeddings"
COLLECTIONS = (MEMORIES, PATTERNS)

EDGE = "edge"
QDRANT = "qdrant"
"""Engines, as projections name theirs. What is private is never sent to a server, which QDRANT is."""

Payload = Mapping[str, str | int | float | Sequence[str] | None]


class Point(NamedTuple):
    """A point to write.

    Without `encoding` only the payload of an existing point is replaced; with an encoding whose `dense` is empty, its
    payload and its terms. Payload keys that are None are not stored.
    """

    id: str
    payload: Payload
    encoding: Encoding | None


class Stored(NamedTuple):
    """A point as stored. `dense` is empty unless it was asked for; Edge keeps Float16, so it is exact to 1e-3.

    The payload's own words of a user (type, category, tags) may be digests; conditions find them all the same. A server
    stores the free text (title, summary) too, which Edge leaves out.
    """

    id: str
    payload: Payload
    dense: bytes


@dataclass(frozen=True, slots=True)
class Condition:
    """One `must` condition: `key` has one of the values `any`, or lies in [gte, lt) (numbers, or ISO times).

    With `absent` the key has no value at all; with `negate` the condition must not hold. `either` stands alone: at
    least one of those conditions holds.
    """

    key: str = ""
    any: tuple[str, ...] = ()
    gte: float | str | None = None
    lt: float | str | None = None
    negate: bool = False
    absent: bool = False
    either: tuple[Condition, ...] = ()


class Candidate(NamedTuple):
    """A point that answers a query. `cosine` in [-1, 1]; `bm25` >= 0; each is 0 when that side was not asked for.

    A tuple: two hundred cross a pipe with each search, in a third of a dataclass's time (0.4 ms against 1.1).
    """

    id: str
    cosine: float
    bm25: float


candidate: Callable[[tuple[str, float, float]], Candidate] = partial(tuple.__new__, Candidate)
"""A Candidate of its three fields, in a third of the time of its own call."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a query found, and how long each side took in milliseconds.

    A server is asked for both sides in one call, whose time is in `dense_ms` then. `encode_ms` is what a finder's
    engine took for the question, without any pipe, and `query` what it made of it: 0 and None from a search.
    """

    found: tuple[Candidate, ...]
    dense_ms: float
    sparse_ms: float
    encode_ms: float = 0.0
    query: Encoding | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Engine:
    """What keeps the vectors: its name and version, and the number of the schema that is written there.

    A server has a `url` (without secrets) and the version of the `client` that talks to it, which may differ by one
    minor version; Edge has neither.
    """

    name: str
    version: str
    schema: int
    url: str = ""
    client: str = ""


class Vectors(Protocol):
    """The points of open generations. Ids are 32 hex digits everywhere; `generation` names an opened one.

    Every method raises StoreUnavailable for a generation that is not open, InvalidInput for an unknown collection. On a
    server also StoreDown when it does not answer in time or refuses the key, IndexLost when it has lost the generation.
    """

    def write(self, generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()) -> None:
        """Upsert `points`, then delete ids, then flush: when this returns, they survive a kill.

        An id that is not stored may be deleted. Raises before touching anything: StorageFull when space is short,
        InvalidInput (naming the id) for a vector that is not finite, not of norm 1 or of other dimensions, NotFound
        when a point without a dense vector is not stored yet.
        """
        ...

    def retrieve(self, generation: str, collection: str, ids: Sequence[str], dense: bool = False) -> list[Stored]:
        """The points of these ids that exist."""
        ...

    def search(
        self,
        generation: str,
        collection: str,
        query: Encoding,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        """The top `limit` by cosine and the top `limit` by BM25, every candidate with both scores.

        `only` is 'dense' or 'sparse' to ask one side.
        """
        ...

    def scroll(self, generation: str, collection: str, after: str | None, limit: int) -> list[Stored]:
        """Points in order of id, starting after `after`."""
        ...

    def digests(self, generation: str, collection: str, after: str | None, limit: int) -> list[tuple[str, str]]:
        """(id, lmem.domain.payloads.digest of its payload) of points in order of id, starting after `after`."""
        ...

    def count(self, generation: str, collection: str) -> int:
        """How many points are stored."""
        ...


class Generations(Protocol):
    """Whole indexes beside each other: one serves, the next is built, verified and switched to."""

    def open(self, generation: str, dimensions: int) -> str:
        """Open a generation, made when absent. Answers its instance id; opening an open one only answers.

        The instance id is made with the directory; a wiped or swapped directory has another one. Raises Conflict when
        it exists with other dimensions or belongs to another owner, StorageFull when space is short.
        """
        ...

    def serve(self, generation: str) -> None:
        """This open generation answers from now on: on a server the collections' plain names are aliases of its own.

        Both move at once. In process nothing has to be done.
        """
        ...

    def copy(self, generation: str, target: str) -> str:
        """A hole-aware copy of an open, flushed generation under a new name and instance id, which it answers.

        Nobody may write to `generation` meanwhile. Raises Conflict when `target` exists.
        """
        ...

    def optimise(self, generation: str) -> None:
        """Optimise a generation that is not open, in a child process of low priority. Raises Conflict when it is.

        A server optimises by itself: nothing is done there.
        """
        ...

    def drop(self, generation: str) -> None:
        """Close a generation and remove its files; one that does not exist is no error."""
        ...

    def sizes(self) -> dict[str, int]:
        """Allocated bytes of each generation on disk (blocks, not lengths: the files are sparse).

        A server tells the lengths of its files from version 1.18 on, and 0 before.
        """
        ...

    def engine(self) -> Engine:
        """What keeps the vectors."""
        ...


class AsyncVectors(Protocol):
    """Vectors as services use them: the same methods, awaited; what each does stands there.

    Besides the errors named there: WorkerDied when the index worker died meanwhile, StoreUnavailable when it is down.
    """

    async def write(
        self, generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()
    ) -> None:
        """See Vectors.write."""
        ...

    async def retrieve(self, generation: str, collection: str, ids: Sequence[str], dense: bool = False) -> list[Stored]:
        """See Vectors.retrieve."""
        ...

    async def search(
        self,
        generation: str,
        collection: str,
        query: Encoding,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        """See Vectors.search."""
        ...

    async def scroll(self, generation: str, collection: str, after: str | None, limit: int) -> list[Stored]:
        """See Vectors.scroll."""
        ...

    async def digests(self, generation: str, collection: str, after: str | None, limit: int) -> list[tuple[str, str]]:
        """See Vectors.digests."""
        ...

    async def count(self, generation: str, collection: str) -> int:
        """See Vectors.count."""
        ...


class AsyncGenerations(Protocol):
    """Generations as services use them: the same methods, awaited; what each does stands there."""

    async def open(self, generation: str, dimensions: int) -> str:
        """See Generations.open."""
        ...

    async def serve(self, generation: str) -> None:
        """See Generations.serve."""
        ...

    async def copy(self, generation: str, target: str) -> str:
        """See Generations.copy."""
        ...

    async def optimise(self, generation: str) -> None:
        """See Generations.optimise."""
        ...

    async def drop(self, generation: str) -> None:
        """See Generations.drop."""
        ...

    async def sizes(self) -> dict[str, int]:
        """See Generations.sizes."""
        ...

    async def engine(self) -> Engine:
        """See Generations.engine."""
        ...
