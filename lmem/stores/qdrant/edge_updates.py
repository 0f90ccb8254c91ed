"""Steps as Qdrant Edge's update operations.

Not their order nor their validation (lmem.stores.qdrant.batches).
"""

from __future__ import annotations

from qdrant_edge import Point as EdgePoint
from qdrant_edge import PointVectors, SparseVector, UpdateOperation

from lmem.stores.qdrant.batches import Facts, Gone, Step, Terms, Whole
from lmem.stores.qdrant.schema import DENSE, SPARSE

BATCH = 50
"""Points of one update: Edge holds the interpreter lock meanwhile, 3 ms at 50 points and 53 at 1,000."""


def operation(step: Step) -> UpdateOperation:
    """The operation that applies a step."""
    match step:
        case Terms(id, terms, weights):
            if not terms:
                return UpdateOperation.delete_vectors([id], [SPARSE])
            return UpdateOperation.update_vectors([PointVectors(id, {SPARSE: SparseVector(terms, weights)})])
        case Facts(id, payload):
            return UpdateOperation.overwrite_payload([id], payload)
        case Gone(ids):
            return UpdateOperation.delete_points([*ids])
        case _:
            return UpdateOperation.upsert_points([_point(item) for item in step])


def _point(item: Whole) -> EdgePoint:
    if not item.terms:
        return EdgePoint(item.id, {DENSE: item.dense}, item.payload)
    return EdgePoint(item.id, {DENSE: item.dense, SPARSE: SparseVector(item.terms, item.weights)}, item.payload)
