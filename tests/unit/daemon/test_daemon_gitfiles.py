"""Git's files, read beside git itself: what both say of the same repository is equal.

Not the hooks.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lmem.daemon import gitconfig, gitfiles


def _git(directory: Path, *arguments: str) -> str:
    environment = {
        **os.environ, "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    command = ["git", "-C", str(directory), *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitfiles, "BUDGET_S", 10.0)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(gitconfig, "_SYSTEM", tmp_path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    (top / "src" / "deep").mkdir(parents=True)
    _git(tmp_path, "init", "-q", "-b", "feature/x", str(top))
    for number in range(30):
        (top / "src" / f"module_{number}.py").write_text(f"number = {number}\n")
    (top / "link").symlink_to("src")
    _git(top, "add", ".")
    _git(top, "commit", "-q", "-m", "first")
    return top


def _said(top: Path) -> dict[str, object]:
    return {
        "branch": _git(top, "rev-parse", "--abbrev-ref", "HEAD"),
        "commit": _git(top, "rev-parse", "HEAD"),
        "dirty": bool(_git(top, "status", "--porcelain", "--untracked-files=no")),
    }


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("change", ["none", "edit", "same-size", "touch", "remove", "stage", "untracked", "pack"])
def test_it_says_what_git_says(repository: Path, change: str, version: str) -> None:
    _git(repository, "update-index", "--index-version", version)
    changed = repository / "src" / "module_7.py"
    if change == "edit":
        changed.write_text("other\n")
    elif change == "same-size":
        changed.write_text("numbers= 7\n")
        os.utime(changed, (1, 1))
    elif change == "touch":
        os.utime(changed, (1, 1))
    elif change == "remove":
        changed.unlink()
    elif change == "stage":
        changed.write_text("other\n")
        _git(repository, "add", ".")
    elif change == "untracked":
        (repository / "new.py").write_text("new")
    elif change == "pack":
        _git(repository, "pack-refs", "--all")
    found = gitfiles.context(str(repository / "src" / "deep"))  # first: `git status` refreshes the index
    assert found == _said(repository)


def test_worktrees_detached_heads_and_first_commits(repository: Path, tmp_path: Path) -> None:
    _git(repository, "worktree", "add", "-q", "-b", "beside", str(tmp_path / "beside"))
    assert gitfiles.context(str(tmp_path / "beside")) == _said(tmp_path / "beside")
    _git(repository, "checkout", "-q", "--detach")
    found = gitfiles.context(str(repository))
    assert found == {"commit": _git(repository, "rev-parse", "HEAD"), "dirty": False}
    _git(tmp_path, "init", "-q", "-b", "main", str(tmp_path / "new"))
    assert gitfiles.context(str(tmp_path / "new")) == {"branch": "main", "dirty": False}
    (tmp_path / "new" / "file").write_text("text")
    _git(tmp_path / "new", "add", ".")
    assert gitfiles.context(str(tmp_path / "new")) == {"branch": "main", "dirty": True}


def test_more_files_than_time_leave_it_open(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitfiles, "BUDGET_S", -1.0)
    assert "dirty" not in gitfiles.context(str(repository))
    assert "commit" in gitfiles.context(str(repository))


def test_of_more_files_than_are_read_only_a_change_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "a").write_text("first")
    (repository / "b").write_text("last")
    _git(repository, "add", ".")
    _git(repository, "commit", "-q", "-m", "two files")
    monkeypatch.setattr(gitfiles, "MOST_FILES", 1)
    assert "dirty" not in gitfiles.context(str(repository))
    (repository / "b").write_text("behind the first")
    assert "dirty" not in gitfiles.context(str(repository))
    (repository / "a").write_text("before the others")
    assert gitfiles.context(str(repository))["dirty"] is True


@pytest.mark.parametrize("data", [b"", b"DIRC", b"DIRC\0\0\0\2\0\0\xff\xff", b"\xff" * 100])
def test_what_is_no_repository_is_none(repository: Path, tmp_path: Path, data: bytes) -> None:
    assert gitfiles.context(str(tmp_path)) == {}
    assert gitfiles.context("/proc/nothing/here") == {}
    (repository / ".git" / "index").write_bytes(data)
    assert gitfiles.context(str(repository)) == {"branch": "feature/x", "commit": _git(repository, "rev-parse", "HEAD")}
    (repository / ".git" / "HEAD").write_bytes(data)
    assert gitfiles.context(str(repository)) == {}
