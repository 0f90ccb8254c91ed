"""The change number that a cached value was made at, written into the value itself, for each kind of value.

Not the judgement whether it is too old (lmem.service.caches). A dated list or set is never empty, so that "none" can be
cached too.
"""

from __future__ import annotations

from collections.abc import Mapping

from lmem.ports.cache import Value

_FIELD = "@"


def dated(value: Value, life: str, number: int, mark: str = "") -> Value:
    """A value with its date in front: `life` is the daemon's, `number` the change number, `mark` the key's."""
    date = f"@{life}.{number}.{mark}"
    if isinstance(value, bytes):
        return date.encode() + b"\n" + value
    if isinstance(value, Mapping):
        return {**value, _FIELD: date}
    return (date, *value) if isinstance(value, tuple) else value | {date}


def undated(value: Value, life: str, mark: str = "") -> tuple[Value, int] | None:
    """A value without its date, and the number in that; None for a date of another life or mark, or none at all."""
    if isinstance(value, bytes):
        first, _, text = value.partition(b"\n")
        return _with_number(text, first.decode(errors="replace"), life, mark)
    if isinstance(value, Mapping):
        rest = {name: text for name, text in value.items() if name != _FIELD}
        return _with_number(rest, value.get(_FIELD, ""), life, mark)
    if isinstance(value, tuple):
        return _with_number(value[1:], value[0] if value else "", life, mark)
    date = next((item for item in value if item.startswith("@")), "")
    return _with_number(value - {date}, date, life, mark)


def _with_number(value: Value, date: str, life: str, mark: str) -> tuple[Value, int] | None:
    head, _, rest = date.partition(".")
    number, _, of = rest.partition(".")
    return (value, int(number)) if head == f"@{life}" and number.isdecimal() and of == mark else None
