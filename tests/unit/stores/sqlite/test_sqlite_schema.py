"""The schema itself: its snapshot, what it refuses, its views."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from lmem.stores.sqlite.migrations import schema
from tests.unit.stores.sqlite.rows import (
    PROJECT,
    USER,
    add_memory,
    add_owner,
)

SNAPSHOT = Path(__file__).parents[3] / "data" / "schema.sql"
REGENERATE = "LMEM_WRITE_SNAPSHOTS=1 python -m pytest tests/unit/stores/sqlite/test_sqlite_schema.py"


def test_migrations_make_the_snapshot(connection: sqlite3.Connection) -> None:
    """The whole schema in one reviewable file; after a new migration run REGENERATE and read the difference."""
    parts = [f"-- Made from the migrations by: {REGENERATE}"]
    parts += [f"{sql};" for (_, name), sql in schema(connection).items() if not name.startswith("memories_fts_d")]
    parts += [
        f"-- system_config: {row}" for row in connection.execute("SELECT key, value, value_type FROM system_config")
    ]
    text = "\n\n".join(parts) + "\n"
    if os.environ.get("LMEM_WRITE_SNAPSHOTS"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert SNAPSHOT.read_text(encoding="utf-8") == text, f"run: {REGENERATE}"


def test_every_table_is_strict_and_no_default_is_local_time(connection: sqlite3.Connection) -> None:
    loose = [
        name
        for name, strict, kind in connection.execute("SELECT name, strict, type FROM pragma_table_list")
        if kind == "table" and not strict and not name.startswith("sqlite_")
    ]
    assert loose == []
    assert not [sql for sql in schema(connection).values() if "CURRENT_TIMESTAMP" in sql]
    stamp = connection.execute("SELECT applied_at FROM schema_migrations").fetchone()[0]
    assert len(stamp) == 24 and stamp.endswith("Z")


def test_the_key_of_a_table_without_rowid_comes_first(connection: sqlite3.Connection) -> None:
    """Else the integrity check of SQLite 3.40 sees NULLs where there are none."""
    tables = [row[0] for row in connection.execute("SELECT name FROM pragma_table_list WHERE wr AND schema = 'main'")]
    assert "project_identities" in tables
    for table in tables:
        keys = [pk for (pk,) in connection.execute("SELECT pk FROM pragma_table_info(?) ORDER BY cid", (table,))]
        assert keys == [*range(1, max(keys) + 1), *[0] * keys.count(0)], table


def test_a_file_with_identities_passes_the_integrity_check(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    connection.execute(
        "INSERT INTO project_identities (project_id, kind, value) SELECT id, 'alias', name FROM projects"
    )
    assert connection.execute("SELECT count(*) FROM project_identities").fetchone() != (0,)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "not hex" + "0" * 25),
        ("id", "0" * 31),
        ("created_at", "2026-01-01 00:00:00"),
        ("importance_score", 1.5),
        ("decay_rate", -0.1),
        ("tags", '{"a": 1}'),
        ("tags", "[1"),
        ("context_json", "no json"),
        ("is_private", 2),
        ("layer_global", -1),
        ("rev", 0),
        ("source_tool", None),
        ("access_count", "many"),
    ],
)
def test_bad_values_are_refused(connection: sqlite3.Connection, column: str, value: str | float | None) -> None:
    add_owner(connection)
    with pytest.raises(sqlite3.IntegrityError):
        add_memory(connection, 1, "text", **{column: value})


def test_one_item_of_a_source_is_one_memory_in_each_project(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    add_memory(connection, 1, "text", external_id="7")
    add_memory(connection, 2, "text", external_id="7", project_id=PROJECT)
    add_memory(connection, 3, "text", external_id="7", source_tool="import.notes")
    with pytest.raises(sqlite3.IntegrityError):
        add_memory(connection, 4, "text", external_id="7")


def test_versions_read_their_text_from_the_next_that_has_one(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    one = add_memory(connection, 1, "third text", title="third")
    connection.execute("UPDATE memory_versions SET has_text = 1, title = 'first', content = 'first text'")
    for number, title in ((2, None), (3, "second"), (4, None), (5, None)):
        connection.execute(
            "INSERT INTO memory_versions (memory_id, version_number, title, content, has_text, change_type, valid_from,"
            " created_by) VALUES (?, ?, ?, ?, ?, 'updated', '2026-01-01T00:00:00.000Z', ?)",
            (one, number, title or "", f"{title} text" if title else "", int(title is not None), USER),
        )
    sql = "SELECT title, content FROM memory_versions_text ORDER BY version_number"
    assert [row[0] for row in connection.execute(sql)] == ["first", "second", "second", "third", "third"]
    assert connection.execute(sql).fetchall()[-1] == ("third", "third text")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE memory_versions SET content = 'kept twice' WHERE version_number = 5")


def test_views_hide_private_rows_and_name_the_primary_layer(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    add_memory(connection, 1, "secret", is_private=1, layer_global=1)
    add_memory(connection, 2, "open", layer_project=1, layer_temporal=1)
    assert connection.execute("SELECT content, primary_layer FROM memories_shared").fetchall() == [("open", "project")]
    assert connection.execute("SELECT count(*) FROM memories_all").fetchone() == (2,)


def _audit(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute(
        "INSERT INTO audit_log (seq, action, resource_type, resource_id, hash)"
        " VALUES (?, 'create', 'memory', 'x', ?)",
        (seq, bytes([seq]) * 32),
    )


def test_the_audit_log_is_append_only_until_an_anchor(connection: sqlite3.Connection) -> None:
    for seq in (1, 2, 3):
        _audit(connection, seq)
    for attempt in (
        "UPDATE audit_log SET action = 'read'",
        "DELETE FROM audit_log",
        "REPLACE INTO audit_log (seq, action, resource_type, resource_id, hash) SELECT 1, 'a', 'b', 'c', zeroblob(32)",
        "INSERT INTO audit_anchors (seq, hash, reason) VALUES (2, zeroblob(32), 'forged')",
        "INSERT INTO audit_anchors (seq, hash, reason) VALUES (9, zeroblob(32), 'invented')",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(attempt)
    connection.execute(
        "INSERT INTO audit_anchors (seq, hash, reason) SELECT seq, hash, 'retention' FROM audit_log WHERE seq = 2"
    )
    connection.execute("DELETE FROM audit_log WHERE seq <= 2")
    for attempt in ("DELETE FROM audit_log", "DELETE FROM audit_anchors", "UPDATE audit_anchors SET reason = 'x'"):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(attempt)
    assert connection.execute("SELECT seq FROM audit_log").fetchall() == [(3,)]


def test_pattern_totals_add_up_the_projects(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    other = "e" * 32
    connection.execute("INSERT INTO projects (id, user_id, name) VALUES (?, ?, 'other')", (other, USER))
    for pattern, name in (("1" * 32, "retry"), ("2" * 32, "unused")):
        connection.execute(
            "INSERT INTO patterns (id, user_id, pattern_type, pattern_name, description)"
            " VALUES (?, ?, 'testing', ?, 'd')",
            (pattern, USER, name),
        )
    for project, count, rate in ((PROJECT, 3, 1.0), (other, 1, 0.0)):
        connection.execute(
            "INSERT INTO project_patterns (project_id, pattern_id, pattern_type, pattern_name, pattern_description,"
            " pattern_data_json, usage_count, success_rate) VALUES (?, ?, 'testing', 'retry', 'd', '{}', ?, ?)",
            (project, "1" * 32, count, rate),
        )
    sql = "SELECT usage_count, success_rate, project_ids FROM pattern_totals ORDER BY pattern_name"
    (used, rate, projects), unused = connection.execute(sql).fetchall()
    assert (used, rate, sorted(json.loads(projects))) == (4, 0.75, [PROJECT, other])
    assert unused == (0, 1.0, "[]")
