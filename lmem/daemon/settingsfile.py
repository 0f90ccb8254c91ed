"""The settings file that a project may have in its directory, as text.

Not its meaning: lmem.service.settings takes from it what others than the user may decide.
"""

from __future__ import annotations

import os
from pathlib import Path

from lmem.config import PROJECT_FILE
from lmem.daemon import plainfiles
from lmem.domain.scope import ProjectFile

MOST_BYTES = 1 << 18


def at(top: str) -> ProjectFile:
    """The file at the top of a working tree."""
    path = os.path.join(top, PROJECT_FILE)
    return ProjectFile(path, _text(path) or "")


def around(cwd: str) -> ProjectFile:
    """The file of a directory outside of any repository: its own, or the nearest above it."""
    for folder in (cwd, *map(str, Path(cwd).parents)):
        path = os.path.join(folder, PROJECT_FILE)
        if (text := _text(path)) is not None:
            return ProjectFile(path, text)
    return ProjectFile(os.path.join(cwd, PROJECT_FILE))


def _text(path: str) -> str | None:
    """A file's text; None when there is none, when it is no plain file, or when it is another user's."""
    try:
        file = plainfiles.opened(path)
    except OSError:
        return None
    with file:
        if os.fstat(file.fileno()).st_uid not in (os.getuid(), 0):
            return None
        return file.read(MOST_BYTES).decode(errors="replace")
