"""Settings in SQLite: `system_config`, and the JSON columns of users and projects.

Not which level wins (lmem.service.settings).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from lmem.domain.memories import to_json
from lmem.ports.settings import Row

_SYSTEM = "SELECT key, value, is_user_configurable, updated_at, updated_by FROM system_config"
_SET_SYSTEM = """INSERT INTO system_config
        (key, value, value_type, description, is_user_configurable, updated_by, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE
        SET value = excluded.value, updated_by = excluded.updated_by, updated_at = excluded.updated_at"""
_PROJECTS = "SELECT id, config_json FROM projects WHERE user_id = ? AND config_json <> '{}'"


class SettingRows:
    """SettingTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def system(self) -> dict[str, Row]:
        rows = self._db.execute(_SYSTEM).fetchall()
        return {key: Row(key, value, bool(free), at, by) for key, value, free, at, by in rows}

    def set_system(
        self, key: str, value: str, kind: str, meaning: str, user_id: str, at: str, configurable: bool = True
    ) -> None:
        self._db.execute(_SET_SYSTEM, (key, value, kind, meaning, int(configurable), user_id, at))

    def preferences(self, user_id: str) -> dict[str, object]:
        return self._object("SELECT preferences_json FROM users WHERE id = ?", user_id)

    def set_preferences(self, user_id: str, values: Mapping[str, object], at: str) -> int:
        sql = "UPDATE users SET preferences_json = ?, updated_at = ?, rev = rev + 1 WHERE id = ? RETURNING rev"
        return int(self._db.execute(sql, (to_json(dict(values)), at, user_id)).fetchone()[0])

    def project(self, project_id: str) -> dict[str, object]:
        return self._object("SELECT config_json FROM projects WHERE id = ?", project_id)

    def projects(self, user_id: str) -> dict[str, dict[str, object]]:
        return {project_id: json.loads(text) for project_id, text in self._db.execute(_PROJECTS, (user_id,))}

    def set_project(self, project_id: str, values: Mapping[str, object], at: str) -> int:
        sql = "UPDATE projects SET config_json = ?, updated_at = ?, rev = rev + 1 WHERE id = ? RETURNING rev"
        return int(self._db.execute(sql, (to_json(dict(values)), at, project_id)).fetchone()[0])

    def _object(self, sql: str, object_id: str) -> dict[str, object]:
        row = self._db.execute(sql, (object_id,)).fetchone()
        found: dict[str, object] = json.loads(row[0]) if row else {}
        return found
