"""Git's objects, read beside git itself: ids and trees are equal.

Not what is made of them (test_daemon_gitfiles_dirty.py).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from lmem.daemon import gitobjects
from tests.unit.daemon.repositories import git, repository


@pytest.fixture(params=["sha1", "sha256"])
def top(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A repository of a hundred commits, so that some share the beginning of their ids."""
    top = tmp_path / "top"
    top.mkdir()
    git(top, "init", "-q", "-b", "main", f"--object-format={request.param}", ".")
    for number in range(100):
        (top / "file").write_text(str(number))
        git(top, "add", "file")
        git(top, "commit", "-q", "-m", f"commit {number}")
    return top


@pytest.mark.parametrize("kept", ["loose", "packed", "packed with long offsets"])
def test_a_commits_tree_is_gits(top: Path, kept: str) -> None:
    trees = [line.split() for line in git(top, "log", "--format=%H %T").splitlines()]
    if kept != "loose":
        git(top, "repack", "-q", "-a", "-d", "--depth=0")
    if kept == "packed with long offsets":
        (pack,) = (top / ".git/objects/pack").glob("*.pack")
        pack.with_suffix(".idx").unlink()
        git(top, "index-pack", "--index-version=2,0x40", str(pack))
    assert [gitobjects.tree(top / ".git", commit) for commit, _ in trees] == [bytes.fromhex(tree) for _, tree in trees]
    assert gitobjects.tree(top / ".git", "0" * len(trees[0][0])) is None


def test_a_pack_may_keep_a_commit_as_a_difference(top: Path) -> None:
    trees = dict(line.split() for line in git(top, "log", "--format=%H %T").splitlines())
    git(top, "repack", "-q", "-a", "-d", "-f", "--depth=50")
    found = {commit: gitobjects.tree(top / ".git", commit) for commit in trees}
    assert all(tree in (None, bytes.fromhex(trees[commit])) for commit, tree in found.items())


def test_an_id_is_gits(tmp_path: Path) -> None:
    top = repository(tmp_path / "top")
    data = (top / "name").read_bytes()
    assert gitobjects.object_id(b"blob", data, 20).hex() == git(top, "hash-object", "name")


@pytest.mark.parametrize("size", [0, 4, 1050, 1100])
def test_a_damaged_pack_is_told(tmp_path: Path, size: int) -> None:
    top = repository(tmp_path / "top")
    commit = git(top, "rev-parse", "HEAD")
    git(top, "gc", "-q")
    (pack,) = (top / ".git/objects/pack").glob("*.pack")
    for file in (pack, pack.with_suffix(".idx")):
        file.chmod(0o600)
    pack.write_bytes(b"")
    with pytest.raises(IndexError):
        gitobjects.tree(top / ".git", commit)
    index = pack.with_suffix(".idx")
    index.write_bytes(index.read_bytes()[:size])
    with suppress(*gitobjects.UNREADABLE):
        assert gitobjects.tree(top / ".git", commit) is None
