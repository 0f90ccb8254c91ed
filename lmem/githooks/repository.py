"""Where a repository's hooks are run from, as git itself says.

Not a reader of git's files and not for the daemon: it runs git as the user does, with the user's own configuration.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lmem.errors import InvalidInput, LmemError, NotFound

_KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES")
"""Variables of the user's git; the others belong to one repository or one run."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The working tree, the git directory that all of its working trees share, and the directory of its hooks.

    All absolute; `hooks_path` is core.hooksPath as it was written, '' when it is not set.
    """

    top: Path
    common: Path
    hooks: Path
    hooks_path: str

    @property
    def is_shared(self) -> bool:
        """Whether the hooks lie outside of the repository's git directory: others may run them too."""
        return not _resolved(self.hooks).is_relative_to(self.common)

    @property
    def in_tree(self) -> bool:
        """Whether the hooks lie among the files of the working tree."""
        return self.is_shared and _resolved(self.hooks).is_relative_to(_resolved(self.top))

    def tracks(self, file: Path) -> bool:
        """Whether a file belongs to the repository."""
        return _git(self.top, "ls-files", "--error-unmatch", "--", os.path.realpath(file)) is not None

    def ignores(self, file: Path) -> bool:
        """Whether git would never add a file by itself."""
        return _git(self.top, "check-ignore", "-q", "--", os.path.realpath(file)) is not None


def around(directory: Path) -> Repository:
    """The repository around a directory. Raises NotFound, InvalidInput, LmemError."""
    if not directory.is_dir():
        raise NotFound(f"There is no directory {directory}.", hint="Give the directory of a repository.")
    found = _git(directory, "rev-parse", "--git-common-dir")
    if found is None:
        raise NotFound(
            f"There is no repository around {directory}, or git does not trust it.",
            hint="Run 'git status' there to see what git says.",
        )
    top = _git(directory, "rev-parse", "--show-toplevel")
    if not top:
        raise InvalidInput(
            f"The repository {directory} has no working tree here, so nothing is committed in it.",
            hint="Go to a working tree of the repository.",
        )
    hooks = _git(Path(top), "rev-parse", "--git-path", "hooks") or ""
    common = os.path.realpath(directory / found)
    setting = _git(Path(top), "config", "--get", "core.hooksPath") or ""
    return Repository(Path(top), Path(common), Path(os.path.abspath(Path(top) / hooks)), setting)


def _git(directory: Path, *arguments: str) -> str | None:
    """What git says, without its line feed; None when it fails. Raises LmemError when there is no git."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    command = ["git", "-C", str(directory), "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError as err:
        raise LmemError("git is not installed.", hint="Install git, then try again.") from err
    return os.fsdecode(done.stdout.removesuffix(b"\n")) if done.returncode == 0 else None


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))
