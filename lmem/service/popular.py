"""The questions that are asked again and again within an hour: known by hash, so that they can be asked ahead.

Not a log of searches (lmem.service.searches): only what the indexes were asked, and nothing that looks like a secret.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from lmem.domain import cachekeys
from lmem.domain.cachekeys import HOUR
from lmem.domain.secrets import screen
from lmem.ports.vectors import Condition
from lmem.service import cachejson
from lmem.service.caches import Caches

OFTEN = 2
"""Times that a question is asked within an hour before it is popular."""

MOST = 64
"""Popular questions; each is asked ahead when another index serves."""

REMEMBERED = 1000

AGAIN = HOUR / 6
"""Seconds after which the cache is told again of a question that goes on being popular."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the indexes are asked."""

    collection: str
    text: str
    conditions: tuple[Condition, ...]
    limit: int
    only: str | None


class Popular:
    """Counts questions. Call it from the event loop only."""

    def __init__(self, caches: Caches, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._caches = caches
        self._monotonic = monotonic
        self._counts: dict[Asked, tuple[int, float, float]] = {}

    async def note(self, asked: Asked) -> None:
        """A question was asked."""
        now = self._monotonic()
        count, until, told = self._counts.pop(asked, (0, 0.0, 0.0))
        count, told = (count + 1, told) if now < until else (1, 0.0)
        tells = count >= OFTEN and now >= told and screen(asked.text).text == asked.text
        self._counts[asked] = count, now + HOUR, now + AGAIN if tells else told
        if len(self._counts) > REMEMBERED:
            del self._counts[next(iter(self._counts))]
        if tells:
            caches, name = self._caches, _hash(asked)
            await caches.put(cachekeys.query(name), cachejson.packed(asdict(asked)), caches.number)
            await caches.add(cachekeys.popular(), [name])

    async def questions(self) -> list[Asked]:
        """The popular questions that were asked within an hour."""
        caches, key = self._caches, cachekeys.popular()
        names = await caches.get(key)
        if not isinstance(names, frozenset):
            return []
        ordered = sorted(names)
        values = await caches.get_all([cachekeys.query(name) for name in ordered])
        found = {name: cachejson.unpacked(value, _asked) for name, value in zip(ordered, values, strict=True)}
        live = {name: asked for name, asked in found.items() if asked is not None}
        if len(live) < len(names):
            await caches.put(key, frozenset(live), caches.number)
        return sorted(live.values(), key=self.times, reverse=True)[:MOST]

    def times(self, asked: Asked) -> int:
        """How often a question was asked in the last hour, as far as this daemon knows."""
        count, until, _ = self._counts.get(asked, (0, 0.0, 0.0))
        return count if self._monotonic() < until else 0


def _hash(asked: Asked) -> str:
    return hashlib.blake2b(repr(asked).encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _asked(found: object) -> Asked:
    row = cachejson.mapping(found)
    conditions = row["conditions"]
    if not isinstance(conditions, list):
        raise TypeError
    return Asked(**{**row, "conditions": tuple(map(_condition, conditions))})  # type: ignore[arg-type]


def _condition(found: object) -> Condition:
    row = cachejson.mapping(found)
    any_, either = row["any"], row["either"]
    if not isinstance(any_, list) or not isinstance(either, list):
        raise TypeError
    return Condition(**{**row, "any": tuple(any_), "either": tuple(map(_condition, either))})  # type: ignore[arg-type]
