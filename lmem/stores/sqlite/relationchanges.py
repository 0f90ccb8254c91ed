"""The `relation_changes` table: what change sets did to links, for `lmem undo`.

Not the links themselves (relations.py).
"""

from __future__ import annotations

import json
import sqlite3

from lmem.domain.memories import to_json
from lmem.domain.related import APPLIES_TO, RelationChange, State

_KEEP = """INSERT INTO relation_changes
    (change_set, from_memory_id, to_memory_id, to_project_id, relationship_type, before_json, after_json)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_OF = """SELECT from_memory_id, ifnull(to_memory_id, to_project_id), relationship_type, before_json, after_json
    FROM relation_changes WHERE change_set = ? ORDER BY rowid"""


def keep(db: sqlite3.Connection, change_set: int, change: RelationChange) -> None:
    """Note what a change set did to one relation."""
    to_project = change.type == APPLIES_TO
    ends = (None, change.to_id) if to_project else (change.to_id, None)
    states = (_text(change.before), _text(change.after))
    db.execute(_KEEP, (change_set, change.from_id, *ends, change.type, *states))


def of(db: sqlite3.Connection, change_set: int) -> list[RelationChange]:
    """What a change set did, in that order."""
    return [
        RelationChange(from_id, to_id, kind, _state(before), _state(after))
        for from_id, to_id, kind, before, after in db.execute(_OF, (change_set,))
    ]


def _text(state: State | None) -> str | None:
    return None if state is None else to_json(dict(state))


def _state(text: str | None) -> State | None:
    if text is None:
        return None
    found: dict[str, object] = json.loads(text)
    return found
