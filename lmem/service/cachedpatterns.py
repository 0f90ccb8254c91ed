"""A project's patterns as the cache has them: one page of their list, with the question that it answers.

Not the patterns (lmem.service.patterns).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from lmem.domain import cachekeys
from lmem.domain.patterns import Listed, Pattern, PatternFilter, ProjectPattern
from lmem.service import cachejson
from lmem.service.caches import Caches


class CachedPatterns:
    """The page of each project that was asked for last."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches

    @property
    def number(self) -> int:
        """The change number that `keep` wants: taken before the truth is read."""
        return self._caches.number

    async def page(self, wanted: PatternFilter, *asked: object) -> list[Listed] | None:
        """The page of a project that was kept for this question; None for none."""
        if wanted.project_id is None:
            return None
        key = cachekeys.project_patterns(wanted.project_id).answering(wanted, asked)
        return cachejson.unpacked(await self._caches.get(key), _page)

    async def keep(self, rows: Sequence[Listed], at: int, wanted: PatternFilter, *asked: object) -> None:
        """Keep the page of a project."""
        if wanted.project_id is not None:
            key = cachekeys.project_patterns(wanted.project_id).answering(wanted, asked)
            await self._caches.put(key, cachejson.packed([asdict(item) for item in rows]), at)


def _page(found: object) -> list[Listed]:
    if not isinstance(found, list):
        raise TypeError
    return [_listed(item) for item in found]


def _listed(found: object) -> Listed:
    """Raises KeyError or TypeError for what is none."""
    row = cachejson.mapping(found)
    pattern, here = cachejson.mapping(row["pattern"]), row["here"]
    made = Pattern(**{**pattern, "project_ids": _texts(pattern["project_ids"])})  # type: ignore[arg-type]
    if here is None:
        return Listed(made)
    seen = cachejson.mapping(here)
    return Listed(made, ProjectPattern(**{**seen, "memory_ids": _texts(seen["memory_ids"])}))  # type: ignore[arg-type]


def _texts(found: object) -> tuple[str, ...]:
    if not isinstance(found, list):
        raise TypeError
    return tuple(map(str, found))
