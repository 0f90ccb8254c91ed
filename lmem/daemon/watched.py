"""The repositories that are watched, how far each log was read, and those that are left alone: one small file.

Not the logs (lmem.daemon.gitlogs). Losing the file costs nothing that is stored: a commit is never stored twice.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from lmem.daemon.gitlogs import Mark

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Repository:
    """One repository: since when it is watched, in seconds, and the marks of its logs."""

    since: int
    marks: dict[str, Mark] = field(default_factory=dict)


class Watched:
    """Repositories by their common git directory. It blocks on the disk when it is read and written."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.repositories: dict[str, Repository] = {}
        self.left: dict[str, int] = {}
        """Repositories whose hook was taken away, and when, in seconds: no line of a hook begins their watch again."""

    def read(self) -> None:
        """Read the file; one that is not there, or is damaged, holds nothing. Raises OSError."""
        try:
            stored = json.loads(self._file.read_bytes())
            left = {str(path): int(seconds) for path, seconds in stored.get("left", {}).items()}
            self.repositories = {path: _repository(item) for path, item in stored["repositories"].items()}
            self.left = left
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s is damaged: a repository is watched again after its next commit", self._file)

    def write(self) -> None:
        """Replace the file in one step. Raises OSError."""
        made = {
            path: {
                "since": item.since,
                "logs": {name: [mark.inode, mark.end, mark.commit, mark.seconds] for name, mark in item.marks.items()},
            }
            for path, item in self.repositories.items()
        }
        new = self._file.with_name(f".{self._file.name}.new")
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "w") as file:
            json.dump({"repositories": made, "left": self.left}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)


def _repository(item: dict[str, object]) -> Repository:
    since, logs = item["since"], item["logs"]
    if not isinstance(since, int) or not isinstance(logs, dict):
        raise ValueError("not a repository")
    return Repository(since, {str(name): Mark(*mark) for name, mark in logs.items()})
