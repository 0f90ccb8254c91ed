"""Migrations: from nothing, from every earlier version, interrupted, changed, and not ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lmem.errors import Damaged, ForeignFile, Internal, NewerFile
from lmem.stores.migrations import Migration
from lmem.stores.sqlite import migrations
from lmem.stores.sqlite.backup import check_copy
from lmem.stores.sqlite.connection import APPLICATION_ID, PAGE_SIZE, inspect, open_writer
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import add_memory, add_owner, check_full_text

RELEASED = migrations.load()
NEWEST = len(RELEASED)


def _made(version: int, sql: str) -> Migration:
    return Migration(version, f"made_{version}", sql, hashlib.sha256(sql.encode()).hexdigest())


def _old_file(path: Path, version: int) -> None:
    connection = open_writer(path)
    migrations.migrate(connection, RELEASED[:version])
    add_owner(connection)
    add_memory(connection, 1, "kept through every migration")
    connection.close()


def test_a_new_file_has_every_migration_and_says_what_it_is(path: Path) -> None:
    Database.open(path).close_now()
    connection = sqlite3.connect(path)
    pragmas = [
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version", "page_size")
    ]
    recorded = connection.execute("SELECT version, name, checksum FROM schema_migrations ORDER BY 1").fetchall()
    instance = connection.execute("SELECT value FROM store_meta WHERE key = 'instance_id'").fetchone()[0]
    connection.close()
    assert pragmas == [APPLICATION_ID, NEWEST, PAGE_SIZE]
    assert recorded == [(m.version, m.name, m.checksum) for m in RELEASED]
    assert len(instance) == 32
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("version", range(1, NEWEST + 1))
def test_every_earlier_version_arrives_with_a_checked_backup(path: Path, version: int) -> None:
    _old_file(path, version)
    Database.open(path).close_now()
    connection = open_writer(path)
    fresh = sqlite3.connect(":memory:")
    for migration in RELEASED:
        fresh.executescript(migration.text)
    assert migrations.schema(connection) == migrations.schema(fresh)
    assert connection.execute("SELECT content FROM memories").fetchall() == [("kept through every migration",)]
    check_full_text(connection)
    connection.close()
    fresh.close()
    backups = sorted((path.parent / "backups").glob("*.db"))
    assert len(backups) == (0 if version == NEWEST else 1)
    for backup in backups:
        check_copy(backup)
        assert inspect(backup) == version


def test_opening_twice_applies_nothing_twice(connection: sqlite3.Connection) -> None:
    assert migrations.migrate(connection, RELEASED) == 0


@pytest.mark.parametrize("version", range(NEWEST))
def test_a_failing_statement_leaves_no_trace(path: Path, version: int) -> None:
    connection = open_writer(path)
    migrations.migrate(connection, RELEASED[:version])
    before = migrations.schema(connection)
    bad = _made(version + 1, "CREATE TABLE half (x TEXT) STRICT;\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(Internal, match="nowhere"):
        migrations.migrate(connection, (*RELEASED[:version], bad))
    assert migrations.schema(connection) == before
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert migrations.migrate(connection, RELEASED) == NEWEST - version
    connection.close()


def test_killed_in_the_middle_of_a_migration_then_converges(path: Path) -> None:
    """A child is killed while its second migration has created a table and fills it; the first one stays."""
    child = textwrap.dedent(
        f"""
        import hashlib, sys
        from pathlib import Path
        from lmem.stores.sqlite import migrations
        from lmem.stores.sqlite.connection import open_writer
        sql = '''CREATE TABLE half (x TEXT) STRICT;
        INSERT INTO half SELECT hex(randomblob(4000)) FROM users, users, memories;
        CREATE TABLE other (x TEXT) STRICT;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        INSERT INTO other SELECT hex(randomblob(4000)) FROM n;
        '''
        first = migrations.load()[:1]
        connection = open_writer(Path({str(path)!r}))
        migrations.migrate(connection, first)
        connection.set_trace_callback(lambda text: print(text[:30].strip(), flush=True))
        migrations.migrate(connection, (*first, migrations.Migration(2, "slow", sql, "0" * 64)))
        """
    )
    process = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("WITH RECURSIVE"):
            break
    log = path.with_name(path.name + "-wal")
    full = log.stat().st_size
    while log.stat().st_size < full + 2_000_000:  # it has spilled into the log: the half is on the disk
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert inspect(path) == 1
    database = Database.open(path)
    database.close_now()
    connection = open_writer(path)
    assert connection.execute("SELECT count(*) FROM schema_migrations").fetchone() == (NEWEST,)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('half', 'other')").fetchone() == (0,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_killed_before_the_first_migration_is_an_empty_file(path: Path) -> None:
    open_writer(path).close()  # the header is written, no table yet
    assert path.stat().st_size > 0
    Database.open(path).close_now()
    assert inspect(path) == NEWEST


def test_a_released_migration_that_changed_is_refused(path: Path) -> None:
    _old_file(path, NEWEST)
    connection = open_writer(path)
    connection.execute("UPDATE schema_migrations SET checksum = ? WHERE version = 2", ("f" * 64,))
    connection.close()
    with pytest.raises(Damaged, match="Migration 2"):
        Database.open(path)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TRIGGER spy AFTER INSERT ON memories BEGIN DELETE FROM audit_anchors; END",
        "DROP TRIGGER memories_tombstone",
        "DROP INDEX idx_memories_user",
        "DROP VIEW memories_shared",
    ],
)
def test_a_schema_that_somebody_changed_is_refused(path: Path, change: str) -> None:
    """Triggers run with the writer's rights, so a planted one must not get that far."""
    _old_file(path, NEWEST)
    connection = open_writer(path)
    connection.execute(change)
    connection.close()
    with pytest.raises(Damaged, match=change.split()[2]):
        Database.open(path)


