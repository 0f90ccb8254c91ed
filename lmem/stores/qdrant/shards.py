"""One collection of one generation on disk: made, loaded, and held with what a search needs to know about it.

Not the operations on it (lmem.stores.qdrant.edge). Edge holds the interpreter lock in everything but `query`
(measured on 0.9: query_batch too), so loading belongs on a thread that no search waits for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qdrant_edge import (
    CountRequest,
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    FacetRequest,
    Modifier,
    PayloadSchemaType,
    UpdateOperation,
    VectorStorageDatatype,
)

from lmem.ports.vectors import MEMORIES, Condition, Payload
from lmem.stores.qdrant.schema import PAYLOAD_INDEXES, SPARSE

_OWNER = "user_id"
_OWNERS_KEPT = 16

_KINDS = {
    "keyword": PayloadSchemaType.Keyword,
    "float": PayloadSchemaType.Float,
    "integer": PayloadSchemaType.Integer,
    "datetime": PayloadSchemaType.Datetime,
}


class Owners:
    """Whose points a collection holds, so that a filter on the only user there is costs nothing.

    A condition that every point meets is the dearest of all (at 10,000 points 1 to 5 ms). Deleted points stay counted:
    that only keeps a condition that could have gone.
    """

    def __init__(self, shard: EdgeShard) -> None:
        hits = shard.facet(FacetRequest(_OWNER, limit=_OWNERS_KEPT, exact=True)).hits
        self._known = {str(hit.value) for hit in hits}
        self._complete = sum(hit.count for hit in hits) == shard.count(CountRequest(exact=True))

    def add(self, payloads: Iterable[Payload]) -> None:
        """Points with these payloads are about to be written."""
        for payload in payloads:
            owner = payload.get(_OWNER)
            if isinstance(owner, str):
                self._known.add(owner)
            else:
                self._complete = False

    def needed(self, conditions: Sequence[Condition]) -> list[Condition]:
        """The conditions without those that every point meets."""
        return [condition for condition in conditions if not self._implies(condition)]

    def _implies(self, condition: Condition) -> bool:
        plain = not condition.negate and condition.gte is None and condition.lt is None
        return plain and condition.key == _OWNER and self._complete and self._known <= set(condition.any)


@dataclass(frozen=True, slots=True)
class Collection:
    """An open collection. `owners` is None where points have no owner (patterns)."""

    name: str
    shard: EdgeShard
    dimensions: int
    owners: Owners | None


def create(path: Path, name: str, dimensions: int) -> None:
    """Make an empty collection at `path`, indexes and all, and flush it.

    Float16 halves dense vectors and scans them twice as fast; its scores differ from Float32 by less than 1e-3.
    Without Edge's own log (32 MB a segment) only `flush` makes a write durable; the outbox is the log.
    """
    path.mkdir(mode=0o700)
    shard = EdgeShard.create(str(path), _config(dimensions))
    for key, kind in PAYLOAD_INDEXES[name].items():
        shard.update(UpdateOperation.create_field_index(key, _KINDS[kind]))
    shard.flush()
    shard.close()


def load(path: Path, name: str, dimensions: int) -> Collection:
    """Open the collection at `path`."""
    shard = EdgeShard.load(str(path), _config(dimensions))
    return Collection(name, shard, dimensions, Owners(shard) if name == MEMORIES else None)


def _config(dimensions: int) -> EdgeConfig:
    """One search thread: handing a query of a millisecond to a pool costs up to a third of it (3.3 against 3.7 ms)."""
    return EdgeConfig(
        vectors=EdgeVectorParams(size=dimensions, distance=Distance.Cosine, datatype=VectorStorageDatatype.Float16),
        sparse_vectors={SPARSE: EdgeSparseVectorParams(modifier=Modifier.Idf)},
        max_search_threads=1,
        wal_enabled=False,
    )
