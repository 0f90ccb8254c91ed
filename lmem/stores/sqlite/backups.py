"""The backup port on SQLite: the directory of backups and what each of them holds.

Not how a copy is made and checked (backup.py), nor the restore (restore.py), which the next start carries out.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from lmem import backupfiles
from lmem.domain.backup import Backup, Contents, Plan
from lmem.errors import Conflict, Damaged, Forbidden, InvalidInput, LmemError, NotFound
from lmem.paths import Paths, private_directory
from lmem.stores.sqlite.backup import check_copy, refuse_full, rotate, scratch, size_of
from lmem.stores.sqlite.connection import inspect, open_reader
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.faults import translate
from lmem.stores.sqlite.replacing import PURGED, SINCE
from lmem.stores.sqlite.restore import check_source, copy, room

T = TypeVar("T")
_HELD = "SELECT count(*) FROM memories WHERE id IN (SELECT value FROM json_each(?))"


class SqliteBackups:
    """Implements lmem.ports.backup.BackupStore for an open database."""

    def __init__(self, database: Database, paths: Paths) -> None:
        self._database = database
        self._paths = paths

    async def create(self, target: str | None) -> tuple[Backup, Sequence[str]]:
        backups = self._paths.backups
        file = backups / backupfiles.file_name(backupfiles.MANUAL) if target is None else self._elsewhere(target)
        place = file.parent if file.parent.exists() else self._paths.data
        refuse_full(place, size_of(self._database.path))
        try:
            await self._database.backup(file)
        except OSError as err:
            raise Forbidden(f"{file} cannot be written: {err.strerror}.", hint="Choose another place.") from err
        gone = await asyncio.to_thread(rotate, backups) if target is None else []
        return await asyncio.to_thread(_backup, file), [backupfiles.named(path).name for path in gone]

    async def listed(self) -> list[Backup]:
        def work() -> list[Backup]:
            return [_backup(path) for path in backupfiles.listed(self._paths.backups)]

        return await asyncio.to_thread(work)

    async def check(self, wanted: str) -> str:
        source = await asyncio.to_thread(self._resolve, wanted)  # it may be any file, on any disk

        def work(copied: Path) -> str:
            copy(source, copied)
            try:
                check_copy(copied)
            except Damaged as err:
                return err.message.replace(str(copied), source.name)
            return ""

        return await self._on_copy(work)

    async def plan(self, wanted: str) -> Plan:
        source = await asyncio.to_thread(self._resolve, wanted)  # it may be any file, on any disk
        refuse_full(self._paths.data, room(source, self._paths.database))
        try:
            now, purged, since = await self._database.read(_present)
        except Damaged:
            now, purged, since = None, (), backupfiles.now()
        if source.parent == self._paths.backups:
            since = None  # a purge reaches those

        def work(copied: Path) -> tuple[Contents, int]:
            check_source(source, copied)
            with closing(open_reader(copied)) as connection:
                return _contents(connection, changes=True), _count(connection, purged)

        holds, left_out = await self._on_copy(work)
        found = await asyncio.to_thread(_backup, source)
        backup = Backup(found.name, found.path, found.at, found.reason, found.bytes, holds)
        return Plan(backup, now, left_out, since)

    async def ask(self, wanted: str, address: str, agent: str) -> str:
        source = await asyncio.to_thread(self._resolve, wanted)  # it may be any file, on any disk
        return await asyncio.to_thread(backupfiles.ask, self._paths, source, address, agent)

    def _resolve(self, wanted: str) -> Path:
        found = backupfiles.resolve(self._paths.backups, wanted)
        if self._paths.database.exists() and found.samefile(self._paths.database):
            raise Conflict("That is the database itself.", hint="'lmem backup list' shows the backups.")
        return found

    def _elsewhere(self, target: str) -> Path:
        """The file that a backup is to be. Raises InvalidInput, NotFound, Conflict."""
        file = Path(target)
        backupfiles.refuse_relative(target)
        try:
            if not file.parent.is_dir():
                raise NotFound(f"There is no directory {file.parent}.", hint="Make it first.")
            if file.parent.resolve() == self._paths.data.resolve():
                raise InvalidInput(
                    "A backup does not go beside the database.", hint="Without --output it goes to the backups there."
                )
            if os.path.lexists(file):
                raise Conflict(f"There is a {file} already.", hint="Choose another name, or remove it first.")
        except OSError as err:  # a name that no file can have
            raise InvalidInput(f"The backup cannot be written there: {err}.", hint="Give the path of a file.") from err
        return file

    async def _on_copy(self, work: Callable[[Path], T]) -> T:
        """What `work` answers about the path that a copy may be made at; nothing is left there."""
        private_directory(self._paths.backups)
        copied = scratch(self._paths.backups)

        def done() -> T:
            try:
                return work(copied)
            except sqlite3.Error as err:
                raise translate(err) from err
            except OSError as err:
                raise LmemError(f"The backup cannot be read: {err}.", hint="'lmem backup list' shows others.") from err
            finally:
                for path in copied.parent.glob(f"{copied.name}*"):
                    path.unlink()

        return await asyncio.to_thread(done)


def _present(connection: sqlite3.Connection) -> tuple[Contents, Sequence[str], str | None]:
    """What the truth holds, what was purged from it, and since when it knows that; None for always."""
    purged = [str(row[0]) for row in connection.execute(PURGED)]
    return _contents(connection, changes=True), purged, connection.execute(SINCE).fetchone()[0]


def _contents(connection: sqlite3.Connection, changes: bool = False) -> Contents:
    schema, memories = (connection.execute(sql).fetchone()[0] for sql in (
        "PRAGMA user_version", "SELECT count(*) FROM memories",
    ))  # fmt: skip
    newest = connection.execute("SELECT max(created_at) FROM memory_versions").fetchone()[0] if changes else None
    return Contents(int(schema), int(memories), newest)


def _count(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    return int(connection.execute(_HELD, (json.dumps(list(ids)),)).fetchone()[0])


def _backup(path: Path) -> Backup:
    """A file as `list` shows it; blocks."""
    said = backupfiles.named(path)
    holds, problem = None, ""
    try:
        if inspect(path) == 0:
            raise Damaged("It is empty.")
        with closing(open_reader(path)) as connection:
            holds = _contents(connection)
    except (sqlite3.Error, LmemError) as err:
        problem = err.message if isinstance(err, LmemError) else f"{err}."
    return Backup(said.name, str(path), said.at, said.reason, size_of(path), holds, problem)
