"""What goes with a memory that is deleted for ever, and the mark that its bytes are in the file until they are swept.

Not the sweep (residue.py), nor the decision what is purged (lmem.service.purging). All of it works on a copy too,
whatever schema that has.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

# What a user gave as the reason of a change may name what is purged, in each memory's version of that change. Of these
# kinds lmem makes the reason itself, for hundreds of memories at once.
_OWN_REASONS = "'automatic', 'decay', 'merge projects', 'redo', 'rewrite', 'session-end', 'session-resume', 'undo'"
_CHANGES = "SELECT change_set FROM memory_versions WHERE memory_id = ?1"
_OF_LINKS = """ UNION SELECT r.change_set FROM memories m JOIN relation_changes r ON r.from_key = m.memory_key
        WHERE m.id = ?1
    UNION SELECT r.change_set FROM memories m JOIN relation_changes r ON r.to_key = m.memory_key WHERE m.id = ?1"""
_REASONED = f"""SELECT id, reason FROM change_sets
    WHERE reason IS NOT NULL AND kind NOT IN ({_OWN_REASONS}) AND id IN ({{changes}})"""
_DROP_REASON = "UPDATE change_sets SET reason = NULL WHERE id = ?"
_DROP_REASON_OF_VERSIONS = "UPDATE memory_versions SET change_reason = NULL WHERE change_set = ? AND change_reason = ?"
# Its evidence goes by cascade; the list of a pattern's memories in a project would keep its id.
_DROP_FROM_PATTERNS = """UPDATE project_patterns
    SET memory_ids = (SELECT json_group_array(value) FROM json_each(memory_ids) WHERE value != ?1)
    WHERE pattern_id IN (SELECT pattern_id FROM pattern_evidence WHERE memory_id = ?1) AND memory_ids IS NOT NULL"""
# Which of the questions that sessions remember were about it nobody can tell.
_DROP_QUERIES = """UPDATE sessions SET context_json = json_remove(context_json, '$.queries')
    WHERE json_type(context_json, '$.queries') IS NOT NULL"""
_FILES = """SELECT json_extract(context_json, '$.file') FROM memories WHERE id = ?1
    UNION SELECT json_extract(diff_json, '$.context[0].file') FROM memory_versions WHERE memory_id = ?1
    UNION SELECT json_extract(diff_json, '$.context[1].file') FROM memory_versions WHERE memory_id = ?1"""
_DROP_FILES = """UPDATE sessions SET context_json = json_set(context_json, '$.files', (
        SELECT json_group_array(value) FROM json_each(context_json, '$.files')
        WHERE value NOT IN (SELECT value FROM json_each(?1))))
    WHERE EXISTS (SELECT 1 FROM json_each(context_json, '$.files') WHERE value IN (SELECT value FROM json_each(?1)))"""

_DUE = "residue/"
# The value tells one purge of an id from the next.
_MARK = f"""INSERT INTO store_meta (key, value) VALUES ('{_DUE}' || ?, lower(hex(randomblob(8))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value"""
_MARKED = "SELECT key, value FROM store_meta WHERE key >= 'residue/' AND key < 'residue0'"
_SWEPT = "DELETE FROM store_meta WHERE (key, value) IN (SELECT key, value FROM json_each(?))"


def delete(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Delete memories and what else was said because of them, and mark them as not swept; in the caller's transaction.
    """
    links = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'relation_changes'").fetchone()
    reasoned = _REASONED.format(changes=_CHANGES + (_OF_LINKS if links else ""))
    files: set[str] = set()
    for memory_id in ids:
        files.update(row[0] for row in connection.execute(_FILES, (memory_id,)) if isinstance(row[0], str))
        for change, reason in connection.execute(reasoned, (memory_id,)).fetchall():
            connection.execute(_DROP_REASON, (change,))
            connection.execute(_DROP_REASON_OF_VERSIONS, (change, reason))
        connection.execute(_DROP_FROM_PATTERNS, (memory_id,))
        connection.execute("DELETE FROM memories WHERE id = ?", (memory_id,))
        mark(connection, memory_id)
    connection.execute(_DROP_QUERIES)
    if files:
        connection.execute(_DROP_FILES, (json.dumps(sorted(files)),))


def mark(connection: sqlite3.Connection, object_id: str) -> None:
    """Something with a text was deleted for ever: until a sweep has been through, its bytes are still in the file."""
    connection.execute(_MARK, (object_id,))


def marked(connection: sqlite3.Connection) -> Mapping[str, str]:
    """What is to be swept, as `swept` takes it."""
    return dict(connection.execute(_MARKED).fetchall())


def unswept(connection: sqlite3.Connection) -> list[str]:
    """The ids of what is to be swept."""
    return [key.removeprefix(_DUE) for key in marked(connection)]


def swept(connection: sqlite3.Connection, done: Mapping[str, str]) -> None:
    """Take away those marks that stood before a sweep, not those that came since."""
    connection.execute(_SWEPT, (json.dumps(done),))
