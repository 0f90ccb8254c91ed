"""Projects: making, describing, renaming, archiving and merging them.

Not the finding of a call's project (lmem.service.scopes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from lmem.domain import cachekeys, times
from lmem.domain.actors import Actor
from lmem.domain.projects import Project, clean_name
from lmem.domain.scope import Place
from lmem.domain.traits import Traits
from lmem.errors import Conflict, InvalidInput
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import enrolment, merging, names, recording
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.changesets import note
from lmem.service.merging import Merged

T = TypeVar("T")

FIELDS = ("description", "path", "git_remote_url", "git_branch", "project_type", "language", "framework", "config")
"""What `set` may change."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A project with what it is recognised by, as (kind, value), and the number of its memories that hold."""

    project: Project
    memories: int
    identities: tuple[tuple[str, str], ...] = ()
    created: bool = False


class Projects:
    """`wake` tells the relay that there is work; `changed` that what was known of scopes is void."""

    def __init__(
        self, storage: Storage, clock: Clock, wake: Callable[[], None], changed: Callable[[], None],
        caches: Caches = NO_CACHE,
    ) -> None:  # fmt: skip
        self._storage = storage
        self._clock = clock
        self._wake = wake
        self._changed = changed
        self._caches = caches

    async def page(self, actor: Actor, archived: bool, kind: str | None = None) -> list[Shown]:
        """Projects with their numbers of memories, the one used last first; `archived` the archived ones instead.

        With `kind` only those of this project type.
        """

        def work(tx: UnitOfWork) -> list[Shown]:
            sizes = tx.projects.sizes(actor.user_id, actor.shared)
            return [
                Shown(item, sizes.get(item.id, 0), tuple(tx.projects.identities(item.id)))
                for item in tx.projects.page(actor.user_id, archived, kind)
            ]

        return await self._storage.read(work)

    async def names(self, actor: Actor) -> list[Project]:
        """The projects that are not archived, by name: what a name is completed from, without any counting."""
        key, at = cachekeys.projects(actor.user_id), self._caches.number
        ids = await self._caches.get(key)
        if isinstance(ids, tuple):
            found = await self._storage.read(lambda tx: [tx.projects.find(item) for item in ids], brief=True)
            return [item for item in found if item is not None and item.is_active]
        known = await self._storage.read(lambda tx: tx.projects.page(actor.user_id, False, None), brief=True)
        known = sorted(known, key=lambda item: item.name)
        await self._caches.put(key, tuple(item.id for item in known), at)
        return known

    async def show(self, actor: Actor, name: str) -> Shown:
        """A project by name, alias or id. Raises NotFound with the nearest names."""
        return await self._storage.read(lambda tx: _shown(tx, actor, names.project(tx, actor, name)))

    async def init(self, actor: Actor, place: Place, name: str | None) -> Shown:
        """The project of a place, made when there is none: of its repository, else of the directory itself.

        Raises Conflict for a name that is taken, or that is not the name of the project that is there, NotFound when
        the directory is gone, InvalidInput for the root and the home directory, unless a name says that it is meant.
        """
        wanted, directory = clean_name(name) if name else None, place.directory

        def work(tx: UnitOfWork) -> Shown:
            recording.require_active(tx, actor)
            own = place.identities or (("path", place.cwd),)
            known = tx.scopes.identified(actor.user_id, [value for _, value in own])
            holders = [known[value] for _, value in own if value in known]
            taken = tx.projects.named(actor.user_id, wanted) if wanted else None
            if holders:
                project_id, has = holders[0]
                if wanted and taken != project_id:
                    raise Conflict(
                        f"This is the project '{has}' already.", hint=f"Rename it: lmem project rename '{has}' NEW."
                    )
                tx.projects.identify(project_id, own)
                return _shown(tx, actor, project_id)
            if taken is not None:
                raise Conflict(
                    f"There is a project '{wanted}' already.", hint="Choose another --name, or merge them later."
                )
            if place.wide and not wanted:
                raise InvalidInput(
                    f"All that lies below {directory} outside of repositories would belong to this project.",
                    hint="Go to the directory that you mean, or give --name NAME if you mean this one.",
                )
            at = times.to_text(self._clock.now())
            made = enrolment.create(tx, actor, wanted, place, at)
            note(tx, actor, "project-init", f"the project '{made.name}' was made", at)
            return replace(_shown(tx, actor, made.id), created=True)

        return await self._write(work)

    async def learn(
        self, actor: Actor, project_id: str, traits: Traits, branch: str | None, root_commit: str | None, new: bool
    ) -> Merged | None:
        """Note what was found out about a project after it was made, where nobody said otherwise.

        A root commit that another project is known by means that both are one: a `new` one is merged into it.
        """

        def work(tx: UnitOfWork) -> Merged | None:
            recording.require_active(tx, actor)
            project = tx.projects.find(project_id)
            if project is None or not project.is_active:
                return None
            found = {
                "language": project.language or traits.language,
                "framework": project.framework or traits.framework,
                "project_type": project.project_type or traits.project_type,
                "git_branch": branch or project.git_branch,
            }
            at = times.to_text(self._clock.now())
            enrolment.change(tx, actor, project, found, at)
            other = tx.projects.owner_of(root_commit) if root_commit else None
            if not new or other is None or other == project_id:
                tx.projects.identify(project_id, [("root_commit", root_commit)] if root_commit else [])
                return None
            return merging.merge(tx, actor, project_id, other, f"both begin with {root_commit}"[:80], at)

        return await self._write(work, large=new)

    async def set(
        self, actor: Actor, name: str, changes: Mapping[str, object], add: tuple[str, ...], remove: tuple[str, ...]
    ) -> tuple[Shown, tuple[str, ...]]:
        """Change FIELDS of a project, add and remove aliases; answers it and the names of what changed."""

        def work(tx: UnitOfWork) -> tuple[Shown, tuple[str, ...]]:
            project_id = names.project(tx, actor, name)
            project, at = enrolment.existing(tx, project_id), times.to_text(self._clock.now())
            changed = enrolment.change(tx, actor, project, changes, at)
            for alias in map(clean_name, add):
                enrolment.take_name(tx, actor, project_id, alias)
            aliases = {value for kind, value in tx.projects.identities(project_id) if kind == "alias"}
            for alias in remove:
                if alias not in aliases:
                    raise InvalidInput(
                        f"'{alias[:80]}' is no alias of '{project.name}'.", hint="See 'lmem project show'."
                    )
                tx.projects.forget_identity(alias)
            if add or remove:
                tx.audit.append(actor, "update", "project", project_id, {"fields": ["aliases"]}, at)
            if changed or add or remove:
                what = ", ".join((*changed, *(["aliases"] if add or remove else [])))
                note(tx, actor, "project-set", f"{what} of the project '{project.name}' was set", at)
            return _shown(tx, actor, project_id), (*changed, *(["aliases"] if add or remove else []))

        return await self._write(work)

    async def rename(self, actor: Actor, name: str, new: str) -> Shown:
        """Give a project another name; the old one stays as an alias. Raises Conflict for a name that is taken."""
        wanted = clean_name(new)

        def work(tx: UnitOfWork) -> Shown:
            project = enrolment.existing(tx, names.project(tx, actor, name))
            if wanted != project.name:
                enrolment.take_name(tx, actor, project.id, wanted)
                tx.projects.forget_identity(wanted)
                at = times.to_text(self._clock.now())
                enrolment.change(tx, actor, project, {"name": wanted}, at)
                note(tx, actor, "project-rename", f"the project '{project.name}' was renamed '{wanted}'", at)
                tx.projects.identify(project.id, [("alias", project.name)])
            return _shown(tx, actor, project.id)

        return await self._write(work)

    async def archive(self, actor: Actor, name: str, restore: bool) -> Shown:
        """Take a project out of the lists, or bring it back; its memories stay where they are."""

        def work(tx: UnitOfWork) -> Shown:
            project = enrolment.existing(tx, names.project(tx, actor, name))
            at = times.to_text(self._clock.now())
            if enrolment.change(tx, actor, project, {"is_active": restore}, at):
                kind, done = ("project-restore", "brought back") if restore else ("project-archive", "archived")
                note(tx, actor, kind, f"the project '{project.name}' was {done}", at)
            return _shown(tx, actor, project.id)

        return await self._write(work)

    async def merge(self, actor: Actor, source: str, target: str, reason: str | None, dry_run: bool) -> Merged:
        """Move all of a project's memories, sessions and names to another, as one change set, and archive it.

        Raises InvalidInput for a project and itself.
        """

        def work(tx: UnitOfWork) -> Merged:
            from_id, to_id = names.project(tx, actor, source), names.project(tx, actor, target)
            if from_id == to_id:
                raise InvalidInput(f"'{source}' and '{target}' are one project.", hint="Name two different projects.")
            if dry_run:
                return merging.preview(tx, actor, from_id, to_id)
            return merging.merge(tx, actor, from_id, to_id, reason, times.to_text(self._clock.now()))

        return await (self._storage.read(work) if dry_run else self._write(work, large=True))

    async def _write(self, work: Callable[[UnitOfWork], T], large: bool = False) -> T:
        answer = await self._storage.write(work, large)
        self._changed()
        self._wake()
        return answer


def _shown(tx: UnitOfWork, actor: Actor, project_id: str) -> Shown:
    project = enrolment.existing(tx, project_id)
    size = tx.projects.size(actor.user_id, project_id, actor.shared)
    return Shown(project, size, tuple(tx.projects.identities(project_id)))
