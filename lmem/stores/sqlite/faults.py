"""SQLite's errors as lmem's own: one table, used wherever a connection is touched.

Not a handler: it decides what an error means, not what is done about it.
"""

from __future__ import annotations

import sqlite3

from lmem.errors import Conflict, Damaged, Forbidden, Internal, LmemError, StorageFull, StoreUnavailable

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_CLASHES = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER,
}


def extended_code(err: sqlite3.Error) -> int:
    """SQLite's extended result code; 0 when the error did not come from SQLite itself."""
    return int(getattr(err, "sqlite_errorcode", 0))


def primary_code(err: sqlite3.Error) -> int:
    """SQLite's primary result code (the low byte); 0 when the error did not come from SQLite itself."""
    return extended_code(err) & 0xFF


def spoils_connection(err: sqlite3.Error) -> bool:
    """True after an input/output error or damage: what this connection holds in memory cannot be trusted any more."""
    return primary_code(err) in {sqlite3.SQLITE_IOERR, *_DAMAGED}


def means_full(err: sqlite3.Error) -> bool:
    """True when a write was refused for want of space (or by a quota or limit, which SQLite reports alike)."""
    return extended_code(err) in _FULL


def translate(err: sqlite3.Error) -> LmemError:
    """The lmem error that an error of SQLite stands for."""
    code, primary = extended_code(err), primary_code(err)
    if means_full(err):
        return StorageFull("The disk is full or over its quota; nothing of this request was stored.")
    if primary in _DAMAGED:
        return Damaged(f"SQLite found damage in the database: {err}.")
    if primary == sqlite3.SQLITE_IOERR:
        return StoreUnavailable(
            f"The disk reported an error ({getattr(err, 'sqlite_errorname', err)}); this request was not confirmed.",
            hint="Run 'lmem doctor', look at the system's log for disk errors, then run the command again.",
        )
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreUnavailable(
            "Another process holds the database locked.",
            hint="Close other programs that have layered_memory.db open, then run the command again.",
        )
    if primary == sqlite3.SQLITE_INTERRUPT:
        return StoreUnavailable(
            "The read took too long and was stopped.", hint="Ask for less, with --limit, --project or --since."
        )
    if primary in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
        return Forbidden(f"The database cannot be opened for writing: {err}.")
    if code in _CLASHES:
        return Conflict(f"The change does not fit what is stored: {err}.")
    return Internal(f"A statement failed: {err}.")
