"""The router's read side at work: decisions that are kept for a while, and measured.

Not the rules (lmem.domain.routing), and not a cache that others share: a decision depends on nothing stored.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from lmem.domain.routing import Asked, ReadRoute, read_route
from lmem.domain.scope import Scope

KEPT_S = 300.0
"""Specification 4.5, router_decisions."""

MOST = 1024
"""Decisions kept; the oldest goes."""


@dataclass(frozen=True, slots=True)
class Performance:
    """`router:performance`: what the decisions of this process cost and did.

    `mean_us` and `max_us` are microseconds of one decision, found or made. `temporal` counts why the temporal layer
    was read: 'asked', 'time', 'too_little'.
    """

    hits: int
    misses: int
    kept: int
    mean_us: float
    max_us: float
    temporal: dict[str, int]


class Router:
    """Decides where questions look. Call it from the event loop only."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._decisions: dict[str, tuple[float, Scope, Asked, ReadRoute]] = {}
        self._hits = self._misses = 0
        self._total = self._longest = 0.0
        self._temporal: Counter[str] = Counter()

    def decide(self, scope: Scope, asked: Asked) -> ReadRoute:
        """Where a question looks: the kept decision of the same scope and wishes, or a new one."""
        started = time.perf_counter()
        key, now = decision_key(scope, asked), self._monotonic()
        kept = self._decisions.get(key)
        if kept is not None and kept[0] > now and kept[1:3] == (scope, asked):
            self._hits += 1
            route = kept[3]
        else:
            self._misses += 1
            route = read_route(scope, asked)
            self._keep(key, (now + KEPT_S, scope, asked, route))
        if route.temporal is not None:
            self._temporal[route.temporal] += 1
        took = time.perf_counter() - started
        self._total += took
        self._longest = max(self._longest, took)
        return route

    def joined(self) -> None:
        """The other layers gave too little, so the temporal one was read too."""
        self._temporal["too_little"] += 1

    def performance(self) -> Performance:
        """What was measured since the start."""
        decisions = max(1, self._hits + self._misses)
        mean, longest = round(self._total / decisions * 1e6, 1), round(self._longest * 1e6, 1)
        return Performance(self._hits, self._misses, len(self._decisions), mean, longest, dict(self._temporal))

    def _keep(self, key: str, entry: tuple[float, Scope, Asked, ReadRoute]) -> None:
        self._decisions.pop(key, None)
        while len(self._decisions) >= MOST:
            del self._decisions[next(iter(self._decisions))]
        self._decisions[key] = entry


def decision_key(scope: Scope, asked: Asked) -> str:
    """`router:decision:{context_hash}` of specification 4.4: a hash of everything that a decision depends on.

    Python's own hash, of 64 bits, costs a tenth of a cryptographic one; what is kept is compared in full.
    """
    return f"router:decision:{hash((scope, asked)) & 0xFFFFFFFFFFFFFFFF:016x}"
