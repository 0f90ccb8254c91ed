"""Connections to the database file: how each kind is opened, and which files and filesystems are refused.

Not transactions (writer.py, readers.py) and not the schema (migrations.py).
"""

from __future__ import annotations

import os
import sqlite3
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from lmem.errors import Forbidden, ForeignFile, StoreUnavailable
from lmem.stores.sqlite.faults import primary_code, translate

APPLICATION_ID = 0x4C4D454D  # 'LMEM'
PAGE_SIZE = 16384  # at 8192 three memories of 2 KB fill a page to 85 %, which is 4 MB in 10,000; at 4096 it is worse
BUSY_TIMEOUT_S = 5.0

_REMOTE = frozenset({
    "9p", "afpfs", "afs", "ceph", "cifs", "coda", "davfs", "drvfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "orangefs", "prl_fs", "smb3", "smbfs", "vboxsf", "fuse.davfs", "fuse.gcsfuse", "fuse.glusterfs",
    "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "fuse.vmhgfs-fuse",
})  # fmt: skip
_COMMON = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",  # else REPLACE deletes without its triggers
    "PRAGMA cell_size_check=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA mmap_size=0",
)
_WRITER = (
    f"PRAGMA page_size={PAGE_SIZE}",  # counts before the first table only
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL lost every acknowledged row in a simulated power cut
    "PRAGMA secure_delete=ON",
    "PRAGMA wal_autocheckpoint=0",  # the writer thread checkpoints after it has answered
    "PRAGMA journal_size_limit=33554432",
    "PRAGMA cache_size=-8000",
)
_READER = ("PRAGMA query_only=ON", "PRAGMA wal_autocheckpoint=0")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file a path names: device and inode."""

    device: int
    inode: int


def identity(path: Path) -> Identity | None:
    """The file's identity without opening it (closing such a descriptor would drop SQLite's locks); None if absent.

    Raises StoreUnavailable when the system does not tell, as for a directory that was closed to us.
    """
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as err:
        raise StoreUnavailable(
            f"{path} cannot be looked at: {err.strerror or err}.",
            hint="See to the data directory and its permissions, then run the command again.",
        ) from err
    return Identity(found.st_dev, found.st_ino)


def open_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes and checkpoints. Raises an LmemError when the file cannot be opened."""
    return _configure(_connect(path, "rwc"), (_trust(), *_COMMON, *_apple(), *_WRITER))


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises an LmemError when the file cannot be opened."""
    return _configure(_connect(path, "rw"), (_trust(), *_COMMON, *_READER))


def open_copy(path: Path) -> sqlite3.Connection:
    """A connection to a backup, which no other process uses; the full-text check needs the right to write."""
    return _configure(_connect(path, "rw"), (_trust(), *_COMMON))


def inspect(path: Path) -> int:
    """The number of the last migration in the file, without changing it; 0 when there is no file or it is empty.

    Raises ForeignFile when the file is no database or another application's, StoreUnavailable as `identity` does.
    """
    if identity(path) is None:
        return 0
    connection = _connect(path, "ro")
    try:
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    except sqlite3.Error as err:
        if primary_code(err) == sqlite3.SQLITE_NOTADB:
            raise ForeignFile(f"{path} is not an SQLite database.") from err
        raise translate(err) from err
    finally:
        connection.close()
    if application != APPLICATION_ID and (application != 0 or version != 0 or tables != 0):
        raise ForeignFile(f"{path} is the database of another application.")
    return version


def refuse_remote_filesystem(directory: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> None:
    """Raise Forbidden when `directory` lies on a network filesystem, whose locks SQLite cannot rely on.

    Linux only: other systems have no `mountinfo`, and SQLite's own locking errors have to do.
    """
    if not mountinfo.exists():
        return
    kind = _filesystem(os.path.realpath(directory), mountinfo.read_text(encoding="utf-8", errors="surrogateescape"))
    if kind in _REMOTE:
        raise Forbidden(
            f"{directory} is on a {kind} filesystem, where SQLite's locks cannot be trusted.",
            hint="Set LMEM_HOME to a directory on a local disk.",
        )


def _filesystem(path: str, mountinfo: str) -> str:
    """The type of the filesystem that holds `path`: of the longest mount point above it, the one mounted last."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


def _connect(path: Path, mode: Literal["ro", "rw", "rwc"]) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as err:
        raise translate(err) from err


def _configure(connection: sqlite3.Connection, statements: tuple[str, ...]) -> sqlite3.Connection:
    try:
        for statement in statements:
            connection.execute(statement).fetchall()
    except sqlite3.Error as err:
        connection.close()
        raise translate(err) from err
    return connection


def _apple() -> tuple[str, ...]:
    """On macOS fsync does not reach the disk; F_FULLFSYNC does."""
    return ("PRAGMA fullfsync=ON", "PRAGMA checkpoint_fullfsync=ON") if sys.platform == "darwin" else ()


@cache
def _trust() -> str:
    """trusted_schema=OFF where SQLite can work with it; 3.40 refuses FTS5 in triggers and json_valid() in a CHECK then.

    Where it has to be ON, the writer has compared the schema word for word with lmem's own (migrations.py).
    """
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("CREATE TABLE t (x TEXT CHECK (json_valid(x)))")
        connection.execute("CREATE VIRTUAL TABLE f USING fts5(x)")
        connection.execute("CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO f (x) VALUES (NEW.x); END")
        connection.execute("INSERT INTO t (x) VALUES ('{}')")
    except sqlite3.OperationalError:
        return "PRAGMA trusted_schema=ON"
    finally:
        connection.close()
    return "PRAGMA trusted_schema=OFF"
