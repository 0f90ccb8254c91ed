"""Adding, reading and editing memories.

Not what happens inside a unit of work (lmem.service.drafts and edits), not the end of their life
(lmem.service.lifecycle) and not search.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from lmem.config import InForce
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.memories import Draft
from lmem.domain.scope import NOWHERE, Scope
from lmem.errors import LmemError
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import edits
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.changesets import BULK, Runs, Series, Together
from lmem.service.drafts import Added, store
from lmem.service.edits import Edited
from lmem.service.reads import Detail, Page, Reads

GROUP = 16
"""Drafts of a bulk add that are queued at once: about 10 ms of the writer's time."""


class Memories:
    """Add, read and edit. `wake` is called after each commit that gave the relay work."""

    def __init__(
        self, storage: Storage, clock: Clock, wake: Callable[[], None], config: InForce, caches: Caches = NO_CACHE
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self._config = config
        self._bulk = asyncio.Lock()
        self._reads = Reads(storage, caches)
        self.runs = Runs(BULK)

    async def add(
        self,
        actor: Actor,
        draft: Draft,
        scope: Scope = NOWHERE,
        create_names: bool = False,
        config: InForce | None = None,
    ) -> Added:
        """Store a draft; durable when this returns, before any embedding.

        A draft with the id or the (source_tool, external_id) of a stored memory is that memory: the same text changes
        nothing, other text under the same external id is a new version. It belongs to the project and the session of
        `scope` where it names none; `create_names` makes those that it names. Raises NotFound for an unknown project
        or session, Conflict for an id taken by another text. `config` are the settings where the caller is.
        """
        settings = config or self._config
        added = await self._storage.write(lambda tx: self.put(tx, actor, draft, scope, create_names, settings))
        self._wake()
        return added

    async def add_many(
        self,
        actor: Actor,
        drafts: Sequence[Draft],
        scope: Scope = NOWHERE,
        config: InForce | None = None,
        series: Series | None = None,
    ) -> list[Added | LmemError]:
        """Store drafts, each on its own terms; they share commits. The projects and sessions they name are made.

        With a `series` all of them are of its change set.
        """

        def work(draft: Draft, tx: UnitOfWork) -> Added:
            together = series.within(tx, actor, self._now()) if series else None
            return self.put(tx, actor, draft, scope, True, config or self._config, together)

        answers: list[Added | LmemError] = []
        for at in range(0, len(drafts), GROUP):
            works = [partial(work, draft) for draft in drafts[at : at + GROUP]]
            async with self._bulk:  # one group in the queue at once: what a terminal adds meanwhile waits for few
                results = await asyncio.gather(*map(self._storage.write, works), return_exceptions=True)
            self._wake()
            for result in results:
                if isinstance(result, BaseException) and not isinstance(result, LmemError):
                    raise result
                answers.append(result)
        return answers

    async def get(self, actor: Actor, memory_id: str) -> Detail:
        """A memory by id or unique prefix. Raises NotFound, AmbiguousId, InvalidInput."""
        return await self._reads.get(actor, memory_id)

    async def page(self, wanted: Filter, order: str, limit: int, offset: int, may_join: bool = False) -> Page:
        """Memories in the order of the layered query ('rank') or of creation, and how many there are in all.

        With `may_join` those of the temporal layer alone come too when the filter leaves them out and the others fill
        no page of `limit`: on every page of a list alike.
        """
        return await self._reads.page(wanted, order, limit, offset, may_join)

    async def tags(self, wanted: Filter) -> list[tuple[str, int]]:
        """Tags with their counts, most used first."""
        return await self._reads.tags(wanted)

    async def edit(
        self,
        actor: Actor,
        memory_id: str,
        changes: Mapping[str, object],
        reason: str | None,
        rev: int | None = None,
        kept_secrets: Sequence[str] = (),
    ) -> Edited:
        """Change fields of a memory (names of Memory's fields, and add_tags / remove_tags).

        A title that was taken from the text is taken from the new one, unless a title is given. `kept_secrets` are
        kinds of credentials in the changes that the caller allowed to be stored.
        Raises Conflict when `rev` is given and is not the current one.
        """

        edited = await self._storage.write(
            lambda tx: self.alter(tx, actor, memory_id, changes, reason, rev, kept_secrets)
        )
        self._wake()
        return edited

    def alter(
        self,
        tx: UnitOfWork,
        actor: Actor,
        memory_id: str,
        changes: Mapping[str, object],
        reason: str | None,
        rev: int | None,
        kept_secrets: Sequence[str],
        together: Together | None = None,
    ) -> Edited:
        """As `edit`, inside a unit of work; of the change set of others that it is done `together` with."""
        return edits.edit(tx, actor, memory_id, changes, reason, rev, kept_secrets, self._now(), together)

    def put(
        self,
        tx: UnitOfWork,
        actor: Actor,
        draft: Draft,
        scope: Scope,
        create_names: bool,
        config: InForce,
        together: Together | None = None,
    ) -> Added:
        """As `add`, inside a unit of work; of the change set of others that it is done `together` with."""
        return store(tx, actor, draft, scope, create_names, config, self._now(), together)

    def _now(self) -> str:
        return times.to_text(self._clock.now())
