"""backup create, list, verify and restore.

Not the copying and not the restoring: the daemon does both. Without one, when the database is damaged, names are read
from the directory and the note for the next start is left from here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from lmem import backupfiles
from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import count, paint, stored
from lmem.cli.progress import Progress
from lmem.cli.tables import print_rows
from lmem.client import presence, starting
from lmem.errors import DaemonError, Damaged, Internal, InvalidInput, LmemError, from_wire
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
        if not _cannot_start(err):
            raise
        output.note(f"{output.visible(err.message)} These are the names of the files:")
        rows = [_file(path) for path in backupfiles.listed(paths().backups)]
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
        request = given({"backups": [_wanted(name) for name in backups or []]})
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


def restore(*, wanted: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """lmem backup restore."""
    wanted = _wanted(wanted)
    try:
        plan = ask("backup/restore", {"backup": wanted, "dry_run": True}, idempotent=True)
    except LmemError as err:
        if not _cannot_start(err):
            raise
        plan = _plan_without_daemon(wanted, err)
    if dry_run:
        output.answer_json(plan) if as_json else _print_plan(plan, output.line)
        return 0
    if not yes:
        _confirm(plan)
    if plan.get("unreadable"):
        number = backupfiles.ask(paths(), Path(plan["backup"]["path"]), f"unix:{os.getuid()}:{os.getpid()}", "cli")
    else:
        number = str(ask("backup/restore", {"backup": wanted, "dry_run": False})["id"])
        starting.wait_for_end(paths())
    done = _outcome(number)
    if as_json:
        output.answer_json({"backup": plan["backup"]["name"], **done})
        return 0
    output.line(f"Restored {stored(plan['backup']['name'])}: {count(done['memories'], 'memory', 'memories')}.")
    if done["left_out"]:
        output.line(f"{count(done['left_out'], 'memory', 'memories')} purged since then did not come back.")
    if done["before"]:
        output.line(f"What there was before: 'lmem backup restore {stored(done['before'])}' goes back to it.")
    output.note(paint("Indexes are built anew: 'lmem status --wait' returns after that. Full text answers now.", "dim"))
    return 0


def _outcome(number: str) -> Answer:
    """What became of a restore, once a daemon has started. Raises the error that it was refused with."""
    failed: LmemError | None = None
    try:
        starting.start(paths(), explicit=True)
        ask("status/get", idempotent=True)  # answered when the database is open
    except LmemError as err:
        failed = err
    found = backupfiles.outcome(paths(), number)
    if found is None:
        raise failed or Internal("The daemon started, but did not say what became of the restore.")
    if found["state"] != "done":
        raise from_wire(str(found.get("message")), found.get("data") or {})
    return {key: found[key] for key in ("memories", "left_out", "before")}


def _wanted(name: str) -> str:
    """A name as it is, a path as the daemon can use it."""
    return os.path.abspath(name) if "/" in name else name


def _cannot_start(err: LmemError) -> bool:
    """Whether no daemon can be asked because none can start on this database."""
    return isinstance(err, Damaged | DaemonError) and not presence.lock_held(paths())


def _file(path: Path) -> Answer:
    """What can be said of a backup without opening it."""
    found = backupfiles.named(path)
    return {
        "name": found.name, "path": str(path), "made_at": found.at, "reason": found.reason or None,
        "bytes": path.stat().st_size, "schema": None, "memories": None, "changed_at": None, "problem": None,
    }  # fmt: skip


def _plan_without_daemon(wanted: str, err: LmemError) -> Answer:
    found = _file(backupfiles.resolve(paths().backups, wanted))
    nothing = {"schema": None, "memories": None, "changed_at": None}
    return {
        "backup": found, "now": nothing, "left_out": 0, "purges_known_since": None, "dry_run": True, "id": None,
        "unreadable": err.message,
    }  # fmt: skip


def _confirm(plan: Answer) -> None:
    """Raises InvalidInput when there is nobody to ask, LmemError for a no."""
    if not sys.stdin.isatty():
        raise InvalidInput("A restore replaces all memories, and there is no terminal to ask on.", hint="Add --yes.")
    _print_plan(plan, output.note)
    output.note("What there is now is backed up first. Type yes to go on:")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise LmemError("Nothing was restored.", hint="'lmem backup restore NAME --dry-run' shows what would change.")


def _print_plan(plan: Answer, say: Callable[[str], None]) -> None:
    backup, now = plan["backup"], plan["now"]
    why = f", {backup['reason']}" if backup["reason"] else ""
    say(f"Backup {stored(backup['name'])}, made {_local(backup['made_at'])}{why}")
    say(f"  holds   {_holds(backup)}")
    say(f"  now     {_holds(now)}")
    if plan.get("unreadable"):
        say(f"  The database cannot be opened: {stored(plan['unreadable'])}")
        say("  Its file is kept among the backups. What was purged since the backup is not known, and may come back.")
    if plan["left_out"]:
        say(f"  {count(plan['left_out'], 'memory', 'memories')} of it purged since will not come back")
    if plan["purges_known_since"]:
        say(f"  What was purged before {plan['purges_known_since'][:10]} is not known any more, and may come back.")


def _holds(database: Answer) -> str:
    if database["memories"] is None:
        return "not known"
    newest = f", the newest change {_local(database['changed_at'])}" if database["changed_at"] else ""
    return f"{count(database['memories'], 'memory', 'memories')} (schema {database['schema']}){newest}"


def _local(moment: str) -> str:
    from datetime import datetime

    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "-"
