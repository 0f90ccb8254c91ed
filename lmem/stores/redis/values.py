"""The four kinds of values as Redis has them: the commands that store and read them, and what those answer.

Not the connection (door.py) and not the keys (cache.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from lmem.domain.cachekeys import Kind
from lmem.ports.cache import Value

Command = tuple[str | bytes | int, ...]

OTHER_KIND = object()
"""The answer of a command to a key that holds another kind of value than the command is for."""

READS: dict[Kind, tuple[str | int, ...]] = {
    "string": ("GET",), "list": ("LRANGE", 0, -1), "set": ("SMEMBERS",), "hash": ("HGETALL",)
}  # fmt: skip


def stored(key: bytes, value: Value, ttl: int) -> list[Command]:
    """The commands that put a value in place of an older one."""
    if isinstance(value, bytes):
        return [("SET", key, value, "PX", ttl)]
    if not value:
        return [("UNLINK", key)]
    if isinstance(value, Mapping):
        fill: Command = ("HSET", key, *(part for field in value.items() for part in field))
    else:
        fill = ("RPUSH" if isinstance(value, tuple) else "SADD", key, *value)
    return [("UNLINK", key), fill, ("PEXPIRE", key, ttl)]


def value(answer: object, kind: Kind) -> Value | None:
    """What a reading command answered, None for what is not there or of another kind."""
    if isinstance(answer, bytes) and kind == "string":
        return answer
    if isinstance(answer, list | set | dict) and answer:
        if isinstance(answer, dict):
            return {text(field): text(number) for field, number in answer.items()}
        return tuple(map(text, answer)) if isinstance(answer, list) else frozenset(map(text, answer))
    return None


def walked(answer: object) -> tuple[int, list[bytes]]:
    """The next cursor of a SCAN, 0 at the end, and the keys of this step."""
    cursor, keys = answer if isinstance(answer, list | tuple) else (0, [])
    return int(cursor), list(keys)


def text(data: bytes) -> str:
    """What Redis holds, as text."""
    return data.decode(errors="replace")


def number(answer: object) -> int:
    """A number that Redis answered."""
    return answer if isinstance(answer, int) else 0


def milliseconds(ttl: float) -> int:
    """Seconds as Redis takes them; 0 would remove the key."""
    return max(1, round(ttl * 1000))


def is_other_kind(answer: object) -> bool:
    """Whether a command met another kind of value than it is for."""
    return answer is OTHER_KIND
