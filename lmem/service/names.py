"""Ids, projects and sessions by what people type: unique prefixes and exact names.

Not a search: an unknown name is an error with the nearest ones, never a silent default.
"""

from __future__ import annotations

import difflib

from lmem.domain.actors import Actor
from lmem.domain.memories import Memory
from lmem.errors import AmbiguousId, InvalidInput, NotFound
from lmem.ports.storage import UnitOfWork

SHORTEST_PREFIX = 4
_HEX = frozenset("0123456789abcdef")


def memory(tx: UnitOfWork, actor: Actor, text: str) -> Memory:
    """The memory with this id or unique prefix of one, archived ones too.

    Raises InvalidInput for what cannot be an id, NotFound, or AmbiguousId with the candidates.
    """
    prefix = text.strip().lower()
    if not prefix or set(prefix) - _HEX or len(prefix) > 32:
        raise InvalidInput(
            f"'{text[:60]}' is not an id of a memory.", hint="An id has hex digits only; 'lmem list' shows them."
        )
    if len(prefix) < SHORTEST_PREFIX:
        raise InvalidInput(f"'{prefix}' is too short for an id.", hint=f"Give {SHORTEST_PREFIX} characters or more.")
    matches = [prefix] if len(prefix) == 32 else [row[0] for row in _matches(tx, actor, prefix)]
    found = tx.memories.find(matches[0]) if matches else None
    if found is None or found.user_id != actor.user_id or (actor.shared and found.is_private):
        raise NotFound(f"No memory has an id that starts with '{prefix}'.")
    return found


def _matches(tx: UnitOfWork, actor: Actor, prefix: str) -> list[tuple[str, str]]:
    rows = tx.memories.starting_with(actor.user_id, prefix, 6, actor.shared)
    if len(rows) > 1:
        some = "; ".join(f"{found[:10]} {title[:40]}" for found, title in rows[:5])
        raise AmbiguousId(f"More than one memory starts with '{prefix}': {some}.")
    return rows


def project(tx: UnitOfWork, actor: Actor, name: str) -> str:
    """The id of a project. Raises NotFound with the nearest names."""
    found = tx.directory.project(actor.user_id, name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, tx.directory.project_names(actor.user_id).values(), 3, 0.4)
    raise NotFound(
        f"There is no project '{name[:80]}'.",
        hint=f"Did you mean {' or '.join(near)}?" if near else "'lmem add --jsonl' creates the projects that it names.",
    )


def session(tx: UnitOfWork, actor: Actor, name: str, project_id: str | None) -> str:
    """The id of a session. Raises NotFound."""
    found = tx.directory.session(actor.user_id, name, project_id)
    if found is None:
        raise NotFound(f"There is no session '{name[:80]}'.", hint="'lmem add --jsonl' creates the sessions it names.")
    return found
