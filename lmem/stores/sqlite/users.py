"""The `users` table: rows to records and back.

Not the making of a user (directory.py).
"""

from __future__ import annotations

import json
import sqlite3

from lmem.domain.users import User
from lmem.ports.tables import Columns

_FIND = """SELECT id, username, email, display_name, preferences_json, created_at, updated_at, last_active_at,
    is_active, rev FROM users WHERE id = ?"""


class UserRows:
    """UserTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, user_id: str) -> User | None:
        row = self._db.execute(_FIND, (user_id,)).fetchone()
        if row is None:
            return None
        id_, username, email, name, preferences, created, updated, active_at, active, rev = row
        return User(id_, username, email, name, json.loads(preferences), created, updated, active_at, bool(active), rev)

    def with_email(self, email: str) -> str | None:
        row = self._db.execute("SELECT id FROM users WHERE email = ?", (email,)).fetchone()
        return row[0] if row else None

    def update(self, user_id: str, columns: Columns) -> None:
        assigned = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE users SET {assigned} WHERE id = ?", (*columns.values(), user_id))
