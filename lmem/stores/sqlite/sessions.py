"""The `sessions` and `session_memories` tables.

Not the rule that ends a session (lmem.service.sessions).
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Sequence

from lmem.domain.memories import Memory, to_json
from lmem.domain.sessions import Member, Session
from lmem.ports.tables import Columns
from lmem.stores.sqlite.memories import COLUMNS as MEMORY_COLUMNS
from lmem.stores.sqlite.memories import record as memory_record

COLUMNS = (
    "id, user_id, project_id, name, description, git_branch, git_commit, working_directory, context_json, "
    "parent_session_id, created_at, updated_at, last_active_at, ended_at, is_active"
)
_SELECT = f"SELECT {COLUMNS} FROM sessions"
_INSERT = f"INSERT INTO sessions ({COLUMNS}) VALUES (?{', ?' * COLUMNS.count(', ')})"
_FIND = f"{_SELECT} WHERE id = ?"
_PREFIX = f"{_SELECT} WHERE id >= ? AND id < ? AND user_id = ? ORDER BY id LIMIT ?"
_FIRST = "ORDER BY ended_at IS NOT NULL, created_at DESC, id"
_NAMED = f"{_SELECT} WHERE user_id = ? AND name = ? AND project_id IS ? {_FIRST} LIMIT 1"
_ANYWHERE = f"{_SELECT} WHERE user_id = ? AND name = ? {_FIRST} LIMIT 20"
_NAMES = "SELECT name FROM sessions WHERE user_id = ? ORDER BY created_at DESC LIMIT 1000"
_CHILDREN = f"{_SELECT} WHERE parent_session_id = ? ORDER BY created_at, id"
_PAGE = f"""SELECT {COLUMNS}, (SELECT count(*) FROM session_memories WHERE session_id = sessions.id) FROM sessions
    WHERE user_id = ?"""
_LAST = f"{_SELECT} WHERE user_id = ? AND working_directory = ? ORDER BY last_active_at DESC, id LIMIT 1"
_ENDED_AT = "SELECT id FROM sessions WHERE user_id = ? AND ended_at = ? ORDER BY id"
_IDLE = f"""{_SELECT} WHERE ended_at IS NULL AND working_directory IS NOT NULL AND last_active_at < ?
    AND NOT EXISTS (SELECT 1 FROM sessions c WHERE c.parent_session_id = sessions.id AND c.ended_at IS NULL)
    ORDER BY last_active_at, id"""
_PAUSE = """UPDATE sessions SET is_active = 0
    WHERE user_id = ? AND is_active = 1 AND working_directory = ? AND id != ? RETURNING id"""
_JOIN = """INSERT INTO session_memories (id, session_id, memory_id, position_in_session, added_at)
    SELECT ?1, ?2, ?3, coalesce(max(position_in_session), 0) + 1, ?4 FROM session_memories WHERE session_id = ?2
    RETURNING position_in_session"""
_COUNT = "SELECT count(*) FROM session_memories WHERE session_id = ?"
_OF = """SELECT memory_id, position_in_session, working_memory, context_window_position FROM session_memories
    WHERE session_id = ? ORDER BY position_in_session"""
_MEMORIES = f"""SELECT {", ".join(f"m.{name}" for name in MEMORY_COLUMNS.split(", "))} FROM session_memories s
    JOIN memories m ON m.id = s.memory_id
    WHERE s.session_id = ? AND m.session_id = s.session_id AND m.is_archived = 0 AND {{layer}}
    ORDER BY s.position_in_session"""
_IN_LAYER = _MEMORIES.format(layer="m.layer_session = 1")
_FADED = _MEMORIES.format(
    layer="m.layer_temporal = 1 AND m.layer_session + m.layer_project + m.layer_global = 0"
)  # fmt: skip
_FOCUS = """UPDATE session_memories SET working_memory = ?1
    WHERE session_id = ?2 AND memory_id = ?3 AND working_memory != ?1"""
# Only open sessions have a window, so the index over all of them is shorter than a session with 1,000 memories.
_CLEAR_WINDOW = """UPDATE session_memories INDEXED BY idx_session_memories_context SET context_window_position = NULL
    WHERE session_id = ? AND context_window_position IS NOT NULL"""
_SHOW = "UPDATE session_memories SET context_window_position = ? WHERE session_id = ? AND memory_id = ?"


class SessionRows:
    """SessionTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, session_id: str) -> Session | None:
        return self._one(_FIND, session_id)

    def starting_with(self, user_id: str, prefix: str, limit: int) -> list[Session]:
        return self._all(_PREFIX, prefix, prefix + "g", user_id, limit)

    def named(self, user_id: str, name: str, project_id: str | None) -> Session | None:
        return self._one(_NAMED, user_id, name, project_id)

    def named_anywhere(self, user_id: str, name: str) -> list[Session]:
        return self._all(_ANYWHERE, user_id, name)

    def names(self, user_id: str) -> list[str]:
        return [row[0] for row in self._db.execute(_NAMES, (user_id,))]

    def children(self, session_id: str) -> list[Session]:
        return self._all(_CHILDREN, session_id)

    def page(
        self, user_id: str, project_id: str | None, branch: str | None, ended: bool, limit: int
    ) -> list[tuple[Session, int]]:
        sql, values = _PAGE, [user_id]
        for clause, value in (("project_id = ?", project_id), ("git_branch = ?", branch)):
            if value is not None:
                sql, values = f"{sql} AND {clause}", [*values, value]
        if not ended:
            sql += " AND ended_at IS NULL"
        sql += " ORDER BY last_active_at DESC, id LIMIT ?"
        return [(record(row[:-1]), row[-1]) for row in self._db.execute(sql, (*values, limit))]

    def last_of(self, user_id: str, directory: str) -> Session | None:
        return self._one(_LAST, user_id, directory)

    def ended_at(self, user_id: str, at: str) -> list[str]:
        return [row[0] for row in self._db.execute(_ENDED_AT, (user_id, at))]

    def idle(self, before: str) -> list[Session]:
        return self._all(_IDLE, before)

    def insert(self, session: Session) -> None:
        values = (
            session.id, session.user_id, session.project_id, session.name, session.description, session.git_branch,
            session.git_commit, session.working_directory, to_json(dict(session.context)), session.parent_session_id,
            session.created_at, session.updated_at, session.last_active_at, session.ended_at, int(session.is_active),
        )  # fmt: skip
        self._db.execute(_INSERT, values)

    def update(self, session_id: str, columns: Columns) -> None:
        assigned = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE sessions SET {assigned} WHERE id = ?", (*columns.values(), session_id))

    def pause_all(self, user_id: str, directory: str, but: str) -> list[str]:
        return [row[0] for row in self._db.execute(_PAUSE, (user_id, directory, but)).fetchall()]

    def _one(self, sql: str, *values: str | None) -> Session | None:
        row = self._db.execute(sql, values).fetchone()
        return record(row) if row else None

    def _all(self, sql: str, *values: str | int) -> list[Session]:
        return [record(row) for row in self._db.execute(sql, values)]


