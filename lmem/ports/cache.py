"""What a service may ask of the cache: values of four kinds under names, for a while.

Not the truth, and nothing depends on it but time: any value may be gone at any moment. Services use it by way of
lmem.service.caches, which knows which values are still right.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lmem.domain.cachekeys import Kind

Value = bytes | tuple[str, ...] | frozenset[str] | Mapping[str, str]
"""A string, a list, a set or a hash; its Python type says which. An empty list, set or hash is none at all."""


class Cache(Protocol):
    """Values under names. A name keeps its kind; `ttl` is in seconds, from now, for the whole value.

    Every method raises StoreUnavailable when the store does not answer within its time limit.
    """

    async def get(self, wanted: Sequence[tuple[str, Kind]]) -> list[Value | None]:
        """The values of names, in one round trip; None for one that is not there, is void or is of another kind."""
        ...

    async def put(self, values: Mapping[str, Value], ttl: float) -> None:
        """Store values in place of older ones, each whole or not at all."""
        ...

    async def push(self, name: str, item: str, most: int, ttl: float) -> None:
        """Put an item at the front of a list, made when absent, and keep its first `most`."""
        ...

    async def add(self, name: str, members: Collection[str], ttl: float) -> None:
        """Put members into a set, made when absent."""
        ...

    async def bump(self, name: str, amounts: Mapping[str, int], ttl: float) -> None:
        """Add to the whole numbers in the fields of a hash, made when absent; a field begins at 0."""
        ...

    async def delete(self, names: Collection[str]) -> int:
        """Remove values; answers how many were there."""
        ...

    async def clear(self) -> int:
        """Remove every value of this lmem and of nobody else; answers how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """What `lmem status` and `lmem stats` tell of a cache.

    `engine` is 'in process' or 'redis', `state` 'ready', 'starting' or 'down'. `most_bytes` is its bound, `evicted` how
    many values made room for others; `wiped` counts how often the store was found emptied or swapped behind lmem's
    back. `address` holds no secret; `in_the_clear` says that the password crosses a network so.
    """

    engine: str
    state: str
    most_bytes: int | None = None
    evicted: int = 0
    wiped: int = 0
    address: str | None = None
    version: str | None = None
    in_the_clear: bool = False


class CacheStore(Cache, Protocol):
    """A cache with its life, as bootstrap keeps it."""

    @property
    def is_remote(self) -> bool:
        """Whether values leave this process: then nothing of a private memory may be among them."""
        ...

    async def open(self) -> None:
        """Make it ready; the other methods raise StoreUnavailable before. One that fails is tried again by itself.

        Raises StoreUnavailable, Conflict when another lmem has its prefix, InvalidInput for wrong settings.
        """
        ...

    async def facts(self) -> CacheFacts:
        """What costs nothing to tell."""
        ...

    async def size(self) -> tuple[int, int] | None:
        """Values and their bytes, names included, each looked at; None when the store does not answer."""
        ...

    async def names(self, start: str) -> list[str]:
        """The names that begin so, for a comparison with the truth. Raises StoreUnavailable."""
        ...

    async def is_marked(self) -> bool:
        """Whether the store still knows whose it is: not after somebody emptied it. Raises StoreUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of connections; values stay where they are."""
        ...