def test_a_newer_file_is_refused_untouched(path: Path) -> None:
    _old_file(path, NEWEST)
    connection = open_writer(path)
    connection.execute(f"PRAGMA user_version={NEWEST + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NewerFile, match=f"schema {NEWEST + 1}"):
        Database.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["text", "application", "plain"])
def test_a_foreign_file_is_refused_untouched(path: Path, kind: str) -> None:
    if kind == "text":
        path.write_text("These are notes, not a database.\n" * 50)
    else:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE notes (x)")
        if kind == "application":
            connection.execute("PRAGMA application_id=42")
        connection.commit()
        connection.close()
    before = path.read_bytes()
    with pytest.raises(ForeignFile):
        Database.open(path)
    assert path.read_bytes() == before


def test_records_that_disagree_with_the_file_are_damage(path: Path) -> None:
    _old_file(path, NEWEST)
    connection = open_writer(path)
    connection.execute("DELETE FROM schema_migrations WHERE version = 2")
    with pytest.raises(Damaged, match="records"):
        migrations.migrate(connection, RELEASED)
    connection.close()


def test_statements_keep_triggers_whole_and_ignore_comments() -> None:
    sql = "-- a; b\nCREATE TABLE t (x);\nCREATE TRIGGER r AFTER INSERT ON t\nBEGIN\n  SELECT 1;\nEND;\n-- the end;\n"
    first, second = migrations.statements(sql)
    assert first.endswith("(x);\n") and second.startswith("CREATE TRIGGER") and second.endswith("END;\n")
    with pytest.raises(Internal, match="not complete"):
        list(migrations.statements("CREATE TABLE t (x)\n"))


def test_migrations_are_found_packed_and_in_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "lmem" / "_migrations"
    shutil.copytree(Path(migrations.__file__).parents[3] / "migrations", packed)
    (packed / "README").write_text("not a migration")
    monkeypatch.setattr("lmem.stores.migrations.resources.files", lambda package: tmp_path / package)
    assert migrations.load() == RELEASED
    (packed / "002_add_memory_relationships.sql").unlink()
    with pytest.raises(Internal, match="without a gap"):
        migrations.load()
