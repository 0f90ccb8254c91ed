"""Ids, projects, sessions and patterns by what people type: unique prefixes and exact names.

Not a search: an unknown name is an error with the nearest ones, never a silent default.
"""

from __future__ import annotations

import difflib

from lmem.domain.actors import Actor
from lmem.domain.memories import Memory
from lmem.domain.patterns import Pattern
from lmem.domain.sessions import Session
from lmem.errors import AmbiguousId, InvalidInput, NotFound
from lmem.ports.storage import UnitOfWork
from lmem.ports.tables import Standing

SHORTEST_PREFIX = 4
_HEX = frozenset("0123456789abcdef")


def memory(tx: UnitOfWork, actor: Actor, text: str) -> Memory:
    """The memory with this id or unique prefix of one, archived ones too.

    Raises InvalidInput for what cannot be an id, NotFound, or AmbiguousId with the candidates.
    """
    memory_id = _memory_id(tx, actor, text)
    found = tx.memories.find(memory_id) if memory_id else None
    if found is None or found.user_id != actor.user_id or (actor.shared and found.is_private):
        raise _no_memory(text)
    return found


def standing(tx: UnitOfWork, actor: Actor, text: str) -> Standing:
    """As `memory`, of what decides whether a copy may be shown."""
    memory_id = _memory_id(tx, actor, text)
    found = tx.memories.standing(memory_id) if memory_id else None
    if found is None or found.user_id != actor.user_id or (actor.shared and found.is_private):
        raise _no_memory(text)
    return found


def _memory_id(tx: UnitOfWork, actor: Actor, text: str) -> str | None:
    """The id that a text means; whether there is such a memory is not known yet, but for a prefix."""
    prefix = text.strip().lower()
    if not prefix or set(prefix) - _HEX or len(prefix) > 32:
        raise InvalidInput(
            f"'{text[:60]}' is not an id of a memory.", hint="An id has hex digits only; 'lmem list' shows them."
        )
    if len(prefix) < SHORTEST_PREFIX:
        raise InvalidInput(f"'{prefix}' is too short for an id.", hint=f"Give {SHORTEST_PREFIX} characters or more.")
    matches = [prefix] if len(prefix) == 32 else [row[0] for row in _matches(tx, actor, prefix)]
    return matches[0] if matches else None


def _no_memory(text: str) -> NotFound:
    return NotFound(f"No memory has an id that starts with '{text.strip().lower()}'.")


def _matches(tx: UnitOfWork, actor: Actor, prefix: str) -> list[tuple[str, str]]:
    rows = tx.memories.starting_with(actor.user_id, prefix, 6, actor.shared)
    if len(rows) > 1:
        some = "; ".join(f"{found[:10]} {title[:40]}" for found, title in rows[:5])
        raise AmbiguousId(f"More than one memory starts with '{prefix}': {some}.")
    return rows


def project(tx: UnitOfWork, actor: Actor, name: str) -> str:
    """The id of the project with this name, alias or id. Raises NotFound with the nearest names."""
    found = tx.projects.named(actor.user_id, name)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, tx.directory.project_names(actor.user_id).values(), 3, 0.4)
    raise NotFound(
        f"There is no project '{name[:80]}'.",
        hint=f"Did you mean {' or '.join(near)}?" if near else "'lmem project init' makes one of a directory.",
    )


def session(tx: UnitOfWork, actor: Actor, name: str, project_id: str | None) -> str:
    """The id of a session, as `find_session` finds it."""
    return find_session(tx, actor, name, project_id).id


def find_session(
    tx: UnitOfWork, actor: Actor, name: str, project_id: str | None, elsewhere: bool = False
) -> Session:
    """The session with this id, this name, or a unique prefix of an id.

    A name means one in the project or in none, without a project one in any; with `elsewhere` those of the project
    only come first. Of several the newest that has not ended is meant. Raises NotFound with the nearest names, or
    AmbiguousId.
    """
    text = name.strip()
    found = tx.sessions.find(text) if len(text) == 32 else None
    if found is not None and found.user_id == actor.user_id:
        return found
    if project_id is not None:
        in_project = tx.sessions.named(actor.user_id, text, project_id) or tx.sessions.named(actor.user_id, text, None)
        if in_project is not None:
            return in_project
    if project_id is None or elsewhere:
        named = tx.sessions.named_anywhere(actor.user_id, text)
        if named:
            return named[0]
    rows = tx.sessions.starting_with(actor.user_id, text, 6) if _is_prefix(text) else []
    if len(rows) == 1:
        return rows[0]
    if rows:
        some = "; ".join(f"{row.id[:10]} {row.name[:40]}" for row in rows[:5])
        raise AmbiguousId(f"More than one session starts with '{text}': {some}.")
    near = difflib.get_close_matches(text, dict.fromkeys(tx.sessions.names(actor.user_id)), 3, 0.4)
    raise NotFound(
        f"There is no session '{name[:80]}'.",
        hint=f"Did you mean {' or '.join(near)}?" if near else "'lmem session list' shows them.",
    )


def pattern(tx: UnitOfWork, actor: Actor, name: str) -> Pattern:
    """The pattern with this name, with TYPE/NAME when a name is of several types, or with a unique prefix of its id.

    Raises NotFound with the nearest names, or AmbiguousId.
    """
    text = " ".join(name.split())
    kind, slash, rest = text.partition("/")
    found = tx.patterns.named(actor.user_id, text) or (
        tx.patterns.named(actor.user_id, rest, kind.lower()) if slash else []
    )
    if not found and _is_prefix(text.lower()):
        found = tx.patterns.starting_with(actor.user_id, text.lower(), 6)
    if len(found) == 1:
        return found[0]
    if found:
        some = "; ".join(f"{item.type}/{item.name[:40]} {item.id[:8]}" for item in found[:5])
        raise AmbiguousId(f"'{text[:80]}' may mean any of these patterns: {some}.", hint="Write TYPE/NAME, or the id.")
    near = difflib.get_close_matches(text, tx.patterns.names(actor.user_id), 3, 0.4)
    raise NotFound(
        f"There is no pattern '{text[:80]}'.",
        hint=f"Did you mean {' or '.join(near)}?" if near else "'lmem patterns list --all-projects' shows them.",
    )


def _is_prefix(text: str) -> bool:
    return SHORTEST_PREFIX <= len(text) <= 32 and not set(text) - _HEX
