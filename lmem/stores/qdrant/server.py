"""The vector store on a Qdrant server: qdrant-client behind the ports Vectors and Generations, the twin of Qdrant Edge.

Not the daemon's to import: it runs in the index worker beside the embedder, so that a question crosses to both at once.
Threads: one writes, any number search.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from qdrant_client import models

from lmem.domain.encodings import packed, sparse_vector, unit_vector
from lmem.domain.payloads import FREE_TEXT, digest
from lmem.errors import InvalidInput
from lmem.ports.embedder import Encoding
from lmem.ports.vectors import Candidate, Candidates, Condition, Payload, Point, Stored
from lmem.stores.qdrant import batches
from lmem.stores.qdrant.ids import point_id
from lmem.stores.qdrant.schema import DENSE, SPARSE
from lmem.stores.qdrant.server_generations import ServerGenerations
from lmem.stores.qdrant.server_models import BATCH, calls, server_filter, stored_payload, those

_SIDES = (None, "dense", "sparse")
_LAST = (1 << 128) - 1
_EXACT = models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0))
"""Quantised vectors choose, the originals score: the same scores as without."""

_NO_FREE_TEXT = models.PayloadSelectorExclude(exclude=sorted(FREE_TEXT))

Side = models.SparseVector | list[float] | None
"""One side of a question; None for a side that is not asked or that the text has nothing for."""

Scores = dict[str, float]


class ServerVectors(ServerGenerations):
    """Points on a Qdrant server. Implements Vectors beside Generations; made with plain arguments, as these."""

    def write(self, generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()) -> None:
        name = self._collection(generation, collection)
        steps = batches.steps(points, delete, self._opened[generation].dimensions, BATCH, stored_payload)
        if wanted := batches.needed(points):
            found = self._records(generation, name, sorted(wanted), with_payload=False)
            batches.need_stored(wanted, {_hex(record.id) for record in found})
        for operations in calls(steps):
            with self._door.client(generation) as client:
                client.batch_update_points(name, operations, wait=True)

    def retrieve(self, generation: str, collection: str, ids: Sequence[str], dense: bool = False) -> list[Stored]:
        name = self._collection(generation, collection)
        return [_stored(record) for record in self._records(generation, name, ids, with_vectors=dense)]

    def search(
        self,
        generation: str,
        collection: str,
        query: Encoding,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        if only not in _SIDES or limit < 1:
            raise InvalidInput(f"A search asks 'dense', 'sparse' or both sides for at least one point, not {only!r}.")
        with self._door.within():
            name = self._collection(generation, collection)
            wanted = server_filter(collection, conditions)
            sides = _sides(query, only, self._opened[generation].dimensions)
            started = time.perf_counter()
            asked = {using: self._request(using, side, wanted, limit) for using, side in sides.items() if side}
            scores = self._scores(generation, name, asked)
            best = dict.fromkeys(id for hits in scores.values() for id in hits)
            missing = {using: best.keys() - hits.keys() for using, hits in scores.items()}
            fill = {
                using: self._request(using, sides[using], those(sorted(map(UUID, ids))), len(ids))
                for using, ids in missing.items() if ids
            }  # fmt: skip
            for using, more in self._scores(generation, name, fill).items():
                scores[using] |= more
        took = (time.perf_counter() - started) * 1000
        cosines, weights = scores.get(DENSE, {}), scores.get(SPARSE, {})
        found = tuple(Candidate(UUID(id).hex, cosines.get(id, 0.0), weights.get(id, 0.0)) for id in best)
        return Candidates(found, took if DENSE in asked else 0.0, took if DENSE not in asked else 0.0)

    def scroll(self, generation: str, collection: str, after: str | None, limit: int) -> list[Stored]:
        return self._scroll(generation, collection, after, limit, True)

    def digests(self, generation: str, collection: str, after: str | None, limit: int) -> list[tuple[str, str]]:
        found = self._scroll(generation, collection, after, limit, _NO_FREE_TEXT)
        return [(item.id, digest(item.payload)) for item in found]

    def count(self, generation: str, collection: str) -> int:
        name = self._collection(generation, collection)
        with self._door.client(generation) as client:
            return client.count(name, exact=True).count

    def _records(self, generation: str, name: str, ids: Sequence[str], **arguments: Any) -> list[models.Record]:
        wanted = [str(point_id(id)) for id in ids]
        found: list[models.Record] = []
        for at in range(0, len(wanted), BATCH):
            with self._door.client(generation) as client:
                found += client.retrieve(name, ids=wanted[at : at + BATCH], **arguments)
        return found

    def _scroll(
        self, generation: str, collection: str, after: str | None, limit: int,
        payload: bool | models.PayloadSelectorExclude,
    ) -> list[Stored]:  # fmt: skip
        name = self._collection(generation, collection)
        found: list[Stored] = []
        last = -1 if after is None else point_id(after).int
        while len(found) < limit and last < _LAST:
            start, most = str(UUID(int=last + 1)), min(BATCH, limit - len(found))
            with self._door.client(generation) as client:
                records, _ = client.scroll(name, offset=start, limit=most, with_payload=payload)
            found += [_stored(record) for record in records]
            if len(records) < most:
                break
            last = int(found[-1].id, 16)
        return found

    def _request(self, using: str, side: Side, wanted: models.Filter | None, limit: int) -> models.QueryRequest:
        params = _EXACT if self._rescore and using == DENSE else None
        return models.QueryRequest(
            query=side, using=using or None, filter=wanted, limit=limit, params=params, with_payload=False
        )  # fmt: skip

    def _scores(self, generation: str, name: str, asked: Mapping[str, models.QueryRequest]) -> dict[str, Scores]:
        """Ids to scores of each side, asked in one call."""
        if not asked:
            return {}
        requests = list(asked.values())
        with self._door.client(generation) as client:
            answers = client.query_batch_points(name, requests)
        return {
            using: {str(hit.id): hit.score for hit in answer.points}
            for using, answer in zip(asked, answers, strict=True)
        }  # fmt: skip


def _sides(query: Encoding, only: str | None, dimensions: int) -> dict[str, Side]:
    """The question of each side, by the name of its vector."""
    sides: dict[str, Side] = {DENSE: None, SPARSE: None}
    if only != "sparse" and query.dense:
        sides[DENSE] = unit_vector("the query", query.dense, dimensions)
    if only != "dense" and query.terms:
        terms, weights = sparse_vector("the query", query.terms, query.weights)
        sides[SPARSE] = models.SparseVector(indices=terms, values=weights)
    return sides


def _hex(id: models.ExtendedPointId) -> str:
    return UUID(str(id)).hex


def _stored(record: models.Record) -> Stored:
    payload: Payload = record.payload or {}
    vector: Any = record.vector.get(DENSE) if isinstance(record.vector, dict) else record.vector
    return Stored(_hex(record.id), payload, packed(vector) if vector else b"")
