"""backup restore: asked for, carried out by the daemon's next start, and told.

Not the restoring: the daemon does it. When the database is so damaged that none can start, names are read from the
directory, and the note for the next start is left from here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from lmem import backupfiles
from lmem._version import __version__
from lmem.cli import output
from lmem.cli.backup import cannot_start, file_row, local, named_or_path
from lmem.cli.link import ask
from lmem.cli.output import count, paint, stored
from lmem.client import starting
from lmem.errors import DaemonUnresponsive, Internal, InvalidInput, LmemError, from_wire
from lmem.paths import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def restore(*, wanted: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """lmem backup restore."""
    name = named_or_path(wanted)
    try:
        plan = ask("backup/restore", {"backup": name, "dry_run": True}, idempotent=True)
    except LmemError as err:
        if not cannot_start(err):
            raise
        plan = _plan_without_daemon(name, err)
    if dry_run:
        output.answer_json(plan) if as_json else _print_plan(plan, output.line)
        return 0
    if not yes:
        _confirm(plan)
    if plan.get("unreadable"):
        address = f"unix:{os.getuid()}:{os.getpid()}"
        number = backupfiles.ask(paths(), Path(plan["backup"]["path"]), address, f"cli/{__version__}")
    else:
        number = str(ask("backup/restore", {"backup": name, "dry_run": False})["id"])
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
        _wait_for_end(number)
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


def _wait_for_end(number: str) -> None:
    try:
        starting.wait_for_end(paths())
    except DaemonUnresponsive:
        if backupfiles.outcome(paths(), number) is None:  # else another client has started the next one already
            raise


def _plan_without_daemon(wanted: str, err: LmemError) -> Answer:
    found = file_row(backupfiles.resolve(paths().backups, wanted))
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
    say(f"Backup {stored(backup['name'])}, made {local(backup['made_at'])}{why}")
    say(f"  holds   {_holds(backup)}")
    say(f"  now     {_holds(now)}")
    if plan.get("unreadable"):
        say(f"  The database cannot be opened: {stored(plan['unreadable'])}")
        say("  Its file is kept among the backups.")
        if Path(backup["path"]).parent != paths().backups:  # those there were purged too
            say("  What was purged since is not known, and may come back with a copy from elsewhere.")
    if plan["left_out"]:
        say(f"  {count(plan['left_out'], 'memory', 'memories')} of it purged since will not come back")
    if plan["purges_known_since"]:
        say(f"  What was purged before {plan['purges_known_since'][:10]} is not known any more, and may come back.")


def _holds(database: Answer) -> str:
    if database["memories"] is None:
        return "not known"
    newest = f", the newest change {local(database['changed_at'])}" if database["changed_at"] else ""
    return f"{count(database['memories'], 'memory', 'memories')} (schema {database['schema']}){newest}"
