"""The triggers: full text follows every change, and no delete bypasses the outbox."""

from __future__ import annotations

import sqlite3

import pytest

from tests.unit.stores.sqlite.rows import (
    PROJECT,
    SESSION,
    USER,
    add_memory,
    add_owner,
    add_projection,
    check_full_text,
    queued,
)


def test_full_text_follows_edits_and_deletes(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    first = add_memory(connection, 1, "the parser crashes on löwe", summary="parser crash")
    add_memory(connection, 2, "another text")
    find = "SELECT rowid FROM memories_fts WHERE memories_fts MATCH ?"
    assert connection.execute(find, ("crashing lowe",)).fetchall() == [(1,)]
    connection.execute(
        "UPDATE memories SET content = 'the lexer', title = 'lexer', summary = NULL WHERE id = ?", (first,)
    )
    assert connection.execute(find, ("crashing OR löwe",)).fetchall() == []
    assert connection.execute(find, ("lexer",)).fetchall() == [(1,)]
    check_full_text(connection)
    connection.execute("DELETE FROM memories WHERE id = ?", (first,))
    assert connection.execute(find, ("lexer",)).fetchall() == []
    check_full_text(connection)


def test_full_text_survives_vacuum_after_deletes(connection: sqlite3.Connection) -> None:
    """A plain rowid is renumbered by VACUUM; memory_key is not."""
    add_owner(connection)
    ids = [add_memory(connection, number, f"word{number}") for number in range(20)]
    connection.execute("DELETE FROM memories WHERE id = ?", (ids[0],))
    connection.execute("VACUUM")
    check_full_text(connection)
    sql = "SELECT m.content FROM memories m JOIN memories_fts f ON memory_key = f.rowid WHERE memories_fts MATCH ?"
    assert connection.execute(sql, ("word9",)).fetchall() == [("word9",)]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("データベースを使う", "ベース"),
        ("我们决定使用数据库", "数据库"),
        ("ตัดสินใจใช้ฐานข้อมูล", "ฐานข้อมูล"),
        ("ພາສາລາວ", "ສາລາວ"),
        ("ភាសាខ្មែរ", "សាខ្មែ"),
        ("မြန်မာစာ", "မာစာ"),
        ("mixed: 数据库 in English", "数据库"),
    ],
)
def test_text_without_spaces_is_found_by_its_parts(connection: sqlite3.Connection, text: str, part: str) -> None:
    add_owner(connection)
    memory_id = add_memory(connection, 1, text)
    find = "SELECT rowid FROM memories_trigram WHERE memories_trigram MATCH ?"
    assert connection.execute(find, (part,)).fetchall() == [(1,)]
    check_full_text(connection)
    connection.execute("UPDATE memories SET title = 'plain', content = 'plain' WHERE id = ?", (memory_id,))
    assert connection.execute(find, (part,)).fetchall() == []
    connection.execute("UPDATE memories SET content = ? WHERE id = ?", (text, memory_id))
    assert connection.execute(find, (part,)).fetchall() == [(1,)]
    check_full_text(connection)
    connection.execute("DELETE FROM memories WHERE id = ?", (memory_id,))
    assert connection.execute(find, (part,)).fetchall() == []
    check_full_text(connection)


@pytest.mark.parametrize("text", ["plain English", "naïve café", "Straße — “quoted” …", "Привет мир", "🚀 done ✅"])
def test_text_with_spaces_costs_no_trigrams(connection: sqlite3.Connection, text: str) -> None:
    add_owner(connection)
    add_memory(connection, 1, text)
    assert connection.execute("SELECT is_unspaced FROM memories").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM memories_unspaced").fetchone() == (0,)


def test_a_deleted_memory_leaves_tombstone_and_outbox_rows(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    for name, port, state in (("v1", "vectors", "active"), ("g1", "graph", "building"), ("v0", "vectors", "retired")):
        add_projection(connection, name, port, state)
    one, two = add_memory(connection, 1, "one", rev=5), add_memory(connection, 2, "two")
    connection.execute("INSERT INTO memories_pending (rowid, title, content) VALUES (1, 'one', 'one')")
    connection.execute("INSERT INTO memories_unindexed (memory_key) VALUES (1)")
    connection.execute(
        "INSERT INTO memory_relationships (id, from_memory_id, to_memory_id, relationship_type)"
        " VALUES (?, ?, ?, 'relates_to')",
        ("d" * 32, one, two),
    )
    connection.execute("DELETE FROM memories WHERE id = ?", (one,))
    assert queued(connection) == {
        ("v1", "memory", "delete", one),
        ("g1", "memory", "delete", one),
        ("g1", "relationship", "delete", "d" * 32),
    }
    assert connection.execute("SELECT rev FROM tombstones WHERE object_id = ?", (one,)).fetchone() == (6,)
    for table in ("memories_pending", "memories_unindexed"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM memory_versions WHERE memory_id = ?", (one,)).fetchone() == (0,)


def test_an_outbox_row_that_was_parked_starts_afresh_with_a_delete(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    add_projection(connection, "v1", "vectors", "active")
    one = add_memory(connection, 1, "one")
    connection.execute(
        "INSERT INTO outbox (projection, kind, object_id, rev, op, seq, attempts, parked_at, error)"
        " VALUES ('v1', 'memory', ?, 1, 'upsert', 1, 9, '2026-01-01T00:00:00.000Z', 'bad vector')",
        (one,),
    )
    connection.execute("UPDATE outbox_sequence SET value = 7")
    connection.execute("DELETE FROM memories")
    row = connection.execute("SELECT op, rev, seq, attempts, parked_at, error FROM outbox").fetchone()
    assert row == ("delete", 2, 8, 0, None, None)


def test_a_memory_outlives_its_session_and_says_so(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    add_projection(connection, "v1", "vectors", "active")
    one = add_memory(connection, 1, "one", session_id=SESSION, layer_session=1)
    connection.execute("DELETE FROM sessions WHERE id = ?", (SESSION,))
    assert connection.execute("SELECT session_id, rev FROM memories").fetchall() == [(None, 2)]
    assert queued(connection) == {("v1", "memory", "upsert", one)}


def test_a_project_or_user_with_memories_cannot_be_deleted(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    add_projection(connection, "g1", "graph", "active")
    add_memory(connection, 1, "one", project_id=PROJECT)
    for table in ("projects", "users"):
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            connection.execute(f"DELETE FROM {table}")
    connection.execute("DELETE FROM memories")
    connection.execute("DELETE FROM projects")
    assert ("g1", "project", "delete", PROJECT) in queued(connection)
    connection.execute("DELETE FROM users")
    assert ("g1", "user", "delete", USER) in queued(connection)


def test_replace_fires_the_delete_triggers(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    memory_id = add_memory(connection, 1, "old words")
    connection.execute(
        "REPLACE INTO memories (id, user_id, title, content, content_hash, memory_type, source_tool)"
        " VALUES (?, ?, 'new', 'new', ?, 'note', 'cli.add')",
        (memory_id, USER, "0" * 32),
    )
    check_full_text(connection)
    assert connection.execute("SELECT count(*) FROM memories_fts WHERE memories_fts MATCH 'old'").fetchone() == (0,)
