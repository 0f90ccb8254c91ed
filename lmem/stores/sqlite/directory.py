"""Users, projects, default values and the store's own secrets.

Not the identity of a project (its git facts); names only.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence

# The memories from indexes alone: left to itself SQLite reads every row, which takes seconds at 300 000.
_COUNTS = """SELECT
    (SELECT count(*) FROM memories INDEXED BY idx_memories_active_important WHERE user_id = ?1 AND is_archived = 0),
    (SELECT count(*) FROM memories INDEXED BY idx_memories_user WHERE user_id = ?1),
    (SELECT count(*) FROM projects WHERE user_id = ?1 AND is_active = 1),
    (SELECT count(*) FROM sessions WHERE user_id = ?1)"""

PURGED_COMMIT = "purged_commit/"
_LEFT_OUT = "SELECT key FROM store_meta WHERE key >= 'purged_commit/' AND key < 'purged_commit0'"


class DirectoryRows:
    """Directory on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def user(self, username: str, display_name: str | None, email: str | None, at: str) -> str:
        row = self._db.execute("SELECT id FROM users WHERE username = ?", (username,)).fetchone()
        if row:
            return str(row[0])
        made = secrets.token_hex(16)
        self._db.execute(
            "INSERT INTO users (id, username, display_name, email, created_at, updated_at, last_active_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (made, username, display_name, email, at, at, at),
        )
        return made

    def is_active(self, user_id: str) -> bool:
        return self._first("SELECT 1 FROM users WHERE id = ? AND is_active = 1", user_id) is not None

    def seen(self, user_id: str, at: str) -> None:
        self._db.execute("UPDATE users SET last_active_at = max(last_active_at, ?) WHERE id = ?", (at, user_id))

    def project_names(self, user_id: str) -> dict[str, str]:
        rows = self._db.execute("SELECT id, name FROM projects WHERE user_id = ?", (user_id,))
        return dict(rows.fetchall())

    def any_memory(self) -> bool:
        return self._db.execute("SELECT 1 FROM memories LIMIT 1").fetchone() is not None

    def secret(self, name: str) -> str:
        found = self._first("SELECT value FROM store_meta WHERE key = ?", name)
        if found is None:
            found = secrets.token_hex(32)
            self._db.execute("INSERT INTO store_meta (key, value) VALUES (?, ?)", (name, found))
        return found

    def leave_out_commits(self, digests: Sequence[str]) -> None:
        sql = f"INSERT OR IGNORE INTO store_meta (key, value) VALUES ('{PURGED_COMMIT}' || ?, '')"
        self._db.executemany(sql, [(digest,) for digest in digests])

    def left_out_commits(self) -> frozenset[str]:
        return frozenset(row[0].removeprefix(PURGED_COMMIT) for row in self._db.execute(_LEFT_OUT))

    def counts(self, user_id: str) -> dict[str, int]:
        active, memories, projects, sessions = self._db.execute(_COUNTS, (user_id,)).fetchone()
        return {"memories": active, "archived": memories - active, "projects": projects, "sessions": sessions}

    def _first(self, sql: str, *values: str | None) -> str | None:
        row = self._db.execute(sql, values).fetchone()
        return str(row[0]) if row else None
