"""Sessions of work: starting, switching, resuming, showing them, and what is in focus.

Not their end (lmem.service.endings), and not the search for the current one (lmem.service.scopes).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TypeVar

from lmem.config import InForce
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.layers import layers
from lmem.domain.memories import Memory
from lmem.domain.projects import free_name
from lmem.domain.scope import Place, Scope
from lmem.domain.sessions import Session, Work, remembering
from lmem.errors import Conflict, NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import members, names, recording
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.changesets import note
from lmem.service.shownsessions import Shown, ShownSessions

_T = TypeVar("_T")

CURRENT = "."
"""What stands for the current session where one is named."""
MOST_NAMED = 3
"""Open sessions that are named to somebody who has no current one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new session shall be; without a name it has that of the branch, else of the directory."""

    name: str | None = None
    description: str | None = None
    goal: str | None = None
    files: tuple[str, ...] = ()
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Turned:
    """The session that is current now, the one that was until now, and what came back into its layer."""

    session: Session
    paused: Session | None = None
    returned: tuple[Memory, ...] = ()
    change_set: int | None = None


class Sessions:
    """Sessions by worktree. `wake` tells the relay that there is work, `changed` that scopes are void."""

    def __init__(
        self, storage: Storage, clock: Clock, wake: Callable[[], None], changed: Callable[[], None], config: InForce,
        caches: Caches = NO_CACHE,
    ) -> None:  # fmt: skip
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self._changed = changed
        self._config = config
        self._shown = ShownSessions(storage, caches)

    async def start(self, actor: Actor, wanted: Wanted, scope: Scope, place: Place) -> Turned:
        """Open a session in a directory; the one that was current there is paused.

        Raises NotFound for an unknown parent, Conflict for a name that an open session of the project has.
        """

        def work(tx: UnitOfWork) -> Turned:
            recording.require_active(tx, actor)
            at = times.to_text(self._clock.now())
            parent = named(tx, actor, wanted.parent, scope) if wanted.parent else None
            context = {"goal": wanted.goal} if wanted.goal else {}
            session = Session(
                id=secrets.token_hex(16), user_id=actor.user_id, project_id=scope.project_id,
                name=_free(tx, actor, wanted.name, place, scope.project_id), description=wanted.description,
                git_branch=place.branch, git_commit=place.commit, working_directory=place.directory,
                context=remembering(context, Work(files=wanted.files)), parent_session_id=parent.id if parent else None,
                created_at=at, updated_at=at, last_active_at=at, ended_at=None, is_active=True,
            )  # fmt: skip
            tx.sessions.insert(session)
            details: dict[str, object] = {"project": scope.project_id, "parent": session.parent_session_id}
            tx.audit.append(actor, "create", "session", session.id, details, at)
            note(tx, actor, "session-start", f"the session '{session.name}' was started", at)
            return Turned(session, _pause(tx, actor, session, at))

        return await self._write(work)

    async def switch(self, actor: Actor, name: str, scope: Scope, place: Place) -> Turned:
        """Make an open session the current one of a directory.

        Raises NotFound, or Conflict for one that has ended or belongs to another project.
        """

        def work(tx: UnitOfWork) -> Turned:
            session = named(tx, actor, name, scope)
            if session.ended_at is not None:
                raise Conflict(
                    f"The session '{session.name[:80]}' has ended.",
                    hint=f"Open it again with 'lmem session resume {session.id[:8]}'.",
                )
            return self._turned(tx, actor, session, scope, place)

        return await self._write(work)

    async def resume(self, actor: Actor, name: str | None, scope: Scope, place: Place) -> Turned:
        """Make a session current again, by default the last one of the directory; one that has ended is opened.

        What its end left in the temporal layer alone comes back into the session, as one change set.
        """

        def work(tx: UnitOfWork) -> Turned:
            directory = place.directory
            session = named(tx, actor, name, scope) if name else tx.sessions.last_of(actor.user_id, directory)
            if session is None:
                raise NotFound("There was no session in this directory.", hint="Begin one: 'lmem session start'.")
            ended = session.ended_at is not None
            if not ended:
                return self._turned(tx, actor, session, scope, place)
            return self._reopen(tx, actor, self._turn(tx, actor, session, scope, place))

        return await self._write(work)

    async def show(self, actor: Actor, name: str, scope: Scope) -> Shown:
        """A session, its relatives and its memories. Raises NotFound, AmbiguousId."""

        if name == CURRENT and scope.session_id is not None:
            return await self._shown.show(actor, scope.session_id)
        session = await self._storage.read(lambda tx: named(tx, actor, name, scope), brief=True)
        return await self._shown.show(actor, session.id)

    async def page(
        self, actor: Actor, project_id: str | None, branch: str | None, ended: bool, limit: int
    ) -> list[tuple[Session, int]]:
        """Sessions with their numbers of memories, the most recently active first."""
        return await self._storage.read(lambda tx: tx.sessions.page(actor.user_id, project_id, branch, ended, limit))

    async def focus(
        self, actor: Actor, name: str, ids: Sequence[str], focused: bool, scope: Scope
    ) -> tuple[Session, list[Memory]]:
        """Put memories into a session's focus, or take them out; answers those that were not so already.

        A memory from elsewhere joins the session, and stays where it is. Raises NotFound, Conflict for a full session.
        """

        def work(tx: UnitOfWork) -> tuple[Session, list[Memory]]:
            recording.require_active(tx, actor)
            session = named(tx, actor, name, scope)
            at = times.to_text(self._clock.now())
            wanted = {memory.id: memory for memory in (names.memory(tx, actor, text) for text in ids)}
            inside = {member.memory_id for member in tx.members.of(session.id)}
            changed = []
            for memory in wanted.values():
                if focused and memory.id not in inside:
                    most = self._config(session.project_id).number("max_memories_per_session")
                    members.join(tx, session.id, memory.id, at, most)
                if tx.members.focus(session.id, memory.id, focused):
                    changed.append(memory)
            if changed:
                details = {"focus" if focused else "unfocus": [memory.id for memory in changed]}
                tx.audit.append(actor, "update", "session", session.id, details, at)
                note(tx, actor, "session-focus", f"the focus of the session '{session.name}' was changed", at)
            return session, changed

        return await self._write(work)

    async def _write(self, work: Callable[[UnitOfWork], _T]) -> _T:
        done = await self._storage.write(work)
        self._changed()
        self._wake()
        return done

    def _turned(self, tx: UnitOfWork, actor: Actor, session: Session, scope: Scope, place: Place) -> Turned:
        """As `_turn`, for one that has not ended; kept as what the user did, when it was not current already."""
        turned = self._turn(tx, actor, session, scope, place)
        if session.state != "active":
            _note_switch(tx, actor, turned.session)
        return turned

    def _turn(self, tx: UnitOfWork, actor: Actor, session: Session, scope: Scope, place: Place) -> Turned:
        recording.require_active(tx, actor)
        if None not in (session.project_id, scope.project_id) and session.project_id != scope.project_id:
            raise Conflict(
                f"The session '{session.name[:80]}' belongs to another project than this directory, {scope.project}.",
                hint=f"Go to {session.working_directory or 'its directory'}, or give --session {session.id[:8]}.",
            )
        at = times.to_text(self._clock.now())
        directory = place.directory
        columns: dict[str, str | int | None] = {
            "is_active": 1, "ended_at": None, "working_directory": directory, "last_active_at": at, "updated_at": at
        }  # fmt: skip
        tx.sessions.update(session.id, columns)
        tx.audit.append(actor, "update", "session", session.id, {"fields": ["is_active"]}, at)
        turned = replace(
            session, is_active=True, ended_at=None, working_directory=directory, last_active_at=at, updated_at=at
        )  # fmt: skip
        return Turned(turned, _pause(tx, actor, turned, at))

    def _reopen(self, tx: UnitOfWork, actor: Actor, turned: Turned) -> Turned:
        """Bring what the end left in the temporal layer alone back into the session."""
        faded = tx.members.faded(turned.session.id)
        if not faded:
            _note_switch(tx, actor, turned.session)
            return turned
        at = times.to_text(self._clock.now())
        reason = f"the session '{turned.session.name}' was resumed"
        number = tx.versions.open_change_set("session-resume", reason, actor.user_id, at)
        for memory in faded:
            recording.change(
                tx, actor, memory, replace(memory, layers=layers(["session"])), "updated", reason, number, at
            )
        seen = tuple(memory for memory in faded if not (actor.shared and memory.is_private))
        return replace(turned, returned=seen, change_set=number)


def _note_switch(tx: UnitOfWork, actor: Actor, session: Session) -> None:
    note(tx, actor, "session-switch", f"the session '{session.name}' became current", session.updated_at)


def named(tx: UnitOfWork, actor: Actor, name: str, scope: Scope) -> Session:
    """The session that is named, those of the project first; '.' is the current one."""
    if name != CURRENT:
        return names.find_session(tx, actor, name, scope.project_id, elsewhere=True)
    found = tx.sessions.find(scope.session_id) if scope.session_id else None
    if found is None:
        raise _none_here(tx, actor, scope)
    return found


def _none_here(tx: UnitOfWork, actor: Actor, scope: Scope) -> NotFound:
    """Nothing is current: the open ones are named, for one of them is likely to be meant."""
    rows = tx.sessions.page(actor.user_id, scope.project_id, None, False, MOST_NAMED + 1)
    if not rows:
        return NotFound("There is no session here.", hint="Begin one with 'lmem session start', or name one.")
    known = [f"{session.name[:40]} ({session.id[:8]}, {session.state})" for session, _ in rows[:MOST_NAMED]]
    more = " and more" if len(rows) > MOST_NAMED else ""
    return NotFound(
        "No session is current here.",
        hint=f"Open: {', '.join(known)}{more}. Name one, or go on in it with 'lmem session resume ID'.",
    )


def _free(tx: UnitOfWork, actor: Actor, name: str | None, place: Place, project_id: str | None) -> str:
    def taken(wanted: str) -> bool:
        found = tx.sessions.named(actor.user_id, wanted, project_id)
        return found is not None and found.ended_at is None

    if name is None:
        given = place.branch or PurePosixPath(place.directory).name or "session"
        return free_name(given, None, taken)
    if taken(name):
        raise Conflict(
            f"There is an open session '{name[:80]}' already.",
            hint="Go on in it with 'lmem session resume', or choose another name.",
        )
    return name


def _pause(tx: UnitOfWork, actor: Actor, session: Session, at: str) -> Session | None:
    """Pause what was current in the session's directory until now."""
    paused = tx.sessions.pause_all(actor.user_id, session.working_directory or "", session.id)
    for other in paused:
        tx.audit.append(actor, "update", "session", other, {"fields": ["is_active"]}, at)
    return tx.sessions.find(paused[0]) if paused else None
