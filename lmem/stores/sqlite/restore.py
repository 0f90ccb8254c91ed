"""Restoring a backup: the truth is replaced before it is opened, by one rename of a file that is whole.

Not the backups (backup.py) and not what the restored truth is made to say (replacing.py). Killed at any moment, the old
truth or the new one is there. Nothing else may have the database open: the daemon's lock is held.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lmem.backupfiles import BEFORE_RESTORE, DAMAGED, file_name, named
from lmem.durable import sync
from lmem.errors import Conflict, Damaged, ForeignFile, LmemError, NewerFile, StorageFull, StoreUnavailable
from lmem.stores.sqlite import migrations, replacing
from lmem.stores.sqlite.backup import check_copy, make_backup, refuse_full, rotate, size_of
from lmem.stores.sqlite.connection import inspect, open_copy, refuse_remote_filesystem
from lmem.stores.sqlite.faults import translate
from lmem.stores.sqlite.replacing import Request

_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database and would apply to whatever has its name."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: memories of the new truth, those left out as purged, and the backup of the old one, if any."""

    memories: int
    left_out: int
    before: str | None


def restore(database: Path, source: Path, request: Request, ready: Callable[[Restored], None]) -> None:
    """Make the backup `source` the truth; blocks. The old truth goes to the backups beside it first.

    `ready` is told what is about to be done right before the rename. One that was done already, by a start that was
    killed before it could say so, is not done again.

    Raises StorageFull before anything is touched, NewerFile, ForeignFile and Damaged for what cannot be restored,
    StoreUnavailable while another program has the database open. The old truth is there as it was then.
    """
    refuse_remote_filesystem(database.parent)
    _refuse_same(database, source)
    staged = database.with_name(f".{database.name}.restoring")
    try:
        said = replacing.present(database) if database.exists() else None
        if said is not None and said.done == request.id:
            return
        refuse_full(database.parent, room(source, database))
        _stage(source, staged)
        memories, left_out = replacing.rewrite(staged, said, request)
        check_copy(staged)
        before = _keep(database)
        _withdraw_log(database, before)
        sync(staged)
        ready(Restored(memories, left_out, named(before).name if before else None))
        staged.replace(database)
        sync(database.parent)
        rotate(database.parent / "backups", spare=source)
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk is full; the database is as it was.") from err
        raise StoreUnavailable(f"{err.filename}: {err.strerror}; the database is as it was.") from err
    finally:
        for path in _with_logs(staged):
            path.unlink(missing_ok=True)


def room(source: Path, database: Path) -> int:
    """Bytes that a restore needs: the copy with what changing it takes, and the old truth's backup."""
    return 2 * size_of(source) + size_of(database)


def copy(source: Path, target: Path) -> None:
    """A plain copy of a database that nobody has open here, with its log; private. Raises StorageFull before."""
    refuse_full(target.parent, size_of(source))
    for path in _with_logs(target):
        path.unlink(missing_ok=True)
    for suffix in ("", "-wal"):
        if (part := source.with_name(source.name + suffix)).exists():
            other = target.with_name(target.name + suffix)
            other.touch(mode=0o600)
            shutil.copyfile(part, other)


def check_source(source: Path, target: Path) -> None:
    """Copy a backup to `target` and raise NewerFile, ForeignFile or Damaged unless that can become the truth."""
    copy(source, target)
    try:
        version = inspect(target)
        if version == 0:
            raise ForeignFile(f"{source} is no database of lmem.")
        migrations.refuse_newer(version, migrations.load())
        check_copy(target)
    except NewerFile:
        raise
    except Damaged as err:
        message = err.message.replace(str(target), str(source))
        raise type(err)(message, hint="'lmem backup verify' says which backups are sound.") from err


def _stage(source: Path, staged: Path) -> None:
    check_source(source, staged)
    connection = open_copy(staged)
    try:
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()  # the log of a plain copy comes into the file
    except sqlite3.Error as err:
        raise translate(err) from err
    finally:
        connection.close()


def _keep(database: Path) -> Path | None:
    """The old truth as a checked backup or, when it cannot be read, its files as they are; None without one."""
    if not database.exists():
        return None
    backups = database.parent / "backups"
    try:
        if inspect(database) == 0:
            return None
        target = backups / file_name(BEFORE_RESTORE)
        make_backup(database, target)
    except ForeignFile as err:
        if err.__cause__ is None:  # a sound file of another application
            raise
        return _link(database, backups)
    except Damaged:
        return _link(database, backups)
    return target


def _link(database: Path, backups: Path) -> Path:
    """Give a database that cannot be read, and its log, a second name: not a byte of it is read or lost."""
    backups.mkdir(mode=0o700, exist_ok=True)
    target = backups / file_name(DAMAGED)
    for suffix in ("-wal", ""):
        if (part := database.with_name(database.name + suffix)).exists():
            target.with_name(target.name + suffix).hardlink_to(part)
    sync(backups)
    return target


def _withdraw_log(database: Path, kept: Path | None) -> None:
    """Leave nothing beside the old truth that SQLite would take for the new one's. Raises StoreUnavailable."""
    if kept is not None and named(kept).reason != DAMAGED:
        connection = open_copy(database)
        try:
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        except sqlite3.Error as err:
            raise translate(err) from err
        finally:
            connection.close()
        if any(path.exists() for path in _with_logs(database)[1:]):
            raise StoreUnavailable(
                "Another program has the database open.", hint="Close what has layered_memory.db open, then try again."
            )
    for path in _with_logs(database)[1:]:
        path.unlink(missing_ok=True)


def _with_logs(database: Path) -> list[Path]:
    return [database, *(database.with_name(database.name + suffix) for suffix in _BESIDE)]


def _refuse_same(database: Path, source: Path) -> None:
    try:
        if not source.is_file():
            raise LmemError(f"The backup {source} is gone.", hint="'lmem backup list' shows what there is.")
        if database.exists() and source.samefile(database):
            raise Conflict("That is the database itself.", hint="'lmem backup list' shows what can be restored.")
    except OSError as err:
        raise LmemError(f"The backup {source} cannot be read: {err.strerror}.") from err
