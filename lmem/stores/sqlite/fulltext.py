"""Full text: FTS5 over memories, over rows that wait for the relay, and trigrams for text without spaces.

Not a parser of questions; expressions come from lmem.domain.query.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from lmem.domain.filters import Filter
from lmem.ports.tables import Hit
from lmem.stores.sqlite.memories import conditions, source

# Weights of title, content and summary; `bm25()` in ORDER BY is faster than `ORDER BY rank` (measured).
_SCORE = "bm25({table}, 2.0, 1.0, 1.0)"
_ADD_PENDING = "INSERT INTO memories_pending (rowid, title, content, summary) VALUES (?, ?, ?, ?)"
_DROP_PENDING = """DELETE FROM memories_pending WHERE rowid IN (SELECT memory_key FROM memories
    WHERE id IN (SELECT value FROM json_each(?)) AND memory_key IN (SELECT id FROM memories_pending_content))"""
_ADD_UNINDEXED = "INSERT INTO memories_unindexed (memory_key) VALUES (?)"
_DROP_UNINDEXED = """DELETE FROM memories_unindexed WHERE memory_key IN
    (SELECT memory_key FROM memories WHERE id IN (SELECT value FROM json_each(?)))"""
_SET_ASIDE = """INSERT INTO memories_pending (rowid, title, content, summary) SELECT memory_key, title, content, summary
    FROM memories_unindexed JOIN memories USING (memory_key) WHERE id = ?"""
_ANY_PENDING = "SELECT 1 FROM memories_pending_content LIMIT 1"  # FTS5's own table: no term is looked up in vain
_FIRST_UNINDEXED = "SELECT memory_key FROM memories_unindexed ORDER BY memory_key LIMIT 1"
_UNSEEN = """SELECT 1 FROM memories WHERE is_archived = 0
    AND memory_key NOT IN (SELECT id FROM memories_pending_content)
    AND memory_key NOT IN (SELECT memory_key FROM memories_unindexed) LIMIT 1"""
_MATCH = f"SELECT rowid AS key, {_SCORE} AS score FROM {{table}} WHERE {{table}} MATCH ?"
# The plus sign keeps the planner from looking up each key by itself, with all of the words.
_MATCH_UNINDEXED = (
    _MATCH.format(table="memories_fts") + " AND rowid >= ? AND +rowid IN (SELECT memory_key FROM memories_unindexed)"
)
_WAITS_FOR = """SELECT memory_key FROM outbox CROSS JOIN memories ON id = object_id
    WHERE projection = ?1 AND kind = 'memory' AND op = 'upsert' AND is_archived = 0
    UNION SELECT memory_key FROM memories WHERE ?2 AND is_private = 1 AND is_archived = 0"""
_KEEP_WAITING = (
    f"DELETE FROM memories_unindexed WHERE memory_key NOT IN ({_WAITS_FOR})",
    f"""DELETE FROM memories_pending WHERE rowid IN
        (SELECT id FROM memories_pending_content WHERE id NOT IN ({_WAITS_FOR}))""",
    f"""INSERT INTO memories_pending (rowid, title, content, summary) SELECT memory_key, title, content, summary
        FROM memories WHERE memory_key IN ({_WAITS_FOR}) AND memory_key NOT IN (SELECT id FROM memories_pending_content)
        AND memory_key NOT IN (SELECT memory_key FROM memories_unindexed)""",
)
_MORE = "SELECT 1 FROM ({hits}) LIMIT 1 OFFSET {offset}"
SCANNED_ROWS = 20_000


class FullTextRows:
    """FullText on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def match(self, expression: str, wanted: Filter, limit: int) -> list[Hit]:
        return self._match("memories_fts", expression, wanted, limit)

    def pending(self, expression: str, wanted: Filter, limit: int) -> list[Hit]:
        if not expression:
            return []
        first = self._db.execute(_FIRST_UNINDEXED).fetchone()
        hits = self._best(_MATCH_UNINDEXED, (expression, *first), wanted, limit) if first else []
        if self._db.execute(_ANY_PENDING).fetchone():
            hits += self._match("memories_pending", expression, wanted, limit)
        return hits

    def all_pending(self) -> bool:
        return self._db.execute(_UNSEEN).fetchone() is None

    def unspaced(self, parts: Sequence[str], wanted: Filter, limit: int) -> list[Hit]:
        grams = dict.fromkeys(part[at : at + 3] for part in parts for at in range(len(part) - 2))
        if grams:
            expression = " OR ".join(f'"{gram}"' for gram in list(grams)[:64])
            return self._match("memories_trigram", expression, wanted, limit)
        return self.containing(max(parts, key=len), wanted, limit) if parts else []

    def containing(self, text: str, wanted: Filter, limit: int) -> list[Hit]:
        where, values = conditions(wanted)
        sql = f"""SELECT id, 1.0 FROM
            (SELECT m.id, m.title, m.content FROM {source(wanted)} m WHERE {where} ORDER BY m.created_at DESC LIMIT ?)
            WHERE instr(content, ?) OR instr(title, ?) LIMIT ?"""
        return self._db.execute(sql, (*values, SCANNED_ROWS, text, text, limit)).fetchall()

    def known(self, terms: Sequence[str], wanted: Filter) -> set[str]:
        where, values = conditions(wanted)
        where = where.replace("m.is_archived = 0", "m.is_archived IN (0, 1)")
        sql = f"""SELECT 1 FROM memories_fts f CROSS JOIN {source(wanted)} m ON m.memory_key = f.rowid
            WHERE memories_fts MATCH ? AND {where} LIMIT 1"""
        return {term for term in terms if self._db.execute(sql, (f'"{term}"', *values)).fetchone()}

    def add_pending(self, key: int, title: str, content: str, summary: str | None) -> None:
        self._db.execute(_ADD_PENDING, (key, title, content, summary))

    def add_unindexed(self, key: int) -> None:
        self._db.execute(_ADD_UNINDEXED, (key,))

    def set_aside(self, memory_id: str) -> None:
        self._db.execute(_SET_ASIDE, (memory_id,))
        self._db.execute(_DROP_UNINDEXED, (json.dumps([memory_id]),))

    def drop_pending(self, ids: Sequence[str]) -> None:
        listed = (json.dumps(list(ids)),)
        self._db.execute(_DROP_UNINDEXED, listed)
        self._db.execute(_DROP_PENDING, listed)

    def keep_waiting(self, projection_id: str, withheld: bool) -> None:
        for statement in _KEEP_WAITING:
            self._db.execute(statement, (projection_id, withheld))

    def _match(self, table: str, expression: str, wanted: Filter, limit: int) -> list[Hit]:
        return self._best(_MATCH.format(table=table), (expression,), wanted, limit) if expression else []

    def _best(self, hits: str, terms: Sequence[object], wanted: Filter, limit: int) -> list[Hit]:
        """Of a query for keys and scores, the lowest scores that pass the filter."""
        where, values = conditions(wanted)
        # CROSS JOIN keeps the order: the words first. An OR of the filter must not make the planner walk other rows.
        sql = f"""SELECT m.id, -score FROM ({{}}) CROSS JOIN {source(wanted)} m ON m.memory_key = key
            WHERE {where} ORDER BY score LIMIT ?"""
        # The filter is asked of twice as many as are wanted first, of all only when that leaves too few: a third of the
        # time where an OR of words matches half of the rows.
        head = sql.format(f"{hits} ORDER BY score LIMIT {2 * limit}")
        found = self._db.execute(head, (*terms, *values, limit)).fetchall()
        if len(found) < limit and self._db.execute(_MORE.format(hits=hits, offset=2 * limit), terms).fetchone():
            found = self._db.execute(sql.format(hits), (*terms, *values, limit)).fetchall()
        return found
