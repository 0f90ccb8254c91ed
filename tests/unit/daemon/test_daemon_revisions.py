"""Commits as names of times: what is asked of git, how much at once, and what is said of one that does not answer."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lmem.daemon import revisions
from lmem.daemon.revisions import Revisions
from lmem.errors import LmemError
from tests.unit.daemon.repositories import git, repository


def test_a_name_of_a_commit_is_the_time_of_it(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    made = datetime.fromtimestamp(int(git(top, "log", "-1", "--format=%ct")), UTC)

    async def run() -> None:
        asked = Revisions()
        assert [await asked.moment(str(top), name) for name in ("HEAD", "main", "HEAD^{commit}", "@")] == [made] * 4
        assert await asked.moment(str(top), "no-such-branch") is None
        assert await asked.moment(str(tmp_path), "HEAD") is None
        assert await asked.moment("", "HEAD") is None

    asyncio.run(run())


@pytest.mark.parametrize("name", ["HEAD^{/first}", "main^{/}", "HEAD~1^{/a", ":/first", "--all", "0" * 300])
def test_what_git_would_walk_the_history_for_is_not_asked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    asked = []

    async def committed(directory: str, revision: str) -> None:
        asked.append(revision)

    monkeypatch.setattr(revisions, "committed", committed)
    assert asyncio.run(Revisions().moment("/somewhere", name)) is None
    assert not asked


def test_a_few_questions_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running = most = 0

    async def committed(directory: str, revision: str) -> datetime:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(10):
            await asyncio.sleep(0)
        running -= 1
        return datetime(2026, 2, 1, tzinfo=UTC)

    async def run() -> None:
        asked = Revisions()
        assert all(await asyncio.gather(*(asked.moment("/somewhere", "HEAD") for _ in range(12))))

    monkeypatch.setattr(revisions, "committed", committed)
    monkeypatch.setattr(revisions, "PATIENCE_S", 20.0)
    asyncio.run(run())
    assert most == revisions.AT_ONCE


def test_a_git_that_does_not_answer_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = repository(tmp_path / "api")
    (top / ".git" / "config").unlink()
    os.mkfifo(top / ".git" / "config")
    monkeypatch.setattr(revisions, "PATIENCE_S", 0.2)

    async def run() -> None:
        asked = Revisions()
        said = await asyncio.gather(*(asked.moment(str(top), "HEAD") for _ in range(4)), return_exceptions=True)
        assert all(type(err) is LmemError and "git did not say within 0.2 s" in err.message for err in said), said

    asyncio.run(run())
