"""The change number that a cached value was made at, written into the value itself, for each kind of value.

Not the judgement whether it is too old (lmem.service.caches). A dated list or set is never empty, so that "none" can be
cached too.
"""

from __future__ import annotations

from collections.abc import Mapping

from lmem.ports.cache import Value

_FIELD = "@"


def dated(value: Value, life: str, number: int) -> Value:
    """A value with its date in front: `life` is the daemon's, `number` the change number."""
    date = f"@{life}.{number}"
    if isinstance(value, bytes):
        return date.encode() + b"\n" + value
    if isinstance(value, Mapping):
        return {**value, _FIELD: date}
    return (date, *value) if isinstance(value, tuple) else value | {date}


def undated(value: Value, life: str) -> tuple[Value, int] | None:
    """A value without its date, and the number in that; None for a date of another life, or none at all."""
    if isinstance(value, bytes):
        first, _, rest = value.partition(b"\n")
        return _with_number(rest, first.decode(errors="replace"), life)
    if isinstance(value, Mapping):
        return _with_number({name: text for name, text in value.items() if name != _FIELD}, value.get(_FIELD, ""), life)
    if isinstance(value, tuple):
        return _with_number(value[1:], value[0] if value else "", life)
    date = next((item for item in value if item.startswith("@")), "")
    return _with_number(value - {date}, date, life)


def _with_number(value: Value, date: str, life: str) -> tuple[Value, int] | None:
    head, _, number = date.partition(".")
    return (value, int(number)) if head == f"@{life}" and number.isdecimal() else None
