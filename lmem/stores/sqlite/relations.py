"""The `memory_relationships` table.

Not a graph; it answers what one memory is linked to.
"""

from __future__ import annotations

import sqlite3

from lmem.domain.memories import to_json
from lmem.domain.relations import Link, Relation, word_for
from lmem.stores.sqlite.memories import readable

_OF = """SELECT r.relationship_type, 'out', m.id, m.title FROM memory_relationships r
      JOIN {source} m ON m.id = r.to_memory_id WHERE r.from_memory_id = ?1
    UNION ALL
    SELECT r.relationship_type, 'in', m.id, m.title FROM memory_relationships r
      JOIN {source} m ON m.id = r.from_memory_id WHERE r.to_memory_id = ?1"""
_INSERT = """INSERT INTO memory_relationships
    (id, from_memory_id, to_memory_id, relationship_type, strength, properties_json, created_at, created_by)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (from_memory_id, to_memory_id, relationship_type) DO NOTHING"""

_DELETE = "DELETE FROM memory_relationships WHERE from_memory_id = ? AND to_memory_id = ? AND relationship_type = ?"


class RelationRows:
    """RelationTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def of(self, memory_id: str, shared: bool) -> list[Link]:
        rows = self._db.execute(_OF.format(source=readable(shared)), (memory_id,))
        return [Link(word_for(kind, direction), direction, other, title) for kind, direction, other, title in rows]

    def insert(self, relation: Relation) -> None:
        self._db.execute(
            _INSERT,
            (relation.id, relation.from_id, relation.to_id, relation.type, relation.strength,
             to_json(dict(relation.properties)), relation.created_at, relation.created_by),
        )  # fmt: skip

    def delete(self, from_id: str, to_id: str, relation_type: str) -> None:
        self._db.execute(_DELETE, (from_id, to_id, relation_type))
