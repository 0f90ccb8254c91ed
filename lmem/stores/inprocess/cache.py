"""The cache in the daemon itself: values in a dictionary, bounded by bytes, the longest unused going first.

Not shared and not kept: it ends with the process. Its answers are those of Redis (tests/contract).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from lmem.domain.cachekeys import Kind
from lmem.ports.cache import CacheFacts, Value

ENTRY_BYTES = 320
"""What an entry takes beside its name and value: its place in the dictionary, its tuple, the objects' heads."""

ITEM_BYTES = 64
"""The same for an item of a list or a set; a field of a hash has two."""

KINDS: dict[Kind, type] = {"string": bytes, "list": tuple, "set": frozenset, "hash": dict}


class _Entry(NamedTuple):
    value: Value
    size: int
    until: float


class LocalCache:
    """Implements lmem.ports.cache.CacheStore in at most `most_bytes`. Call it from the event loop only."""

    is_remote = False

    def __init__(self, most_bytes: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most_bytes
        self._monotonic = monotonic
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0
        self._evicted = 0

    async def open(self) -> None:
        """Nothing has to be made ready."""

    async def get(self, wanted: Sequence[tuple[str, Kind]]) -> list[Value | None]:
        return [self._get(name, kind) for name, kind in wanted]

    async def put(self, values: Mapping[str, Value], ttl: float) -> None:
        for name, value in values.items():
            self._put(name, dict(value) if isinstance(value, Mapping) else value, ttl)

    async def push(self, name: str, item: str, most: int, ttl: float) -> None:
        known = self._get(name, "list")
        self._put(name, (item, *(known if isinstance(known, tuple) else ()))[:most], ttl)

    async def add(self, name: str, members: Collection[str], ttl: float) -> None:
        known = self._get(name, "set")
        self._put(name, frozenset(members).union(known if isinstance(known, frozenset) else ()), ttl)

    async def bump(self, name: str, amounts: Mapping[str, int], ttl: float) -> None:
        known = self._get(name, "hash")
        fields = dict(known) if isinstance(known, Mapping) else {}
        for field, amount in amounts.items():
            fields[field] = str(int(fields.get(field, "0")) + amount)
        self._put(name, fields, ttl)

    async def delete(self, names: Collection[str]) -> int:
        return sum(self._drop(name) for name in names)

    async def clear(self) -> int:
        now = self._monotonic()
        held = sum(entry.until > now for entry in self._entries.values())
        self._entries.clear()
        self._bytes = 0
        return held

    async def facts(self) -> CacheFacts:
        return CacheFacts("in process", "ready", self._most, self._evicted)

    async def size(self) -> tuple[int, int] | None:
        return len(self._entries), self._bytes

    async def names(self, start: str) -> list[str]:
        now = self._monotonic()
        return [name for name, entry in self._entries.items() if name.startswith(start) and entry.until > now]

    async def is_marked(self) -> bool:
        return True

    async def close(self) -> None:
        self._entries.clear()

    def _get(self, name: str, kind: Kind) -> Value | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.until <= self._monotonic():
            self._drop(name)
            return None
        self._entries.move_to_end(name)
        if not isinstance(entry.value, KINDS[kind]):
            return None
        return dict(entry.value) if isinstance(entry.value, Mapping) else entry.value

    def _put(self, name: str, value: Value, ttl: float) -> None:
        self._drop(name)
        size = ENTRY_BYTES + len(name) + _size(value)
        if (not value and not isinstance(value, bytes)) or ttl <= 0 or size > self._most:
            return
        while self._bytes + size > self._most:
            self._bytes -= self._entries.popitem(last=False)[1].size
            self._evicted += 1
        self._entries[name] = _Entry(value, size, self._monotonic() + ttl)
        self._bytes += size

    def _drop(self, name: str) -> bool:
        """Whether there was a value under the name that had not run out."""
        entry = self._entries.pop(name, None)
        if entry is None:
            return False
        self._bytes -= entry.size
        return entry.until > self._monotonic()


def _size(value: Value) -> int:
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(2 * ITEM_BYTES + len(field) + len(text) for field, text in value.items())
    return sum(ITEM_BYTES + len(item) for item in value)
