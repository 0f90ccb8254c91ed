"""Places of real repositories: worktrees, clones, submodules, and what is none.

Not the projects of places (test_service_scopes.py).
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from lmem.config import PROJECT_FILE
from lmem.daemon import places
from lmem.daemon.gitfiles import context
from lmem.daemon.lookups import Lookups
from lmem.daemon.places import Places, look
from lmem.domain.scope import Place
from lmem.errors import LmemError
from tests.unit.daemon.repositories import git, repository


def test_a_repository_is_told_by_its_files(tmp_path: Path) -> None:
    top = repository(tmp_path / "api", "https://ada:hunter2@Example.org/Ada/Api.git", "trunk")
    (top / "deep" / "er").mkdir(parents=True)
    found = look(str(top / "deep" / "er"))
    assert (found.cwd, found.top, found.common_dir) == (str(top / "deep" / "er"), str(top), str(top / ".git"))
    assert (found.remote, found.branch) == ("example.org/Ada/Api", "trunk")
    assert found.commit == found.root_commit == git(top, "rev-parse", "HEAD")
    assert "hunter2" not in repr(found)


def test_all_worktrees_share_the_common_directory(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    git(top, "worktree", "add", "-q", "-b", "beside", str(tmp_path / "beside"))
    main, beside = look(str(top)), look(str(tmp_path / "beside"))
    assert beside.identities == main.identities
    assert (beside.top, beside.branch) == (str(tmp_path / "beside"), "beside")


def test_a_bare_repository_with_worktrees(tmp_path: Path) -> None:
    origin = repository(tmp_path / "api")
    git(tmp_path, "clone", "-q", "--bare", str(origin), str(tmp_path / "all" / ".bare"))
    git(tmp_path / "all" / ".bare", "worktree", "add", "-q", str(tmp_path / "all" / "main"), "main")
    found = look(str(tmp_path / "all" / "main"))
    assert (found.common_dir, found.remote) == (str(tmp_path / "all" / ".bare"), str(origin / ".git"))


def test_a_local_clone_knows_where_it_came_from(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    git(tmp_path, "clone", "-q", str(top), str(tmp_path / "clone"))
    git(tmp_path, "clone", "-q", "--bare", str(top), str(tmp_path / "bare.git"))
    git(tmp_path, "clone", "-q", str(tmp_path / "bare.git"), str(tmp_path / "other"))
    assert look(str(tmp_path / "clone")).remote == look(str(top)).common_dir
    assert look(str(tmp_path / "clone")).root_commit is None
    assert look(str(tmp_path / "other")).remote == str(tmp_path / "bare.git")


def test_origin_comes_before_other_remotes(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    git(top, "remote", "add", "alpha", "git@example.org:first/api")
    assert look(str(top)).remote == "example.org/first/api"
    git(top, "remote", "add", "origin", "git@example.org:mine/api")
    assert look(str(top)).remote == "example.org/mine/api"


def test_a_submodule_is_a_repository_of_its_own(tmp_path: Path) -> None:
    top, part = repository(tmp_path / "api"), repository(tmp_path / "part")
    git(top, "submodule", "--quiet", "add", str(part), "part")
    found = look(str(top / "part"))
    assert (found.top, found.common_dir) == (str(top / "part"), str(top / ".git" / "modules" / "part"))


def test_a_link_leads_to_the_same_place(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    (tmp_path / "link").symlink_to(top)
    assert look(str(tmp_path / "link")).identities == look(str(top)).identities


def test_before_the_first_commit_there_is_a_place(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "new")
    found = look(str(tmp_path / "new"))
    assert (found.branch, found.commit, found.root_commit) == ("main", None, None)
    assert found.common_dir == str(tmp_path / "new" / ".git")


@pytest.mark.parametrize("head", [b"", b"\xff" * 100, b"gitdir: /nowhere"])
def test_what_is_no_repository_is_a_directory(tmp_path: Path, head: bytes) -> None:
    assert look(str(tmp_path)).common_dir is None
    assert look("/proc/nothing/here") == Place("/proc/nothing/here", file=look("/proc/nothing/here").file)
    (tmp_path / ".git").write_bytes(head)
    assert look(str(tmp_path)).common_dir is None


def test_a_place_is_looked_at_once_in_two_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def counted(cwd: str) -> Place:
        looks.append(cwd)
        return Place(cwd)

    monkeypatch.setattr(places, "look", counted)

    async def scenario() -> None:
        known = Places(Lookups())
        await asyncio.gather(*(known.of("/a") for _ in range(5)))
        await known.of("/a")
        assert looks == ["/a"]
        await known.of("/a", fresh=True)
        await known.of("/b")
        assert looks == ["/a", "/a", "/b"]
        monkeypatch.setattr(places, "KEPT_S", -1.0)
        await known.of("/c")
        await known.of("/c")
        assert looks[3:] == ["/c", "/c"]

    asyncio.run(scenario())


def test_a_disk_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    looks = []

    def stuck(cwd: str) -> Place:
        looks.append(cwd)
        answers.wait(5)
        return Place(cwd, top="/late")

    monkeypatch.setattr(places, "look", stuck)
    monkeypatch.setattr(places, "PATIENCE_S", 0.01)

    async def scenario() -> None:
        known = Places(Lookups())
        began = time.monotonic()
        assert [await known.of("/a", fresh=True) for _ in range(3)] == [Place("/a", is_known=False)] * 3
        assert time.monotonic() - began < 2
        assert looks == ["/a"], "one thread waits, not three"
        answers.set()
        while (await known.of("/a", fresh=True)).top is None:
            await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_what_is_stored_waits_for_a_slow_disk_and_is_refused_by_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = threading.Event()

    def stuck(cwd: str) -> Place:
        answers.wait(20)
        return Place(cwd, top="/late", common_dir="/late/.git")

    monkeypatch.setattr(places, "look", stuck)
    monkeypatch.setattr(places, "PATIENCE_S", 0.01)
    monkeypatch.setattr(places, "SURE_S", 0.02)

    async def scenario() -> None:
        known = Places(Lookups())
        with pytest.raises(LmemError, match="The disk of /a does not answer, so nothing was stored"):
            await known.surely("/a")
        monkeypatch.setattr(places, "SURE_S", 20.0)
        late = asyncio.ensure_future(known.surely("/a"))
        assert not (await known.of("/a")).is_known
        answers.set()
        assert (await late).top == (await known.of("/a")).top == "/late", "what came late counts at once"

    asyncio.run(scenario())


def test_a_repository_is_where_it_was_when_its_disk_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    seen = {"/a": Place("/a", top="/a", common_dir="/a/.git"), "/b": Place("/b")}

    def stuck(cwd: str) -> Place:
        answers.wait(20)
        return Place(cwd)

    async def scenario() -> None:
        known = Places(Lookups())
        monkeypatch.setattr(places, "look", seen.__getitem__)
        assert [await known.surely(cwd) for cwd in ("/a", "/b")] == list(seen.values())
        monkeypatch.setattr(places, "look", stuck)
        monkeypatch.setattr(places, "PATIENCE_S", 0.01)
        monkeypatch.setattr(places, "SURE_S", 0.02)
        assert await known.surely("/a", fresh=True) == seen["/a"]
        with pytest.raises(LmemError, match="The disk of /b does not answer"):
            await known.surely("/b", fresh=True)  # it may be a repository by now
        answers.set()

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["config", "HEAD", "packed-refs", "logs/HEAD", "commondir", "index"])
def test_a_pipe_among_gits_files_is_not_waited_for(tmp_path: Path, name: str) -> None:
    top = repository(tmp_path / "api")
    (top / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(top / ".git" / name)
    (top / PROJECT_FILE).unlink(missing_ok=True)
    os.mkfifo(top / PROJECT_FILE)
    found: list[object] = []
    looking = threading.Thread(target=lambda: found.extend([look(str(top)), context(str(top))]), daemon=True)
    looking.start()
    looking.join(20)
    assert len(found) == 2


def test_not_every_place_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST", 3)
    monkeypatch.setattr(places, "look", lambda cwd: Place(cwd))

    async def scenario() -> int:
        known = Places(Lookups())
        for number in range(10):
            await known.of(f"/{number}")
        return len(known._known)

    assert asyncio.run(scenario()) == 3
