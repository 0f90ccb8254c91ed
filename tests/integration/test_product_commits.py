"""Commits of real repositories in the whole product: each is one memory, whatever made it and whoever was away.

Not the hook (tests/unit/githooks) and not the rules one by one (tests/unit/domain/test_domain_reflogs.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import installed
from tests.integration.product import Json, Product
from tests.unit.daemon.repositories import git, repository

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("commits"), model_dir)
    product.home.start(vectors=False)
    try:
        yield product  # some tests stop its daemon
        assert product.faults() == []
    finally:
        product.home.stop()


@pytest.fixture
def top(product: Product, tmp_path: Path) -> Path:
    """A repository whose hook is installed after its first commit."""
    made = repository(tmp_path / f"work{time.time_ns()}")
    _in(product, made, "hook", "install")
    return made


def _in(product: Product, directory: Path, *arguments: str) -> Json:
    done = subprocess.run(
        [installed(), *arguments, "--json"], env=product.home.environ, cwd=directory, capture_output=True, check=True,
        timeout=60,
    )  # fmt: skip
    found: Json = json.loads(done.stdout)
    return found


def _commit(directory: Path, text: str, *options: str) -> str:
    """A commit of a file of its own; its id."""
    (directory / text.replace(" ", "-")).write_text(f"{text}\n")
    git(directory, "add", ".")
    git(directory, "commit", "-q", "-m", text, *options)
    return git(directory, "rev-parse", "HEAD")


def _memories(product: Product, top: Path) -> dict[str, Json]:
    """The memories of a repository's commits, by commit. More than one of a commit fails the test."""
    records = product.call("memory/export", all_projects=True, limit=1000)["records"]
    found = [item for item in records if item["type"] == "commit" and item["project"] == top.name]
    shas = [item["external_id"] for item in found]
    assert len(set(shas)) == len(shas)
    return dict(zip(shas, found, strict=True))


def _settled(product: Product, top: Path, wanted: set[str], seconds: float = 20.0) -> dict[str, Json]:
    """The memories once there are those of `wanted`: these and no others, also a moment later."""
    until = time.monotonic() + seconds
    while not wanted <= _memories(product, top).keys() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1.2)
    found = _memories(product, top)
    assert found.keys() == wanted
    return found


def _holding(found: dict[str, Json]) -> set[str]:
    return {sha for sha, item in found.items() if item["valid_until"] is None}


