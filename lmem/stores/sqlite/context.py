"""The memories of a brief: short queries over `memories`, each of which finds its keys in an index.

Not the choice of what fits (lmem.service.context).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from lmem.domain.memories import Memory
from lmem.domain.room import cut
from lmem.ports.context import LOOKED_AT, Where
from lmem.stores.sqlite.memories import COLUMNS, readable, record

_SELECT = "SELECT " + ", ".join(f"m.{name}" for name in COLUMNS.split(", "))
_LIVE = "m.is_archived = 0 AND m.valid_until IS NULL"
# Of the place: its own, in a layer that has not faded. project_id IS NULL outside of any project.
_PLACE = f"m.user_id = :user AND m.project_id IS :project AND {_LIVE} AND (m.layer_project = 1 OR m.layer_global = 1)"
_SESSION = f"""m.memory_key IN (SELECT s.memory_key FROM memories_all s
        WHERE s.session_id IN (SELECT value FROM json_each(:lineage)))
    AND m.user_id = :user AND m.layer_session = 1 AND {_LIVE}"""
_OPEN = """m.memory_type = 'task' AND NOT EXISTS (
    SELECT 1 FROM memory_relationships r JOIN memories_all s ON s.id = r.from_memory_id
    WHERE r.to_memory_id = m.id AND +r.relationship_type = 'resolves' AND s.is_archived = 0)"""
_OF_TYPES = "m.memory_type IN (SELECT value FROM json_each(:types))"
_LASTING = "m.memory_type IN ('preference', 'pattern', 'convention')"  # as idx_memories_conventions says it
_LASTING_GLOBAL = f"m.user_id = :user AND m.layer_global = 1 AND {_LIVE} AND {_LASTING}"
# A plus keeps a term from choosing the index: one user has nearly all rows.
_CALLED_SO = f"""+m.user_id = :user AND m.category = 'convention' AND {_LIVE}
    AND (m.layer_global = 1 OR m.layer_project = 1 AND m.project_id IS :project)"""
_NEWEST = "created_at DESC, memory_key DESC"
_WEIGHTIEST = "importance_score DESC, created_at DESC, memory_key DESC"
_FOCUSED = f"""{_SELECT} FROM session_memories f JOIN {{source}} m ON m.id = f.memory_id
    WHERE f.session_id = :session AND f.working_memory = 1 AND m.user_id = :user AND {_LIVE}
    ORDER BY +f.position_in_session, m.memory_key LIMIT :limit"""
_PICK = f"""{_SELECT}
    FROM (SELECT memory_key FROM ({{keys}}) ORDER BY {{order}} LIMIT :limit) AS k
    CROSS JOIN memories_all m ON m.memory_key = k.memory_key ORDER BY {{outer}}"""
_KEYS = "SELECT m.memory_key, m.created_at, m.importance_score FROM {source} m WHERE {part}"


class ContextRows:
    """ContextTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def focused(self, session_id: str, where: Where, limit: int) -> list[Memory]:
        values = {"session": session_id, "user": where.user_id, "limit": limit}
        sql = _FOCUSED.format(source=readable(where.shared))
        return [cut(record(row), LOOKED_AT) for row in self._db.execute(sql, values)]

    def of_session(self, where: Where, limit: int) -> list[Memory]:
        return self._pick(where, [f"{_SESSION} AND m.memory_type != 'task'"], _NEWEST, limit)

    def open_tasks(self, where: Where, limit: int) -> list[Memory]:
        return self._pick(where, [f"{_PLACE} AND {_OPEN}", f"{_SESSION} AND {_OPEN}"], _WEIGHTIEST, limit)

    def newest(self, where: Where, types: Sequence[str], but: Sequence[str], limit: int) -> list[Memory]:
        wanted = _OF_TYPES if types else f"NOT {_OF_TYPES}"
        parts = [f"{_PLACE} AND {wanted}", f"{_SESSION} AND {wanted}"]
        return self._pick(where, parts, _NEWEST, limit, types or but)

    def lasting(self, where: Where, limit: int) -> list[Memory]:
        return self._pick(where, [f"{_PLACE} AND {_LASTING}", _LASTING_GLOBAL, _CALLED_SO], _WEIGHTIEST, limit)

    def _pick(
        self, where: Where, parts: Sequence[str], order: str, limit: int, types: Sequence[str] = ()
    ) -> list[Memory]:
        """Rows that one of `parts` finds. Keys are sorted before any text is read: rows may be long."""
        source, outer = readable(where.shared), ", ".join(f"m.{column}" for column in order.split(", "))
        keys = " UNION ".join(_KEYS.format(source=source, part=part) for part in parts)
        values = {
            "user": where.user_id,
            "project": where.project_id,
            "lineage": json.dumps(where.lineage),
            "types": json.dumps(list(types)),
            "limit": limit,
        }
        rows = self._db.execute(_PICK.format(keys=keys, order=order, outer=outer), values)
        return [cut(record(row), LOOKED_AT) for row in rows]
