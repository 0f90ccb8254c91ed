"""Points of the port as steps to apply in order, validated before the first one is taken.

Not a driver's own operations: Edge (lmem.stores.qdrant.edge_updates) and a server (server_models) make theirs of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from lmem.domain.encodings import sparse_vector, unit_vector
from lmem.errors import NotFound
from lmem.ports.vectors import Payload, Point
from lmem.stores.qdrant.ids import point_id

Stored = dict[str, object]
"""A payload as a store keeps it."""

_PAYLOAD_BYTES = 2048
"""A payload and its index entries on disk, generously: measured are 900."""


class Whole(NamedTuple):
    """A point to upsert, replacing all that is stored of it. A text of stop words alone has no terms."""

    id: UUID
    dense: list[float]
    terms: list[int]
    weights: list[float]
    payload: Stored


class Terms(NamedTuple):
    """Terms to put in place of a stored point's; none removes them."""

    id: UUID
    terms: list[int]
    weights: list[float]


class Facts(NamedTuple):
    """A payload to put in place of a stored point's."""

    id: UUID
    payload: Stored


class Gone(NamedTuple):
    """Ids to delete, stored or not."""

    ids: list[UUID]


Step = list[Whole] | Terms | Facts | Gone


def steps(
    points: Sequence[Point], delete: Sequence[str], dimensions: int, most: int, stored: Callable[[Payload], Stored]
) -> list[Step]:
    """The steps in order, of at most `most` points each; `stored` makes a payload what the store keeps of it.

    Raises InvalidInput, naming the id, for a vector that cannot be stored.
    """
    planned = list(_upserts(points, dimensions, most, stored))
    gone = [point_id(id) for id in delete]
    return planned + [Gone(gone[at : at + most]) for at in range(0, len(gone), most)]


def needed(points: Sequence[Point]) -> set[str]:
    """The ids that have to be stored already: they bring no dense vector, nor does a point before them."""
    brought: set[str] = set()
    wanted: set[str] = set()
    for point in points:
        if point.encoding is not None and point.encoding.dense:
            brought.add(point.id)
        elif point.id not in brought:
            wanted.add(point.id)
    return wanted


def need_stored(wanted: set[str], stored: set[str]) -> None:
    """Raise NotFound unless all that is `needed` is stored."""
    if missing := wanted - stored:
        raise NotFound(
            f"There is no point {min(missing)} to change ({len(missing)} in all).", hint="Write it with its vector."
        )


def estimate(points: Sequence[Point], deletes: int) -> int:
    """Bytes of disk that these writes may take."""
    encodings = [point.encoding for point in points if point.encoding is not None]
    vectors = sum(len(item.dense) + 4 * len(item.terms) for item in encodings)
    return vectors + _PAYLOAD_BYTES * (len(points) + deletes)


def _upserts(
    points: Sequence[Point], dimensions: int, most: int, stored: Callable[[Payload], Stored]
) -> Iterator[Step]:  # fmt: skip
    batch: dict[str, Whole] = {}
    for point in points:
        encoding = point.encoding
        complete = encoding is not None and bool(encoding.dense)
        if batch and (len(batch) == most or point.id in batch or not complete):
            yield list(batch.values())
            batch = {}
        id, payload = point_id(point.id), stored(point.payload)
        if encoding is None:
            yield Facts(id, payload)
            continue
        terms = sparse_vector(point.id, encoding.terms, encoding.weights)
        if complete:
            batch[point.id] = Whole(id, unit_vector(point.id, encoding.dense, dimensions), *terms, payload)
        else:
            yield Terms(id, *terms)
            yield Facts(id, payload)
    if batch:
        yield list(batch.values())
