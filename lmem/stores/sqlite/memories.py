"""The `memories` table: rows to records and back, filters to SQL.

Not full text (fulltext.py) and not a transaction (storage.py).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from lmem.domain.filters import LASTING, Filter, Sight
from lmem.domain.layers import LAYERS, from_flags
from lmem.domain.memories import Memory, to_json
from lmem.domain.room import Room, cut
from lmem.ports.tables import Columns, Standing
from lmem.stores.sqlite import purging

COLUMNS = (
    "memory_key, id, user_id, project_id, session_id, title, content, summary, memory_type, category, tags, "
    "importance_score, decay_rate, access_count, last_accessed_at, context_json, git_context_json, layer_session, "
    "layer_project, layer_global, layer_temporal, source_tool, external_id, is_private, is_archived, created_at, "
    "updated_at, valid_until, rev, content_hash"
)
_STORED = COLUMNS.partition(", ")[2]  # without memory_key, which SQLite gives
_INSERT = f"INSERT INTO memories ({_STORED}) VALUES (?{', ?' * _STORED.count(', ')})"
_FIND = f"SELECT {COLUMNS} FROM memories WHERE id = ?"
_STANDING = "SELECT id, user_id, is_private, rev, access_count, last_accessed_at FROM memories WHERE id = ?"
_TITLES = "SELECT m.id, m.title FROM json_each(?) CROSS JOIN {source} m WHERE m.id = value"
_PREFIX = "SELECT id, title FROM {source} WHERE id >= ? AND id < ? AND user_id = ? ORDER BY id LIMIT ?"
_EXTERNAL = f"SELECT {COLUMNS} FROM memories WHERE source_tool = ? AND external_id = ? AND project_id IS ?"
# The hash leads, whatever else is asked: a user's other columns find thousands of rows.
_SAME_TEXT = f"""SELECT {COLUMNS} FROM (SELECT memory_key AS found FROM memories_all WHERE content_hash = ?)
    CROSS JOIN {{source}} m ON m.memory_key = found WHERE {{where}} ORDER BY found LIMIT 1"""
_BEFORE = f"""SELECT {COLUMNS} FROM memories_shared WHERE session_id = ? AND is_archived = 0
    AND (created_at, memory_key) < (?, ?) ORDER BY created_at DESC, memory_key DESC LIMIT 1"""
_AFTER = f"""SELECT {COLUMNS} FROM memories_shared WHERE session_id = ? AND is_archived = 0
    AND (created_at, memory_key) > (?, ?) ORDER BY created_at, memory_key LIMIT 1"""
# The plus sign leaves the partial index of sessions as the only one: by the user it walks all rows (30 ms of 10,000).
_IN_SESSION = "SELECT 1 FROM memories WHERE session_id IS NOT NULL AND +user_id = ? LIMIT 1"
_TOUCH = "UPDATE memories SET access_count = access_count + ?, last_accessed_at = max(last_accessed_at, ?) WHERE id = ?"
# What `done` made for a task, whatever became of the link or of its text since.
_MADE_BY_DONE = """SELECT made.memory_id FROM memory_versions task
    JOIN change_sets c ON c.id = task.change_set AND c.kind = 'done'
    JOIN memory_versions made ON made.change_set = c.id AND made.change_type = 'created'
    WHERE task.memory_id = ?1 AND made.memory_id != ?1"""
_MERGED_INTO = """SELECT DISTINCT m.id FROM memory_versions v JOIN change_sets c ON c.id = v.change_set
    JOIN memories m ON m.id = json_extract(v.diff_json, '$.superseded_by[1]')
    WHERE v.memory_id = ? AND c.kind = 'merge'"""
ORDERS = {
    "rank": "m.importance_score DESC, m.last_accessed_at DESC",  # specification 6.2
    "created": "m.created_at DESC, m.memory_key DESC",
}


def source(wanted: Filter) -> str:
    """The relation that a filter's caller may read."""
    return readable(wanted.shared)


def readable(shared: bool) -> str:
    """The relation a caller may read: the one place that keeps private memories from shared answers."""
    return "memories_shared" if shared else "memories_all"


