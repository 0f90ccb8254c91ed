"""backup create, list and verify.

Not the copying and not the checks: the daemon does both. Restoring is in `lmem.cli.restoring`.
"""

from __future__ import annotations

import os
from pathlib import Path

from lmem import backupfiles
from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import count, paint, stored
from lmem.cli.progress import Progress
from lmem.cli.tables import print_rows
from lmem.client import presence
from lmem.errors import DaemonStartFailed, Damaged, LmemError
from lmem.paths import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer

DAMAGED = 1
"""Exit status when a backup does not pass its check."""


def create(*, to: str | None, as_json: bool) -> int:
    """lmem backup create."""
    made = ask("backup/create", given({"output": os.path.abspath(to) if to else None}))
    if as_json:
        output.answer_json(made)
        return 0
    held = count(made["memories"], "memory", "memories")
    output.line(f"{stored(made['path'])}: {held}, {output.size(made['bytes'])}, checked")
    for name in made["removed"]:
        output.note(f"Removed the oldest: {output.visible(name)}")
    return 0


def listed(*, as_json: bool) -> int:
    """lmem backup list."""
    try:
        rows = ask("backup/list", idempotent=True)["backups"]
    except LmemError as err:
        if not cannot_start(err):
            raise
        output.note(f"{output.visible(err.message)} These are the names of the files:")
        rows = [file_row(path) for path in backupfiles.listed(paths().backups)]
    if as_json:
        for row in rows:
            output.answer_json(row)
        return 0
    if not rows:
        output.note("There is no backup yet. 'lmem backup create' makes one.")
        return 0
    cells = [
        (
            stored(row["name"]), output.age(row["made_at"]), row["reason"] or "-", _number(row["schema"]),
            "cannot be read" if row["problem"] else _number(row["memories"]), output.size(row["bytes"]),
        )
        for row in rows
    ]  # fmt: skip
    print_rows(("Name", "Made", "Why", "Schema", "Memories", "Size"), cells, numbers=(3, 4, 5))
    return 0


def verify(*, backups: list[str] | None, as_json: bool) -> int:
    """lmem backup verify. Exit status 1 when one is damaged."""
    with Progress("Verifying", as_json=as_json) as bar:
        request = given({"backups": [named_or_path(name) for name in backups or []]})
        rows = ask("backup/verify", request, on_progress=bar.on_notification, idempotent=True)["backups"]
    if not rows and not as_json:
        output.note("There is no backup yet. 'lmem backup create' makes one.")
    for row in rows:
        if as_json:
            output.answer_json(row)
        else:
            state = paint("sound", "green") if row["sound"] else paint(stored(row["problem"]), "red")
            output.line(f"{stored(row['name'])}: {state}")
    return 0 if all(row["sound"] for row in rows) else DAMAGED


def named_or_path(name: str) -> str:
    """A name as it is, a path as the daemon can use it."""
    return os.path.abspath(name) if "/" in name else name


def cannot_start(err: LmemError) -> bool:
    """Whether no daemon can be asked because none can start on this database."""
    return isinstance(err, Damaged | DaemonStartFailed) and not presence.lock_held(paths())


def file_row(path: Path) -> Answer:
    """What can be said of a backup without opening it."""
    found = backupfiles.named(path)
    return {
        "name": found.name, "path": str(path), "made_at": found.at, "reason": found.reason or None,
        "bytes": path.stat().st_size, "schema": None, "memories": None, "changed_at": None, "problem": None,
    }  # fmt: skip


def local(moment: str) -> str:
    """A moment in this machine's zone."""
    from datetime import datetime

    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "-"
