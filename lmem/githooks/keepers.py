"""Hooks that somebody else keeps: husky, lefthook, a hook that the repository tracks.

lmem says what to add there, and adds nothing. Not for pre-commit, whose file in .git/hooks takes a section as any
script does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lmem.githooks.repository import Repository
from lmem.githooks.script import EVENT, quoted


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who keeps the hooks, the file that is theirs to be written by hand, and what has to stand in it."""

    name: str
    file: Path
    lines: str

    def has(self, runner: Path) -> bool:
        """Whether the file runs lmem's script."""
        text = self.file.read_text("utf-8", "replace") if self.file.is_file() else ""
        return any(form in text for form in {str(runner), _portable(runner)})


def keeper_of(repository: Repository, hook: Path, text: bytes, runner: Path) -> Keeper | None:
    """Who keeps the hook of a repository; None when lmem may write it. `text` is what it holds now."""
    word = _portable(runner)
    line = f"[ ! -x {word} ] || {word}"
    if ".husky" in repository.hooks.parts:
        folder = next(place for place in (repository.hooks, *repository.hooks.parents) if place.name == ".husky")
        return Keeper("husky", folder / EVENT, line)
    if b"call_lefthook" in text:
        job = f"{EVENT}:\n  commands:\n    lmem:\n      run: {line}"
        return Keeper("lefthook", repository.top / "lefthook-local.yml", job)
    if repository.in_tree and repository.tracks(hook):
        return Keeper("the repository itself", hook, line)
    return None


def _portable(runner: Path) -> str:
    """A path as a word of sh that is as right for somebody else: from the home directory on."""
    home = os.environ.get("HOME", "")
    if home and runner.is_relative_to(home):
        return f'"$HOME"/{quoted(str(runner.relative_to(home)))}'
    return quoted(str(runner))
