"""The `relation_changes` table: what links held before change sets touched them, for `lmem undo`.

Not the links themselves (relations.py).
"""

from __future__ import annotations

import json
import sqlite3

from lmem.domain.memories import to_json
from lmem.domain.related import APPLIES_TO, RelationChange, State

_KEY = "(SELECT memory_key FROM memories_all WHERE id = {})"
_KEEP = f"""INSERT INTO relation_changes (change_set, from_key, to_key, project_id, relationship_type, before_json)
    VALUES (?1, {_KEY.format("?2")}, {_KEY.format("?3")}, ?4, ?5, ?6)"""
_OF = """SELECT a.id, ifnull(b.id, r.project_id), r.relationship_type, r.before_json
    FROM relation_changes r JOIN memories_all a ON a.memory_key = r.from_key
    LEFT JOIN memories_all b ON b.memory_key = r.to_key WHERE r.change_set = ? ORDER BY r.rowid"""
_SINCE = f"""SELECT change_set FROM relation_changes WHERE from_key = {_KEY.format("?1")}
    AND (to_key = {_KEY.format("?2")} OR project_id = ?2) AND relationship_type = ?3 AND +change_set > ?4"""


def keep(db: sqlite3.Connection, change_set: int, change: RelationChange) -> None:
    """Note what a relation held before a change set."""
    to_memory, to_project = (None, change.to_id) if change.type == APPLIES_TO else (change.to_id, None)
    before = None if change.before is None else to_json(dict(change.before))
    db.execute(_KEEP, (change_set, change.from_id, to_memory, to_project, change.type, before))


def of(db: sqlite3.Connection, change_set: int) -> list[RelationChange]:
    """What a change set touched, in that order."""
    rows = db.execute(_OF, (change_set,))
    return [RelationChange(from_id, to_id, kind, _state(before)) for from_id, to_id, kind, before in rows]


def since(db: sqlite3.Connection, change: RelationChange, change_set: int) -> set[int]:
    """The change sets that touched the same relation later."""
    return {row[0] for row in db.execute(_SINCE, (change.from_id, change.to_id, change.type, change_set))}


def _state(text: str | None) -> State | None:
    if text is None:
        return None
    found: dict[str, object] = json.loads(text)
    return found
