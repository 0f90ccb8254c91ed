"""Whether a tracked file differs: what `git status` says, or nothing; never something else.

Not branch and commit (test_daemon_gitfiles.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lmem.daemon import gitconfig, gitfiles, gitindex, gitobjects
from tests.unit.daemon.repositories import git


@pytest.fixture(params=["sha1", "sha256"])
def top(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two commits, with names that sort differently in an index and in a tree."""
    monkeypatch.setattr(gitfiles, "BUDGET_S", 10.0)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(gitconfig, "_SYSTEM", tmp_path)
    top = tmp_path / "top"
    for folder in ("src/deep/er", "src/x.d"):
        (top / folder).mkdir(parents=True)
    git(top, "init", "-q", "-b", "main", f"--object-format={request.param}", ".")
    for name in ("src/m.py", "src/deep/er/file", "src.txt", "src-a"):
        (top / name).write_text("text")
    (top / "src/x.d/empty").touch()
    (top / "link").symlink_to("src")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "first")
    (top / "second").write_text("second")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "second")
    _wait(top)
    return top


def _wait(top: Path) -> None:
    """Until what is written is later than the index."""
    probe = top / ".git" / "probe"
    while True:
        probe.write_text("")
        if probe.stat().st_mtime_ns > (top / ".git" / "index").stat().st_mtime_ns:
            return


def _git_says(top: Path) -> bool:
    return bool(git(top, "--no-optional-locks", "status", "--porcelain", "--untracked-files=no"))


def _soft(top: Path) -> None:
    git(top, "reset", "-q", "--soft", "HEAD~1")


def _soft_packed(top: Path) -> None:
    _soft(top)
    git(top, "gc", "-q")


def _packed(top: Path) -> None:
    git(top, "gc", "-q")


def _soft_to_an_equal_tree(top: Path) -> None:
    git(top, "commit", "-q", "--allow-empty", "-m", "nothing")
    _soft(top)


def _other_branch(top: Path) -> None:
    git(top, "branch", "other", "HEAD~1")
    git(top, "symbolic-ref", "HEAD", "refs/heads/other")


def _staged_and_taken_back(top: Path) -> None:
    (top / "src.txt").write_text("longer text")
    git(top, "add", ".")
    (top / "src.txt").write_text("text")
    git(top, "add", ".")


def _new_and_taken_back(top: Path) -> None:
    (top / "new").touch()
    git(top, "add", "new")
    git(top, "reset", "-q", "--", "new")


def _executable(top: Path) -> None:
    (top / "src.txt").chmod(0o755)


def _executable_where_that_does_not_count(top: Path) -> None:
    git(top, "config", "core.fileMode", "false")
    (top / "src.txt").chmod(0o755)


def _for_the_group(top: Path) -> None:
    (top / "src.txt").chmod(0o664)


def _unlooked_at(top: Path) -> None:
    git(top, "read-tree", "HEAD")


def _filled(top: Path) -> None:
    (top / "src/x.d/empty").write_text("not any more")


def _intent_to_add(top: Path) -> None:
    (top / "new").touch()
    git(top, "add", "-N", "new")


def _assumed_but_staged(top: Path) -> None:
    (top / "src.txt").write_text("longer text")
    git(top, "add", ".")
    git(top, "update-index", "--assume-unchanged", "src.txt")


def _assumed(top: Path) -> None:
    git(top, "update-index", "--assume-unchanged", "src.txt")
    (top / "src.txt").write_text("longer text")


def _skipped(top: Path) -> None:
    git(top, "update-index", "--skip-worktree", "src.txt")
    (top / "src.txt").write_text("longer text")


def _sparse(top: Path) -> None:
    git(top, "sparse-checkout", "set", "src/deep")


def _sparse_changed(top: Path) -> None:
    _sparse(top)
    (top / "src/deep/er/file").chmod(0o755)


def _unmerged(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "other", "HEAD~1")
    for branch, text in (("other", "theirs"), ("main", "ours")):
        git(top, "checkout", "-q", branch)
        (top / "src.txt").write_text(text)
        git(top, "commit", "-q", "-a", "-m", text)
    with pytest.raises(subprocess.CalledProcessError):
        git(top, "merge", "other")


def _retargeted(top: Path) -> None:
    (top / "link").unlink()
    (top / "link").symlink_to("srx")


def _line_ends_of_another_size(top: Path) -> None:
    git(top, "config", "core.autocrlf", "true")
    (top / "src/m.py").write_bytes(b"text\r\n")


def _popped(top: Path) -> None:
    (top / "src.txt").write_text("longer text")
    git(top, "stash", "-q")
    git(top, "stash", "pop", "-q")


def _same_size_and_time(top: Path) -> None:
    written = (top / "src.txt").stat().st_mtime_ns
    (top / "src.txt").write_text("TEXT")
    os.utime(top / "src.txt", ns=(written, written))


TOLD = [
    _popped, _same_size_and_time,
    _soft, _soft_packed, _packed, _soft_to_an_equal_tree, _other_branch, _staged_and_taken_back, _new_and_taken_back,
    _executable, _executable_where_that_does_not_count, _for_the_group, _unlooked_at, _filled, _intent_to_add,
    _assumed_but_staged, _assumed, _skipped, _sparse, _sparse_changed, _unmerged, _retargeted,
    _line_ends_of_another_size,
]  # fmt: skip


