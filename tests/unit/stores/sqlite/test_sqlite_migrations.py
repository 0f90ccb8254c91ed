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

from lmem.domain.actors import Actor
from lmem.domain.audit import GENESIS, START, Wanted, chained, follow
from lmem.errors import Damaged, ForeignFile, Internal, NewerFile
from lmem.stores.migrations import Migration
from lmem.stores.sqlite import migrations
from lmem.stores.sqlite.audit import AuditRows
from lmem.stores.sqlite.backup import check_copy
from lmem.stores.sqlite.connection import APPLICATION_ID, PAGE_SIZE, inspect, open_writer
from lmem.stores.sqlite.database import Database
from tests.unit.stores.sqlite.rows import PROJECT, USER, add_memory, add_owner, check_full_text

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


def test_the_audit_chain_of_schema_9_goes_on(path: Path) -> None:
    """Every field and hash as it was written then, whatever the rows look like now; new entries follow it."""
    connection = open_writer(path)
    migrations.migrate(connection, RELEASED[:9])
    head, written = GENESIS, []
    for seq, at in enumerate(("1970-01-01T00:00:00.000Z", "2026-02-28T23:59:59.999Z", "2038-01-19T03:14:08.007Z"), 1):
        fields = (f"{seq:032x}", "u" * 32, None, "create", "memory", "m", '{"n":1}', "unix:0:1", "cli/1", at)
        previous, head = head, chained(head, fields)
        connection.execute(
            "INSERT INTO audit_log (id, user_id, session_id, action, resource_type, resource_id, details_json,"
            f" ip_address, user_agent, created_at, seq, prev_hash, hash) VALUES ({', '.join('?' * 13)})",
            (*fields, seq, previous, head),
        )
        written.append((*fields, head))
    connection.execute("UPDATE audit_head SET seq = 3, hash = ?", (head,))
    migrations.migrate(connection, RELEASED)
    sql = """SELECT id, user_id, session_id, action, resource_type, resource_id, details_json, ip_address, user_agent,
        created_at, hash FROM audit_log ORDER BY seq"""
    assert connection.execute(sql).fetchall() == written
    rows = AuditRows(connection)
    rows.append(Actor(USER, "unix:0:2", "cli/2"), "read", "memory", "m", {}, "2038-01-19T03:14:08.008Z")
    end, held, problem = follow(START, rows.links(0, 10))
    assert (end, held, problem) == (rows.head(), 4, None)
    newest = rows.page(Wanted(USER), 1, 0)[0]
    assert (newest.id, newest.at) == (end.hash.hex()[:32], "2038-01-19T03:14:08.008Z")
    connection.close()


def test_the_versions_of_schema_9_keep_their_texts_order_and_ids(path: Path) -> None:
    connection = open_writer(path)
    migrations.migrate(connection, RELEASED[:9])
    add_owner(connection)
    one = add_memory(connection, 1, "third text")
    connection.execute("UPDATE memory_versions SET has_text = 1, title = 'a', content = 'first words'")
    for number, text in ((2, "second words"), (3, "")):
        connection.execute(
            "INSERT INTO memory_versions (memory_id, version_number, title, content, has_text, change_type, valid_from,"
            " created_by) VALUES (?, ?, '', ?, ?, 'updated', '2026-01-01T00:00:00.000Z', ?)",
            (one, number, text, int(bool(text)), USER),
        )
    sql = "SELECT * FROM memory_versions_text ORDER BY version_number"
    before = connection.execute(sql).fetchall()
    migrations.migrate(connection, RELEASED)
    assert connection.execute(sql).fetchall() == before
    connection.execute("INSERT INTO memory_versions_fts (memory_versions_fts, rank) VALUES ('integrity-check', 1)")
    found = """SELECT version_number FROM memory_versions_fts f JOIN memory_old_texts ON version_key = f.rowid
        WHERE memory_versions_fts MATCH ?"""
    assert connection.execute(found, ("second",)).fetchall() == [(2,)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.execute("DELETE FROM memories")
    assert connection.execute(found, ("words",)).fetchall() == []
    assert connection.execute("SELECT count(*) FROM memory_versions").fetchone() == (0,)
    connection.close()


def test_the_identities_of_schema_10_stay(path: Path) -> None:
    connection = open_writer(path)
    migrations.migrate(connection, RELEASED[:10])
    add_owner(connection)
    for value, kind in (("somewhere", "path"), ("a name", "alias")):
        connection.execute("INSERT INTO project_identities VALUES (?, ?, ?)", (PROJECT, kind, value))
    migrations.migrate(connection, RELEASED)
    rows = connection.execute("SELECT value, project_id, kind FROM project_identities ORDER BY value").fetchall()
    assert rows == [("a name", PROJECT, "alias"), ("somewhere", PROJECT, "path")]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


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
