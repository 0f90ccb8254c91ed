"""The `projects` and `project_identities` tables: rows to records and back.

Not the rules of names and merging (lmem.service.projects).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from lmem.domain.memories import to_json
from lmem.domain.projects import Move, Project
from lmem.ports.tables import Columns
from lmem.stores.sqlite.memories import readable

_COLUMNS = (
    "id, user_id, name, description, path, git_remote_url, git_branch, project_type, language, framework, config_json, "
    "created_at, updated_at, last_accessed_at, is_active, rev"
)
_FIND = f"SELECT {_COLUMNS} FROM projects WHERE id = ?"
# A merged project is archived under its name, and its name means the other one since.
_NAMED = """SELECT id FROM (
        SELECT id, 1 + 3 * (1 - is_active) AS place FROM projects WHERE user_id = ?1 AND name = ?2
        UNION ALL SELECT id, 2 FROM projects WHERE id = ?2 AND user_id = ?1
        UNION ALL SELECT p.id, 3 FROM project_identities i JOIN projects p ON p.id = i.project_id
            WHERE i.value = ?2 AND i.kind = 'alias' AND p.user_id = ?1
        UNION ALL SELECT id, 5 + (1 - is_active) FROM projects WHERE path = ?2 AND user_id = ?1
    ) ORDER BY place LIMIT 1"""
_ACTIVE = f"SELECT {_COLUMNS} FROM projects WHERE user_id = ? AND is_active = 1 ORDER BY last_accessed_at DESC"
_ARCHIVED = f"SELECT {_COLUMNS} FROM projects WHERE user_id = ? AND is_active = 0 ORDER BY last_accessed_at DESC"
_TYPED = f"""SELECT {_COLUMNS} FROM projects WHERE +user_id = ? AND project_type = ? AND +is_active = ?
    ORDER BY last_accessed_at DESC"""  # one user has most projects: the type leaves fewer
# Counted in idx_memories_brief alone: 12 ms at 20,000 rows, against 90 with their pages.
_SIZES = """SELECT project_id, count(*) FROM {source}
    WHERE user_id = ?1 AND is_archived = 0 AND valid_until IS NULL
    AND project_id IN (SELECT id FROM projects WHERE user_id = ?1) GROUP BY project_id"""
_SIZE = """SELECT count(*) FROM {source}
    WHERE user_id = ? AND project_id = ? AND is_archived = 0 AND valid_until IS NULL"""
_INSERT = f"INSERT INTO projects ({_COLUMNS}) VALUES (?{', ?' * _COLUMNS.count(', ')})"
_IDENTITIES = "SELECT kind, value FROM project_identities WHERE project_id = ? ORDER BY kind, value"
_BELONGINGS = """SELECT 'identity', value, ?1, ?2 FROM project_identities WHERE project_id = ?1
    UNION ALL SELECT 'session', id, ?1, ?2 FROM sessions WHERE project_id = ?1
    UNION ALL SELECT 'link', memory_id, ?1, ?2 FROM memory_projects WHERE project_id = ?1
    UNION ALL SELECT 'pattern', id, ?1, ?2 FROM project_patterns WHERE project_id = ?1
    UNION ALL SELECT 'active', id, '1', '0' FROM projects WHERE id = ?1 AND is_active = 1"""
_MOVES = {
    "session": "UPDATE OR IGNORE sessions SET project_id = ?3 WHERE id = ?1 AND project_id IS ?2",
    "link": "UPDATE OR IGNORE memory_projects SET project_id = ?3 WHERE memory_id = ?1 AND project_id = ?2",
    "pattern": "UPDATE OR IGNORE project_patterns SET project_id = ?3 WHERE id = ?1 AND project_id = ?2",
    "active": "UPDATE projects SET is_active = CAST(?3 AS INTEGER) WHERE id = ?1 AND is_active = CAST(?2 AS INTEGER)",
}
# The uses of a pattern in a project go with its row there; whatever stays behind keeps its own.
_MOVE_USES = """UPDATE pattern_uses SET project_id = ?3
    WHERE project_id = ?2 AND pattern_id = (SELECT pattern_id FROM project_patterns WHERE id = ?1)"""
_ADD_ALIAS = """INSERT INTO project_identities (value, kind, project_id) SELECT ?1, 'alias', ?3 WHERE ?2 IS NULL
    ON CONFLICT (value) DO NOTHING"""
_DROP_ALIAS = "DELETE FROM project_identities WHERE value = ?1 AND project_id = ?2 AND ?3 IS NULL"
_MOVE_IDENTITY = "UPDATE project_identities SET project_id = ?3 WHERE value = ?1 AND project_id = ?2"
_KEEP = "INSERT INTO project_moves (change_set, kind, object_id, before, after) VALUES (?, ?, ?, ?, ?)"


class ProjectRows:
    """ProjectTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, project_id: str) -> Project | None:
        row = self._db.execute(_FIND, (project_id,)).fetchone()
        return _project(row) if row else None

    def named(self, user_id: str, name: str) -> str | None:
        return self._first(_NAMED, user_id, name)

    def page(self, user_id: str, archived: bool, kind: str | None = None) -> list[Project]:
        if kind is not None:
            return [_project(row) for row in self._db.execute(_TYPED, (user_id, kind, int(not archived)))]
        return [_project(row) for row in self._db.execute(_ARCHIVED if archived else _ACTIVE, (user_id,))]

    def sizes(self, user_id: str, shared: bool) -> dict[str, int]:
        return dict(self._db.execute(_SIZES.format(source=readable(shared)), (user_id,)).fetchall())

    def size(self, user_id: str, project_id: str, shared: bool) -> int:
        found: int = self._db.execute(_SIZE.format(source=readable(shared)), (user_id, project_id)).fetchone()[0]
        return found

    def insert(self, project: Project) -> None:
        item = project
        self._db.execute(
            _INSERT,
            (item.id, item.user_id, item.name, item.description, item.path, item.git_remote_url, item.git_branch,
             item.project_type, item.language, item.framework, to_json(dict(item.config)), item.created_at,
             item.updated_at, item.last_accessed_at, int(item.is_active), item.rev),
        )  # fmt: skip

    def update(self, project_id: str, columns: Columns) -> None:
        assigned = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE projects SET {assigned} WHERE id = ?", (*columns.values(), project_id))

    def identities(self, project_id: str) -> list[tuple[str, str]]:
        return self._db.execute(_IDENTITIES, (project_id,)).fetchall()

    def owner_of(self, value: str) -> str | None:
        return self._first("SELECT project_id FROM project_identities WHERE value = ?", value)

    def identify(self, project_id: str, identities: Sequence[tuple[str, str]]) -> None:
        sql = """INSERT INTO project_identities (project_id, kind, value) VALUES (?, ?, ?)
            ON CONFLICT (value) DO NOTHING"""
        self._db.executemany(sql, [(project_id, kind, value) for kind, value in identities])

    def forget_identity(self, value: str) -> None:
        self._db.execute("DELETE FROM project_identities WHERE value = ?", (value,))

    def belongings(self, source: str, target: str) -> list[Move]:
        return [Move(*row) for row in self._db.execute(_BELONGINGS, (source, target))]

    def apply(self, change_set: int, move: Move) -> None:
        sql = _MOVES.get(move.kind)
        if sql is None:
            sql = _ADD_ALIAS if move.before is None else _DROP_ALIAS if move.after is None else _MOVE_IDENTITY
        if self._db.execute(sql, (move.object_id, move.before, move.after)).rowcount:
            if move.kind == "pattern":
                self._db.execute(_MOVE_USES, (move.object_id, move.before, move.after))
            self._db.execute(_KEEP, (change_set, move.kind, move.object_id, move.before, move.after))

    def moves(self, change_set: int) -> list[Move]:
        sql = "SELECT kind, object_id, before, after FROM project_moves WHERE change_set = ?"
        return [Move(*row) for row in self._db.execute(sql, (change_set,))]

    def memories(self, project_id: str) -> list[str]:
        sql = "SELECT id FROM memories WHERE project_id = ? ORDER BY memory_key"
        return [row[0] for row in self._db.execute(sql, (project_id,))]

    def accessed(self, project_id: str, at: str) -> None:
        sql = "UPDATE projects SET last_accessed_at = max(last_accessed_at, ?) WHERE id = ?"
        self._db.execute(sql, (at, project_id))

    def _first(self, sql: str, *values: str) -> str | None:
        row = self._db.execute(sql, values).fetchone()
        return str(row[0]) if row else None


def _project(row: Sequence[object]) -> Project:
    values = list(row)
    values[10], values[14] = json.loads(str(values[10])), bool(values[14])
    return Project(*values)  # type: ignore[arg-type]  # columns are in the order of the fields
