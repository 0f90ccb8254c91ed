"""The spool: lines that hooks append and the daemon takes, one for each commit.

Not a reader of commits: a line only says where to look. Standard library only, because both sides need it.

    v1 TAB seconds since 1970, or 0 TAB the repository's common git directory TAB commit, or nothing LF

A hook writes 0: asking for the time would be a process, and the commit knows its own. A line without a commit says that
something happened there: the repository's own log tells what. One with a time besides is the installation of the hook.
A commit of zeros only says that the hook was taken away: this repository is to be left alone from then on, whatever
hooks say that were running by then, until the hook is installed again.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from lmem.errors import InvalidInput

FILE = "commits"
"""In `Paths.spool`. Appended to with O_APPEND, one write a line; whoever takes lines renames the file first."""

TAKEN_AWAY = "0" * 40
"""In a commit's place: the hook is gone."""

_LINE = re.compile(rb"v1\t(\d{1,18})\t(/[^\t\n\0]*)\t([0-9a-f]{40}(?:[0-9a-f]{24})?|)\n")


@dataclass(frozen=True, slots=True)
class Hint:
    """One line: when, in which repository (its common git directory), and which commit ('' when that is not known)."""

    seconds: int
    repository: Path
    commit: str

    @property
    def is_installation(self) -> bool:
        """Whether it says that the hook was installed."""
        return self.seconds > 0 and not self.commit

    @property
    def is_removal(self) -> bool:
        """Whether it says that the hook was taken away."""
        return self.commit == TAKEN_AWAY


def parse(line: bytes) -> Hint | None:
    """What a line says, with its line feed; None when it is no such line, as after a full disk."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    return Hint(int(found[1]), Path(os.fsdecode(found[2])), found[3].decode())


def line(hint: Hint) -> bytes:
    """The line that says it. Raises InvalidInput for a path that no line can hold."""
    made = b"v1\t%d\t%b\t%b\n" % (hint.seconds, os.fsencode(hint.repository), hint.commit.encode())
    if parse(made) is None:
        raise InvalidInput(
            f"The path {str(hint.repository)!r} cannot stand in lmem's spool: it holds a tab or a line break.",
            hint="Rename the directory.",
        )
    return made


def append(spool: Path, hint: Hint) -> None:
    """Add a line to the spool, which is made when it is not there. Raises OSError, InvalidInput."""
    text = line(hint)
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = os.open(spool / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(opened, text)
    finally:
        os.close(opened)
