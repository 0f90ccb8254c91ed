"""Real repositories with hooks: a home for the spool, commits, and what each of them left.

Not a test.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lmem.githooks.spool import FILE, Hint, parse
from lmem.paths import Paths, paths

PERSON = {
    "AUTHOR_NAME": "a",
    "AUTHOR_EMAIL": "a@example.org",
    "COMMITTER_NAME": "a",
    "COMMITTER_EMAIL": "a@example.org",
}


@dataclass(frozen=True)
class Place:
    """A directory with an LMEM_HOME, a HOME for git and whatever repositories are made in it."""

    base: Path

    @property
    def paths(self) -> Paths:
        return paths({"LMEM_HOME": str(self.base / "home")})

    def git(self, directory: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """git there, as a user with no settings but those of this place. Raises CalledProcessError."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "LMEM_"))}
        person = {f"GIT_{name}": value for name, value in PERSON.items()}
        environment = {**kept, **person, "HOME": str(self.base), "GIT_CONFIG_NOSYSTEM": "1", **more}
        environment.pop("XDG_CONFIG_HOME", None)
        command = ["git", "-C", str(directory), "-c", "protocol.file.allow=always", *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True)

    def repository(self, name: str = "work") -> Path:
        """A new repository without a commit and without hooks."""
        made = self.base / name
        made.mkdir(parents=True)
        self.git(made, "init", "-q", "-b", "main", "--template=", ".")
        return made

    def commit(self, directory: Path, *arguments: str, **more: str) -> str:
        """A new commit there; its id."""
        self.git(directory, "commit", "-q", "--allow-empty", "-m", "a change", *arguments, **more)
        return self.git(directory, "rev-parse", "HEAD").stdout.strip()

    def hook_status(self, directory: Path) -> int:
        """Commit, and answer the exit status of the post-commit hook as git saw it."""
        trace = self.base / "trace"
        self.commit(directory, GIT_TRACE2_EVENT=str(trace))
        events = [json.loads(line) for line in trace.read_text().splitlines()]
        trace.unlink()
        (child,) = [event["child_id"] for event in events if event.get("hook_name") == "post-commit"]
        (status,) = [e["code"] for e in events if e["event"] == "child_exit" and e["child_id"] == child]
        return int(status)

    def hints(self) -> list[Hint]:
        """The spool's lines so far; each has to be one."""
        file = self.paths.spool / FILE
        found = [parse(line) for line in file.read_bytes().splitlines(keepends=True)] if file.exists() else []
        assert None not in found
        return [hint for hint in found if hint is not None]

    def noted(self) -> list[str]:
        """The commits in the spool."""
        return [hint.commit for hint in self.hints() if hint.commit.strip("0")]


def tree(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a directory: its mode and its bytes, of a link its target."""
    return {
        str(path.relative_to(directory)): (
            path.lstat().st_mode,
            os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes(),
        )
        for path in sorted(directory.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def script(file: Path, text: str, mode: int = 0o755) -> Path:
    """A hook or a program."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file
