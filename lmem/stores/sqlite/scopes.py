"""Projects by what they are recognised by, sessions by place: the reads behind the scope of a call.

Not the decision which of them it is (lmem.service.scopes).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

_IDENTIFIED = """SELECT i.value, p.id, p.name FROM project_identities i JOIN projects p ON p.id = i.project_id
    WHERE p.user_id = ? AND i.value IN ({})"""
_SESSIONS = """SELECT working_directory, id FROM sessions
    WHERE user_id = ?1 AND is_active = 1 AND (?2 IS NULL OR project_id IS NULL OR project_id = ?2)
        AND last_active_at >= ?3
    ORDER BY last_active_at DESC"""
_LINEAGE = """WITH RECURSIVE line (id, parent, depth) AS (
        SELECT id, parent_session_id, 0 FROM sessions WHERE id = ?
        UNION ALL
        SELECT s.id, s.parent_session_id, depth + 1 FROM sessions s JOIN line ON s.id = line.parent WHERE depth < 64
    ) SELECT id FROM line ORDER BY depth"""


class ScopeRows:
    """ScopeTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def identified(self, user_id: str, values: Sequence[str]) -> dict[str, tuple[str, str]]:
        rows = self._db.execute(_IDENTIFIED.format(", ".join("?" * len(values))), (user_id, *values))
        return {value: (project_id, name) for value, project_id, name in rows}

    def project_name(self, project_id: str) -> str:
        return str(self._db.execute("SELECT name FROM projects WHERE id = ?", (project_id,)).fetchone()[0])

    def session_at(self, user_id: str, directories: Sequence[str], project_id: str | None, since: str) -> str | None:
        found: dict[str, str] = {}
        for directory, session_id in self._db.execute(_SESSIONS, (user_id, project_id, since)):
            found.setdefault(directory, session_id)
        return next((found[directory] for directory in directories if directory in found), None)

    def session_project(self, session_id: str) -> str | None:
        row = self._db.execute("SELECT project_id FROM sessions WHERE id = ?", (session_id,)).fetchone()
        return row[0] if row else None

    def lineage(self, session_id: str) -> tuple[str, ...]:
        return tuple(row[0] for row in self._db.execute(_LINEAGE, (session_id,)))
