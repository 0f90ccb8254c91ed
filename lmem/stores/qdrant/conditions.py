"""Conditions of the port as a Qdrant filter, in the types of Edge or of a server's client.

Not the place that decides what to filter by: services do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from lmem.errors import InvalidInput
from lmem.ports.vectors import Condition
from lmem.stores.qdrant.schema import PAYLOAD_INDEXES

T = TypeVar("T")
"""One condition in the driver's types; a filter is one too."""


class Language(Protocol[T]):
    """A driver's own types for conditions. Edge and the client have the same ones under other names."""

    def match(self, key: str, values: Sequence[str]) -> T:
        """The key has one of the values."""
        ...

    def numbers(self, key: str, gte: float | None, lt: float | None) -> T:
        """The key lies in [gte, lt)."""
        ...

    def times(self, key: str, gte: str | None, lt: str | None) -> T:
        """The same for ISO times. Raises ValueError for what is none."""
        ...

    def empty(self, key: str) -> T:
        """The key has no value."""
        ...

    def group(self, must: Sequence[T], must_not: Sequence[T] = (), should: Sequence[T] = ()) -> T:
        """A filter: all of `must`, none of `must_not`, at least one of `should` if there are any."""
        ...


def grouped(language: Language[T], collection: str, conditions: Sequence[Condition]) -> T | None:
    """All conditions at once as `must` and `must_not`; None when there are none.

    Raises InvalidInput for a key without a payload index and for a condition that asks nothing.
    """
    if not conditions:
        return None
    must: list[T] = []
    must_not: list[T] = []
    for condition in conditions:
        parts = _parts(language, collection, condition)
        if not condition.negate:
            must += parts
        else:
            must_not.append(_one(language, parts))
    return language.group(must, must_not)


def _parts(language: Language[T], collection: str, condition: Condition) -> list[T]:
    if condition.either:
        return [language.group((), (), [_whole(language, collection, part) for part in condition.either])]
    key = condition.key
    kind = PAYLOAD_INDEXES[collection].get(key)
    if kind is None:
        raise InvalidInput(f"{collection} cannot be filtered by '{key}'.")
    parts: list[T] = []
    if condition.any:
        parts.append(language.match(key, condition.any))
    if condition.gte is not None or condition.lt is not None:
        parts.append(_range(language, key, kind, condition.gte, condition.lt))
    if condition.absent:
        parts.append(language.empty(key))
    if not parts:
        raise InvalidInput(f"The condition on '{key}' names neither values nor a range.")
    return parts


def _whole(language: Language[T], collection: str, condition: Condition) -> T:
    """One of several alternatives."""
    met = _one(language, _parts(language, collection, condition))
    return language.group((), [met]) if condition.negate else met


def _one(language: Language[T], parts: list[T]) -> T:
    """Conditions that hold together, as one."""
    return parts[0] if len(parts) == 1 else language.group(parts)


def _range(language: Language[T], key: str, kind: str, gte: float | str | None, lt: float | str | None) -> T:
    if kind == "datetime" and not isinstance(gte, float | int) and not isinstance(lt, float | int):
        try:
            return language.times(key, gte, lt)
        except ValueError as err:
            raise InvalidInput(f"The range of '{key}' is not made of ISO 8601 times.") from err
    if kind in ("float", "integer") and not isinstance(gte, str) and not isinstance(lt, str):
        return language.numbers(key, gte, lt)
    raise InvalidInput(f"The range of '{key}' does not fit its kind, {kind}.")
