"""The end of a session: what mattered joins its project, the rest fades; by hand, or when nobody works in it any more.

Not the rule (lmem.domain.sessions) and not the start of a session (lmem.service.sessions).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lmem._version import __version__
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.memories import Memory
from lmem.domain.nouns import count
from lmem.domain.scope import Scope
from lmem.domain.sessions import Session, layers_at_end, matters
from lmem.errors import Conflict
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import recording
from lmem.service.lifecycle import resolver_of
from lmem.service.sessions import named

KIND = "session-end"
"""The kind of an end's change set."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A memory as it is after the end of its session, and why, as a clause for people."""

    memory: Memory
    because: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What the end of a session did: memories that joined a project, that are temporal now, that stayed global.

    `change_set` takes all of it back; `session` is current again where the other was. Nothing is done in a dry run.
    """

    session: Session
    promoted: tuple[Moved, ...]
    faded: tuple[Moved, ...]
    kept: tuple[Moved, ...]
    change_set: int | None
    next: Session | None = None


class Endings:
    """Ends sessions. `wake` tells the relay that there is work, `changed` that scopes are void.

    `idle_hours` says after how many hours without a call a session has ended; 0 is never.
    """

    def __init__(
        self, storage: Storage, clock: Clock, wake: Callable[[], None], changed: Callable[[], None],
        idle_hours: Callable[[], int],
    ) -> None:  # fmt: skip
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self._changed = changed
        self._idle_hours = idle_hours

    async def end(self, actor: Actor, name: str, scope: Scope, reason: str | None, dry_run: bool = False) -> Ended:
        """End a session; '.' is the current one. Raises NotFound, Conflict for one that has ended."""

        def work(tx: UnitOfWork) -> Ended:
            session = named(tx, actor, name, scope)
            if session.ended_at is not None:
                raise Conflict(f"The session '{session.name[:80]}' has ended already.", hint="See 'lmem session list'.")
            why = reason or f"the session '{session.name}' ended"
            return self._end(tx, actor, session, why, dry_run, go_back=not dry_run)

        ended = await (self._storage.read(work) if dry_run else self._storage.write(work))
        self._told()
        return _shown(actor, ended)

    async def idle(self, now: datetime) -> list[Session]:
        """The sessions that `close_idle` would end now."""
        hours = self._idle_hours()
        before = times.to_text(now - timedelta(hours=hours))
        return await self._storage.read(lambda tx: tx.sessions.idle(before)) if hours else []

    async def close_idle(self, now: datetime) -> list[Ended]:
        """End the sessions that nobody has worked in for so long; a parent goes after its children."""
        hours = self._idle_hours()
        ended: list[Ended] = []
        if not hours:
            return ended
        before = times.to_text(now - timedelta(hours=hours))
        reason = f"nobody worked in it for {count(hours, 'hour')}"

        def work(tx: UnitOfWork) -> Ended | None:
            for session in tx.sessions.idle(before):
                actor = Actor(session.user_id, f"unix:{os.getuid()}:{os.getpid()}", f"jobs/{__version__}")
                if tx.directory.is_active(session.user_id):
                    return self._end(tx, actor, session, reason)
            return None

        while (done := await self._storage.write(work)) is not None:  # one a transaction, so that others write between
            ended.append(done)
        if ended:
            self._told()
        return ended

    def _told(self) -> None:
        self._changed()
        self._wake()

    def _end(
        self, tx: UnitOfWork, actor: Actor, session: Session, reason: str, dry_run: bool = False, go_back: bool = False
    ) -> Ended:
        at = times.to_text(self._clock.now())
        moves = [(memory, _moved(tx, memory, session)) for memory in tx.members.in_layer(session.id)]
        number = None
        if not dry_run:
            recording.require_active(tx, actor)
            if moves or go_back:  # of what a person asked for `undo` knows, also when it moved nothing
                number = tx.versions.open_change_set(KIND, reason, actor.user_id, at)
            for before, moved in moves:
                why = f"{reason}: {moved.because}"
                recording.change(tx, actor, before, moved.memory, "updated", why, number or 0, at)
            session = _close(tx, actor, session, at, {"change_set": number, "moved": len(moves)})
        result = [moved for _, moved in moves]
        return Ended(
            session,
            tuple(item for item in result if "project" in item.memory.layers),
            tuple(item for item in result if "temporal" in item.memory.layers),
            tuple(item for item in result if item.memory.layers.names == ("global",)),
            number,
            _go_back(tx, actor, session, at) if go_back else None,
        )


def _moved(tx: UnitOfWork, memory: Memory, session: Session) -> Moved:
    """A memory of the session layer as it is once the session has ended."""
    open_task = memory.memory_type == "task" and resolver_of(tx, memory) is None
    project_id = memory.project_id or session.project_id
    because = matters(memory, open_task)
    after = layers_at_end(memory, because is not None, project_id is not None)
    if "project" in after:
        return Moved(replace(memory, layers=after, project_id=project_id), because or "")
    if because is not None:
        because = f"{because}, but there is no project to join"
    return Moved(replace(memory, layers=after), because or "it did not matter enough to join the project")


def _close(tx: UnitOfWork, actor: Actor, session: Session, at: str, details: dict[str, object]) -> Session:
    tx.sessions.update(session.id, {"is_active": 0, "ended_at": at, "updated_at": at})
    tx.members.show(session.id, ())
    tx.audit.append(actor, "update", "session", session.id, {"fields": ["ended_at"], **details}, at)
    return replace(session, is_active=False, ended_at=at, updated_at=at)


def _go_back(tx: UnitOfWork, actor: Actor, ended: Session, at: str) -> Session | None:
    """The parent becomes current again, if it was paused for a child in its directory and nothing else took over."""
    parent = tx.sessions.find(ended.parent_session_id) if ended.parent_session_id else None
    directory = ended.working_directory
    if parent is None or directory is None or parent.state != "paused" or parent.working_directory != directory:
        return None
    if tx.scopes.session_at(ended.user_id, [directory], None, "") is not None:
        return None
    tx.sessions.update(parent.id, {"is_active": 1, "last_active_at": at, "updated_at": at})
    tx.audit.append(actor, "update", "session", parent.id, {"fields": ["is_active"]}, at)
    return replace(parent, is_active=True, last_active_at=at, updated_at=at)


def reopen(tx: UnitOfWork, actor: Actor, session_id: str, at: str) -> Session | None:
    """Open a session whose end was undone, current where no other is; None when it has not ended, or is gone."""
    session = tx.sessions.find(session_id)
    if session is None or session.ended_at is None:
        return None
    directory = session.working_directory
    free = directory is not None and tx.scopes.session_at(session.user_id, [directory], None, "") is None
    tx.sessions.update(session_id, {"is_active": int(free), "ended_at": None, "last_active_at": at, "updated_at": at})
    tx.audit.append(actor, "update", "session", session_id, {"fields": ["ended_at"]}, at)
    return replace(session, is_active=free, ended_at=None, last_active_at=at, updated_at=at)


def _shown(actor: Actor, ended: Ended) -> Ended:
    """What a caller may read of an end: others than the user nothing of private memories."""
    if not actor.shared:
        return ended

    def seen(moved: tuple[Moved, ...]) -> tuple[Moved, ...]:
        return tuple(item for item in moved if not item.memory.is_private)

    return replace(ended, promoted=seen(ended.promoted), faded=seen(ended.faded), kept=seen(ended.kept))
