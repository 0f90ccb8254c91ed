"""Conditions and steps as the models of qdrant-client.

Not their meaning (lmem.stores.qdrant.conditions, batches), and no call to a server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from qdrant_client import models

from lmem.ports.vectors import Condition, Payload
from lmem.stores.qdrant.batches import Facts, Gone, Step, Stored, Terms, Whole
from lmem.stores.qdrant.conditions import grouped
from lmem.stores.qdrant.schema import DENSE, SPARSE

BATCH = 256
"""Points of one call: about 2 MB; the server refuses more than 32."""


class _Client:
    """Implements lmem.stores.qdrant.conditions.Language."""

    def match(self, key: str, values: Sequence[str]) -> models.Condition:
        if len(values) == 1:
            return models.FieldCondition(key=key, match=models.MatchValue(value=values[0]))
        return models.FieldCondition(key=key, match=models.MatchAny(any=list(values)))

    def numbers(self, key: str, gte: float | None, lt: float | None) -> models.Condition:
        return models.FieldCondition(key=key, range=models.Range(gte=gte, lt=lt))

    def times(self, key: str, gte: str | None, lt: str | None) -> models.Condition:
        start, end = (datetime.fromisoformat(at) if at else None for at in (gte, lt))
        return models.FieldCondition(key=key, range=models.DatetimeRange(gte=start, lt=end))

    def empty(self, key: str) -> models.Condition:
        return models.IsEmptyCondition(is_empty=models.PayloadField(key=key))

    def group(
        self,
        must: Sequence[models.Condition],
        must_not: Sequence[models.Condition] = (),
        should: Sequence[models.Condition] = (),
    ) -> models.Condition:
        return models.Filter(must=list(must) or None, must_not=list(must_not) or None, should=list(should) or None)


_CLIENT = _Client()


def server_filter(collection: str, conditions: Sequence[Condition]) -> models.Filter | None:
    """A filter that lets pass what meets all conditions. Raises InvalidInput as `grouped` does."""
    found = grouped(_CLIENT, collection, conditions)
    return found if isinstance(found, models.Filter) else None


def those(ids: Sequence[UUID]) -> models.Filter:
    """A filter that lets these points pass."""
    return models.Filter(must=[models.HasIdCondition(has_id=[str(id) for id in ids])])


def stored_payload(payload: Payload) -> Stored:
    """A payload as a server keeps it: all of it but empty keys."""
    return {key: value for key, value in payload.items() if value is not None}


def calls(steps: Sequence[Step]) -> Iterator[list[models.UpdateOperation]]:
    """The operations that apply the steps in order, in lists for one call each."""
    waiting: list[models.UpdateOperation] = []
    points = 0
    for step in steps:
        size = len(step) if isinstance(step, list) else len(step.ids) if isinstance(step, Gone) else 1
        if waiting and points + size > BATCH:
            yield waiting
            waiting, points = [], 0
        waiting.append(_operation(step))
        points += size
    if waiting:
        yield waiting


def _operation(step: Step) -> models.UpdateOperation:
    match step:
        case Terms(id, terms, weights):
            if not terms:
                gone = models.DeleteVectors(points=[str(id)], vector=[SPARSE])
                return models.DeleteVectorsOperation(delete_vectors=gone)
            sparse = models.PointVectors(id=str(id), vector={SPARSE: _sparse(terms, weights)})
            return models.UpdateVectorsOperation(update_vectors=models.UpdateVectors(points=[sparse]))
        case Facts(id, payload):
            facts = models.SetPayload(points=[str(id)], payload=payload)
            return models.OverwritePayloadOperation(overwrite_payload=facts)
        case Gone(ids):
            return models.DeleteOperation(delete=models.PointIdsList(points=[str(id) for id in ids]))
        case _:
            return models.UpsertOperation(upsert=models.PointsList(points=[_point(item) for item in step]))


def _point(item: Whole) -> models.PointStruct:
    vectors: dict[str, models.Vector] = {DENSE: item.dense}
    if item.terms:
        vectors[SPARSE] = _sparse(item.terms, item.weights)
    return models.PointStruct(id=str(item.id), vector=vectors, payload=item.payload)


def _sparse(terms: list[int], weights: list[float]) -> models.SparseVector:
    return models.SparseVector(indices=terms, values=weights)
