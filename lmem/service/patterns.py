"""Patterns: recording them, how each use went, what speaks for and against them; the truth of all of it.

Not their finding by meaning (lmem.service.patternsearch), nor their detection, which calls what is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lmem.domain.actors import Actor
from lmem.domain.patterns import Evidence, Listed, Pattern, PatternDraft, PatternFilter, ProjectPattern, Use
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names, patternrecords, recording
from lmem.service.cachedpatterns import CachedPatterns
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.changesets import note
from lmem.service.patternrecords import Recorded

USES = 20
"""Uses that `show` tells, the newest."""
OF_PROJECT = 100
"""Patterns that are told of a project at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A pattern with its projects and how many of their memories may be read, its evidence, its newest uses and
    the id of its first finder."""

    pattern: Pattern
    projects: tuple[tuple[ProjectPattern, int], ...]
    evidence: tuple[Evidence, ...]
    uses: tuple[Use, ...]
    discovered_by: str | None


class Patterns:
    """Record, read, judge and forget. `wake` tells the relays that there is work."""

    def __init__(
        self, storage: Storage, clock: Clock, wake: Callable[[], None], caches: Caches = NO_CACHE
    ) -> None:  # fmt: skip
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self._cached = CachedPatterns(caches)

    async def add(self, actor: Actor, draft: PatternDraft, project_id: str) -> Recorded:
        """Record a pattern in a project; where it was not seen before, that is its first use there, with success.

        The same type and name again is the same pattern: its description, data and evidence are brought up to date.
        Raises InvalidInput for a new one without a description, NotFound for a memory, Conflict for an archived one,
        Forbidden for a user who is not active.
        """
        return await self._write(actor, lambda tx, at: patternrecords.describe(tx, actor, draft, project_id, at))

    async def outcome(
        self, actor: Actor, name: str, project_id: str, success: bool, reason: str | None, memory: str | None
    ) -> Recorded:
        """Record a use of a pattern in a project and how it went; `memory` becomes evidence for it, or against it.

        Raises NotFound and AmbiguousId for the pattern or the memory, Conflict for an archived one, Forbidden.
        """

        def work(tx: UnitOfWork, at: str) -> Recorded:
            pattern = names.pattern(tx, actor, name)
            return patternrecords.use(tx, actor, pattern, Use(project_id, at, success, reason), memory)

        return await self._write(actor, work)

    async def page(self, wanted: PatternFilter, order: str, limit: int, offset: int = 0) -> list[Listed]:
        """Patterns by their use or their success, in one project or over all of them."""
        at, asked = self._cached.number, (order, limit, offset)
        known = await self._cached.page(wanted, *asked)
        if known is not None:
            return known
        found = await self._storage.read(lambda tx: tx.patterns.page(wanted, order, limit, offset))
        await self._cached.keep(found, at, wanted, *asked)
        return found

    async def of_project(self, actor: Actor, project_id: str) -> list[Listed]:
        """The patterns of a project, the most used first: the one read behind `project:{id}:patterns` (4.2)."""
        return await self.page(PatternFilter(actor.user_id, project_id=project_id), "usage", OF_PROJECT)

    async def show(self, actor: Actor, name: str) -> Shown:
        """A pattern by name, TYPE/NAME or id. Raises NotFound, AmbiguousId."""

        def work(tx: UnitOfWork) -> Shown:
            pattern = names.pattern(tx, actor, name)
            projects = tuple(
                (seen, tx.patterns.readable(seen.memory_ids, actor.shared))
                for seen in tx.patterns.in_projects(pattern.id)
            )
            evidence = tuple(tx.patterns.evidence(pattern.id, actor.shared))
            uses = tuple(tx.patterns.uses(pattern.id, USES))
            return Shown(pattern, projects, evidence, uses, tx.patterns.finder(pattern.id))

        return await self._storage.read(work)

    async def forget(self, actor: Actor, name: str, dry_run: bool) -> Pattern:
        """Remove a pattern with its uses and its evidence for ever; memories stay. Raises NotFound, Forbidden."""

        def work(tx: UnitOfWork, at: str) -> Pattern:
            pattern = names.pattern(tx, actor, name)
            tx.patterns.delete(pattern.id)
            tx.audit.append(actor, "delete", "pattern", pattern.id, {"uses": pattern.usage_count}, at)
            note(tx, actor, "pattern-forget", "a pattern was removed", at)
            return pattern

        if dry_run:
            return await self._storage.read(lambda tx: names.pattern(tx, actor, name))
        return await self._write(actor, work)

    async def _write(self, actor: Actor, work: Callable[[UnitOfWork, str], T]) -> T:
        answer = await self._storage.write(recording.by_active(actor, self._clock, work))
        self._wake()
        return answer
