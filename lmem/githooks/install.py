"""Putting lmem's hook where git runs it, taking it away again byte for byte, and saying what is there.

Not the hook's text (`lmem.githooks.script`) and no repository's tracked files: those are only ever told about.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from lmem.errors import Conflict
from lmem.githooks import script, spool
from lmem.githooks.files import kept, mode, read, write
from lmem.githooks.found import Found, look, stands_apart, wanted
from lmem.githooks.keepers import Keeper
from lmem.githooks.repository import Repository
from lmem.githooks.script import KEPT, Parts
from lmem.paths import Paths, private_directory


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: installed, updated, unchanged, removed or absent; and what to know about it."""

    action: str
    repository: Repository
    hook: Path
    notes: tuple[str, ...] = ()


def install(directory: Path, paths: Paths, dry_run: bool = False) -> Done:
    """Have every commit of the repository noted. Raises what `look` raises, Forbidden, OSError.

    Raises Conflict when somebody else keeps the hook, with what is to be added there; nothing is written then but the
    script that those lines run.
    """
    found = look(directory, paths)
    hint = spool.Hint(int(time.time()), found.repository.common, "")
    spool.line(hint)
    if not dry_run:
        private_directory(paths.spool)
    if found.keeper is not None and found.parts is None:
        return _by_hand(found, found.keeper, paths, hint, dry_run)
    new = wanted(found, paths)
    action, notes = "updated" if found.is_meant else "installed", tuple(_notes(found))
    if new == found.text and found.serves:
        action = "unchanged"
    if not dry_run:
        spool.append(paths.spool, hint)  # also of a hook that is there: it may have been put back by hand
        if action != "unchanged":
            _put(found, new)
    return Done(action, found.repository, found.hook, notes)


def uninstall(directory: Path, paths: Paths, dry_run: bool = False) -> Done:
    """Take lmem's hook away; what was there before is there again. Raises what `look` raises, Forbidden, OSError."""
    found = look(directory, paths)
    done = Done("removed", found.repository, found.hook)
    if found.parts is None and found.keeper is not None and found.keeper.has(found.runner):
        raise Conflict(
            f"lmem's line is in {found.keeper.file}, which {found.keeper.name} keeps.",
            hint="Take the line out by hand.",
        )
    if not dry_run:
        if found.parts is not None and found.is_meant:
            _take_away(found, found.parts)
        private_directory(paths.spool)
        spool.append(paths.spool, spool.Hint(int(time.time()), found.repository.common, spool.TAKEN_AWAY))
    return done if found.is_meant else replace(done, action="absent")


def _by_hand(found: Found, keeper: Keeper, paths: Paths, hint: spool.Hint, dry_run: bool) -> Done:
    """The script that somebody else's hook can run. Raises Conflict unless it does."""
    body = script.alone(script.commands(paths.spool / spool.FILE))
    if not dry_run:
        private_directory(found.runner.parent)
        if read(found.runner) != body or not os.access(found.runner, os.X_OK):
            write(found.runner, body, 0o755)
        spool.append(paths.spool, hint)
    if keeper.has(found.runner):
        return Done("unchanged", found.repository, keeper.file)
    raise Conflict(
        f"The hooks of {found.repository.top} are kept by {keeper.name}, so lmem does not change them.",
        hint=f"Add to {keeper.file}:\n{keeper.lines}",
    )


def _put(found: Found, new: bytes) -> None:
    """Write the hook; what has to stand beside it is moved first. Raises OSError."""
    hook = found.hook
    if found.text is None or found.parts is not None:
        hook.parent.mkdir(parents=True, exist_ok=True)
        write(hook, new, 0o755 if found.text is None or not os.access(hook, os.X_OK) else mode(hook))
    elif stands_apart(hook, found.text):
        hook.rename(kept(hook))
        try:
            write(hook, new, 0o755)
        except OSError:
            kept(hook).rename(hook)
            raise
    else:
        write(hook, new, mode(hook))


def _take_away(found: Found, ours: Parts) -> None:
    hook, rest = found.hook, [path for path in script.served(ours.section) if path != found.repository.common]
    if found.repository.is_shared and rest:
        section = script.without(ours.section, found.repository.common)
        write(hook, ours.before + section + ours.after, mode(hook))
    elif script.is_untouched(ours):
        kept(hook).rename(hook) if os.path.lexists(kept(hook)) else hook.unlink()
    elif os.path.lexists(kept(hook)):
        raise Conflict(
            f"{hook} was changed since lmem made it, and {KEPT} beside it is the hook from before.",
            hint="Put your lines into the hook from before, delete them here, then try again.",
        )
    else:
        write(hook, ours.before + ours.after, mode(hook))


def _notes(found: Found) -> list[str]:
    repository, notes = found.repository, list[str]()
    if repository.in_tree and not repository.ignores(found.hook):
        notes.append(f"{found.hook} is among the repository's files: do not commit it, it is for this machine alone.")
    if repository.in_tree and not os.path.isabs(os.path.expanduser(repository.hooks_path)):
        notes.append("core.hooksPath is relative: other working trees have their own hooks.")
    if found.text is not None and found.parts is None and not os.access(found.hook, os.X_OK):
        notes.append(f"The hook that was there is not executable, so git did not run it; it is kept as {KEPT}.")
    return notes
