"""Backups: a consistent copy of the live database, checked before it counts, the newest kept.

Not a copy of files: SQLite writes it (VACUUM INTO). The live file is never opened as a plain file here.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Literal

from lmem.backupfiles import BEFORE_RESTORE, MANUAL, named
from lmem.durable import sync
from lmem.errors import Damaged, StorageFull
from lmem.stores.sqlite.connection import APPLICATION_ID, open_copy, open_reader
from lmem.stores.sqlite.faults import translate
from lmem.stores.sqlite.purging import marked, swept

KEEP = {"before-schema": 5, BEFORE_RESTORE: 5, MANUAL: 20}
"""How many of each kind stay. What was made by hand is never let go for an automatic one; another file never."""
RESERVE = 64 * 1024 * 1024
"""Bytes that stay free beside a copy."""
FULL_TEXT = ("memories_fts", "memories_trigram", "memories_pending", "memory_versions_fts")
_PATTERN = "layered_memory-*.db"
_CHECKED = ".checked.db"
_NULL = re.compile(r"NULL value in (\w+)\.(\w+)")


def make_backup(database: Path, target: Path) -> None:
    """Write a checked copy of the live `database` to `target`; it appears there whole or not at all.

    Raises StorageFull when the disk is full and Damaged when the copy does not pass its check.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        partial.touch(mode=0o600, exist_ok=False)  # before there is a byte in it: its directory may be open to others
        _vacuum_into(database, partial)
        _sweep_if_due(partial)
        check_copy(partial)
        sync(partial)
        partial.replace(target)
        sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def sweep(connection: sqlite3.Connection) -> None:
    """Leave nothing of what was purged in a copy: not in the segments of full text, nor in any page."""
    done = marked(connection)
    present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in FULL_TEXT:
        if table in present:  # a copy from before a migration has fewer
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
    connection.execute("VACUUM")
    swept(connection, done)


def _sweep_if_due(copy: Path) -> None:
    """Words of what was purged are in the live file until its own sweep, and so in a copy of it."""
    with closing(open_copy(copy)) as connection:
        try:
            if marked(connection):
                sweep(connection)
        except sqlite3.Error as err:
            raise translate(err) from err


def rotate(directory: Path, spare: Path | None = None) -> list[Path]:
    """Remove the oldest backups in `directory` of kinds that have more than KEEP, never `spare`; the removed ones."""
    kinds: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(directory.glob(_PATTERN)):
        kinds[re.sub(r"-\d+$", "", named(path).reason)].append(path)
    old = [path for kind, keep in KEEP.items() for path in kinds[kind][:-keep] if path != spare]
    for path in old:
        path.unlink()
    return old


def refuse_full(directory: Path, size: int) -> None:
    """Raise StorageFull unless `size` bytes and RESERVE are free where `directory` lies."""
    found = os.statvfs(directory)
    free, wanted = found.f_bavail * found.f_frsize, size + RESERVE
    if free < wanted:
        raise StorageFull(
            f"This needs {wanted // 2**20:,} MB at {directory}, and {free // 2**20:,} MB are free; nothing was changed."
        )


def size_of(database: Path) -> int:
    """Bytes of a database with its write-ahead log, without opening either."""
    both = (database, database.with_name(f"{database.name}-wal"))
    return sum(path.stat().st_size for path in both if path.exists())


def scratch(directory: Path) -> Path:
    """The name of a copy that is looked at and removed again: its own, as others may look at one too."""
    return directory / f".{secrets.token_hex(8)}{_CHECKED}"


def clear_partial(directory: Path) -> None:
    """Remove what a backup or a check left that was killed half-way. Only while none can be running."""
    for path in (*directory.glob(f".{_PATTERN}.partial"), *directory.glob(f".*{_CHECKED}*")):
        path.unlink()


def check_copy(path: Path) -> None:
    """Raise Damaged unless the copy is a sound lmem database. Never for the live file: that belongs to the writer."""
    connection = open_copy(path)
    try:
        findings = _findings(connection)
    except sqlite3.Error as err:
        raise Damaged(f"The copy {path} did not pass its check: {err}.") from err
    finally:
        connection.close()
    if findings:
        raise Damaged(f"The copy {path} did not pass its check: {'; '.join(findings[:3])}.")


def check_live(database: Path) -> list[str]:
    """What is wrong with the live database: its pages read in place, full text and references in a passing copy.

    Raises StorageFull when there is no room for the copy.
    """
    reader = open_reader(database)
    try:
        found = integrity(reader, "integrity_check")
    except sqlite3.Error as err:
        found = [str(err)]
    finally:
        reader.close()
    copy = scratch(database.parent / "backups")
    try:
        make_backup(database, copy)
    except Damaged as err:
        found.append(err.message)
    finally:
        copy.unlink(missing_ok=True)
    return found


def integrity(connection: sqlite3.Connection, check: Literal["integrity_check", "quick_check"]) -> list[str]:
    """What SQLite's own check finds.

    SQLite 3.40 takes the columns of a table WITHOUT ROWID in their stored order, and tells of NULLs where there are
    none when the key is not the first of them: such a finding counts only when a row has that NULL.
    """
    found = [str(row[0]) for row in connection.execute(f"PRAGMA {check}") if row[0] != "ok"]
    return [item for item in found if not (told := _NULL.fullmatch(item)) or _has_null(connection, *told.groups())]


def _has_null(connection: sqlite3.Connection, table: str, column: str) -> bool:
    # The plus sign keeps the planner from trusting NOT NULL.
    sql = f'SELECT 1 FROM "{table}" WHERE typeof(+"{column}") = \'null\' LIMIT 1'
    return connection.execute(sql).fetchone() is not None


def _findings(connection: sqlite3.Connection) -> list[str]:
    found = integrity(connection, "integrity_check")
    found += [f"{row[0]} refers to a missing row of {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        found.append("it is not an lmem database")
    present = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.execute("BEGIN")  # the check is written as an INSERT; nothing of it is kept
    for table in FULL_TEXT:
        if table in present:  # a copy from before a migration has fewer
            connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
    connection.rollback()
    return found


def _vacuum_into(database: Path, target: Path) -> None:
    reader = open_reader(database)
    try:
        reader.execute("PRAGMA query_only=OFF")  # it would refuse to write the copy, too
        reader.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as err:
        raise translate(err) from err
    finally:
        reader.close()
