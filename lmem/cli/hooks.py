"""hook install, uninstall, status and backfill.

Not the hook; see `lmem.githooks`. All but backfill work without the daemon.
"""

from __future__ import annotations

from pathlib import Path

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import paint, visible
from lmem.cli.progress import Progress
from lmem.githooks import install as hooks
from lmem.githooks.found import is_newest, look
from lmem.githooks.spool import FILE
from lmem.paths import paths

SAID = {
    "installed": ("Commits of {top} are remembered from now on.", "Would write {hook}."),
    "updated": ("Renewed {hook}.", "Would renew {hook}."),
    "unchanged": ("{hook} is as it should be.", "{hook} is as it should be."),
    "removed": ("Took lmem's hook out of {hook}.", "Would take lmem's hook out of {hook}."),
    "absent": ("There is no hook of lmem in {hook}; nothing was done.", "There is no hook of lmem in {hook}."),
}
"""By what was done: what is said, and what is said of a dry run."""


def install(*, directory: str | None, dry_run: bool, as_json: bool) -> int:
    """lmem hook install."""
    return _say(hooks.install(_place(directory), paths(), dry_run), dry_run, as_json)


def uninstall(*, directory: str | None, dry_run: bool, as_json: bool) -> int:
    """lmem hook uninstall."""
    return _say(hooks.uninstall(_place(directory), paths(), dry_run), dry_run, as_json)


def backfill(*, directory: str | None, since: str | None, as_json: bool) -> int:
    """lmem hook backfill."""
    asked = {"directory": str(_place(directory)), **given({"since": since})}
    with Progress("Reading commits", as_json=as_json) as bar:
        found = ask("hook/backfill", asked, on_progress=bar.on_notification, idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    commits, stored = output.count(found["commits"], "commit"), found["stored"]
    branch = f" of {found['branch']}" if found["branch"] else ""
    if stored:
        change = found.get("change_set")
        output.line(visible(f"Stored {stored:,} of {commits}{branch} in the project {found['project']}."))
        if change:
            output.note(output.paint(f"'lmem undo {change}' takes all of them back.", "dim"))
    else:
        output.line(visible(f"Nothing to store: {commits}{branch} had been stored before."))
    return 0


def status(*, directory: str | None, as_json: bool) -> int:
    """lmem hook status."""
    place = paths()
    found = look(_place(directory), place)
    kept_by = found.keeper.name if found.keeper and not found.parts else None
    file = found.keeper.file if found.keeper and not found.parts else found.hook
    newest = is_newest(found, place)
    waiting = _lines(place.spool / FILE)
    if as_json:
        known = {"repository": str(found.repository.common), "hook": str(file), "installed": found.serves}
        output.answer_json({**known, "current": newest, "kept_by": kept_by, "waiting": waiting})
    elif found.serves:
        output.line(visible(f"Commits of {found.repository.top} are remembered, by {file}."))
        if not newest:
            output.note("The hook is another lmem's or an older one's; 'lmem hook install' renews it.")
        if waiting:
            output.note(paint(f"{output.count(waiting, 'line')} of hooks wait for the daemon.", "dim"))
    else:
        why = "it is there, but git does not run it" if found.is_meant else "the hook is not installed"
        output.line(visible(f"Commits of {found.repository.top} are not remembered: {why}."))
        output.note("'lmem hook install' changes that.")
    return 0 if found.serves else 1


def _say(done: hooks.Done, dry_run: bool, as_json: bool) -> int:
    if as_json:
        known = {"action": done.action, "repository": str(done.repository.common), "hook": str(done.hook)}
        output.answer_json({**known, "notes": list(done.notes), "dry_run": dry_run})
        return 0
    output.line(visible(SAID[done.action][dry_run].format(top=done.repository.top, hook=done.hook)))
    for note in done.notes:
        output.note(visible(note))
    if done.action == "installed" and not dry_run:
        output.note(paint("'lmem hook uninstall' takes that back.", "dim"))
    return 0


def _place(directory: str | None) -> Path:
    return Path(directory or ".").absolute()


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.is_file() else 0
