"""A restore that was asked for, carried out before the database is opened, under the daemon's lock.

Not the request (lmem.service.backup; the commands, when no daemon can start). A note that cannot be followed keeps
nothing from starting: the old truth serves, and the outcome says why.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from lmem import backupfiles
from lmem.backupfiles import Json
from lmem.domain import times
from lmem.errors import LmemError
from lmem.paths import Paths
from lmem.stores.sqlite.replacing import Request
from lmem.stores.sqlite.restore import Restored, restore

log = logging.getLogger(__name__)


async def carry_out(paths: Paths, now: datetime) -> None:
    """Do what the note asks, if there is one. A daemon that is told to stop meanwhile ends after it."""
    if paths.restore_note.exists():
        work = asyncio.create_task(asyncio.to_thread(_follow, paths, now))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await work  # nobody may have the lock before the files are left alone
            raise


def _follow(paths: Paths, now: datetime) -> None:
    note = backupfiles.read(paths.restore_note) or {}
    number, name = str(note.get("id")), str(note.get("backup"))

    def tell(outcome: Json) -> None:
        try:
            backupfiles.write(paths.restore_outcome, {"id": number, "backup": name, **outcome})
        except LmemError as err:
            log.warning("the outcome of the restore is not recorded: %s", err.message)

    def ready(done: Restored) -> None:
        tell({"state": "done", **asdict(done)})

    try:
        source, request = _parsed(note, now)
        restore(paths.database, source, request, ready)
    except LmemError as err:
        log.error("the backup %s was not restored: %s", name, err.message)
        tell({"state": "refused", "message": err.message, "data": err.to_wire()})
    else:
        log.warning("the backup %s was restored", name)
    paths.restore_note.unlink(missing_ok=True)


def _parsed(note: Json, now: datetime) -> tuple[Path, Request]:
    """The backup and the request in a note. Raises LmemError for a note that is none."""
    fields = [note.get(key) for key in ("id", "backup", "address", "agent")]
    if not all(isinstance(item, str) and item for item in fields):
        raise LmemError("The note that asks for a restore cannot be read.", hint="Run 'lmem backup restore' again.")
    number, backup, address, agent = map(str, fields)
    source, username = Path(backup), pwd.getpwuid(os.getuid()).pw_name
    return source, Request(number, source.name, username, address, agent, times.to_text(now))
