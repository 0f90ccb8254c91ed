"""Git itself: what it is asked, and that a repository's own configuration runs nothing.

Not git's files (test_daemon_gitfiles.py).
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from lmem.daemon import git
from tests.unit.daemon.repositories import git as say
from tests.unit.daemon.repositories import repository


def test_the_first_commit_is_the_oldest_root(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    first = say(top, "rev-parse", "HEAD")
    say(top, "commit", "-q", "--allow-empty", "-m", "second")
    assert asyncio.run(git.first_commit(str(top))) == first
    say(tmp_path, "clone", "-q", str(top), str(tmp_path / "clone"))
    assert asyncio.run(git.first_commit(str(tmp_path / "clone"))) == first


def test_a_shallow_clone_does_not_know_its_root(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    say(top, "commit", "-q", "--allow-empty", "-m", "second")
    say(tmp_path, "clone", "-q", "--depth", "1", f"file://{top}", str(tmp_path / "shallow"))
    assert asyncio.run(git.first_commit(str(tmp_path / "shallow"))) is None


def test_the_default_branch_is_the_remotes(tmp_path: Path) -> None:
    top = repository(tmp_path / "api", branch="trunk")
    say(tmp_path, "clone", "-q", str(top), str(tmp_path / "clone"))
    say(tmp_path / "clone", "checkout", "-q", "-b", "feature/x")
    assert asyncio.run(git.default_branch(str(tmp_path / "clone"))) == "trunk"
    assert asyncio.run(git.default_branch(str(top))) is None
    other = repository(tmp_path / "other")
    say(top, "branch", "main")
    say(other, "remote", "add", "origin", str(top))
    say(other, "fetch", "-q")
    say(other, "remote", "set-head", "origin", "--delete")
    assert asyncio.run(git.default_branch(str(other))) == "main"


def test_no_repository_and_no_git_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asyncio.run(git.first_commit(str(tmp_path))) is None
    say(tmp_path, "init", "-q", "new")
    assert asyncio.run(git.first_commit(str(tmp_path / "new"))) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert asyncio.run(git.answer(str(tmp_path), "--version")) is None


def test_a_repository_that_does_not_answer_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = repository(tmp_path / "api")
    (top / ".git" / "config").unlink()
    os.mkfifo(top / ".git" / "config")
    monkeypatch.setattr(git, "QUICK_S", 0.1)
    began = time.monotonic()
    assert asyncio.run(git.first_commit(str(top))) is None
    assert asyncio.run(git.default_branch(str(top))) is None
    assert time.monotonic() - began < git.PATIENCE_S


def test_a_repositorys_configuration_runs_nothing(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    ran = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor", "core.sshCommand", "core.pager", "pager.rev-list", "pager.for-each-ref", "core.gitProxy",
        "diff.external", "gpg.program", "core.editor", "credential.helper", "alias.rev-list",
    ):  # fmt: skip
        say(top, "config", key, str(trap))
    say(top, "config", "remote.origin.url", f"ext::{trap}")
    say(top, "config", "remote.origin.promisor", "true")
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        (top / ".git" / "hooks" / hook).write_text(trap.read_text())
        (top / ".git" / "hooks" / hook).chmod(0o755)

    async def ask() -> None:
        assert await git.first_commit(str(top))
        await git.default_branch(str(top))
        await git.answer(str(top), "status", "--porcelain")
        await git.answer(str(top), "cat-file", "-p", "1" * 40)  # missing: a promisor's would be fetched

    asyncio.run(ask())
    assert not ran.exists()


def test_git_is_not_waited_for_longer_than_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 300\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(git, "PATIENCE_S", 0.1)
    began = time.monotonic()
    assert asyncio.run(git.answer(str(tmp_path), "rev-parse")) is None
    assert time.monotonic() - began < 15  # what is not patched waits 20


def test_output_is_fed_bounded_and_waited_for(tmp_path: Path) -> None:
    top = str(repository(tmp_path / "work"))
    head = say(Path(top), "rev-parse", "HEAD")
    fed = asyncio.run(git.output(top, "cat-file", "--batch", stdin=f"{head}\nnothing\n".encode() * 3000))
    assert fed is not None and fed.count(b"nothing missing") == 3000
    assert asyncio.run(git.output(top, "cat-file", "--batch", stdin=f"{head}\n".encode() * 9000, most=1)) is None
    (Path(top) / ".git" / "config").write_text('[alias]\n\twait = "!sleep 30"\n[core]\n\trepositoryformatversion = 0\n')
    assert asyncio.run(git.output(top, "wait", patience=0.2)) is None
