"""One door for every command: find its function, call it, turn what it raises into a sentence and an exit status.

Not a parser: the fast reader and Typer both come here, with the same name and the same values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from lmem.errors import LmemError, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COMMANDS: dict[str, str] = {
    "add": "memories.add",
    "search": "search.search",
    "show": "memories.show",
    "list": "search.list_memories",
    "edit": "memories.edit",
    "forget": "lifecycle.forget",
    "restore": "lifecycle.restore",
    "history": "history.history",
    "diff": "history.diff",
    "undo": "lifecycle.undo",
    "merge": "lifecycle.merge",
    "timeline": "timeline.timeline",
    "changes": "timeline.changes",
    "done": "lifecycle.done",
    "pin": "decay.pin",
    "unpin": "decay.unpin",
    "decay": "decay.decay",
    "jobs list": "jobs.listed",
    "jobs run": "jobs.run",
    "jobs history": "jobs.history",
    "tags": "tags.tags",
    "context": "context.context",
    "export": "transfer.export",
    "session start": "sessions.start",
    "session end": "sessions.end",
    "session switch": "sessions.switch",
    "session list": "sessions.listed",
    "session show": "sessions.show",
    "session resume": "sessions.resume",
    "session focus": "sessions.focus",
    "session unfocus": "sessions.unfocus",
    "config get": "config.get",
    "config set": "config.set_",
    "config unset": "config.unset",
    "config list": "config.list_settings",
    "config edit": "config.edit",
    "config path": "config.path",
    "audit list": "audit.list_entries",
    "audit verify": "audit.verify",
    "project list": "projects.listed",
    "project show": "projects.show",
    "project init": "projects.init",
    "project set": "projects.set_",
    "project rename": "projects.rename",
    "project merge": "projects.merge",
    "project archive": "projects.archive",
    "link": "relations.link",
    "unlink": "relations.unlink",
    "related": "relations.related",
    "graph neighbours": "graph.neighbours",
    "graph path": "graph.path",
    "graph communities": "graph.communities",
    "graph patterns": "graph.patterns",
    "graph projects": "graph.projects",
    "graph export": "graph.export",
    "graph cypher": "cypher.cypher",
    "patterns add": "patterns.add",
    "patterns list": "patterns.listed",
    "patterns show": "patterns.show",
    "patterns outcome": "patterns.outcome",
    "patterns forget": "patterns.forget",
    "hook install": "hooks.install",
    "hook uninstall": "hooks.uninstall",
    "hook status": "hooks.status",
    "hook backfill": "hooks.backfill",
    "mcp": "agents.mcp",
    "user show": "users.show",
    "user set": "users.set_",
    "status": "status.status",
    "doctor": "doctor.doctor",
    "stats": "stats.stats",
    "backup create": "backup.create",
    "backup list": "backup.listed",
    "backup verify": "backup.verify",
    "backup restore": "restoring.restore",
    "verify": "consistency.verify",
    "repair": "consistency.repair",
    "rebuild": "consistency.rebuild",
    "sync": "consistency.sync",
    "init": "model.init",
    "version": "status.version",
    "layer list": "layers.listed",
    "layer show": "layers.show",
    "layer move": "layers.move",
    "model pull": "model.pull",
    "model list": "model.list_models",
    "model use": "model.use",
    "daemon start": "daemon.start",
    "daemon stop": "daemon.stop",
    "daemon restart": "daemon.restart",
    "daemon status": "daemon.status",
    "daemon logs": "daemon.logs",
    "daemon run": "daemon.run",
    "daemon install": "units.install",
    "daemon uninstall": "units.uninstall",
    "completions install": "completions.install",
    "completions show": "completions.show",
    "": "home.home",
}
"""Each command and where it is done: module of this package, function. '' is lmem without a command."""

INTERRUPTED = 130


def function_of(name: str) -> Callable[..., int | None]:
    """The function that does the command `name`; only its module is imported."""
    module, _, function = COMMANDS[name].rpartition(".")
    found: Callable[..., int | None] = getattr(__import__(f"lmem.cli.{module}", fromlist=[function]), function)
    return found


def run(name: str, params: Mapping[str, Any]) -> int:
    """Do the command `name` with its parsed values; returns the exit status."""
    try:
        status = function_of(name)(**params) or 0
        sys.stdout.flush()
        return status
    except LmemError as err:
        err.hint = with_command(err.hint, name)
        return report(err, as_json=bool(params.get("as_json")))
    except BrokenPipeError:
        return reader_left()
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as err:
        return report(_as_ours(err), as_json=bool(params.get("as_json")))


def with_command(hint: str, name: str) -> str:
    """A hint that says 'lmem COMMAND' for the command `name`."""
    return hint.replace("lmem COMMAND", f"lmem {name}".rstrip())


def _as_ours(error: OSError) -> LmemError:
    """What a file or a directory did not let us do."""
    if isinstance(error, FileNotFoundError) and not error.filename:  # as the working directory is asked for
        return NotFound("The directory that you are in is gone.", hint="Go to one that is there: cd DIRECTORY")
    where = f" '{error.filename}'" if error.filename else ""
    return LmemError(f"{error.strerror or error}{where}.", hint="Check the path, its permissions and the free space.")


def report(error: LmemError, as_json: bool) -> int:
    """Say what went wrong on stderr, with the next step; returns the error's exit status."""
    from lmem.cli import output

    if as_json:
        output.note_json({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
    else:
        output.note(f"{output.paint('lmem:', 'red', sys.stderr)} {output.visible(error.message)}")
        output.note(output.paint(output.visible(error.hint), "dim", sys.stderr))
    return error.exit_status


def reader_left() -> int:
    """Whoever read our output has gone, as `head` does: no error. Nothing more may be written at exit either."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
