"""What every change of a project writes, in one transaction: row, outbox row, audit entry.

Not a decision about what changes; the services decide and call `create` or `change`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from lmem.domain.actors import Actor
from lmem.domain.memories import to_json
from lmem.domain.projects import Project, free_name, names_for
from lmem.domain.scope import Place
from lmem.errors import Conflict, NotFound
from lmem.ports.storage import UnitOfWork
from lmem.service import recording


def create(tx: UnitOfWork, actor: Actor, name: str | None, place: Place | None, at: str) -> Project:
    """Store a new project of this name, else of its place's; a name that is taken gets its owner, or a number.

    Raises Forbidden for a user who is not active.
    """
    recording.require_active(tx, actor)
    wanted, owner = names_for(place) if place else ("project", None)
    free = free_name(name or wanted, owner, lambda taken: tx.projects.named(actor.user_id, taken) is not None)
    path, remote = (place.top or place.cwd, place.remote) if place else (None, None)
    made = Project(
        secrets.token_hex(16), actor.user_id, free, path=path, git_remote_url=remote,
        created_at=at, updated_at=at, last_accessed_at=at,
    )  # fmt: skip
    tx.projects.insert(made)
    if place:
        tx.projects.identify(made.id, place.identities or (("path", place.cwd),))
    tx.outbox.enqueue("project", made.id, made.rev, "upsert")
    tx.audit.append(actor, "create", "project", made.id, {}, at)
    return made


def change(tx: UnitOfWork, actor: Actor, project: Project, fields: Mapping[str, object], at: str) -> tuple[str, ...]:
    """Store new values of a project's fields; answers the names of those that differ, and writes nothing for none.

    Raises Forbidden for a user who is not active.
    """
    recording.require_active(tx, actor)
    changed = {name: value for name, value in fields.items() if getattr(project, name) != value}
    if changed:
        after = replace(project, **changed, rev=project.rev + 1, updated_at=at)  # type: ignore[arg-type]  # its fields
        columns: dict[str, str | int | float | None] = {"rev": after.rev, "updated_at": at}
        for name in changed:
            value = getattr(after, name)
            if name == "config":
                columns["config_json"] = to_json(dict(after.config))
            else:
                columns[name] = int(value) if isinstance(value, bool) else value
        tx.projects.update(project.id, columns)
        tx.outbox.enqueue("project", project.id, after.rev, "upsert")
        tx.audit.append(actor, "update", "project", project.id, {"fields": sorted(changed)}, at)
    return tuple(changed)


def existing(tx: UnitOfWork, project_id: str) -> Project:
    """A project that was there a moment ago. Raises NotFound."""
    found = tx.projects.find(project_id)
    if found is None:
        raise NotFound("This project was removed meanwhile.", hint="'lmem project list' shows those there are.")
    return found


def take_name(tx: UnitOfWork, actor: Actor, project_id: str, name: str) -> None:
    """Recognise a project by another name. Raises Conflict for one that means another project."""
    holder = tx.projects.named(actor.user_id, name) or tx.projects.owner_of(name)
    if holder is not None and holder != project_id:
        raise Conflict(
            f"'{name}' means the project '{existing(tx, holder).name}'.",
            hint="Choose another name, or see 'lmem project merge --help'.",
        )
    tx.projects.identify(project_id, [("alias", name)])