def conditions(wanted: Filter, alias: str = "m") -> tuple[str, list[str | float]]:
    """A filter as a WHERE clause over `alias`, with its parameters."""
    clauses = [f"{alias}.user_id = ?", f"{alias}.is_archived = {int(wanted.archived)}"]
    values: list[str | float] = [wanted.user_id]
    for column, chosen in (("memory_type", wanted.types), ("category", wanted.categories)):
        if chosen:
            clauses.append(f"{alias}.{column} IN ({', '.join('?' * len(chosen))})")
            values += chosen
    if wanted.layers:
        clauses.append(
            "(" + " OR ".join(f"+{alias}.layer_{layer} = 1" for layer in LAYERS if layer in wanted.layers) + ")"
        )
    for tag in wanted.tags:
        clauses.append(f"EXISTS (SELECT 1 FROM json_each({alias}.tags) WHERE value = ?)")
        values.append(tag)
    for clause, value in (
        ("project_id = ?", wanted.project_id),
        ("session_id = ?", wanted.session_id),
        ("created_at >= ?", wanted.since),
        ("created_at <= ?", wanted.until),
        ("importance_score >= ?", wanted.min_importance),
    ):
        if value is not None:
            clauses.append(f"{alias}.{clause}")
            values.append(value)
    if wanted.private_only:
        clauses.append(f"{alias}.is_private = 1")
    if wanted.sight is not None:
        clauses.append(_seen(wanted.sight, alias))
        values += [item for item in (wanted.sight.project_id, *wanted.sight.sessions) if item is not None]
    if not wanted.temporal:
        clauses.append("(" + " OR ".join(f"+{alias}.layer_{layer} = 1" for layer in LASTING) + ")")
    return " AND ".join(clauses), values


def _seen(sight: Sight, alias: str) -> str:
    """What a place lets be seen. The plus signs keep each OR from being answered by several indexes, which the planner
    likes even where rows are looked up by id (25 ms instead of 0.2 for 30 rows of 10,000, measured)."""
    inside = f"+{alias}.project_id " + ("IS NULL" if sight.project_id is None else "= ?")
    marks = ", ".join("?" * len(sight.sessions))
    session = f" OR +{alias}.session_id IN ({marks})" if sight.sessions else ""
    return f"(+{alias}.layer_global = 1 OR {inside}{session})"


def record(row: Sequence[object]) -> Memory:
    """A Memory from a row of COLUMNS."""
    (key, id_, user, project, session, title, content, summary, type_, category, tags, importance, decay, accesses,
     accessed, context, git, *flags, source_tool, external, private, archived, created, updated, until, rev, digest,
     ) = row  # fmt: skip
    return Memory(
        key, id_, user, project, session, title, content, summary, type_, category,  # type: ignore[arg-type]
        tuple(json.loads(tags)) if tags and tags != "[]" else (),  # type: ignore[arg-type]
        importance, decay, accesses, accessed,  # type: ignore[arg-type]
        _object(context), _object(git),
        from_flags(*flags),
        source_tool, external, bool(private), bool(archived), created, updated, until, rev, digest,  # type: ignore[arg-type]
    )  # fmt: skip


