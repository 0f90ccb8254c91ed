"""What is where git looks for a repository's hook, and what ought to be there.

Not a change of anything: `lmem.githooks.install` makes those.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from lmem.errors import Conflict
from lmem.githooks import script, spool
from lmem.githooks.files import kept, read
from lmem.githooks.keepers import Keeper, keeper_of
from lmem.githooks.repository import Repository, around
from lmem.githooks.script import EVENT, Parts
from lmem.paths import Paths

_OWN_NAME = re.compile(rb"\bbasename\b|\$\{0##|argv\[0\]|PROGRAM_NAME")
"""In a script that looks at the name it was called by: it cannot be run under another."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is where git looks for the hook.

    `text` is the file's, None without one; `parts` are lmem's, None without; `keeper` keeps the hook instead of lmem.
    """

    repository: Repository
    hook: Path
    text: bytes | None
    parts: Parts | None
    keeper: Keeper | None
    runner: Path

    @property
    def serves(self) -> bool:
        """Whether lmem hears of this repository's commits."""
        if self.parts is None:
            return self.keeper is not None and self.keeper.has(self.runner) and os.access(self.runner, os.X_OK)
        return self.is_meant and os.access(self.hook, os.X_OK)

    @property
    def is_meant(self) -> bool:
        """Whether lmem's part of the hook is for this repository: one that several share names those it serves."""
        only = script.served(self.parts.section) if self.parts else []
        return self.parts is not None and (not only or self.repository.common in only)


def look(directory: Path, paths: Paths) -> Found:
    """What is there for the repository around a directory. Raises NotFound, InvalidInput, Conflict, LmemError."""
    repository = around(directory)
    runner = paths.hook_runner
    hook = repository.hooks / EVENT
    text = read(hook)
    found = script.parts(text) if text else None
    if found is None and text and b"pre-commit" in text:
        moved = hook.with_name(f"{EVENT}.legacy")  # pre-commit runs the hook that it found from there
        there = read(moved)
        ours = script.parts(there) if there else None
        hook, text, found = (moved, there, ours) if ours else (hook, text, None)
    return Found(repository, hook, text, found, keeper_of(repository, hook, text or b"", runner), runner)


def is_newest(found: Found, paths: Paths) -> bool:
    """Whether the hook is the one that this lmem would write."""
    return found.parts is None or wanted(found, paths) == found.text


def wanted(found: Found, paths: Paths) -> bytes:
    """What the hook's file has to hold. Raises Conflict when what is there cannot be joined."""
    here = [found.repository.common] if found.repository.is_shared else []
    only = {*here, *(script.served(found.parts.section) if found.parts and here else [])}
    body = script.commands(paths.spool / spool.FILE, sorted(only))
    if found.parts is None:
        if found.text is None:
            return script.alone(body)
        return (
            script.alone(body, chained=True)
            if stands_apart(found.hook, found.text)
            else script.joined(found.text, body)
        )
    return script.renewed(found.parts, body, chained=os.path.lexists(kept(found.hook)))


def stands_apart(hook: Path, text: bytes) -> bool:
    """Whether a hook has to be run beside lmem's rather than joined with it."""
    if script.is_shell(text) and not hook.is_symlink() and os.access(hook, os.X_OK):
        return False
    if os.path.lexists(kept(hook)):
        raise Conflict(
            f"{kept(hook)} is there already, from an earlier installation.",
            hint=f"Move it to {hook} if it is the right one, or delete it; then try again.",
        )
    if os.access(hook, os.X_OK) and b"\0" not in text and _OWN_NAME.search(text):
        raise Conflict(
            f"{hook} looks at the name it is called by, so lmem cannot run it under another.",
            hint="Let it run lmem's commands itself, or put a shell script in its place that runs both.",
        )
    return True
