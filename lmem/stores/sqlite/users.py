"""The `users` table: rows to records and back.

Not the making of a user (directory.py).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from lmem.domain.users import User
from lmem.ports.tables import Columns

_COLUMNS = """id, username, email, display_name, preferences_json, created_at, updated_at, last_active_at, is_active,
    rev"""
_FIND = f"SELECT {_COLUMNS} FROM users WHERE id = ?"
_ACTIVE = f"SELECT {_COLUMNS} FROM users WHERE is_active = 1 ORDER BY last_active_at DESC"


class UserRows:
    """UserTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, user_id: str) -> User | None:
        row = self._db.execute(_FIND, (user_id,)).fetchone()
        return _user(row) if row else None

    def active(self) -> list[User]:
        return [_user(row) for row in self._db.execute(_ACTIVE)]

    def with_email(self, email: str) -> str | None:
        row = self._db.execute("SELECT id FROM users WHERE email = ?", (email,)).fetchone()
        return row[0] if row else None

    def update(self, user_id: str, columns: Columns) -> None:
        assigned = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE users SET {assigned} WHERE id = ?", (*columns.values(), user_id))


def _user(row: Sequence[object]) -> User:
    values = list(row)
    values[4], values[8] = json.loads(str(values[4])), bool(values[8])
    return User(*values)  # type: ignore[arg-type]  # columns are in the order of the fields
