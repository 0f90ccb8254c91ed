"""What each of SQLite's errors means to lmem."""

from __future__ import annotations

import sqlite3

import pytest

from lmem.errors import Conflict, Damaged, Forbidden, Internal, LmemError, StorageFull, StoreUnavailable
from lmem.stores.sqlite.faults import means_full, spoils_connection, translate

TABLE: list[tuple[int, type[LmemError], bool]] = [
    (sqlite3.SQLITE_FULL, StorageFull, False),
    (sqlite3.SQLITE_IOERR_WRITE, StorageFull, True),
    (sqlite3.SQLITE_IOERR_SHMSIZE, StorageFull, True),
    (sqlite3.SQLITE_IOERR_FSYNC, StoreUnavailable, True),
    (sqlite3.SQLITE_IOERR_READ, StoreUnavailable, True),
    (sqlite3.SQLITE_CORRUPT, Damaged, True),
    (sqlite3.SQLITE_CORRUPT_VTAB, Damaged, True),
    (sqlite3.SQLITE_NOTADB, Damaged, True),
    (sqlite3.SQLITE_BUSY, StoreUnavailable, False),
    (sqlite3.SQLITE_LOCKED_SHAREDCACHE, StoreUnavailable, False),
    (sqlite3.SQLITE_INTERRUPT, StoreUnavailable, False),
    (sqlite3.SQLITE_READONLY, Forbidden, False),
    (sqlite3.SQLITE_READONLY_DIRECTORY, Forbidden, False),
    (sqlite3.SQLITE_CANTOPEN, Forbidden, False),
    (sqlite3.SQLITE_CONSTRAINT_UNIQUE, Conflict, False),
    (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, Conflict, False),
    (sqlite3.SQLITE_CONSTRAINT_TRIGGER, Conflict, False),
    (sqlite3.SQLITE_CONSTRAINT_CHECK, Internal, False),
    (sqlite3.SQLITE_ERROR, Internal, False),
]


@pytest.mark.parametrize(("code", "meaning", "spoils"), TABLE)
def test_each_code_has_its_meaning(code: int, meaning: type[LmemError], spoils: bool) -> None:
    err = sqlite3.OperationalError("as SQLite said")
    err.sqlite_errorcode = code
    found = translate(err)
    assert type(found) is meaning
    assert found.message.endswith(".") and found.hint.endswith(".")
    assert spoils_connection(err) is spoils
    assert means_full(err) is (meaning is StorageFull)


def test_an_error_of_the_module_itself_is_ours() -> None:
    assert type(translate(sqlite3.ProgrammingError("wrong number of bindings"))) is Internal
