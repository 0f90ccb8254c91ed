"""An exact vector store in memory, with the answers of Qdrant and nothing on disk: the twin that service tests run on.

Not for real stores: it reads every point for each search. The formula for rare terms is Qdrant's.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lmem.domain.encodings import sparse_vector, unit_vector
from lmem.domain.payloads import FREE_TEXT, digest
from lmem.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from lmem.ports.embedder import Encoding
from lmem.ports.vectors import COLLECTIONS, Candidate, Candidates, Condition, Engine, Point, Stored
from lmem.stores.inprocess.scoring import bm25, check, cosine, holds


@dataclass(frozen=True, slots=True)
class _Item:
    payload: dict[str, str | int | float | Sequence[str]]
    dense: bytes
    terms: Mapping[int, float]


@dataclass(slots=True)
class _Generation:
    instance: str
    dimensions: int
    opened: bool
    items: dict[str, dict[str, _Item]] = field(default_factory=lambda: {name: {} for name in COLLECTIONS})


class MemoryVectors:
    """Points in dictionaries. Implements Vectors and Generations; everything is lost with the object."""

    def __init__(self) -> None:
        self._generations: dict[str, _Generation] = {}

    def open(self, generation: str, dimensions: int) -> str:
        found = self._generations.setdefault(generation, _Generation(uuid.uuid4().hex, dimensions, opened=True))
        if found.dimensions != dimensions:
            raise Conflict(f"The generation '{generation}' has {found.dimensions} dimensions, not {dimensions}.")
        found.opened = True
        return found.instance

    def serve(self, generation: str) -> None:
        self._get(generation)

    def copy(self, generation: str, target: str) -> str:
        source = self._get(generation)
        if target in self._generations:
            raise Conflict(f"There is a generation '{target}' already.")
        items = {name: dict(points) for name, points in source.items.items()}
        copied = _Generation(uuid.uuid4().hex, source.dimensions, opened=False, items=items)
        self._generations[target] = copied
        return copied.instance

    def optimise(self, generation: str) -> None:
        if generation not in self._generations:
            raise StoreUnavailable(f"There is no generation '{generation}'.")
        if self._generations[generation].opened:
            raise Conflict(f"The generation '{generation}' is open.")

    def drop(self, generation: str) -> None:
        self._generations.pop(generation, None)

    def sizes(self) -> dict[str, int]:
        return {
            name: sum(len(item.dense) for points in found.items.values() for item in points.values())
            for name, found in sorted(self._generations.items())
        }

    def engine(self) -> Engine:
        return Engine("memory", "", 0)

    def write(self, generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()) -> None:
        items = self._items(generation, collection)
        changed = dict(items)
        for point in points:
            changed[point.id] = _item(point, changed.get(point.id), self._get(generation).dimensions)
        for id in delete:
            changed.pop(id, None)
        items.clear()
        items.update(changed)

    def retrieve(self, generation: str, collection: str, ids: Sequence[str], dense: bool = False) -> list[Stored]:
        items = self._items(generation, collection)
        return [Stored(id, items[id].payload, items[id].dense if dense else b"") for id in ids if id in items]

    def search(
        self,
        generation: str,
        collection: str,
        query: Encoding,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        items = self._items(generation, collection)
        if only not in (None, "dense", "sparse") or limit < 1:
            raise InvalidInput(f"A search asks 'dense', 'sparse' or both sides for at least one point, not {only!r}.")
        check(collection, conditions)
        wanted = {id for id, item in items.items() if all(holds(item.payload, part) for part in conditions)}
        started = time.perf_counter()
        cosines: dict[str, float] = {}
        if only != "sparse" and query.dense:
            asked = unit_vector("the query", query.dense, self._get(generation).dimensions)
            cosines = {id: cosine(asked, item.dense) for id, item in items.items()}
        dense_ms = (time.perf_counter() - started) * 1000
        weights: dict[str, float] = {}
        if only != "dense" and query.terms:
            asked_terms = dict(zip(*sparse_vector("the query", query.terms, query.weights), strict=True))
            weights = bm25(asked_terms, {id: item.terms for id, item in items.items()})
        best = [*_top(cosines, wanted, limit), *_top(weights, wanted, limit)]
        found = tuple(Candidate(id, cosines.get(id, 0.0), weights.get(id, 0.0)) for id in dict.fromkeys(best))
        return Candidates(found, dense_ms, (time.perf_counter() - started) * 1000 - dense_ms)

    def scroll(self, generation: str, collection: str, after: str | None, limit: int) -> list[Stored]:
        ids = sorted(id for id in self._items(generation, collection) if after is None or id > after)
        return self.retrieve(generation, collection, ids[:limit])

    def digests(self, generation: str, collection: str, after: str | None, limit: int) -> list[tuple[str, str]]:
        return [(item.id, digest(item.payload)) for item in self.scroll(generation, collection, after, limit)]

    def count(self, generation: str, collection: str) -> int:
        return len(self._items(generation, collection))

    def _get(self, generation: str) -> _Generation:
        found = self._generations.get(generation)
        if found is None or not found.opened:
            raise StoreUnavailable(f"The generation '{generation}' is not open.")
        return found

    def _items(self, generation: str, collection: str) -> dict[str, _Item]:
        items = self._get(generation).items.get(collection)
        if items is None:
            raise InvalidInput(f"There is no collection '{collection}'.")
        return items


def _top(scores: Mapping[str, float], wanted: set[str], limit: int) -> list[str]:
    return sorted(scores.keys() & wanted, key=lambda id: (-scores[id], id))[:limit]


def _item(point: Point, stored: _Item | None, dimensions: int) -> _Item:
    payload = {key: value for key, value in point.payload.items() if value is not None and key not in FREE_TEXT}
    encoding = point.encoding
    terms: dict[int, float] = {}
    if encoding is not None:
        terms = dict(zip(*sparse_vector(point.id, encoding.terms, encoding.weights), strict=True))
    if encoding is not None and encoding.dense:
        unit_vector(point.id, encoding.dense, dimensions)
        return _Item(payload, encoding.dense, terms)
    if stored is None:
        raise NotFound(f"There is no point {point.id} to change.", hint="Write it with its vector.")
    return _Item(payload, stored.dense, stored.terms if encoding is None else terms)