class MemoryRows:
    """MemoryTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, memory_id: str) -> Memory | None:
        return self._one(_FIND, memory_id)

    def standing(self, memory_id: str) -> Standing | None:
        row = self._db.execute(_STANDING, (memory_id,)).fetchone()
        return Standing(row[0], row[1], bool(row[2]), *row[3:]) if row else None

    def titles(self, ids: Sequence[str], shared: bool) -> dict[str, str]:
        return dict(self._db.execute(_TITLES.format(source=readable(shared)), (json.dumps(list(ids)),)).fetchall())

    def starting_with(self, user_id: str, prefix: str, limit: int, shared: bool) -> list[tuple[str, str]]:
        sql = _PREFIX.format(source=readable(shared))
        return self._db.execute(sql, (prefix, prefix + "g", user_id, limit)).fetchall()

    def visible(self, ids: Sequence[str], wanted: Filter, room: Room | None = None) -> dict[str, Memory]:
        return {memory.id: memory for memory in _fill(self.each(ids, wanted), room)}

    def each(self, ids: Sequence[str], wanted: Filter) -> Iterator[Memory]:
        if not ids:
            return iter(())
        where, values = conditions(wanted)
        # CROSS JOIN keeps the order: each id is looked up. Left alone, the planner walks the user's whole index.
        sql = f"""SELECT {COLUMNS} FROM (SELECT value AS wanted FROM json_each(?)) CROSS JOIN {source(wanted)} m
            WHERE m.id = wanted AND {where}"""
        return map(record, self._db.execute(sql, (json.dumps(list(ids)), *values)))

    def beginnings(self, ids: Sequence[str], wanted: Filter) -> dict[str, Memory]:
        return {memory.id: cut(memory) for memory in self.each(ids, wanted)}

    def page(
        self, wanted: Filter, order: str, limit: int, offset: int, room: Room | None = None
    ) -> list[Memory]:
        where, values = conditions(wanted)
        if order == "created":  # else the planner sorts all that the user has (0.7 s of 300,000, for 20)
            where = where.replace("m.user_id = ?", "+m.user_id = ?", 1)
        sql = f"SELECT {COLUMNS} FROM {source(wanted)} m WHERE {where} ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?"
        return _fill(map(record, self._db.execute(sql, (*values, limit, offset))), room)

    def after(self, wanted: Filter, key: int, limit: int) -> Iterator[Memory]:
        where, values = conditions(wanted)
        where = where.replace("m.is_archived = 0", "m.is_archived IN (0, 1)")
        sql = f"""SELECT {COLUMNS} FROM {source(wanted)} m
            WHERE m.memory_key > ? AND {where} ORDER BY m.memory_key LIMIT ?"""
        return map(record, self._db.execute(sql, (key, *values, limit)))

    def count(self, wanted: Filter) -> int:
        where, values = conditions(wanted)
        found: int = self._db.execute(f"SELECT count(*) FROM {source(wanted)} m WHERE {where}", values).fetchone()[0]
        return found

    def any_temporal(self, wanted: Filter) -> bool:
        sql = f"""SELECT 1 FROM {source(wanted)} m WHERE m.layer_session = 0 AND m.layer_project = 0
            AND m.layer_global = 0 AND m.user_id = ? AND m.is_archived = ? LIMIT 1"""
        return self._db.execute(sql, (wanted.user_id, int(wanted.archived))).fetchone() is not None

    def same_text(self, content_hash: str, wanted: Filter) -> Memory | None:
        where, values = conditions(wanted)
        sql = _SAME_TEXT.format(source=source(wanted), where=where)
        row = self._db.execute(sql, (content_hash, *values)).fetchone()
        return record(row) if row else None

    def external(self, source_tool: str, external_id: str, project_id: str | None) -> Memory | None:
        return self._one(_EXTERNAL, source_tool, external_id, project_id)

    def tags(self, wanted: Filter) -> list[tuple[str, int]]:
        where, values = conditions(wanted)
        sql = f"""SELECT value, count(*) FROM {source(wanted)} m, json_each(m.tags)
            WHERE {where} GROUP BY value ORDER BY count(*) DESC, value"""
        return self._db.execute(sql, values).fetchall()

    def around(self, memory: Memory) -> list[Memory]:
        if memory.session_id is None:
            return []
        place = memory.session_id, memory.created_at, memory.key
        rows = (self._db.execute(sql, place).fetchone() for sql in (_BEFORE, _AFTER))
        return [record(row) for row in rows if row]

    def any_in_session(self, user_id: str) -> bool:
        return self._db.execute(_IN_SESSION, (user_id,)).fetchone() is not None

    def insert(self, memory: Memory) -> int:
        flags = memory.layers.flags()
        values = (
            memory.id, memory.user_id, memory.project_id, memory.session_id, memory.title, memory.content,
            memory.summary, memory.memory_type, memory.category, to_json(list(memory.tags)), memory.importance_score,
            memory.decay_rate, memory.access_count, memory.last_accessed_at, to_json(dict(memory.context)),
            to_json(dict(memory.git_context)), *(flags[f"layer_{layer}"] for layer in LAYERS), memory.source_tool,
            memory.external_id, int(memory.is_private), int(memory.is_archived), memory.created_at, memory.updated_at,
            memory.valid_until, memory.rev, memory.content_hash,
        )  # fmt: skip
        return self._db.execute(_INSERT, values).lastrowid or 0

    def update(self, memory_id: str, columns: Columns) -> None:
        assigned = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE memories SET {assigned} WHERE id = ?", (*columns.values(), memory_id))

    def delete(self, ids: Sequence[str]) -> None:
        purging.delete(self._db, ids)

    def unswept(self) -> list[str]:
        return purging.unswept(self._db)

    def made_by_done(self, memory_id: str) -> list[str]:
        return [row[0] for row in self._db.execute(_MADE_BY_DONE, (memory_id,))]

    def merged_into(self, memory_id: str) -> list[str]:
        return [row[0] for row in self._db.execute(_MERGED_INTO, (memory_id,))]

    def touch(self, reads: Mapping[str, int], at: str) -> None:
        self._db.executemany(_TOUCH, [(count, at, memory_id) for memory_id, count in reads.items()])

    def _one(self, sql: str, *values: str | None) -> Memory | None:
        row = self._db.execute(sql, values).fetchone()
        return record(row) if row else None


def _fill(memories: Iterator[Memory], room: Room | None) -> list[Memory]:
    return list(memories) if room is None else room.fill(memories)


def _object(text: object) -> dict[str, object]:
    if not text or text == "{}":
        return {}
    found: dict[str, object] = json.loads(str(text))
    return found
