"""Memories in the order of time, and the changes that can be undone.

Not the past as it was known (lmem.service.past).
"""

from __future__ import annotations

from dataclasses import replace

from lmem.domain.actors import Actor
from lmem.domain.filters import Filter
from lmem.domain.history import Change
from lmem.domain.memories import Memory
from lmem.domain.room import ALL, WHOLE, Room
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import names


class Timeline:
    """Reads by time."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def newest(self, wanted: Filter, limit: int) -> list[Memory]:
        """The newest memories, the oldest of them first."""
        found = await self._storage.read(lambda tx: tx.memories.page(wanted, "created", limit, 0, Room()))
        return found[::-1]

    async def around(self, actor: Actor, memory_id: str, wanted: Filter, limit: int) -> tuple[Memory, list[Memory]]:
        """A memory, and it between so many before and after it, in its project when `wanted` names none.

        Raises NotFound.
        """

        def work(tx: UnitOfWork) -> tuple[Memory, list[Memory]]:
            anchor = names.memory(tx, actor, memory_id)
            where = wanted
            if anchor.project_id is not None and wanted.project_id is None and wanted.sight is not None:
                where = replace(wanted, project_id=anchor.project_id, sight=None)
            here, earlier, later = (Room(WHOLE // 3, ALL // 3) for _ in range(3))  # neither side takes the other's
            before = tx.timeline.before(where, anchor, limit, earlier)
            after = tx.timeline.after(where, anchor, limit, later)
            return anchor, [*reversed(before), *here.fill([anchor]), *after]

        return await self._storage.read(work)

    async def changes(self, actor: Actor, limit: int, offset: int) -> list[Change]:
        """Changes, newest first: change sets, and single adds that an undo could take back."""
        return await self._storage.read(lambda tx: tx.timeline.changes(actor.user_id, actor.shared, limit, offset))
