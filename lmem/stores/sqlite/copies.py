"""A purge in the backups: what is deleted for ever leaves the copies made before it, those before a migration too.

Not the purge of the live file (memories.py, residue.py). Copies are nobody else's: each is opened, changed and checked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from lmem.errors import LmemError
from lmem.stores.sqlite import purging
from lmem.stores.sqlite.backup import sweep
from lmem.stores.sqlite.connection import inspect, open_copy

_HELD = """SELECT count(*) FROM memories AS m JOIN json_each(?) AS wanted ON wanted.value = m.id"""


def purge(directory: Path, ids: Sequence[str]) -> Mapping[str, str]:
    """Delete memories from every copy in `directory`; by file, what is left there: '' for nothing, else why.

    Blocks. A copy without any of them is not touched. Killed half-way, a copy is as it was, or the next purge goes on.
    """
    return {path.name: _left(path, ids) for path in sorted(directory.glob("*.db"))}


def _left(path: Path, ids: Sequence[str]) -> str:
    try:
        inspect(path)
        connection = open_copy(path)
        try:
            if _held(connection, ids):
                delete(connection, ids)
            elif purging.marked(connection):  # one that was killed half-way
                sweep(connection)
            return "it still holds a row" if _held(connection, ids) else ""
        finally:
            connection.close()
    except (LmemError, sqlite3.Error) as err:
        return f"it cannot be changed: {err}"


def _held(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    wanted = "[" + ",".join(f'"{id}"' for id in ids) + "]"
    found: int = connection.execute(_HELD, (wanted,)).fetchone()[0]
    return found


def delete(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Rows, what full text keeps of them, and every page that held them."""
    for setting in ("foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {setting}").fetchall()
    connection.execute("BEGIN IMMEDIATE")
    try:
        purging.delete(connection, ids)
    except sqlite3.Error:
        connection.rollback()
        raise
    connection.commit()
    sweep(connection)
