"""A working tree's reflog of HEAD: which commits were made there, on which branch, and what they replaced.

Not git, and not the file: its bytes in, decisions out. What a rebase makes on its way counts only once it is over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LINE = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) .*?(\d+) [+-]\d{4}(?:\t(.*))?")
_MADE = re.compile(
    r"(?:commit(?: \([a-z -]+\))?|cherry-pick|revert|am)(?::| )|(?:merge|pull)\b.*: Merge made|rebase.*\(\w+\): "
)
_STEP = re.compile(r"(?:rebase|pull)\b.*?\((start|finish|abort)\): (.*)|rebase (finished): (.*)")
_CHECKOUT = re.compile(r"checkout: moving from (\S+) to (\S+)")
_SHA = re.compile(r"[0-9a-f]{7,64}")
_BRANCH = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Entry:
    """One move of HEAD; `end` is where its line ends in the file."""

    old: str
    new: str
    seconds: int
    message: str
    end: int


@dataclass(frozen=True, slots=True)
class Rebase:
    """A rebase that is over: from which commit to which, onto which (None when its start is not known).

    `made` are the commits that it made on its way; those that `after` comes from are there to stay.
    """

    before: str | None
    onto: str | None
    after: str
    made: tuple[str, ...]
    branch: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a log tells: commits with their branches, (old, new) of amended ones, rebases; all of it up to `end`.

    `open` when a rebase runs, whose entries are left for later.
    """

    made: tuple[tuple[str, str | None], ...]
    amended: tuple[tuple[str, str], ...]
    rebases: tuple[Rebase, ...]
    end: int
    open: bool


def entries(log: bytes, start: int = 0) -> list[Entry]:
    """The entries of a log from a line's beginning on; a last line that is not whole yet is left out."""
    found, at = [], start
    for line in log[start : log.rfind(b"\n") + 1].splitlines(keepends=True):
        at += len(line)
        parts = _LINE.fullmatch(line.rstrip(b"\r\n"))
        if parts:
            message = (parts[4] or b"").decode("utf-8", "replace")
            found.append(Entry(parts[1].decode(), parts[2].decode(), int(parts[3]), message, at))
    return found


def told(unread: Sequence[Entry], branch: str | None, rebasing: bool, start: int) -> Told:
    """What entries tell that were not read before. `branch` is where HEAD is now, `start` where the first begins."""
    if rebasing:
        starts = [at for at, entry in enumerate(unread) if _step(entry)[0] == "start"]
        unread, branch = (unread[: starts[-1]] if starts else []), None
    branches = _branches(unread, branch)
    made: list[tuple[str, str | None]] = []
    amended: list[tuple[str, str]] = []
    rebases: list[Rebase] = []
    opened = 0  # where the entries since the last rebase, or its start, begin
    beginning: Entry | None = None
    for at, entry in enumerate(unread):
        step, _ = _step(entry)
        if step == "start":
            made += _plain(unread[opened:at], branches[opened:at], amended)
            beginning, opened = entry, at + 1
        elif step is not None:
            rebases.append(_rebase(beginning, unread[opened:at], entry, branches[at]))
            beginning, opened = None, at + 1
    made += _plain(unread[opened:], branches[opened:], amended)
    return Told(tuple(made), tuple(amended), tuple(rebases), unread[-1].end if unread else start, rebasing)


def _plain(part: Sequence[Entry], branches: Sequence[str | None], amended: list[tuple[str, str]]) -> list[
    tuple[str, str | None]
]:  # fmt: skip
    amended += [(entry.old, entry.new) for entry in part if entry.message.startswith("commit (amend)")]
    pairs = zip(part, branches, strict=True)
    return [(entry.new, branch) for entry, branch in pairs if _MADE.match(entry.message)]


def _rebase(beginning: Entry | None, part: Sequence[Entry], end: Entry, branch: str | None) -> Rebase:
    _, rest = _step(end)
    place = rest.rpartition(" ")[2]
    branch = place.removeprefix(_BRANCH) if place.startswith(_BRANCH) else branch
    made = tuple(entry.new for entry in part if _MADE.match(entry.message))
    before, onto = (beginning.old, beginning.new) if beginning else (None, None)
    return Rebase(before, onto, end.new, made, branch)


def _step(entry: Entry) -> tuple[str | None, str]:
    found = _STEP.match(entry.message)
    if found is None:
        return None, ""
    return ("finish", found[4]) if found[3] else (found[1], found[2])


def _branches(part: Sequence[Entry], branch: str | None) -> list[str | None]:
    """The branch of each entry, from the last one back: a checkout names the one before it."""
    found: list[str | None] = []
    for entry in reversed(part):
        found.append(branch)
        moved = _CHECKOUT.match(entry.message)
        if moved:
            branch = None if _SHA.fullmatch(moved[1]) else moved[1]
    return found[::-1]
