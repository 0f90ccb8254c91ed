"""Scores and conditions computed one point at a time, as Qdrant defines them.

Not fast and not stored: the reference that lmem.stores.inprocess.vectors answers from.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from lmem.domain.encodings import floats
from lmem.errors import InvalidInput
from lmem.ports.vectors import MEMORIES, PATTERNS, Condition, Payload

FILTERS = {
    MEMORIES: frozenset(
        (
            "user_id",
            "project_id",
            "session_id",
            "memory_type",
            "category",
            "tags",
            "importance_score",
            "layer_assignments",
            "created_at",
            "updated_at",
        )
    ),
    PATTERNS: frozenset(
        (
            "pattern_type",
            "pattern_name",
            "project_ids",
            "success_rate",
            "usage_count",
            "created_at",
        )
    ),
}
"""The keys of specification 2.1 and 2.2; the contract test holds them equal to the real store's."""


def cosine(asked: Sequence[float], stored: bytes) -> float:
    """The cosine of two unit vectors."""
    return math.fsum(left * right for left, right in zip(asked, floats(stored), strict=True))


def bm25(asked: Mapping[int, float], stored: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """The score of each point that shares a term; a term's rarity is ln(1 + (n - df + .5) / (df + .5)), as Qdrant's."""
    indexed = sum(1 for terms in stored.values() if terms)
    frequency = Counter(term for terms in stored.values() for term in terms.keys() & asked.keys())
    rarity = {term: math.log(1 + (indexed - df + 0.5) / (df + 0.5)) for term, df in frequency.items()}
    return {
        id: sum(asked[term] * rarity[term] * terms[term] for term in shared)
        for id, terms in stored.items()
        if (shared := terms.keys() & asked.keys())
    }


def check(collection: str, conditions: Sequence[Condition]) -> None:
    """Raises InvalidInput for a key that cannot be filtered by, or a condition that asks nothing."""
    for condition in conditions:
        if condition.either:
            check(collection, condition.either)
            continue
        if condition.key not in FILTERS[collection]:
            raise InvalidInput(f"{collection} cannot be filtered by '{condition.key}'.")
        if not (condition.any or condition.absent) and condition.gte is None and condition.lt is None:
            raise InvalidInput(f"The condition on '{condition.key}' names neither values nor a range.")


def holds(payload: Payload, condition: Condition) -> bool:
    """Whether a point with this payload meets the condition; a key that is absent meets none but that it is."""
    if condition.either:
        return any(holds(payload, part) for part in condition.either) != condition.negate
    value = payload.get(condition.key)
    values = value if isinstance(value, list | tuple) else [] if value is None else [value]
    met = bool(values) != condition.absent
    if condition.any:
        met = met and any(item in condition.any for item in values)
    if condition.gte is not None:
        met = met and any(_number(item) >= _number(condition.gte) for item in values)
    if condition.lt is not None:
        met = met and any(_number(item) < _number(condition.lt) for item in values)
    return met != condition.negate


def _number(value: object) -> float:
    """A number, or an ISO time as seconds."""
    if isinstance(value, int | float):
        return value
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError as err:
        raise InvalidInput(f"'{value}' is neither a number nor an ISO 8601 time.") from err
