"""What waits in the outbox for a cache on a server: the values of what changed are removed there, however late.

Not what keeps void values from being shown (their dates do, in lmem.service.caches), and not for the cache in process,
which hears of every commit at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lmem.domain import cachekeys
from lmem.domain.cachekeys import Key
from lmem.domain.outbox import Pending, Projection
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.caches import Caches


class CacheProjector:
    """Applies rows of the outbox to the cache. `user_id` is the user whose daemon this is."""

    def __init__(self, storage: Storage, caches: Caches, user_id: str) -> None:
        self._storage = storage
        self._caches = caches
        self._user_id = user_id

    async def apply(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Remove what may hold something of these objects; everything, when a memory was purged.

        Nothing is put: values come back when they are asked for. Raises StoreUnavailable.
        """
        if any(row.kind == "memory" and row.op == "delete" for row in rows):
            await self._caches.clear()
            return

        def work(tx: UnitOfWork) -> list[str]:
            return list(tx.directory.project_names(self._user_id))

        kinds = {row.kind for row in rows}
        projects = await self._storage.read(work, brief=True)
        keys = [*self._of_each(rows), *self._of_all(kinds, projects)]
        await self._caches.forget({key.name for key in keys})

    def _of_each(self, rows: Sequence[Pending]) -> Iterator[Key]:
        """The keys of the objects themselves."""
        for row in rows:
            if row.kind == "memory":
                yield cachekeys.memory(row.object_id)
                yield cachekeys.outgoing(row.object_id)
                yield cachekeys.incoming(row.object_id)
            elif row.kind == "project":
                yield cachekeys.git_status(row.object_id)
                yield cachekeys.project_patterns(row.object_id)
            elif row.kind == "user":
                yield cachekeys.preferences(row.object_id)

    def _of_all(self, kinds: set[str], projects: Sequence[str]) -> Iterator[Key]:
        """The keys of lists, sets and briefs that may name one of the objects."""
        if kinds & {"memory", "relationship", "project"}:
            yield cachekeys.recent(self._user_id)
            yield cachekeys.projects(self._user_id)
            for project_id in projects:
                yield cachekeys.project_context(project_id)
                yield cachekeys.active(project_id)
        if "pattern" in kinds:
            yield from map(cachekeys.project_patterns, projects)
