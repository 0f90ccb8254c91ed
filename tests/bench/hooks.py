"""What a commit waits for lmem's hook, as git itself measures its child: from its start to its end.

Not the capture of the commit, for which nobody waits.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.harness import Home, Row, percentile

COMMITS = 300
GOAL = "p99 at most 20 ms"
_PERSON = {
    f"GIT_{who}_{what}": f"{what.lower()}@bench.example"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


class Work:
    """A repository whose commits are timed."""

    def __init__(self, directory: Path, home: Home) -> None:
        self.directory, self._home = directory, home
        self.commits: list[str] = []
        self.git("init", "-q", "--template=", ".")

    def git(self, *arguments: str, **more: str) -> str:
        """What git says there. Raises CalledProcessError."""
        environment = {
            **self._home.environ,
            **_PERSON,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **more,
        }
        return subprocess.run(
            ["git", *arguments], cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=True,
        ).stdout.strip()  # fmt: skip

    def lmem(self, *arguments: str) -> None:
        """The installed lmem, about this repository."""
        self._home.lmem(*arguments, str(self.directory))

    def time(self, commits: int) -> list[float]:
        """Seconds that each of so many commits waited for its post-commit hook."""
        trace = self.directory / ".git" / "trace"
        for number in range(commits):
            self.git("commit", "-q", "--allow-empty", "-m", f"change {number}", GIT_TRACE2_EVENT=str(trace))
            self.commits.append(self.git("rev-parse", "HEAD"))
        events = [json.loads(line) for line in trace.read_text().splitlines()]
        trace.unlink()
        hooks = {(e["sid"], e["child_id"]) for e in events if e.get("hook_name") == "post-commit"}
        taken = [e["t_rel"] for e in events if e["event"] == "child_exit" and (e["sid"], e["child_id"]) in hooks]
        assert len(taken) == commits, "a commit ran no hook"
        return taken


@contextmanager
def work(home: Home) -> Iterator[Work]:
    """A repository outside of the home, with lmem's hook."""
    with tempfile.TemporaryDirectory(prefix="lmem-work-", dir=home.path.parent) as directory:
        made = Work(Path(os.path.realpath(directory)), home)
        made.lmem("hook", "install")
        yield made


@contextmanager
def stopped(home: Home) -> Iterator[None]:
    """The home's daemon does nothing at all, and is none the wiser."""
    pid = int(json.loads(home.paths.daemon_file.read_text())["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def read_only(home: Home) -> Iterator[bool]:
    """Nothing can be written below the home; False where that cannot be had (root, and no mount)."""
    path = str(home.path)
    if os.geteuid() != 0:
        modes = {found: found.stat().st_mode for found in (home.path, *home.path.rglob("*")) if not found.is_symlink()}
        for found, mode in modes.items():
            found.chmod(mode & 0o7555)
        try:
            yield True
        finally:
            for found, mode in modes.items():
                found.chmod(mode)
        return
    if sys.platform != "linux" or subprocess.run(["mount", "--bind", path, path], check=False).returncode:
        yield False
        return
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", path], check=True)
        yield True
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def foreground(home: Home, commits: int = COMMITS) -> list[Row]:
    """The wait with the daemon running, stopped and down, and with a home that cannot be written."""
    home.start(vectors=False)
    with work(home) as repository:
        hook = repository.directory / ".git/hooks/post-commit"
        ours = hook.read_bytes()
        hook.write_text("#!/bin/sh\n")
        rows = [_row("a hook that does nothing", repository.time(commits), "")]
        hook.write_bytes(ours)
        rows.append(_row("daemon running", repository.time(commits)))
        with stopped(home):
            rows.append(_row("daemon stopped (SIGSTOP)", repository.time(commits)))
        home.stop()
        rows.append(_row("daemon down", repository.time(commits)))
        with read_only(home) as really:
            if really:
                rows.append(_row("home read-only", repository.time(commits)))
    return rows


def _row(what: str, seconds: list[float], goal: str = GOAL) -> Row:
    shown = {f"p{share} ms": percentile(seconds, share / 100) * 1000 for share in (50, 95, 99)}
    return Row(what, {**shown, "max ms": max(seconds) * 1000, "n": len(seconds)}, goal)
