"""300 commits in every state of the daemon: none waits for it, and each is remembered exactly once in the end."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.bench.harness import Home, percentile
from tests.bench.hooks import COMMITS, read_only, stopped, work

pytestmark = pytest.mark.soak
LIMIT_S = 0.020
PATIENCE_S = 120.0


def test_no_commit_waits_and_none_is_lost(tmp_path: Path, model_dir: Path) -> None:
    home = Home(tmp_path / "home", {"LMEM_MODEL_DIR": str(model_dir)})
    home.path.mkdir()
    try:
        home.start(vectors=False)
        with work(home) as repository:
            taken = {"running": repository.time(COMMITS)}
            with stopped(home):
                taken["stopped"] = repository.time(COMMITS)
            home.stop()
            taken["down"] = repository.time(COMMITS)
            with read_only(home) as really:
                if really:
                    taken["read only"] = repository.time(COMMITS)
            home.start(vectors=False)
            wanted = Counter(repository.commits)
            until = time.monotonic() + PATIENCE_S
            while (found := remembered(home)) != wanted and time.monotonic() < until:
                time.sleep(0.5)
            assert not wanted - found, f"{(wanted - found).total()} of {wanted.total()} commits are not remembered"
            assert not found - wanted, "a commit is remembered more than once"
    finally:
        home.stop()
    slowest = {what: percentile(seconds, 0.99) for what, seconds in taken.items()}
    assert all(seconds < LIMIT_S for seconds in slowest.values()), slowest


def remembered(home: Home) -> Counter[str]:
    """The commits that have memories, each as often as it has."""
    with closing(sqlite3.connect(f"file:{home.paths.database}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT external_id FROM memories WHERE source_tool = 'git.post-commit'")
        return Counter(str(commit) for (commit,) in rows)
