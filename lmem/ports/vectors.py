"""What a service may ask of the vector store: points in, scored candidates out, generations beside each other.

Not the truth: everything here can be rebuilt from SQLite. Vectors are bytes (see lmem.ports.embedder).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from lmem.ports.embedder import Encoding

MEMORIES = "memory_embeddings"
PATTERNS = "pattern_embeddings"
COLLECTIONS = (MEMORIES, PATTERNS)

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

    The payload's own words of a user (type, category, tags) may be digests; conditions find them all the same.
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


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a query found, and how long each side took in milliseconds.

    `encode_ms` is what a finder's engine took for the question, without any pipe, and `query` what it made of it: 0 and
    None from a search.
    """

    found: tuple[Candidate, ...]
    dense_ms: float
    sparse_ms: float
    encode_ms: float = 0.0
    query: Encoding | None = field(default=None, compare=False)


class Vectors(Protocol):
    """The points of open generations. Ids are 32 hex digits everywhere; `generation` names an opened one.

    Every method raises StoreUnavailable for a generation that is not open, InvalidInput for an unknown collection.
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

    def count(self, generation: str, collection: str) -> int:
        """How many points are stored."""
        ...


class Generations(Protocol):
    """Whole indexes beside each other: one serves, the next is built, verified and switched to."""

    def open(self, generation: str, dimensions: int) -> str:
        """Open a generation, made when absent. Answers its instance id; opening an open one only answers.

        The instance id is made with the directory; a wiped or swapped directory has another one. Raises Conflict when
        it exists with other dimensions, StorageFull when space is short.
        """
        ...

    def copy(self, generation: str, target: str) -> str:
        """A hole-aware copy of an open, flushed generation under a new name and instance id, which it answers.

        Nobody may write to `generation` meanwhile. Raises Conflict when `target` exists.
        """
        ...

    def optimise(self, generation: str) -> None:
        """Optimise a generation that is not open, in a child process of low priority. Raises Conflict when it is."""
        ...

    def drop(self, generation: str) -> None:
        """Close a generation and remove its files; one that does not exist is no error."""
        ...

    def sizes(self) -> dict[str, int]:
        """Allocated bytes of each generation on disk (blocks, not lengths: the files are sparse)."""
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

    async def count(self, generation: str, collection: str) -> int:
        """See Vectors.count."""
        ...


class AsyncGenerations(Protocol):
    """Generations as services use them: the same methods, awaited; what each does stands there."""

    async def open(self, generation: str, dimensions: int) -> str:
        """See Generations.open."""
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
