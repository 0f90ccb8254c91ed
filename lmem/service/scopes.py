"""The scope of a call: which project and which session it means, and why.

Not the place itself (the daemon reads git's files) and not what a scope makes visible (lmem.domain.routing).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import PurePosixPath

from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.scope import Place, Scope
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import enrolment, names, recording
from lmem.service.activesessions import Active, ActiveSessions, is_current
from lmem.service.caches import NO_CACHE, Caches

KEPT_S = 2.0
MOST = 1024

_Key = tuple[str, Place, str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Found:
    """A scope, and what its project is not recognised by yet."""

    scope: Scope
    unknown: tuple[tuple[str, str], ...] = ()


class Scopes:
    """Finds scopes and remembers them for two seconds, or until `changed`. `place` reads a caller's directory; `surely`
    does too, and waits longer for a disk, or raises.

    A session that was idle for `idle_hours` is current nowhere, whether or not a job has closed it yet; 0 is never.
    """

    def __init__(
        self, storage: Storage, clock: Clock, place: Callable[[str], Awaitable[Place]], idle_hours: Callable[[], int],
        caches: Caches = NO_CACHE, surely: Callable[[str], Awaitable[Place]] | None = None,
    ) -> None:  # fmt: skip
        self._storage = storage
        self._clock = clock
        self._place = place
        self._surely = surely or place
        self._idle_hours = idle_hours
        self._active = ActiveSessions(caches)
        self._known: dict[_Key, tuple[float, _Found]] = {}
        self.on_created: Callable[[Actor, str, Place], None] = lambda actor, project_id, place: None

    async def of(
        self, actor: Actor, caller_cwd: str, project: str | None, session: str | None, create: bool = False,
        named: str = "it was named",
    ) -> Scope:  # fmt: skip
        """The scope of a caller in a directory, with the names it gave; `named` says where the project's name is from.

        With `create` a repository that no project is recognised by becomes one. Raises NotFound for unknown names, and
        with `create` LmemError when the project depends on a disk that does not answer.
        """
        place = await self._standing(caller_cwd, create and not project)
        key = (actor.user_id, place, project or None, session or None)
        kept = self._known.get(key)
        if kept is not None and kept[0] > time.monotonic():
            found = kept[1]
        else:
            found = await self._look(actor, *key[1:])
            self._keep(key, found)
        if found.scope.project_id is not None and project:
            return replace(found.scope, because=named)
        if not (create and found.unknown):
            return found.scope
        since = self._since()
        made = await self._storage.write(lambda tx: self._make(tx, actor, *key[1:], since))
        self.changed()
        if made.created and made.project_id is not None:
            self.on_created(actor, made.project_id, place)
        return made

    async def within(
        self, actor: Actor, caller_cwd: str, project: str | None, session: str | None, create: bool
    ) -> Callable[[UnitOfWork], Scope]:
        """What `of` answers, found inside a unit of work of the caller's: a project is made with that or not at all.

        `settled` has to be told of the scope when the unit of work is over.
        """
        place, since = await self._standing(caller_cwd, create and not project), self._since()

        def enter(tx: UnitOfWork) -> Scope:
            found = _find(tx, actor, place, project or None, session or None, since)
            if not (create and found.unknown):
                return found.scope
            return self._make(tx, actor, place, project or None, session or None, since)

        return enter

    async def settled(self, actor: Actor, caller_cwd: str, scope: Scope) -> None:
        """A unit of work that entered this scope is stored: what was remembered is void, a new project is looked at."""
        self.changed()
        if scope.created and scope.project_id is not None:
            self.on_created(actor, scope.project_id, await self._place(caller_cwd))

    def changed(self) -> None:
        """A project or a session was made, ended, renamed or merged: what was remembered is void."""
        self._known.clear()

    async def _standing(self, cwd: str, surely: bool) -> Place:
        return await (self._surely if surely else self._place)(cwd)

    async def _look(self, actor: Actor, place: Place, project: str | None, session: str | None) -> _Found:
        since, hours, at = self._since(), self._idle_hours(), self._active.number
        active = None if session else await self._active.of(actor, place, hours)
        found = await self._storage.read(
            lambda tx: _find(tx, actor, place, project, session, since, active), brief=True
        )  # fmt: skip
        if not session and (active is None or found.scope.session_id != active[1]):
            await self._active.keep(actor, place, hours, found.scope, at)
        return found

    def _keep(self, key: _Key, found: _Found) -> None:
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[key] = time.monotonic() + KEPT_S, found

    def _make(
        self, tx: UnitOfWork, actor: Actor, place: Place, project: str | None, session: str | None, since: str
    ) -> Scope:
        """As `_find` inside a write: a new project, or one that is recognised by more than before."""
        found = _find(tx, actor, place, project, session, since)
        recording.require_active(tx, actor)
        if found.scope.project_id is not None:
            tx.projects.identify(found.scope.project_id, found.unknown)
            return found.scope
        at = times.to_text(self._clock.now())
        made = enrolment.create(tx, actor, None, place, at)
        scope = _find(tx, actor, place, made.name, session, since).scope
        return replace(scope, because=_repository(place), created=True)

    def _since(self) -> str:
        """When a session must have been active that is current now."""
        hours = self._idle_hours()
        return times.to_text(self._clock.now() - timedelta(hours=hours)) if hours else ""


def project_of(
    tx: UnitOfWork, actor: Actor, name: str | None, scope: Scope, create_names: bool, at: str
) -> tuple[str | None, str | None]:
    """The project of a memory that names one ('' for none at all, None for that of its scope): its id, and its name
    when it was made now. Raises NotFound for an unknown name, unless `create_names`.
    """
    if not name:
        return (scope.project_id if name is None else None), None
    if not create_names:
        return names.project(tx, actor, name), None
    known = tx.projects.named(actor.user_id, name)
    return (known, None) if known else ((made := enrolment.create(tx, actor, name, None, at)).id, made.name)


def _find(
    tx: UnitOfWork, actor: Actor, place: Place, project: str | None, session: str | None, since: str,
    active: Active | None = None,
) -> _Found:  # fmt: skip
    found = _Found(_named(tx, actor, project)) if project else _around(tx, actor, place)
    scope = found.scope
    if session:
        session_id: str | None = names.session(tx, actor, session, scope.project_id)
    elif active is not None and is_current(tx, active, scope.project_id, since):
        session_id = active[1]
    else:
        session_id = tx.scopes.session_at(actor.user_id, _upwards(place), scope.project_id, since)
    if session_id is None:
        return found
    theirs = tx.scopes.session_project(session_id)
    if scope.project_id is None and not found.unknown and theirs is not None:
        scope = Scope(theirs, tx.scopes.project_name(theirs), "its session belongs to it")
    return replace(found, scope=replace(scope, session_id=session_id, lineage=tx.scopes.lineage(session_id)))


def _named(tx: UnitOfWork, actor: Actor, name: str) -> Scope:
    project_id = names.project(tx, actor, name)
    return Scope(project_id, tx.scopes.project_name(project_id), "it was named")


def _around(tx: UnitOfWork, actor: Actor, place: Place) -> _Found:
    """The project of a repository by the surest of its identities, else of a directory or one above it."""
    paths = _upwards(place)
    known = tx.scopes.identified(actor.user_id, [value for _, value in place.identities] + paths)
    for kind, value in place.identities:
        if value in known:
            project_id, name = known[value]
            missing = tuple(item for item in place.identities if item[1] not in known)
            because = {"remote": f"the remote {value}", "root_commit": f"the first commit {value[:10]}"}
            return _Found(Scope(project_id, name, because.get(kind, _repository(place))), missing)
    for path in paths:
        if path in known:
            became = place.identities if path == place.top else ()  # a repository since
            return _Found(Scope(*known[path], because=f"the directory {path}"), became)
    if not place.cwd:
        return _Found(Scope(because="no project was named, and the directory is gone"))
    if not place.is_known:
        return _Found(Scope(because=f"no project was named, and the disk of {place.cwd} does not answer"))
    if place.common_dir is None:
        return _Found(Scope(because=f"no project was named, and {place.cwd} is in no repository"))
    return _Found(Scope(because=f"no project is known for {_repository(place)}"), place.identities)


def _repository(place: Place) -> str:
    return f"the repository at {place.top}"


def _upwards(place: Place) -> list[str]:
    """A directory and those above it, inside of a repository up to its top."""
    directories = [place.cwd, *map(str, PurePosixPath(place.cwd).parents)]
    if place.top is None:
        return directories
    inside = [directory for directory in directories if directory.startswith(place.top)]
    return inside or [place.top]
