"""What a working tree is at: read once for those who ask together, and kept for who asks about a project."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from lmem.daemon import gitfiles, gitstatus
from lmem.daemon.gitstatus import GitStatus
from lmem.daemon.lookups import Lookups
from lmem.daemon.places import Places
from lmem.service.caches import NO_CACHE, Caches
from lmem.stores.inprocess.cache import LocalCache
from tests.unit.daemon.repositories import git, repository

PROJECT = "a" * 32


async def known(*directories: Path) -> GitStatus:
    """Of places that were looked at, however busy the machine is."""
    lookups = Lookups()
    places = Places(lookups)
    for directory in directories:
        while (await places.of(str(directory), fresh=True)).common_dir is None:
            pass
    return GitStatus(places, lookups, NO_CACHE)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitstatus, "PATIENCE_S", 20.0)
    monkeypatch.setattr(gitfiles, "BUDGET_S", 10.0)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each directory whose files were read, in order."""
    read: list[str] = []
    context = gitfiles.context

    def counted(directory: str) -> dict[str, object]:
        read.append(directory)
        return context(directory)

    monkeypatch.setattr(gitfiles, "context", counted)
    return read


def test_who_asks_together_shares_one_reading(tmp_path: Path, readings: list[str]) -> None:
    one, other = str(repository(tmp_path / "one")), str(repository(tmp_path / "other"))

    async def run() -> None:
        status = await known(Path(one), Path(other))
        found = await asyncio.gather(*(status.now(directory) for directory in (one, other) * 8))
        assert sorted(readings) == sorted((one, other)), "one reading each"
        assert {item["commit"] for item in found} == {git(Path(item), "rev-parse", "HEAD") for item in (one, other)}
        assert await status.now(str(tmp_path)) == {}, "outside of a repository"

    asyncio.run(run())


def test_what_was_done_since_the_last_answer_is_seen(tmp_path: Path, readings: list[str]) -> None:
    directory = repository(tmp_path / "api")

    async def run() -> None:
        status = await known(directory)
        assert (await status.now(str(directory)))["dirty"] is False
        (directory / "name").write_text("changed")
        await asyncio.sleep(gitstatus.SHARED_S * 1.1)
        assert (await status.now(str(directory)))["dirty"] is True
        assert len(readings) == 2

    asyncio.run(run())


def test_a_disk_that_does_not_answer_is_asked_once_and_nobody_waits_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, answers = str(repository(tmp_path / "api")), threading.Event()
    asked: list[str] = []

    def silent(asked_for: str) -> dict[str, object]:
        asked.append(asked_for)
        answers.wait(10)
        return {"branch": f"reading {len(asked)}"}

    monkeypatch.setattr(gitfiles, "context", silent)

    async def run() -> None:
        status = await known(Path(directory))
        monkeypatch.setattr(gitstatus, "PATIENCE_S", 0.05)
        for _ in range(3):
            assert not any(await asyncio.gather(status.now(directory), status.now(directory)))
        assert asked == [directory], "one thread waits for it"
        monkeypatch.setattr(gitstatus, "PATIENCE_S", 20.0)
        answers.set()
        assert await status.now(directory) == {"branch": "reading 2"}, "of now, not of when the disk hung"

    asyncio.run(run())


def test_the_state_of_a_working_tree_is_kept_while_its_head_is_the_same(tmp_path: Path) -> None:
    directory = repository(tmp_path / "api")

    async def run() -> None:
        caches = Caches(LocalCache(1 << 20))
        await caches.open()
        lookups = Lookups()
        places = Places(lookups)
        status = GitStatus(places, lookups, caches)
        first = await status.of(PROJECT, str(directory))
        assert first["branch"] == "main" and first["dirty"] is False
        (directory / "name").write_text("changed")
        await asyncio.sleep(gitstatus.SHARED_S * 1.1)
        assert await status.of(PROJECT, str(directory)) == first, "for some minutes"
        caches.heard([("project", PROJECT)])
        assert (await status.of(PROJECT, str(directory)))["dirty"] is True
        git(directory, "commit", "-q", "-a", "-m", "second")
        await asyncio.sleep(gitstatus.SHARED_S * 1.1)
        await places.of(str(directory), fresh=True)
        after = await status.of(PROJECT, str(directory))
        assert after["commit"] != first["commit"] and after["dirty"] is False
        assert await status.of(PROJECT, str(tmp_path)) == {}

    asyncio.run(run())
