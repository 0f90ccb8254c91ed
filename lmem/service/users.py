"""The user: who lmem thinks you are, and whether you may write.

Not your preferences (lmem.service.settings).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.users import User
from lmem.errors import Conflict, Internal
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import recording
from lmem.service.changesets import note


class Users:
    """`wake` tells the relay that there is work."""

    def __init__(self, storage: Storage, clock: Clock, wake: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._wake = wake

    async def show(self, actor: Actor) -> User:
        """The user of this daemon."""
        return await self._storage.read(lambda tx: _find(tx, actor))

    async def others(self, actor: Actor) -> list[str]:
        """The names of the other users of this store who may write, the one seen last first."""
        found = await self._storage.read(lambda tx: tx.users.active())
        return [user.username for user in found if user.id != actor.user_id]

    async def set(self, actor: Actor, changes: Mapping[str, object]) -> tuple[User, tuple[str, ...]]:
        """Change email, display_name or is_active; answers the user and the names of what changed.

        A user who is not active can only become active. Raises Forbidden, or Conflict for another user's address.
        """

        def work(tx: UnitOfWork) -> tuple[User, tuple[str, ...]]:
            user = _find(tx, actor)
            changed = tuple(name for name, value in changes.items() if getattr(user, name) != value)
            if not changed:
                return user, ()
            if not changes.get("is_active"):
                recording.require_active(tx, actor)
            email = changes.get("email")
            if isinstance(email, str) and tx.users.with_email(email) not in (None, user.id):
                raise Conflict(f"Another user has the address {email}.")
            at = times.to_text(self._clock.now())
            columns: dict[str, str | int | float | None] = {"rev": user.rev + 1, "updated_at": at}
            for name in changed:
                value = changes[name]
                columns[name] = int(value) if isinstance(value, bool) else None if value is None else str(value)
            tx.users.update(user.id, columns)
            tx.outbox.enqueue("user", user.id, user.rev + 1, "upsert")
            tx.audit.append(actor, "update", "user", user.id, {"fields": sorted(changed)}, at)
            note(tx, actor, "user", f"{', '.join(changed)} of the user was set", at)
            return _find(tx, actor), changed

        answer = await self._storage.write(work)
        self._wake()
        return answer


def _find(tx: UnitOfWork, actor: Actor) -> User:
    found = tx.users.find(actor.user_id)
    if found is None:
        raise Internal("The user of this daemon is not stored.")
    return found
