"""What waits in the outbox for a cache on a server: the values of what changed are removed there, however late.

Not what keeps void values from being shown (their dates do, in lmem.service.caches), and not for the cache in process,
which hears of every commit at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lmem.domain import cachekeys, times
from lmem.domain.cachekeys import Key
from lmem.domain.outbox import Pending, Projection
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.caches import Caches
from lmem.service.retiring import clear

PORT = "cache"
ENGINE = "redis"
PROJECTION = f"{PORT}-0001"
"""The one projection of a cache: it holds nothing that would have to be written again, so it has no generations."""


class CacheProjector:
    """Applies rows of the outbox to the cache. Implements lmem.service.copies.Projector."""

    port = PORT

    def __init__(self, storage: Storage, caches: Caches, clock: Clock) -> None:
        self._storage = storage
        self._caches = caches
        self._clock = clock
        self._projection: Projection | None = None

    async def prepare(self) -> Sequence[Projection]:
        """The projection, made when the server is first seen; nothing waits for it then."""
        if self._projection is None:
            await clear(self._storage)
            known = await self._storage.read(lambda tx: tx.outbox.projections(PORT))
            self._projection = known[0] if known else await self._begun()
        return (self._projection,)

    async def settle(self, projection: Projection) -> None:
        """Nothing has to be switched."""

    async def close(self) -> None:
        """The cache is closed by whoever opened it."""

    async def apply(self, projection: Projection, rows: Sequence[Pending]) -> None:
        """Remove what may hold something of these objects; everything, when a memory was purged.

        Nothing is put: values come back when they are asked for. Raises StoreUnavailable.
        """
        if any(row.kind == "memory" and row.op == "delete" for row in rows):
            await self._caches.clear()
            return

        kinds = {row.kind for row in rows}
        users, projects = await self._storage.read(_owners, brief=True)
        keys = [*self._of_each(rows), *self._of_all(kinds, users, projects)]
        await self._caches.forget({key.name for key in keys})

    async def _begun(self) -> Projection:
        made = Projection(PROJECTION, PORT, ENGINE, PROJECTION, None, "active", None, {})
        at = times.to_text(self._clock.now())
        # A copy of its own outbox, which is empty: the server has nothing yet that would have to be removed.
        await self._storage.write(lambda tx: tx.outbox.add_projection(made, at, made.id))
        return made

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

    def _of_all(self, kinds: set[str], users: Sequence[str], projects: Sequence[str]) -> Iterator[Key]:
        """The keys of lists, sets and briefs that may name one of the objects."""
        if kinds & {"memory", "relationship", "project"}:
            yield from map(cachekeys.recent, users)
            yield from map(cachekeys.projects, users)
            for project_id in projects:
                yield cachekeys.project_context(project_id)
                yield cachekeys.active(project_id)
        if "pattern" in kinds:
            yield from map(cachekeys.project_patterns, projects)


def _owners(tx: UnitOfWork) -> tuple[list[str], list[str]]:
    """The users who write, and all of their projects."""
    users = [user.id for user in tx.users.active()]
    return users, [project_id for user_id in users for project_id in tx.directory.project_names(user_id)]