class MemberRows:
    """MemberTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def join(self, session_id: str, memory_id: str, at: str) -> int:
        values = (secrets.token_hex(16), session_id, memory_id, at)
        position: int = self._db.execute(_JOIN, values).fetchall()[0][0]
        return position

    def count(self, session_id: str) -> int:
        found: int = self._db.execute(_COUNT, (session_id,)).fetchone()[0]
        return found

    def of(self, session_id: str) -> list[Member]:
        rows = self._db.execute(_OF, (session_id,))
        return [Member(found, position or 0, bool(focused), window) for found, position, focused, window in rows]

    def in_layer(self, session_id: str) -> list[Memory]:
        return [memory_record(row) for row in self._db.execute(_IN_LAYER, (session_id,))]

    def faded(self, session_id: str) -> list[Memory]:
        return [memory_record(row) for row in self._db.execute(_FADED, (session_id,))]

    def focus(self, session_id: str, memory_id: str, focused: bool) -> bool:
        return self._db.execute(_FOCUS, (int(focused), session_id, memory_id)).rowcount > 0

    def show(self, session_id: str, ids: Sequence[str]) -> None:
        self._db.execute(_CLEAR_WINDOW, (session_id,))
        self._db.executemany(_SHOW, [(place, session_id, found) for place, found in enumerate(ids, 1)])


def record(row: Sequence[object]) -> Session:
    """A Session from a row of COLUMNS."""
    (id_, user, project, name, description, branch, commit, directory, context, parent, created, updated, last, ended,
     active) = row  # fmt: skip
    return Session(
        id_, user, project, name, description, branch, commit, directory, json.loads(str(context)), parent, created,  # type: ignore[arg-type]
        updated, last, ended, bool(active),  # type: ignore[arg-type]
    )  # fmt: skip
