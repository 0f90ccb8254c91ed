"""A commit waits for nobody: the hook with the daemon running, stopped and down, and with a home that is read only.

Not what becomes of the commits. The soak test of the same name has 300 of each and the 99th of a hundred.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.githooks.spool import FILE, parse
from tests.bench.harness import Home, percentile
from tests.bench.hooks import read_only, stopped, work

COMMITS = 15
LIMIT_S = 0.020


@pytest.fixture
def home(tmp_path: Path, model_dir: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home", {"LMEM_MODEL_DIR": str(model_dir)})
    made.path.mkdir()
    yield made
    made.stop()


def spooled(home: Home) -> list[str]:
    """The commits that wait in the spool."""
    lines = (home.paths.spool / FILE).read_bytes().splitlines(keepends=True)
    return [hint.commit for hint in map(parse, lines) if hint is not None and hint.commit]


def test_a_commit_waits_for_no_daemon(home: Home) -> None:
    home.start(vectors=False)
    with work(home) as repository:
        taken = {"running": repository.time(COMMITS)}
        with stopped(home):
            before = len(repository.commits)
            taken["stopped"] = repository.time(COMMITS)
            assert spooled(home)[-COMMITS:] == repository.commits[before:]
        home.stop()
        (home.paths.spool / FILE).unlink(missing_ok=True)
        before = len(repository.commits)
        taken["down"] = repository.time(COMMITS)
        assert spooled(home) == repository.commits[before:]
        with read_only(home) as really:
            if really:
                taken["read only"] = repository.time(COMMITS)
                assert len(spooled(home)) == COMMITS, "the home could be written"
    middles = {what: percentile(seconds, 0.5) for what, seconds in taken.items()}
    assert all(middle < LIMIT_S for middle in middles.values()), middles
