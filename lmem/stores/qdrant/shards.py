"""One collection of one generation on disk: made, loaded, and held with what a search needs to know about it.

Not the operations on it (lmem.stores.qdrant.edge). Edge holds the interpreter lock in everything but `query`
(measured on 0.9: query_batch too), so loading belongs on a thread that no search waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qdrant_edge import (
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    Modifier,
    PayloadSchemaType,
    UpdateOperation,
    VectorStorageDatatype,
)

from lmem.ports.vectors import MEMORIES
from lmem.stores.qdrant.mappings import give_back
from lmem.stores.qdrant.owners import Owners
from lmem.stores.qdrant.schema import PAYLOAD_INDEXES, SPARSE

_KINDS = {
    "keyword": PayloadSchemaType.Keyword,
    "float": PayloadSchemaType.Float,
    "integer": PayloadSchemaType.Integer,
    "datetime": PayloadSchemaType.Datetime,
}


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
    """Open the collection at `path`; what of it is needed comes into memory with the first searches."""
    shard = EdgeShard.load(str(path), _config(dimensions))
    opened = Collection(name, shard, dimensions, Owners(shard) if name == MEMORIES else None)
    give_back(path)
    return opened


def _config(dimensions: int) -> EdgeConfig:
    """One search thread: handing a query of a millisecond to a pool costs up to a third of it (3.3 against 3.7 ms)."""
    return EdgeConfig(
        vectors=EdgeVectorParams(size=dimensions, distance=Distance.Cosine, datatype=VectorStorageDatatype.Float16),
        sparse_vectors={SPARSE: EdgeSparseVectorParams(modifier=Modifier.Idf)},
        max_search_threads=1,
        wal_enabled=False,
    )
