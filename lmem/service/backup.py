"""Backups by hand: made, listed, verified, and restored by the daemon's next start.

Not the automatic ones before a migration, and not the restoring itself: the truth is closed while that is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.backup import Backup, Plan
from lmem.errors import Forbidden
from lmem.ports.backup import BackupStore
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.recording import require_active


class Backups:
    """The backups as their user sees them. They hold private memories: all others are refused with Forbidden."""

    def __init__(self, storage: Storage, store: BackupStore, clock: Clock) -> None:
        self._storage = storage
        self._store = store
        self._clock = clock

    async def create(self, actor: Actor, target: str | None) -> tuple[Backup, Sequence[str]]:
        """Make one, checked, in the directory of backups or as the file `target`; and what was let go for it.

        Raises as lmem.ports.backup.BackupStore.create. The audit log says who made it (specification 5.3).
        """
        _refuse_shared(actor)
        made, gone = await self._store.create(target)
        at = times.to_text(self._clock.now())
        memories = made.holds.memories if made.holds else 0
        details = {"memories": memories, "elsewhere": target is not None, "let_go": len(gone)}
        await self._storage.write(lambda tx: tx.audit.append(actor, "create", "backup", made.name, details, at))
        return made, gone

    async def listed(self, actor: Actor) -> list[Backup]:
        """Those in the directory, the newest first."""
        _refuse_shared(actor)
        return await self._store.listed()

    async def verify(
        self, actor: Actor, names: Sequence[str], on_progress: Callable[[str, int, int], None]
    ) -> list[tuple[str, str]]:
        """Check these, or all in the directory: each name with what is wrong, '' for nothing.

        Raises NotFound, StorageFull: a copy of each is checked.
        """
        _refuse_shared(actor)
        wanted = list(names) or [backup.name for backup in await self._store.listed()]
        found = []
        for done, name in enumerate(wanted):
            on_progress(name, done, len(wanted))
            found.append((name, await self._store.check(name)))
        return found

    async def plan(self, actor: Actor, wanted: str) -> Plan:
        """What restoring one would change; nothing is changed. Raises as lmem.ports.backup.BackupStore.plan."""
        _refuse_shared(actor)
        return await self._store.plan(wanted)

    async def restore(self, actor: Actor, wanted: str) -> tuple[Plan, str]:
        """Have the next start of the daemon restore one: what that will change, and the id that its outcome bears.

        Raises as `plan`, and Forbidden for a user who is not active.
        """
        plan = await self.plan(actor, wanted)

        def work(tx: UnitOfWork) -> None:
            require_active(tx, actor)

        if plan.now is not None:  # else nothing can be read, and who owns the files may do this
            await self._storage.read(work)
        return plan, await self._store.ask(plan.backup.path, actor.address, actor.agent)


def _refuse_shared(actor: Actor) -> None:
    if actor.shared:
        raise Forbidden(
            "Backups hold private memories; they are the user's own terminal's.", hint="Run 'lmem backup' there."
        )
