"""What was known at a commit: `--as-of` with the names that git has for one, in the repository and outside."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import installed
from tests.integration.product import Json, Product, running

NAMES = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
BEFORE, AFTER = "the cache is kept for an hour", "the cache is kept for a day"


class Repository:
    """Two commits, one before and one after an edit of the only memory; the first is tagged and in its own branch."""

    def __init__(self, top: Path, product: Product) -> None:
        self.top, self.product = top, product
        self._git("init", "-q")
        self._git("commit", "-q", "--allow-empty", "-m", "first", date="2026-02-01T10:00:00.000+0000")
        self._git("tag", "-a", "-m", "released", "v1.0", date="2026-03-01T10:00:00+0000")
        self._git("branch", "feature/cache-2")
        self._git("commit", "-q", "--allow-empty", "-m", "second", date="2090-01-01T00:00:00+0000")
        line = json.dumps({"content": BEFORE, "created_at": "2026-02-01T10:00:00.500Z"})
        self.id = str(product.good("add", "--jsonl", "-", "--json", stdin=line.encode()).rows[0]["id"])
        product.good("edit", self.id, "--content", AFTER)

    def _git(self, *arguments: str, date: str = "") -> str:
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
        done = subprocess.run(
            ["git", *arguments], cwd=self.top, env={**os.environ, **NAMES, **dates}, check=True, capture_output=True,
            text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def first(self) -> str:
        return self._git("rev-parse", "HEAD~1")

    def lmem(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed(), *arguments, "--json"], env=self.product.home.environ, cwd=cwd or self.top,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def shown(self, *arguments: str) -> Json:
        done = self.lmem("show", self.id, *arguments)
        assert done.returncode == 0, done
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Repository]:
    with running(tmp_path_factory.mktemp("past"), model_dir, vectors=False) as product:
        yield Repository(tmp_path_factory.mktemp("src"), product)


@pytest.mark.parametrize("name", ["HEAD~1", "HEAD^", "@~1", "v1.0", "feature/cache-2", "FULL", "SHORT"])
def test_a_commit_is_a_time(repository: Repository, name: str) -> None:
    name = {"FULL": repository.first(), "SHORT": repository.first()[:9]}.get(name, name)
    shown = repository.shown("--as-of", name)
    assert (shown["content"], shown["as_of"]) == (BEFORE, "2026-02-01T10:00:00.999Z")
    found = json.loads(repository.lmem("search", "cache kept", "--as-of", name).stdout)["results"]
    assert [item["content"] for item in found] == [BEFORE]
    listed = repository.lmem("list", "--as-of", name).stdout.splitlines()
    assert [json.loads(line)["content"] for line in listed] == [BEFORE]


def test_a_later_commit_has_the_later_text(repository: Repository) -> None:
    assert repository.shown("--as-of", "HEAD")["content"] == AFTER
    assert repository.shown("--recorded-as-of", "HEAD")["content"] == AFTER


@pytest.mark.parametrize(
    "name",
    [
        "no-such-branch", "HEAD~1..HEAD", ":/first", "HEAD^{/first}", "--all", "HEAD:file", "^HEAD", "HEAD ^HEAD",
        "0" * 300,
    ],
)  # fmt: skip
def test_what_names_no_commit_is_refused(repository: Repository, name: str) -> None:
    done = repository.lmem("show", repository.id, f"--as-of={name}")
    assert done.returncode == 2
    assert "not a date that lmem understands, nor a commit of the repository you are in." in done.stderr + done.stdout


def test_outside_a_repository_a_commit_is_nothing(repository: Repository, tmp_path: Path) -> None:
    done = repository.lmem("show", repository.id, "--as-of", "HEAD", cwd=tmp_path)
    assert done.returncode == 2
