"""The router's read side at work: decisions that are kept for a while, and measured.

Not the rules (lmem.domain.routing): a decision depends on nothing stored but what the scope says.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass

from lmem.domain import cachekeys
from lmem.domain.cachekeys import CACHE_KEYS
from lmem.domain.filters import Sight
from lmem.domain.routing import Asked, ReadRoute, read_route
from lmem.domain.scope import Scope
from lmem.service import cachejson
from lmem.service.caches import NO_CACHE, Caches

DECISION = CACHE_KEYS["router:decision:{context_hash}"]

MOST = 1024
"""Decisions kept in the router itself, beside the cache; the oldest goes."""

_Context = tuple[Scope, Asked]


@dataclass(frozen=True, slots=True)
class Performance:
    """`router:performance`: what decisions cost and did, since the cache was emptied last, or since the start.

    `mean_us` and `max_us` are microseconds of one decision, found or made; the longest is this process's. `temporal`
    counts why the temporal layer was read: 'asked', 'time', 'too_little'.
    """

    hits: int
    misses: int
    kept: int
    mean_us: float
    max_us: float
    temporal: dict[str, int]


class Router:
    """Decides where questions look. Call it from the event loop only."""

    def __init__(self, caches: Caches = NO_CACHE, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._caches = caches
        self._monotonic = monotonic
        self._decisions: dict[_Context, tuple[float, int, ReadRoute]] = {}
        self._counts: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._longest = 0.0

    async def decide(self, scope: Scope, asked: Asked) -> ReadRoute:
        """Where a question looks: the kept decision of the same scope and wishes, or a new one."""
        started = time.perf_counter()
        context, now, changed = (scope, asked), self._monotonic(), self._caches.changes.last(DECISION)
        kept = self._decisions.get(context)
        if kept is not None and kept[0] > now and kept[1] == changed:
            self._caches.tallies[DECISION.pattern].hits += 1
            route, known = kept[2], True
        else:
            route, known = await self._cached(scope, asked)
            self._keep(context, (now + DECISION.ttl, changed, route))
        took = time.perf_counter() - started
        self._counts["hits" if known else "misses"] += 1
        self._counts["total_ns"] += round(took * 1e9)
        if route.temporal is not None:
            self._counts[f"temporal.{route.temporal}"] += 1
        self._longest = max(self._longest, took)
        return route

    def joined(self) -> None:
        """The other layers gave too little, so the temporal one was read too."""
        self._counts["temporal.too_little"] += 1

    async def performance(self) -> Performance:
        """What was measured; sums of earlier daemons too, where the cache outlived them."""
        key, caches = cachekeys.performance(), self._caches
        await caches.bump(key, self._counts - self._told)
        self._told = self._counts.copy()
        await caches.settled()
        sums = await caches.get(key)
        return self._performed(sums if isinstance(sums, dict) else {name: str(n) for name, n in self._counts.items()})

    async def _cached(self, scope: Scope, asked: Asked) -> tuple[ReadRoute, bool]:
        """A decision, and whether it was in the cache."""
        key, at = self._caches.hashed(cachekeys.decision, scope, asked), self._caches.number
        found = cachejson.unpacked(await self._caches.get(key), _route)
        if found is not None:
            return found, True
        made = read_route(scope, asked)
        await self._caches.put(key, cachejson.packed(asdict(made)), at)
        return made, False

    def _performed(self, sums: dict[str, str]) -> Performance:
        hits, misses, total_ns = (int(sums.get(name, "0")) for name in ("hits", "misses", "total_ns"))
        mean, longest = round(total_ns / max(1, hits + misses) / 1000, 1), round(self._longest * 1e6, 1)
        head = "temporal."
        temporal = {name.removeprefix(head): int(number) for name, number in sums.items() if name.startswith(head)}
        return Performance(hits, misses, len(self._decisions), mean, longest, temporal)

    def _keep(self, context: _Context, entry: tuple[float, int, ReadRoute]) -> None:
        self._decisions.pop(context, None)
        while len(self._decisions) >= MOST:
            del self._decisions[next(iter(self._decisions))]
        self._decisions[context] = entry


def _route(found: object) -> ReadRoute:
    """A decision from JSON. Raises TypeError or KeyError for what is none."""
    if not isinstance(found, dict):
        raise TypeError
    seen = found["sight"]
    sight = None if seen is None else Sight(seen["project_id"], tuple(seen["sessions"]))
    return ReadRoute(**{**found, "layers": tuple(found["layers"]), "sight": sight})
