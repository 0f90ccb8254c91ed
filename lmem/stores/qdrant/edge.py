"""The vector store in process: Qdrant Edge behind the ports Vectors and Generations.

Not the daemon's to import: it runs in the index worker, because Edge can die of SIGBUS and holds the interpreter lock.
Threads: one writes, any number search.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

from qdrant_edge import (
    CountRequest,
    Filter,
    HasIdCondition,
    Query,
    QueryRequest,
    Record,
    ScrollRequest,
    SparseVector,
)

from lmem.domain.encodings import packed, sparse_vector, unit_vector
from lmem.domain.payloads import digest
from lmem.errors import InvalidInput
from lmem.ports.embedder import Encoding
from lmem.ports.vectors import Candidate, Candidates, Condition, Point, Stored
from lmem.stores.qdrant import batches
from lmem.stores.qdrant.edge_filters import edge_filters
from lmem.stores.qdrant.edge_updates import BATCH, operation
from lmem.stores.qdrant.generations import EdgeGenerations
from lmem.stores.qdrant.ids import point_id
from lmem.stores.qdrant.schema import DENSE, SPARSE
from lmem.stores.qdrant.shards import Collection
from lmem.stores.qdrant.words import stored_payload

if TYPE_CHECKING:
    from qdrant_edge import PointId  # an alias of the stubs alone

READ_BATCH = 256
"""Points of one read: 6 ms with their vectors, during which no other thread runs."""

_SIDES = (None, "dense", "sparse")
_LAST = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class _Scores:
    """One side's answer by the point's number: a UUID hashes in Python, an int in a tenth of that."""

    ids: dict[int, UUID]
    values: dict[int, float]


class EdgeVectors(EdgeGenerations):
    """Points in Qdrant Edge. Implements Vectors beside Generations; made with plain arguments, as EdgeGenerations."""

    def write(self, generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()) -> None:
        part = self._collection(generation, collection)
        planned = batches.steps(points, delete, part.dimensions, BATCH, stored_payload)
        if wanted := batches.needed(points):
            records = part.shard.retrieve([point_id(id) for id in wanted], False, False)
            batches.need_stored(wanted, {cast(UUID, record.id).hex for record in records})
        self._need_space(batches.estimate(points, len(delete)))
        if part.owners is not None:
            part.owners.add(point.payload for point in points)
        for step in planned:
            part.shard.update(operation(step))
        part.shard.flush()

    def retrieve(self, generation: str, collection: str, ids: Sequence[str], dense: bool = False) -> list[Stored]:
        part = self._collection(generation, collection)
        wanted = [point_id(id) for id in ids]
        records: list[Record] = []
        for at in range(0, len(wanted), READ_BATCH):
            records += part.shard.retrieve(list(wanted[at : at + READ_BATCH]), True, [DENSE] if dense else False)
        return [_stored(record, dense) for record in records]

    def search(
        self,
        generation: str,
        collection: str,
        query: Encoding,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        part = self._collection(generation, collection)
        if only not in _SIDES or limit < 1:
            raise InvalidInput(f"A search asks 'dense', 'sparse' or both sides for at least one point, not {only!r}.")
        needed = conditions if part.owners is None else part.owners.needed(conditions)
        wanted = edge_filters(collection, needed)
        dense, sparse = _sides(part, query, only)
        cosines, dense_ms = _best(part, dense, wanted, limit)
        weights, sparse_ms = _best(part, sparse, wanted, limit)
        ids = cosines.ids | weights.ids
        dense_ms += _fill(part, dense, cosines, ids)
        sparse_ms += _fill(part, sparse, weights, ids)
        hexes = [f"{key:032x}" for key in ids]
        columns = zip(hexes, _column(cosines, ids), _column(weights, ids), strict=True)
        return Candidates(tuple(map(Candidate._make, columns)), dense_ms, sparse_ms)

    def scroll(self, generation: str, collection: str, after: str | None, limit: int) -> list[Stored]:
        part = self._collection(generation, collection)
        last = None if after is None else point_id(after)
        found: list[Stored] = []
        while len(found) < limit and last != _LAST:
            wanted = min(READ_BATCH, limit - len(found))
            start = None if last is None else UUID(int=last.int + 1)
            records, _ = part.shard.scroll(ScrollRequest(offset=start, limit=wanted, with_payload=True))
            found += [_stored(record, dense=False) for record in records]
            if len(records) < wanted:
                break
            last = point_id(found[-1].id)
        return found

    def digests(self, generation: str, collection: str, after: str | None, limit: int) -> list[tuple[str, str]]:
        found = self.scroll(generation, collection, after, limit)
        return [(item.id, digest(item.payload, digested=True)) for item in found]

    def count(self, generation: str, collection: str) -> int:
        return self._collection(generation, collection).shard.count(CountRequest(exact=True))


def _sides(part: Collection, query: Encoding, only: str | None) -> tuple[Query | None, Query | None]:
    """The dense and the sparse query; None for a side that is not asked or that the text has nothing for."""
    dense = sparse = None
    if only != "sparse" and query.dense:
        dense = Query.Nearest(unit_vector("the query", query.dense, part.dimensions))
    if only != "dense" and query.terms:
        sparse = Query.Nearest(SparseVector(*sparse_vector("the query", query.terms, query.weights)), SPARSE)
    return dense, sparse


def _best(
    part: Collection, query: Query | None, wanted: Sequence[Filter | None], limit: int
) -> tuple[_Scores, float]:  # fmt: skip
    """The best `limit` points of one side that pass one of the filters, and the milliseconds it took."""
    scores, took = _Scores({}, {}), 0.0
    if query is None:
        return scores, took
    for one in wanted:
        took += _query(part, query, one, limit, scores)
    if len(scores.values) > limit:
        best = sorted(scores.values, key=scores.values.__getitem__, reverse=True)[:limit]
        scores = _Scores({key: scores.ids[key] for key in best}, {key: scores.values[key] for key in best})
    return scores, took


def _fill(part: Collection, query: Query | None, scores: _Scores, ids: dict[int, UUID]) -> float:
    """Add this side's scores of the points `ids` that have none yet; answers the milliseconds it took."""
    missing = {id for key, id in ids.items() if key not in scores.ids}
    if query is None or not missing:
        return 0.0
    return _query(part, query, Filter(must=[HasIdCondition(cast("set[PointId]", missing))]), len(missing), scores)


def _query(part: Collection, query: Query, wanted: Filter | None, limit: int, scores: _Scores) -> float:
    started = time.perf_counter()
    for hit in part.shard.query(QueryRequest(limit=limit, query=query, filter=wanted)):
        id = cast(UUID, hit.id)  # each read makes a new object, in 2 us
        scores.ids[id.int] = id
        scores.values[id.int] = hit.score
    return (time.perf_counter() - started) * 1000


def _column(scores: _Scores, ids: dict[int, UUID]) -> list[float]:
    return [scores.values.get(key, 0.0) for key in ids]


def _stored(record: Record, dense: bool) -> Stored:
    vector = packed(cast("list[float]", record.vector)) if dense else b""  # the default vector alone is a plain list
    return Stored(cast(UUID, record.id).hex, record.payload or {}, vector)
