"""Points of the port as Edge's update operations, validated before the first one is applied.

Not the place that applies them (lmem.stores.qdrant.edge).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qdrant_edge import Point as EdgePoint
from qdrant_edge import PointVectors, SparseVector, UpdateOperation

from lmem.domain.encodings import sparse_vector, unit_vector
from lmem.domain.payloads import FREE_TEXT
from lmem.ports.embedder import Encoding
from lmem.ports.vectors import Point
from lmem.stores.qdrant.ids import point_id
from lmem.stores.qdrant.schema import DENSE, SPARSE
from lmem.stores.qdrant.words import stored_payload

BATCH = 50
"""Points of one update: Edge holds the interpreter lock meanwhile, 3 ms at 50 points and 53 at 1,000."""

_PAYLOAD_BYTES = 2048
"""A payload and its index entries on disk, generously: measured are 900."""


def whole(point: Point) -> bool:
    """Whether the point brings its dense vector, so that it need not be stored yet."""
    return point.encoding is not None and bool(point.encoding.dense)


def estimate(points: Sequence[Point], deletes: int) -> int:
    """Bytes of disk that these writes may take."""
    encodings = [point.encoding for point in points if point.encoding is not None]
    vectors = sum(len(item.dense) + 4 * len(item.terms) for item in encodings)
    return vectors + _PAYLOAD_BYTES * (len(points) + deletes)


def operations(points: Sequence[Point], delete: Sequence[str], dimensions: int) -> list[UpdateOperation]:
    """The updates in order. Raises InvalidInput, naming the id, for a vector that cannot be stored."""
    planned = list(_upserts(points, dimensions))
    gone = [point_id(id) for id in delete]
    planned += [UpdateOperation.delete_points([*gone[at : at + BATCH]]) for at in range(0, len(gone), BATCH)]
    return planned


def _upserts(points: Sequence[Point], dimensions: int) -> Iterator[UpdateOperation]:
    batch: dict[str, EdgePoint] = {}
    for point in points:
        encoding = point.encoding
        complete = encoding is not None and bool(encoding.dense)
        if batch and (len(batch) == BATCH or point.id in batch or not complete):
            yield UpdateOperation.upsert_points(list(batch.values()))
            batch = {}
        if encoding is None:
            yield UpdateOperation.overwrite_payload([point_id(point.id)], stored_payload(point.payload, FREE_TEXT))
        elif complete:
            batch[point.id] = _edge_point(point, encoding, dimensions)
        else:
            yield _terms(point.id, encoding)
            yield UpdateOperation.overwrite_payload([point_id(point.id)], stored_payload(point.payload, FREE_TEXT))
    if batch:
        yield UpdateOperation.upsert_points(list(batch.values()))


def _edge_point(point: Point, encoding: Encoding, dimensions: int) -> EdgePoint:
    dense = unit_vector(point.id, encoding.dense, dimensions)
    terms, weights = sparse_vector(point.id, encoding.terms, encoding.weights)
    if not terms:  # a text of stop words alone
        return EdgePoint(point_id(point.id), {DENSE: dense}, stored_payload(point.payload, FREE_TEXT))
    sparse = SparseVector(terms, weights)
    return EdgePoint(point_id(point.id), {DENSE: dense, SPARSE: sparse}, stored_payload(point.payload, FREE_TEXT))


def _terms(id: str, encoding: Encoding) -> UpdateOperation:
    terms, weights = sparse_vector(id, encoding.terms, encoding.weights)
    if not terms:
        return UpdateOperation.delete_vectors([point_id(id)], [SPARSE])
    return UpdateOperation.update_vectors([PointVectors(point_id(id), {SPARSE: SparseVector(terms, weights)})])