@pytest.mark.parametrize("change", TOLD)
def test_it_is_what_git_says(top: Path, change: Callable[[Path], None]) -> None:
    change(top)
    assert gitfiles.context(str(top)).get("dirty") is _git_says(top)


def _split(top: Path) -> None:
    git(top, "update-index", "--split-index")


def _sparse_index(top: Path) -> None:
    git(top, "sparse-checkout", "set", "--sparse-index", "src/deep")


def _sparse_but_there(top: Path) -> None:
    _sparse(top)
    (top / "src/x.d").mkdir()
    (top / "src/x.d/empty").write_text("not any more")


def _line_ends(top: Path) -> None:
    git(top, "config", "core.autocrlf", "true")
    (top / "src.txt").write_bytes(b"a\r\nb\r\n")
    git(top, "commit", "-q", "-a", "-m", "as elsewhere")
    os.utime(top / "src.txt", (1, 1))


def _filtered(top: Path) -> None:
    git(top, "config", "filter.upper.clean", "tr a-z A-Z")
    (top / ".gitattributes").write_text("src.txt filter=upper\n")
    git(top, "add", "--renormalize", ".")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "filtered")
    os.utime(top / "src.txt", (1, 1))


def _touched_and_large(top: Path) -> None:
    (top / "large").write_bytes(bytes(9 << 20))
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "large")
    os.utime(top / "large", (1, 1))


def _large_index(top: Path) -> None:
    with (top / ".git/index").open("ab") as index:
        index.truncate(9 << 20)


def _no_index(top: Path) -> None:
    (top / ".git/index").unlink()


def _elsewhere(top: Path) -> None:
    shutil.copytree(top, top.parent / "elsewhere", ignore=lambda *_: [".git"], symlinks=True)
    git(top, "config", "core.worktree", str(top.parent / "elsewhere"))
    (top / "src.txt").unlink()


def _submodule_moved(top: Path) -> None:
    other = top.parent / "other"
    git(top.parent, "clone", "-q", str(top), str(other))
    git(top, "submodule", "-q", "add", str(other), "sub")
    git(top, "commit", "-q", "-m", "a submodule")
    git(top / "sub", "checkout", "-q", "HEAD~1")


def _borrowed(top: Path) -> None:
    (top / ".git/objects").rename(top.parent / "objects")
    (top / ".git/objects/info").mkdir(parents=True)
    (top / ".git/objects/info/alternates").write_text(f"{top.parent / 'objects'}\n")


def _same_size_with_attributes(top: Path) -> None:
    (top / "src/.gitattributes").write_text("*.none filter=none\n")
    (top / "src/m.py").write_text("TEXT")
    os.utime(top / "src/m.py", (1, 1))


def _filtered_by_the_user(top: Path) -> None:
    git(top, "config", "filter.upper.clean", "tr a-z A-Z")
    (top / ".git/info").mkdir(exist_ok=True)
    (top / ".git/info/attributes").write_text("src.txt filter=upper\n")
    (top / "src.txt").write_text("other text")
    git(top, "commit", "-q", "-a", "-m", "filtered")
    os.utime(top / "src.txt", (1, 1))


OPEN = [
    _same_size_with_attributes, _filtered_by_the_user,
    _split, _sparse_index, _sparse_but_there, _line_ends, _filtered, _touched_and_large, _large_index, _no_index,
    _elsewhere, _submodule_moved, _borrowed,
]  # fmt: skip


@pytest.mark.parametrize("change", OPEN)
def test_what_is_not_known_costs_neither_branch_nor_commit(top: Path, change: Callable[[Path], None]) -> None:
    change(top)
    assert gitfiles.context(str(top)) == {"branch": "main", "commit": git(top, "rev-parse", "HEAD")}


def test_a_change_within_the_moment_of_the_index_is_not_overlooked(top: Path) -> None:
    changed, index = top / "src.txt", top / ".git/index"
    written = changed.stat().st_mtime_ns
    os.utime(index, ns=(written, written))
    assert all(entry.modified_ns == -1 for entry in _read(top).entries if entry.file.endswith(b"src.txt"))
    assert gitfiles.context(str(top))["dirty"] is False, "its text was looked at"


def _read(top: Path) -> gitindex.Index:
    index = top / ".git/index"
    size = len(git(top, "rev-parse", "HEAD")) // 2
    return gitindex.read(top, index, size, 100, index.stat().st_mtime_ns, (0,))


def test_submodules_that_are_not_there_are_as_they_were(top: Path) -> None:
    _submodule_moved(top)
    git(top, "submodule", "-q", "deinit", "-f", "sub")
    assert gitfiles.context(str(top))["dirty"] is _git_says(top) is False


def test_a_git_directory_has_no_files(top: Path) -> None:
    git(top.parent, "clone", "-q", "--bare", str(top), "bare.git")
    assert "dirty" not in gitfiles.context(str(top.parent / "bare.git"))


def test_the_time_begins_before_the_index_is_read(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, contents = time.monotonic(), gitobjects.contents
    now = [begun]

    def slow(file: Path) -> bytes:
        now[0] += 11.0
        return contents(file)

    monkeypatch.setattr(gitobjects, "contents", slow)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    assert "dirty" not in gitfiles.context(str(top))
    assert gitfiles.context(str(top))["dirty"] is False, "the index is kept"
