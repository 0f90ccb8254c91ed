"""What work adds to a session: memories in their places, the last questions and files, and that it goes on.

Not a session's life (lmem.service.sessions).
"""

from __future__ import annotations

import secrets

from lmem.domain.actors import Actor
from lmem.domain.memories import to_json
from lmem.domain.nouns import count
from lmem.domain.sessions import Session, Work, remembering
from lmem.errors import Conflict
from lmem.ports.storage import UnitOfWork


def join(tx: UnitOfWork, session_id: str, memory_id: str, at: str, most: int, late: bool = False) -> None:
    """Put a memory last in a session. Raises Conflict for one with `most` memories, or (unless `late`) that has ended.
    """
    session = tx.sessions.find(session_id)
    if session is not None and session.ended_at is not None and not late:
        raise Conflict(
            f"The session '{session.name[:80]}' has ended.",
            hint=f"Open it again with 'lmem session resume {session.id[:8]}', or start another: 'lmem session start'.",
        )
    # Positions only grow, so only a session that has been near its limit is counted.
    if tx.members.join(session_id, memory_id, at) > most and tx.members.count(session_id) > most:
        name = session.name[:80] if session else session_id[:8]
        raise Conflict(
            f"The session '{name}' has {count(most, 'memory', 'memories')}, as many as one may have.",
            hint="End it ('lmem session end') and start another, or raise max_memories_per_session: 'lmem config set'.",
        )


def session_of(tx: UnitOfWork, actor: Actor, name: str, project_id: str | None, at: str) -> tuple[str, str | None]:
    """The id of the session that a line of a bulk add names in its project; made, with its name, if there is none.

    Such a session is a record of work, not somebody at work: it is current nowhere, and does not end by itself.
    """
    found = tx.sessions.find(name) or tx.sessions.named(actor.user_id, name, project_id)
    if found is not None and found.user_id == actor.user_id:
        return found.id, None
    made = Session(
        id=secrets.token_hex(16), user_id=actor.user_id, project_id=project_id, name=name, description=None,
        git_branch=None, git_commit=None, working_directory=None, context={}, parent_session_id=None,
        created_at=at, updated_at=at, last_active_at=at, ended_at=None, is_active=False,
    )  # fmt: skip
    tx.sessions.insert(made)
    tx.audit.append(actor, "create", "session", made.id, {}, at)
    return made.id, name


def remember(tx: UnitOfWork, session_id: str, work: Work, at: str) -> None:
    """Note what was done in a session, unless it has ended meanwhile: counters, which carry no revision."""
    session = tx.sessions.find(session_id)
    if session is None or session.ended_at is not None:
        return
    columns: dict[str, str | int | float | None] = {"last_active_at": max(at, session.last_active_at)}
    if work.queries or work.files:
        columns["context_json"] = to_json(remembering(session.context, work))
    tx.sessions.update(session_id, columns)
