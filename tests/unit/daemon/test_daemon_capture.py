"""The watch over commits: the spool, the logs of real repositories, and what is asked of the recorder.

Not the storing (test_service_capture.py), and not the whole of it (tests/integration/test_product_commits.py).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from lmem.daemon import capture
from lmem.daemon.capture import Watch
from lmem.daemon.recorder import Recorder
from lmem.daemon.spooled import Spooled
from lmem.daemon.watched import Watched
from lmem.domain.reflogs import Rebase
from lmem.errors import StoreUnavailable
from lmem.githooks.spool import FILE, TAKEN_AWAY, Hint, append
from tests.unit.daemon.repositories import git, repository


class Kept(Recorder):
    """A recorder that only remembers; it fails while `fails` is set."""

    def __init__(self) -> None:
        self.commits: list[str] = []
        self.branches: dict[str, str | None] = {}
        self.pairs: list[tuple[str, str]] = []
        self.rebases: list[Rebase] = []
        self.fails = False

    async def record(  # type: ignore[override]
        self, common: str, branches: Mapping[str, str | None]
    ) -> int:
        if self.fails:
            raise StoreUnavailable("It is away.")
        self.commits += branches
        self.branches |= branches
        return len(branches)

    async def amended(self, common: str, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs += pairs

    async def rebased(self, common: str, rebase: Rebase) -> None:
        self.rebases.append(rebase)


class Scene:
    """A repository, a spool and the watch over both."""

    def __init__(self, base: Path) -> None:
        self.base, self.spool, self.kept = base, base / "spool", Kept()
        self.top = repository(base / "work")
        self.watch = self.again()

    def again(self) -> Watch:
        """A watch as after a restart of the daemon."""
        self.watch = Watch(self.spool, self.base / "repositories.json", self.kept)
        self.watch._watched.read()
        return self.watch

    def commit(self, text: str, hooked: bool = True) -> str:
        git(self.top, "commit", "-q", "--allow-empty", "-m", text)
        sha = git(self.top, "rev-parse", "HEAD")
        if hooked:
            self.tell(sha)
        return sha

    def tell(self, commit: str, seconds: int = 0) -> None:
        append(self.spool, Hint(seconds, self.top / ".git", commit))

    def turn(self) -> list[str]:
        """What one turn stored."""
        before = len(self.kept.commits)
        asyncio.run(self.watch.turn())
        return self.kept.commits[before:]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_commits_before_the_first_that_is_told_are_not_asked_for(scene: Scene) -> None:
    sha = scene.commit("one")
    assert scene.turn() == [sha]
    assert scene.turn() == []


def test_what_no_hook_told_is_healed_and_survives_a_restart(scene: Scene) -> None:
    first = scene.commit("one")
    assert scene.turn() == [first]
    missed = scene.commit("two", hooked=False)
    assert scene.turn() == [missed]
    later = scene.commit("three", hooked=False)
    scene.again()
    assert scene.turn() == [later]


def test_a_log_that_git_wrote_anew_is_read_on_where_it_was(scene: Scene) -> None:
    scene.commit("one")
    scene.turn()
    log = scene.top / ".git" / "logs" / "HEAD"
    rest = log.read_bytes().splitlines(keepends=True)[1:]
    log.rename(log.with_name("old"))
    log.write_bytes(b"".join(rest))
    sha = scene.commit("two", hooked=False)
    assert scene.turn() == [sha]


def test_a_repository_without_logs_has_what_hooks_tell(scene: Scene) -> None:
    git(scene.top, "config", "core.logAllRefUpdates", "false")
    (scene.top / ".git" / "logs" / "HEAD").unlink()
    sha = scene.commit("one")
    assert scene.turn() == [sha]


def test_a_line_is_done_only_when_its_commit_is_stored(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "RETRY_S", 0.0)
    sha = scene.commit("one")
    scene.kept.fails = True
    assert scene.turn() == []
    scene.again()
    assert scene.turn() == []
    scene.kept.fails = False
    assert scene.turn() == [sha]


def test_one_repository_that_is_gone_holds_up_no_other(scene: Scene) -> None:
    append(scene.spool, Hint(0, scene.base / "nowhere" / ".git", "a" * 40))
    sha = scene.commit("one")
    assert scene.turn() == [sha]


def test_an_amended_commit_and_a_worktree(scene: Scene) -> None:
    first = scene.commit("one")
    scene.turn()
    git(scene.top, "commit", "-q", "--amend", "--allow-empty", "-m", "better")
    git(scene.top, "worktree", "add", "-q", "-b", "topic", str(scene.base / "beside"))
    git(scene.base / "beside", "commit", "-q", "--allow-empty", "-m", "beside")
    beside, better = git(scene.base / "beside", "rev-parse", "HEAD"), git(scene.top, "rev-parse", "HEAD")
    assert set(scene.turn()) == {better, beside}
    assert scene.kept.pairs == [(first, better)]
    assert (scene.kept.branches[better], scene.kept.branches[beside]) == ("main", "topic")


def test_a_repository_is_left_alone_after_its_hook_is_gone(scene: Scene) -> None:
    first = scene.commit("one")
    scene.tell(TAKEN_AWAY, 1)
    scene.commit("two", hooked=False)
    assert scene.turn() == [first]
    scene.commit("three", hooked=False)
    assert scene.turn() == []
    assert scene.watch._watched.repositories == {}


def test_a_damaged_file_of_what_is_watched_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "repositories.json"
    for text in ("", "[]", '{"repositories": {"/x": {"since": "a", "logs": {}}}}', '{"repositories": {"/x": []}}'):
        file.write_text(text)
        watched = Watched(file)
        watched.read()
        assert watched.repositories == {}


def test_lines_that_come_while_the_spool_is_taken_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hint(letter: str) -> Hint:
        return Hint(0, tmp_path, letter * 40)

    spooled = Spooled(tmp_path)
    assert not spooled.has_news()
    append(tmp_path, hint("a"))
    late = os.open(tmp_path / FILE, os.O_WRONLY | os.O_APPEND)
    assert spooled.take() == [hint("a")]
    spooled.done([hint("a")])
    os.write(late, b"v1\t0\t/x\t\nno line\nv1\t0\t/half")  # by a hook that had it open
    os.close(late)
    append(tmp_path, hint("b"))
    assert spooled.take() == [Hint(0, Path("/x"), ""), hint("b")]
    monkeypatch.setattr("lmem.daemon.spooled.KEPT_S", 0.0)
    spooled.done([Hint(0, Path("/x"), ""), hint("b")])
    assert list(tmp_path.iterdir()) == []
    assert not spooled.has_news()


def test_an_earlier_daemons_file_is_taken_too(tmp_path: Path) -> None:
    append(tmp_path, Hint(0, tmp_path, "a" * 40))
    Spooled(tmp_path).take()
    append(tmp_path, Hint(0, tmp_path, "b" * 40))
    assert [hint.commit[0] for hint in Spooled(tmp_path).take()] == ["a", "b"]
