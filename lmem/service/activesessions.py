"""The session that a user's last call was made in, and where: the next call from there need not look for it.

Not the search for it (lmem.service.scopes); whether it is still the current one is seen in the truth each time.
"""

from __future__ import annotations

from lmem.domain import cachekeys
from lmem.domain.actors import Actor
from lmem.domain.cachekeys import Key
from lmem.domain.scope import Place, Scope
from lmem.ports.storage import UnitOfWork
from lmem.service import cachejson
from lmem.service.caches import Caches

Active = tuple[str | None, str]
"""A project's id, or None, and the session that is current in it at a place."""


class ActiveSessions:
    """What is known of users' current sessions."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches

    @property
    def number(self) -> int:
        """The change number that `keep` wants: taken before the truth is read."""
        return self._caches.number

    async def of(self, actor: Actor, place: Place, idle_hours: int) -> Active | None:
        """The session that was current in a place, when it is the one that the user was in last."""
        return cachejson.unpacked(await self._caches.get(_key(actor, place, idle_hours)), _active)

    async def keep(self, actor: Actor, place: Place, idle_hours: int, scope: Scope, at: int) -> None:
        """Remember the session of a scope, if it has one."""
        if scope.session_id is not None:
            value = cachejson.packed([scope.project_id, scope.session_id])
            await self._caches.put(_key(actor, place, idle_hours), value, at)


def is_current(tx: UnitOfWork, active: Active, project_id: str | None, since: str) -> bool:
    """Whether a known session still is what a search for the project's would find; it must not be idle `since`."""
    if active[0] != project_id:
        return False
    found = tx.sessions.find(active[1])
    return found is not None and found.is_active and found.last_active_at >= since


def _key(actor: Actor, place: Place, idle_hours: int) -> Key:
    """Of all that the search depends on, but the project."""
    return cachekeys.active_session(actor.user_id).answering(place.cwd, place.top, idle_hours)


def _active(found: object) -> Active:
    if not isinstance(found, list):
        raise TypeError
    project_id, session_id = found
    return project_id, str(session_id)
