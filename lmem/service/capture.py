"""Commits as memories: each commit of a project once, and what a newer one took the place of.

Not the reading of commits (lmem.daemon.commits).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.commits import SOURCE
from lmem.domain.memories import Draft
from lmem.domain.scope import Scope
from lmem.errors import LmemError
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import links, purgedcommits, recording
from lmem.service.changesets import BACKFILL, Series, was_undone
from lmem.service.drafts import Added
from lmem.service.memories import Memories


class Capture:
    """Stores commits. `wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, memories: Memories, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._memories = memories
        self._wake = wake
        self._turn = asyncio.Lock()

    async def unknown(self, project_id: str | None, commits: Sequence[str], backfill: bool = False) -> list[str]:
        """Those commits that the project has no memory of, each once, and none whose memory was purged; of a `backfill`
        also those that were taken back by an undo, not those that somebody forgot."""

        def work(tx: UnitOfWork) -> list[str]:
            left_out = purgedcommits.known(tx, commits)
            wanted = (sha for sha in dict.fromkeys(commits) if sha not in left_out)
            found = ((sha, tx.memories.external(SOURCE, sha, project_id)) for sha in wanted)
            return [sha for sha, memory in found if memory is None or (backfill and was_undone(tx, memory))]

        return await self._storage.read(work)

    async def store(self, actor: Actor, scope: Scope, drafts: Sequence[Draft], backfill: Series | None = None) -> int:
        """Store the drafts of commits that are not known; answers how many that were.

        A memory that is there is left as it is, also when somebody edited it; a commit that was purged stays purged,
        also one that a rebase made of it. A `backfill` brings back what an undo took, and what it does is one change
        set. Raises the first error of any of them; the others are stored.
        """
        async with self._turn:  # a backfill and a hook may bring the same commit
            wanted = set(await self.unknown(scope.project_id, [str(draft.external_id) for draft in drafts]))
            fresh = [draft for draft in drafts if draft.external_id in wanted]
            fresh = await self._storage.read(lambda tx: purgedcommits.others(tx, fresh))
            results = await self._memories.add_many(actor, fresh, scope, series=backfill)
            back = 0
            if backfill is not None and len(fresh) < len(drafts):
                known = [str(draft.external_id) for draft in drafts if draft.external_id not in wanted]
                back = await self._bring_back(actor, scope.project_id, known, backfill)
        for result in results:
            if isinstance(result, LmemError):
                raise result
        return back + sum(isinstance(result, Added) and result.created for result in results)

    async def _bring_back(self, actor: Actor, project_id: str | None, commits: Sequence[str], series: Series) -> int:
        def work(tx: UnitOfWork) -> int:
            at, back = times.to_text(self._clock.now()), 0
            together = series.within(tx, actor, at)
            for memory in (tx.memories.external(SOURCE, sha, project_id) for sha in commits):
                if memory is not None and was_undone(tx, memory):
                    after = replace(memory, is_archived=False)
                    recording.change(tx, actor, memory, after, "updated", BACKFILL, together.open(), at)
                    back += 1
            return back

        back = await self._storage.write(work)
        self._wake()
        return back

    async def supersede(
        self, actor: Actor, project_id: str | None, became: Mapping[str, str | None], reason: str
    ) -> int:
        """End the memories of commits that were rewritten, each with a link from what it `became`, if that is known.

        As one change set; what is not there, archived or ended already is passed over. Answers how many ended.
        """
        if not became:
            return 0

        def work(tx: UnitOfWork) -> int:
            found = [(tx.memories.external(SOURCE, old, project_id), new) for old, new in became.items()]
            olds = [(old, new) for old, new in found if old and not old.is_archived and old.valid_until is None]
            if not olds:
                return 0
            at = times.to_text(self._clock.now())
            number = tx.versions.open_change_set("rewrite", reason, actor.user_id, at)
            for old, sha in olds:
                new = tx.memories.external(SOURCE, sha, project_id) if sha else None
                extra: dict[str, tuple[object, object]] = {}
                if new is not None:
                    links.link(tx, actor, "superseded_by", new.id, old.id, reason, at)
                    extra = {"superseded_by": (None, new.id)}
                recording.change(tx, actor, old, replace(old, valid_until=at), "updated", reason, number, at, extra)
            return len(olds)

        ended = await self._storage.write(work)
        self._wake()
        return ended
