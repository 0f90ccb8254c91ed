"""hook install, uninstall and status at the terminal; no daemon is started for any of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.githooks.spool import FILE
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.terminal import Terminal
from tests.unit.daemon.repositories import git, repository


@pytest.fixture
def work(lmem: Terminal) -> Iterator[Path]:
    """A repository in the terminal's folder; whatever is done with its hooks, no daemon runs after it."""
    yield repository(lmem.folder / "work")
    assert not (lmem.home / "data").exists()


def test_a_life_of_a_hook(lmem: Terminal, work: Path) -> None:
    before = lmem.run("hook", "status", "work")
    assert before.status == 1
    assert before.out == f"Commits of {work} are not remembered: the hook is not installed.\n"
    assert before.err == "'lmem hook install' changes that.\n"
    dry = lmem.run("hook", "install", "work", "--dry-run")
    assert dry.out == f"Would write {work}/.git/hooks/post-commit.\n"
    assert not lmem.home.exists()
    done = lmem.run("hook", "install", "work")
    assert (done.status, done.out) == (0, f"Commits of {work} are remembered from now on.\n")
    assert done.err == "'lmem hook uninstall' takes that back.\n"
    assert lmem.run("hook", "install", "work").out == f"{work}/.git/hooks/post-commit is as it should be.\n"
    git(work, "commit", "-q", "--allow-empty", "-m", "b")
    found = lmem.run("hook", "status", "work")
    assert (found.status, found.out) == (0, f"Commits of {work} are remembered, by {work}/.git/hooks/post-commit.\n")
    assert found.err == "3 lines of hooks wait for the daemon.\n"
    assert lmem.run("hook", "uninstall", "work", "-n").out.startswith("Would take lmem's hook out of")
    assert lmem.run("hook", "uninstall", "work").out == f"Took lmem's hook out of {work}/.git/hooks/post-commit.\n"
    assert "nothing was done" in lmem.run("hook", "uninstall", "work").out


def test_json(lmem: Terminal, work: Path) -> None:
    hook = str(work / ".git/hooks/post-commit")
    known = {"repository": str(work / ".git"), "hook": hook}
    more = {"current": True, "kept_by": None, "waiting": 0}
    status = lmem.run("hook", "status", "work", "--json")
    assert status.status == 1
    assert '"installed": false' in status.out
    installed = {"action": "installed", **known, "notes": [], "dry_run": False}
    assert lmem.run("hook", "install", "work", "--json").json() == installed
    assert lmem.run("hook", "status", "work", "--json").json() == {**known, **more, "installed": True, "waiting": 1}
    assert lmem.run("hook", "uninstall", "work", "--json").json()["action"] == "removed"
    assert (lmem.home / "state/spool" / FILE).read_bytes().count(b"\n") == 2


def test_what_keeps_it_from_being_installed_is_said(lmem: Terminal, work: Path) -> None:
    outside = lmem.run("hook", "install", "--json")
    assert outside.status == 4
    assert outside.error()["code"] == "not_found"
    git(work, "config", "core.hooksPath", ".husky")
    done = lmem.run("hook", "install", "work")
    assert done.status == 5
    assert f"lmem: The hooks of {work} are kept by husky, so lmem does not change them." in done.err
    assert f"Add to {work}/.husky/post-commit:" in done.err
    assert f"[ ! -x '{lmem.home}/state/hooks/post-commit' ] || " in done.err
    kept = lmem.run("hook", "status", "work", "--json")
    assert kept.status == 1
    assert '"kept_by": "husky"' in kept.out


def test_a_hook_that_git_does_not_run_or_of_another_home_is_told_of(lmem: Terminal, work: Path) -> None:
    lmem.run("hook", "install", "work")
    other = lmem.run("hook", "status", "work", env={"LMEM_HOME": str(lmem.folder / "other")})
    assert other.status == 0
    assert "The hook is another lmem's or an older one's; 'lmem hook install' renews it." in other.err
    (work / ".git/hooks/post-commit").chmod(0o644)
    done = lmem.run("hook", "status", "work")
    assert done.status == 1
    assert "it is there, but git does not run it" in done.out


def test_a_backfill_says_what_takes_it_back(daemon: FakeDaemon, lmem: Terminal) -> None:
    repository(lmem.folder / "work")
    answer = {"commits": 5, "stored": 5, "project": "work", "branch": "main", "change_set": 9}
    daemon.answers["hook/backfill"] = lambda params: answer
    done = lmem.run("hook", "backfill", "work")
    assert done.out == "Stored 5 of 5 commits of main in the project work.\n"
    assert done.err == "'lmem undo 9' takes all of them back.\n"
    daemon.answers["hook/backfill"] = lambda params: {**answer, "stored": 0, "change_set": None}
    done = lmem.run("hook", "backfill", "work")
    assert (done.out, done.err) == ("Nothing to store: 5 commits of main had been stored before.\n", "")
