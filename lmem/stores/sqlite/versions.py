"""The `memory_versions` and `change_sets` tables.

Not the decision what a version holds (lmem.service.recording).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from lmem.domain.history import BY_HAND, ChangeSet, Version
from lmem.domain.memories import to_json
from lmem.domain.replay import own_summaries

COLUMNS = (
    "memory_id, version_number, title, content, summary, change_type, change_reason, diff_json, change_set, "
    "valid_from, created_at, created_by"
)
_OF = f"SELECT {COLUMNS} FROM memory_versions_text WHERE memory_id = ? ORDER BY version_number"
_IN_SET = f"SELECT {COLUMNS} FROM memory_versions_text WHERE change_set = ? ORDER BY memory_id, version_number DESC"
_APPEND = """INSERT INTO memory_versions (memory_id, version_number, title, content, summary, change_type,
    change_reason, diff_json, change_set, valid_from, created_at, created_by)
    VALUES (?, ?, '', '', NULL, ?, ?, ?, ?, ?, ?, ?)"""
_KEEP = """UPDATE memory_versions SET title = ?, content = ?, summary = ?, has_text = 1
    WHERE memory_id = ? AND version_number = (SELECT max(version_number) FROM memory_versions WHERE memory_id = ?)"""
_NEWEST = "SELECT coalesce(max(version_number), 0) FROM memory_versions WHERE memory_id = ?"
# The newest version that can be undone: of a change set that nothing undid and that is no undo itself (a redo is
# none: it stands for what it brought back) nor lmem's own annotation, or an add whose memory is still there.
_LAST = """SELECT v.change_set, v.memory_id, v.created_at FROM memory_versions v
    LEFT JOIN change_sets c ON c.id = v.change_set JOIN memories m ON m.id = v.memory_id
    WHERE v.created_by = ? AND NOT (? AND m.is_private) AND CASE WHEN v.change_set IS NULL THEN m.is_archived = 0
        ELSE c.undone_by IS NULL AND c.kind NOT IN ('undo', 'automatic') END
    ORDER BY v.version_key DESC LIMIT 1"""
# The newest change of links that can be undone.
_LAST_OF_LINKS = """SELECT c.id, a.id, c.created_at FROM change_sets c
    JOIN relation_changes r ON r.change_set = c.id JOIN memories a ON a.memory_key = r.from_key
    WHERE c.created_by = ?1 AND c.undone_by IS NULL AND c.kind NOT IN ('undo', 'automatic')
    AND NOT (?2 AND EXISTS (SELECT 1 FROM relation_changes p
        JOIN memories m ON m.memory_key IN (p.from_key, p.to_key) WHERE p.change_set = c.id AND m.is_private))
    ORDER BY c.id DESC LIMIT 1"""
# The newest thing a user did that no version tells of: of BY_HAND, or the end of a session that moved no memory.
_LAST_BESIDE = f"""SELECT c.id, c.created_at FROM change_sets c WHERE c.created_by = ? AND c.undone_by IS NULL
    AND (c.kind IN ({", ".join(f"'{kind}'" for kind in BY_HAND)})
        OR c.kind = 'session-end' AND NOT EXISTS (SELECT 1 FROM memory_versions v WHERE v.change_set = c.id))
    ORDER BY c.id DESC LIMIT 1"""

# Annotations of lmem's own come in between at any time, and stand in nobody's way.
_IS_LAST = """SELECT 1 FROM change_sets c
    WHERE c.id = ? AND c.kind = ? AND c.created_by = ? AND c.created_at = ? AND c.undone_by IS NULL
    AND NOT EXISTS (SELECT 1 FROM change_sets later
        WHERE later.id > c.id AND later.created_by = c.created_by AND later.kind != 'automatic')"""


class VersionRows:
    """VersionTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def of(self, memory_id: str) -> list[Version]:
        found = [version(row) for row in self._db.execute(_OF, (memory_id,))]
        own = own_summaries(found)
        return [replace(item, summary=own[item.number]) if item.number in own else item for item in found]

    def append(self, version: Version) -> None:
        diff = to_json({name: list(pair) for name, pair in version.diff.items()}) if version.diff else None
        self._db.execute(
            _APPEND,
            (version.memory_id, version.number, version.change_type, version.reason, diff,
             version.change_set, version.valid_from, version.recorded_at, version.created_by),
        )  # fmt: skip

    def keep_text(self, memory_id: str, title: str, content: str, summary: str | None) -> None:
        self._db.execute(_KEEP, (title, content, summary, memory_id, memory_id))

    def newest_number(self, memory_id: str) -> int:
        found: int = self._db.execute(_NEWEST, (memory_id,)).fetchone()[0]
        return found

    def open_change_set(self, kind: str, reason: str | None, user_id: str, at: str) -> int:
        sql = "INSERT INTO change_sets (kind, reason, created_at, created_by) VALUES (?, ?, ?, ?)"
        return self._db.execute(sql, (kind, reason, at, user_id)).lastrowid or 0

    def change_set(self, number: int) -> ChangeSet | None:
        sql = "SELECT id, kind, reason, created_at, created_by, undone_by FROM change_sets WHERE id = ?"
        row = self._db.execute(sql, (number,)).fetchone()
        return ChangeSet(*row) if row else None

    def is_last(self, number: int, kind: str, user_id: str, at: str) -> bool:
        return self._db.execute(_IS_LAST, (number, kind, user_id, at)).fetchone() is not None

    def last_change(self, user_id: str, shared: bool) -> tuple[int | None, str | None] | None:
        rows = [self._db.execute(sql, (user_id, shared)).fetchone() for sql in (_LAST, _LAST_OF_LINKS)]
        last = max((row for row in rows if row), key=lambda row: (row[2], row[0] or 0), default=None)
        beside = self._db.execute(_LAST_BESIDE, (user_id,)).fetchone()
        if beside and (last is None or (beside[0] > last[0] if last[0] is not None else beside[1] > last[2])):
            return beside[0], None
        return (last[0], last[1]) if last else None

    def in_change_set(self, number: int) -> list[Version]:
        return [version(row) for row in self._db.execute(_IN_SET, (number,))]

    def mark_undone(self, number: int, by: int) -> None:
        self._db.execute("UPDATE change_sets SET undone_by = ? WHERE id = ?", (by, number))


def version(row: Sequence[object]) -> Version:
    """A Version from a row of COLUMNS."""
    values = list(row)
    diff = json.loads(str(values[7])) if values[7] else {}
    values[7] = {name: (pair[0], pair[1]) for name, pair in diff.items()}
    return Version(*values)  # type: ignore[arg-type]  # columns are in the order of the fields
