"""Real repositories for tests.

Not a test.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(directory: Path, *arguments: str) -> str:
    """What git says there, as a user of whom it knows nothing."""
    environment = {
        **os.environ, "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    command = ["git", "-C", str(directory), "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def repository(directory: Path, remote: str | None = None, branch: str = "main") -> Path:
    """A new repository with one commit that no other has."""
    directory.mkdir(parents=True)
    git(directory, "init", "-q", "-b", branch, ".")
    (directory / "name").write_text(str(directory))
    git(directory, "add", ".")
    git(directory, "commit", "-q", "-m", f"the first of {directory}")
    if remote is not None:
        git(directory, "remote", "add", "origin", remote)
    return directory
