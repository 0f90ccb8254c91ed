"""The watch over commits: the spool, the logs of real repositories, and what is asked of the recorder.

Not the storing (test_service_capture.py), and not the whole of it (tests/integration/test_product_commits.py).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lmem.daemon import capture, gitlogs
from lmem.daemon.capture import Watch
from lmem.daemon.gitlogs import News
from lmem.daemon.recorder import Recorder
from lmem.daemon.spooled import Spooled
from lmem.daemon.watched import Watched
from lmem.domain.reflogs import Rebase, entries
from lmem.errors import StoreUnavailable
from lmem.githooks.spool import FILE, TAKEN_AWAY, Hint, append
from tests.unit.daemon.repositories import git, repository


class Kept(Recorder):
    """A recorder that only remembers, each commit once; it fails while `fails` is set."""

    def __init__(self) -> None:
        self.commits: list[str] = []
        self.branches: dict[str, str | None] = {}
        self.pairs: list[tuple[str, str]] = []
        self.rebases: list[Rebase] = []
        self.fails, self.tries = False, 0

    async def record(  # type: ignore[override]
        self, common: str, branches: Mapping[str, str | None]
    ) -> int:
        self.tries += 1
        if self.fails:
            raise StoreUnavailable("It is away.")
        new = [sha for sha in branches if sha not in self.commits]
        self.commits += new
        self.branches |= branches
        return len(new)

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

    def second(self) -> int:
        """That of the last entry of the log."""
        return entries((self.top / ".git" / "logs" / "HEAD").read_bytes())[-1].seconds

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


def test_a_commit_in_the_log_before_its_hook_has_told_of_it_is_stored_when_it_does(scene: Scene) -> None:
    """The log is read for the first time between git's line in it and the hook's in the spool, in the second of the
    installation: what was made in that second before the hook was there is not wanted, and this cannot be told yet.
    """
    first, amended = scene.commit("one", hooked=False), ""
    git(scene.top, "commit", "-q", "--amend", "--allow-empty", "-m", "better")
    amended = git(scene.top, "rev-parse", "HEAD")
    scene.tell("", scene.second())
    assert scene.turn() == []
    scene.tell(first)
    scene.tell(amended)
    assert scene.turn() == [first, amended]
    assert scene.kept.pairs == [(first, amended)]
    assert scene.turn() == []


def test_a_step_of_a_rebase_that_is_over_is_no_commit_when_its_hook_tells_late(scene: Scene) -> None:
    first = scene.commit("one")
    assert scene.turn() == [first]
    git(scene.top, "switch", "-q", "-c", "topic", "HEAD~1")
    topic = scene.commit("topic")
    git(scene.top, "-c", "core.editor=true", "rebase", "-q", "main")
    step = git(scene.top, "rev-parse", "HEAD")
    assert scene.turn() == [topic]
    assert [rebase.made for rebase in scene.kept.rebases] == [(step,)]
    scene.tell(step)
    assert scene.turn() == []


def test_a_log_that_is_another_in_the_same_place_is_read_from_where_it_was(scene: Scene) -> None:
    scene.commit("one")
    scene.turn()
    log = scene.top / ".git" / "logs" / "HEAD"
    rest = log.read_bytes().splitlines(keepends=True)[1:]
    sha = scene.commit("two", hooked=False)
    more = scene.commit("three" + "." * 500, hooked=False)
    added = log.read_bytes().splitlines(keepends=True)[2:]
    log.write_bytes(b"".join([*rest, *added]))  # of the same inode, and longer than what was read
    assert scene.turn() == [sha, more]


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


def test_a_repository_whose_disk_hangs_keeps_no_other_waiting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, news, is_file = threading.Event(), gitlogs.news, Path.is_file
    stuck, other = scene.top / ".git", repository(scene.base / "other")
    on_the_loop: list[Path] = []

    def hanging(common: Path, *rest: Any) -> list[News]:
        if common == stuck:
            answers.wait(60)
        return news(common, *rest)

    def noted(path: Path) -> bool:
        if threading.current_thread() is threading.main_thread():
            on_the_loop.append(path)
        return is_file(path)

    monkeypatch.setattr(gitlogs, "news", hanging)
    monkeypatch.setattr(Path, "is_file", noted)
    monkeypatch.setattr(capture, "PATIENCE_S", 1.0)
    monkeypatch.setattr(capture, "FIRST_RETRY_S", 0.0)
    monkeypatch.setattr(capture, "RETRY_S", 0.0)
    late, there = scene.commit("one"), git(other, "rev-parse", "HEAD")
    append(scene.spool, Hint(0, other / ".git", there))

    async def run() -> None:
        while scene.kept.commits != [there]:
            await scene.watch.turn()
        monkeypatch.setattr(capture, "PATIENCE_S", 20.0)
        answers.set()
        while late not in scene.kept.commits:
            await scene.watch.turn()

    asyncio.run(asyncio.wait_for(run(), 60))
    assert not on_the_loop


def test_a_pipe_in_the_spool_is_not_waited_for(scene: Scene) -> None:
    sha = scene.commit("one")
    os.mkfifo(scene.spool / f"{FILE}.1")
    stored: list[str] = []
    turning = threading.Thread(target=lambda: stored.extend(scene.turn()), daemon=True)
    turning.start()
    turning.join(20)
    assert stored == [sha]


def test_a_line_is_done_only_when_its_commit_is_stored(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "RETRY_S", 0.0)
    sha = scene.commit("one")
    scene.kept.fails = True
    assert scene.turn() == []
    scene.again()
    assert scene.turn() == []
    scene.kept.fails = False
    assert scene.turn() == [sha]


def test_what_was_not_stored_is_tried_again_soon_and_then_less_often(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("lmem.daemon.capture.time.monotonic", lambda: now)
    scene.commit("one")
    scene.kept.fails = True
    waits = []
    for _ in range(8):
        before, tries = now, scene.kept.tries
        while scene.kept.tries == tries:
            scene.turn()
            now += 0.5
        waits.append(now - 0.5 - before)
    assert waits == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 29.5, 29.5]
    scene.kept.fails = False
    now += 60
    assert len(scene.turn()) == 1


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


@pytest.mark.parametrize("restarts", [False, True])
def test_a_line_that_lands_after_the_hook_is_gone_begins_no_watch(scene: Scene, restarts: bool) -> None:
    first = scene.commit("one")
    assert scene.turn() == [first]
    late = scene.commit("its hook is running yet", hooked=False)
    scene.tell(TAKEN_AWAY, scene.second())
    assert scene.turn() == []
    if restarts:
        scene.again()
    for hint in (late, ""):
        scene.tell(hint)
        assert scene.turn() == ([late] if hint else []), "it was made before"
        assert scene.watch._watched.repositories == {}
    scene.commit("three", hooked=False)
    assert scene.turn() == []


def test_a_commit_that_was_made_after_the_hook_was_taken_away_is_nobodys(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.commit("one")
    scene.tell(TAKEN_AWAY, scene.second())
    assert len(scene.turn()) == 1
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{scene.second() + 5} +0000")
    scene.commit("of a hook that somebody kept elsewhere")
    assert scene.turn() == [] and not scene.watch._spooled._waiting.get(scene.spool / FILE)
    installed = scene.second()
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{installed + 5} +0000")
    scene.tell("", installed)
    after = scene.commit("watched again", hooked=False)
    assert scene.turn() == [after]
    assert scene.watch._watched.left == {} and len(scene.watch._watched.repositories) == 1


def test_lines_after_the_one_of_a_removal_change_nothing_in_the_same_turn(scene: Scene) -> None:
    first = scene.commit("one", hooked=False)
    scene.tell(TAKEN_AWAY, scene.second())
    scene.tell(first)
    assert scene.turn() == [first]
    assert scene.watch._watched.repositories == {} and len(scene.watch._watched.left) == 1


def test_a_repository_that_is_not_there_is_left_all_the_same(scene: Scene) -> None:
    scene.commit("one")
    assert len(scene.turn()) == 1
    scene.tell(TAKEN_AWAY, scene.second())
    scene.top.rename(scene.base / "away")
    assert scene.turn() == []
    (scene.base / "away").rename(scene.top)
    scene.commit("two", hooked=False)
    assert scene.turn() == [] and scene.watch._watched.repositories == {}


def test_a_hook_that_was_put_back_in_the_same_second_is_there(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for commit in ("", TAKEN_AWAY, ""):
        scene.tell(commit, scene.second())
    assert scene.turn() == []
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{scene.second() + 5} +0000")
    merged = scene.commit("a merge, say", hooked=False)
    assert scene.turn() == [merged]


def test_a_damaged_file_of_what_is_watched_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "repositories.json"
    for text in ("", "[]", '{"repositories": {"/x": {"since": "a", "logs": {}}}}', '{"repositories": {"/x": []}}',
                 '{"repositories": {}, "left": {"/x": "a"}}', '{"repositories": {}, "left": 1}'):  # fmt: skip
        file.write_text(text)
        watched = Watched(file)
        watched.read()
        assert watched.repositories == {} and watched.left == {}


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
    spooled.done([Hint(0, Path("/x"), ""), hint("b")])
    assert spooled.take() == [] and spooled.has_news() and list(tmp_path.iterdir())
    monkeypatch.setattr("lmem.daemon.spooled.KEPT_S", 0.0)
    assert spooled.take() == []  # the next look lets go of them, without a line to do
    assert list(tmp_path.iterdir()) == []
    assert not spooled.has_news()


def test_an_earlier_daemons_file_is_taken_too(tmp_path: Path) -> None:
    append(tmp_path, Hint(0, tmp_path, "a" * 40))
    Spooled(tmp_path).take()
    append(tmp_path, Hint(0, tmp_path, "b" * 40))
    assert [hint.commit[0] for hint in Spooled(tmp_path).take()] == ["a", "b"]
