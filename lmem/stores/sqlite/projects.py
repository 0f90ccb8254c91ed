"""The `projects` and `project_identities` tables: rows to records and back.

Not the rules of names and merging (lmem.service.projects).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from lmem.domain.memories import to_json
from lmem.domain.projects import Project
from lmem.ports.tables import Columns
from lmem.stores.sqlite.memories import readable

_COLUMNS = (
    "id, user_id, name, description, path, git_remote_url, git_branch, project_type, language, framework, config_json, "
    "created_at, updated_at, last_accessed_at, is_active, rev"
)
_FIND = f"SELECT {_COLUMNS} FROM projects WHERE id = ?"
_NAMED = """SELECT id FROM projects WHERE user_id = ?1 AND name = ?2
    UNION ALL SELECT id FROM projects WHERE user_id = ?1 AND id = ?2
    UNION ALL SELECT p.id FROM project_identities i JOIN projects p ON p.id = i.project_id
        WHERE i.value = ?2 AND i.kind = 'alias' AND p.user_id = ?1
    LIMIT 1"""
_ACTIVE = f"SELECT {_COLUMNS} FROM projects WHERE user_id = ? AND is_active = 1 ORDER BY last_accessed_at DESC"
_ARCHIVED = f"SELECT {_COLUMNS} FROM projects WHERE user_id = ? AND is_active = 0 ORDER BY last_accessed_at DESC"
_SIZES = """SELECT project_id, count(*) FROM {source}
    WHERE user_id = ? AND is_archived = 0 AND project_id IS NOT NULL GROUP BY project_id"""
_INSERT = f"INSERT INTO projects ({_COLUMNS}) VALUES (?{', ?' * _COLUMNS.count(', ')})"
_IDENTITIES = "SELECT kind, value FROM project_identities WHERE project_id = ? ORDER BY kind, value"


class ProjectRows:
    """ProjectTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, project_id: str) -> Project | None:
        row = self._db.execute(_FIND, (project_id,)).fetchone()
        return _project(row) if row else None

    def named(self, user_id: str, name: str) -> str | None:
        return self._first(_NAMED, user_id, name)

    def page(self, user_id: str, archived: bool) -> list[Project]:
        return [_project(row) for row in self._db.execute(_ARCHIVED if archived else _ACTIVE, (user_id,))]

    def sizes(self, user_id: str, shared: bool) -> dict[str, int]:
        return dict(self._db.execute(_SIZES.format(source=readable(shared)), (user_id,)).fetchall())

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
