"""Migrations: the numbered .sql files, applied one transaction each and recorded with their checksum.

Not the schema itself (migrations/*.sql) and not the backup before them (backup.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from lmem.domain.nouns import count
from lmem.errors import Damaged, Internal, NewerFile
from lmem.stores import migrations as files
from lmem.stores.migrations import Migration
from lmem.stores.sqlite.connection import APPLICATION_ID
from lmem.stores.sqlite.faults import translate

_SCHEMA = """
    SELECT type, name, sql FROM sqlite_master
    WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'
    ORDER BY type, name
"""


def load() -> tuple[Migration, ...]:
    """Every migration of the truth in order. Raises Internal when a number is missing."""
    return files.load("sql")


def statements(sql: str) -> Iterator[str]:
    """The statements of a file, one by one: executescript() would commit the open transaction first.

    A statement ends at the end of a line. Raises Internal when the last one is not complete.
    """
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if any(line.strip() and not line.lstrip().startswith("--") for line in pending.splitlines()):
        raise Internal("The last statement of a migration is not complete.")


def migrate(connection: sqlite3.Connection, released: Sequence[Migration]) -> int:
    """Bring the file to the last of `released`; the number of migrations applied.

    Raises NewerFile for a file from a newer lmem, and Damaged when what was applied is not what was released, or when
    the schema differs from the one that the migrations make. Killed at any moment, each migration is whole or absent.
    """
    try:
        applied = _recorded(connection)
        _verify(applied, released)
        for migration in released[len(applied) :]:
            _apply(connection, migration)
        _compare(connection, released)
    except sqlite3.Error as err:
        raise translate(err) from err
    return len(released) - len(applied)


def refuse_newer(version: int, released: Sequence[Migration]) -> None:
    """Raise NewerFile when a file's `version` lies beyond the last of `released`."""
    if version > len(released):
        raise NewerFile(f"The database has schema {version}; this lmem knows schemas up to {len(released)}.")


def schema(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """The text of every table, index, trigger and view by (type, name), without what ANALYZE adds."""
    return {(kind, name): sql for kind, name, sql in connection.execute(_SCHEMA)}


def _recorded(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """(name, checksum) of each applied migration; Damaged when the records and the file's own number disagree."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'").fetchone():
        rows = []
    else:
        rows = connection.execute("SELECT version, name, checksum FROM schema_migrations ORDER BY version").fetchall()
    if [row[0] for row in rows] != list(range(1, version + 1)):
        raise Damaged(f"The database says schema {version}, but records {len(rows)} migrations.")
    return [(name, checksum) for _, name, checksum in rows]


def _verify(applied: Sequence[tuple[str, str]], released: Sequence[Migration]) -> None:
    refuse_newer(len(applied), released)
    for (name, checksum), migration in zip(applied, released, strict=False):
        if checksum != migration.checksum:
            raise Damaged(
                f"Migration {migration.version} ({name}) was applied with another content than this lmem ships.",
                hint="Install the released lmem again; a released migration never changes.",
            )


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")  # a table can be rebuilt; has no effect inside a transaction
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements(migration.text):
            connection.execute(statement)
        if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
            rows = count(len(broken), "row refers to a missing one", "rows refer to missing ones")
            raise Damaged(f"After migration {migration.version}, {rows}.")
        connection.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)",
            (migration.version, migration.name, migration.checksum),
        )
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={migration.version}")
        connection.execute("COMMIT")
    finally:
        connection.rollback()  # of what was not committed
        connection.execute("PRAGMA foreign_keys=ON")


def _compare(connection: sqlite3.Connection, released: Sequence[Migration]) -> None:
    """Raise Damaged unless the file's schema is, word for word, the one that `released` makes."""
    model = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for migration in released:
            model.executescript(migration.text)
        wanted, found = schema(model), schema(connection)
    finally:
        model.close()
    differing = sorted(
        f"{kind} {name}"
        for kind, name in wanted.keys() | found.keys()
        if wanted.get((kind, name)) != found.get((kind, name))
    )
    if differing:
        raise Damaged(
            f"The database's schema is not lmem's own: {', '.join(differing[:5])}.",
            hint="Undo what another program changed in layered_memory.db, or go back with 'lmem backup restore'.",
        )
