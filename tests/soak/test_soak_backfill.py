"""A backfill of 3,000 commits on the whole product: its rate, and a second run that adds nothing."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path

import pytest

from tests.bench.harness import installed
from tests.soak.kit import Daemon

pytestmark = pytest.mark.soak

COMMITS = 3_000
LEAST = 100
"""Commits a second, stored."""
WORDS = ("parser", "index", "cache", "socket", "token", "branch", "merge", "query", "vector", "daemon", "hook", "lock")


def _history(top: Path, commits: int) -> None:
    """A repository of generated commits, each with a message of some lines and one to four files."""
    pick, parts = random.Random(1), list[bytes]()
    for number in range(commits):
        subject = f"Change the {pick.choice(WORDS)} of the {pick.choice(WORDS)} {number}"
        message = f"{subject}\n\n{' '.join(pick.choices(WORDS, k=30))}".encode()
        date = 1_700_000_000 + 600 * number
        parts.append(b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\n" % date)
        parts.append(b"data %d\n%s\n" % (len(message), message))
        for _ in range(pick.randint(1, 4)):
            text = "\n".join(pick.choices(WORDS, k=20)).encode()
            parts.append(b"M 100644 inline src/f%d.py\ndata %d\n%s\n" % (pick.randrange(200), len(text), text))
    subprocess.run(["git", "init", "-q", "-b", "main", str(top)], check=True)
    subprocess.run(["git", "-C", str(top), "fast-import", "--quiet"], input=b"".join(parts), check=True)


def test_three_thousand_commits(daemon: Daemon, tmp_path: Path) -> None:
    top = tmp_path / "long"
    _history(top, COMMITS)

    def backfill() -> tuple[dict[str, object], float]:
        start = time.perf_counter()
        done = subprocess.run(
            [installed(), "hook", "backfill", str(top), "--json"], env=daemon.home.environ, cwd=top,
            capture_output=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout), time.perf_counter() - start

    first, seconds = backfill()
    print(f"\n{COMMITS / seconds:.0f} commits a second")
    assert (first["commits"], first["stored"]) == (COMMITS, COMMITS)
    assert COMMITS / seconds >= LEAST
    again, _ = backfill()
    assert (again["commits"], again["stored"]) == (COMMITS, 0)