def test_a_commit_is_a_memory_with_what_git_knows_of_it(product: Product, top: Path) -> None:
    sha = _commit(top, "Parse leap years")
    memory = _settled(product, top, {sha})[sha]
    assert (memory["title"], memory["type"], memory["source_tool"]) == ("Parse leap years", "commit", "git.post-commit")
    assert memory["content"] == "Parse leap years\n\nFiles:\nParse-leap-years +1 -0"
    assert memory["layers"] == ["project"]
    known = memory["git"]
    assert (known["commit"], known["branch"], known["author"]) == (sha, "main", "a <a@example.org>")
    assert known["parents"] == [git(top, "rev-parse", "HEAD~1")]
    assert known["files"] == [{"path": "Parse-leap-years", "added": 1, "removed": 0}]
    seconds = git(top, "show", "-s", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%S.000Z")
    assert memory["created_at"] == seconds


def test_a_commit_that_the_daemon_sees_before_its_hook_tells_of_it(
    product: Product, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git is slow between the log and the hook; by its date the commit was there before the hook was installed."""
    slow = top / ".git" / "hooks" / "reference-transaction"
    slow.write_text("#!/bin/sh\n[ \"$1\" = committed ] && sleep 1.5\nexit 0\n")
    slow.chmod(0o755)
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{int(time.time()) - 60} +0000")
    sha = _commit(top, "one")
    assert _settled(product, top, {sha}).keys() == {sha}


def test_no_verify_worktree_and_amend_are_there_once(product: Product, top: Path, tmp_path: Path) -> None:
    first = _commit(top, "one", "--no-verify")
    beside = tmp_path / "beside"
    git(top, "worktree", "add", "-q", "-b", "topic", str(beside))
    second = _commit(beside, "two")
    git(top, "commit", "-q", "--amend", "-m", "one, said better")
    third = git(top, "rev-parse", "HEAD")
    found = _settled(product, top, {first, second, third})
    assert _holding(found) == {second, third}
    assert found[second]["git"]["branch"] == "topic"
    links = product.call("memory/get", id=found[third]["id"])["links"]
    assert [(link["type"], link["id"]) for link in links] == [("supersedes", found[first]["id"])]


def test_a_merge_which_no_hook_tells_of(product: Product, top: Path) -> None:
    git(top, "switch", "-q", "-c", "topic")
    topic = _commit(top, "topic")
    git(top, "switch", "-q", "main")
    main = _commit(top, "main line")
    git(top, "merge", "-q", "-m", "Merge the topic", "topic")
    merge = git(top, "rev-parse", "HEAD")
    found = _settled(product, top, {topic, main, merge})
    assert found[merge]["git"]["parents"] == [main, topic]
    assert found[merge]["git"]["files"] == [{"path": "topic", "added": 1, "removed": 0}]
    assert (found[merge]["git"]["branch"], found[topic]["git"]["branch"]) == ("main", "topic")


def test_a_rebase_replaces_commits_and_what_it_made_on_its_way_is_none(
    product: Product, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(top, "switch", "-q", "-c", "topic")
    old = [_commit(top, name) for name in ("alpha", "beta", "gamma")]
    git(top, "switch", "-q", "main")
    main = _commit(top, "main line")
    _settled(product, top, {*old, main})
    git(top, "switch", "-q", "topic")
    monkeypatch.setenv("GIT_SEQUENCE_EDITOR", "sed -i -e '2s/^pick/fixup/'")
    git(top, "rebase", "-q", "-i", "main")
    new = git(top, "rev-list", "--reverse", "main..HEAD").split()
    assert len(new) == 2
    found = _settled(product, top, {*old, main, *new})
    assert _holding(found) == {main, *new}
    assert found[new[0]]["git"]["branch"] == "topic"
    for was, became in ((old[0], new[0]), (old[2], new[1])):
        links = product.call("memory/get", id=found[became]["id"])["links"]
        assert [link["id"] for link in links] == [found[was]["id"]]


def test_a_purged_commit_does_not_come_back_by_a_rebase_nor_by_a_backfill(product: Product, top: Path) -> None:
    git(top, "switch", "-q", "-c", "topic")
    old = [_commit(top, name) for name in ("zanzibar secret", "beta")]
    git(top, "switch", "-q", "main")
    main = _commit(top, "main line")
    found = _settled(product, top, {*old, main})
    product.good("forget", found[old[0]]["id"], "--purge", "--yes")
    git(top, "switch", "-q", "topic")
    git(top, "rebase", "-q", "main")
    new = git(top, "rev-parse", "HEAD")
    assert _settled(product, top, {old[1], main, new})[old[1]]["valid_until"]
    _in(product, top, "hook", "backfill")
    assert "zanzibar secret" not in {item["title"] for item in _memories(product, top).values()}


def test_a_rebase_under_way_is_waited_for(product: Product, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = [_commit(top, name) for name in ("alpha", "beta")]
    _settled(product, top, set(old))
    monkeypatch.setenv("GIT_SEQUENCE_EDITOR", "sed -i -e '1s/^pick/edit/'")
    git(top, "rebase", "-q", "-i", "HEAD~2")
    git(top, "commit", "-q", "--amend", "-m", "alpha on its way")
    git(top, "commit", "-q", "--amend", "-m", "alpha at last")
    time.sleep(1.5)
    assert _memories(product, top).keys() == set(old)
    git(top, "rebase", "--continue")
    new = git(top, "rev-list", "HEAD~2..HEAD").split()
    assert _holding(_settled(product, top, {*old, *new})) >= set(new)


def test_a_hook_of_ones_own_that_fails_still_runs(product: Product, tmp_path: Path) -> None:
    top = repository(tmp_path / f"own{time.time_ns()}")
    hook = top / ".git" / "hooks" / "post-commit"
    hook.write_text("#!/bin/sh\necho ran >>.git/own\nexit 3\n")
    hook.chmod(0o755)
    _in(product, top, "hook", "install")
    shas = {_commit(top, "one"), _commit(top, "two")}
    assert (top / ".git" / "own").read_text() == "ran\nran\n"
    _settled(product, top, shas)


def test_commits_of_a_daemons_absence_are_there_once(product: Product, top: Path) -> None:
    product.good("daemon", "stop")
    shas = {_commit(top, f"away {number}") for number in range(5)}
    git(top, "reset", "-q", "--hard", "HEAD~1")
    shas.add(_commit(top, "instead"))
    product.good("daemon", "start")
    _settled(product, top, shas)
    product.good("daemon", "restart")
    _settled(product, top, shas)
    assert not list(product.home.paths.spool.glob("commits")) or not (product.home.paths.spool / "commits").read_bytes()


def test_a_credential_in_a_message_is_stored_nowhere(product: Product, top: Path) -> None:
    sha = _commit(top, f"Use {TOKEN} until it expires")
    (top / "old").write_text("")
    memory = _settled(product, top, {sha})[sha]
    assert "[redacted:" in memory["content"]
    for directory, _, names in os.walk(product.home.path):
        for name in names:
            file = Path(directory, name)
            assert not file.is_file() or TOKEN.encode() not in file.read_bytes(), file


def test_a_backfill_takes_the_history_once(product: Product, top: Path) -> None:
    for number in range(3):
        _commit(top, f"commit {number}")
    shas = set(git(top, "rev-list", "HEAD").split())
    _settled(product, top, shas - {git(top, "rev-list", "--max-parents=0", "HEAD")})
    done = _in(product, top, "hook", "backfill")
    assert (done["commits"], done["stored"], done["project"]) == (4, 1, top.name)
    assert _in(product, top, "hook", "backfill")["stored"] == 0
    assert _in(product, top, "hook", "backfill", "--since", "2035-01-01")["commits"] == 0
    _settled(product, top, shas)


def test_nothing_of_a_repositorys_configuration_runs(product: Product, top: Path) -> None:
    canary = top.parent / f"canary{time.time_ns()}"
    product.good("daemon", "stop")
    (top / ".gitattributes").write_text("* diff=evil filter=evil merge=evil\n")
    shas = {_commit(top, "one"), _commit(top, "two")}
    evil = f"touch {canary};"
    for key in (
        "diff.evil.command", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "gpg.program",
        "diff.external", "merge.evil.driver", "credential.helper", "pager.log", "pager.rev-list",
        "uploadpack.packObjectsHook", "core.alternateRefsCommand",
    ):  # fmt: skip
        git(top, "config", key, evil)
    git(top, "config", "log.showSignature", "true")
    hooks = top.parent / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-index-change", "post-checkout", "fsmonitor-watchman"):
        (hooks / name).write_text(f"#!/bin/sh\n{evil}\n")
        (hooks / name).chmod(0o755)
    git(top, "config", "core.hooksPath", str(hooks))
    product.good("daemon", "start")
    _settled(product, top, shas)
    assert _in(product, top, "hook", "backfill")["stored"] == 1
    assert not canary.exists()
    subprocess.run(["git", "-C", str(top), "diff", "HEAD~1"], capture_output=True, check=False)
    assert canary.exists()  # it does sing


def test_a_repository_that_was_left_is_left_alone(product: Product, top: Path) -> None:
    sha = _commit(top, "one")
    _settled(product, top, {sha})
    _in(product, top, "hook", "uninstall")
    _commit(top, "two")
    time.sleep(6)
    assert _settled(product, top, {sha}).keys() == {sha}
