"""Sessions of the whole product: by worktree, by LMEM_SESSION, at their end, and what others may read of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import installed
from tests.integration.product import Product, Said, running

GIT = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("sessions"), model_dir, vectors=False) as product:
        yield product


class Terminal:
    """A terminal in one directory, with variables of its own."""

    def __init__(self, product: Product, directory: Path, **environ: str) -> None:
        self.product, self.directory, self.environ = product, directory, environ

    def run(self, *arguments: str) -> Said:
        done = subprocess.run(
            [os.fsencode(installed()), *arguments], env={**self.product.home.environ, **self.environ},
            cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def good(self, *arguments: str) -> Said:
        said = self.run(*arguments)
        assert said.status == 0, said
        return said

    def session(self, *arguments: str) -> str:
        return str(self.good("session", "start", *arguments, "--json").json["id"])

    def add(self, *arguments: str) -> str:
        return str(self.good("add", *arguments, "--json").json["id"])

    def memory(self, memory_id: str) -> dict[str, object]:
        return self.good("show", memory_id, "--json").json


def _git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=directory, env={**os.environ, **GIT}, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = tmp_path / "shop"
    made.mkdir()
    _git(made, "init", "-q", "-b", "main")
    # Two first commits of one second with the same words would be one commit, and so one project.
    _git(made, "commit", "-q", "--allow-empty", "-m", str(tmp_path))
    return made


def test_start_prints_the_id_and_add_takes_it(product: Product, repository: Path) -> None:
    here, elsewhere = Terminal(product, repository), Terminal(product, repository.parent)
    session = here.session("one")
    assert here.memory(here.add("in the working tree"))["session"] == session
    assert elsewhere.memory(elsewhere.add("by its id", "--session", session))["session"] == session
    assert elsewhere.memory(elsewhere.add("somewhere else"))["session"] is None
    shown = here.good("session", "show", "--json").json
    assert (shown["id"], shown["branch"], shown["directory"]) == (session, "main", str(repository.resolve()))
    assert [item["title"] for item in shown["memories"]] == ["in the working tree", "by its id"]


def test_worktrees_share_the_project_and_not_the_session(product: Product, repository: Path) -> None:
    beside = repository.parent / "beside"
    _git(repository, "worktree", "add", "-q", "-b", "feature", str(beside))
    main, feature = Terminal(product, repository), Terminal(product, beside)
    (beside / "deep").mkdir()
    below = Terminal(product, beside / "deep")
    one = main.session()
    assert feature.good("session", "list", "--json").rows[0]["current"] is False
    two = feature.session()
    rows = {row["id"]: row for row in main.good("session", "list", "--json").rows}
    assert {rows[one]["project"]} == {rows[two]["project"]} != {None}
    assert (rows[one]["branch"], rows[two]["branch"]) == ("main", "feature")
    assert (rows[one]["current"], rows[two]["current"]) == (True, False)
    assert below.good("session", "show", "--json").json["id"] == two


def test_lmem_session_keeps_two_terminals_of_a_directory_apart(product: Product, repository: Path) -> None:
    first = Terminal(product, repository)
    one, two = first.session("one"), first.session("two")
    apart = Terminal(product, repository, LMEM_SESSION=one)
    assert apart.memory(apart.add("from the first"))["session"] == one
    assert first.memory(first.add("from the second"))["session"] == two
    lost = Terminal(product, repository, LMEM_SESSION="nobody").run("add", "words", "--json")
    assert (lost.status, lost.error["code"]) == (4, "not_found")


def test_the_next_step_of_an_error_is_no_error_by_the_same_name(product: Product, repository: Path) -> None:
    before = Terminal(product, repository).session("before")
    gone = Terminal(product, repository, LMEM_SESSION="gone")
    lost = gone.run("list", "--json").error
    assert lost["message"] == "There is no session 'gone'. LMEM_SESSION names it."
    assert lost["hint"].endswith(" To go on without it: unset LMEM_SESSION")
    assert "one or one" not in lost["hint"], "a name that several sessions have had is one name"
    assert gone.run("session", "end").status == gone.run("session", "show").status == 4
    said = gone.good("session", "list")
    assert before[:8] in said.out and "LMEM_SESSION names the session 'gone', which there is not." in said.err
    gone.good("project", "list")
    gone.good("session", "show", before)
    gone.good("session", "switch", before)
    gone.good("session", "resume")
    assert gone.good("session", "start", "after", "--json").json["passed_over"] == ["LMEM_SESSION"]
    gone.good("session", "end", "after")
    wrong = gone.run("session", "list", "--project", "nope", "--json").error["message"]
    assert wrong == "There is no project 'nope'.", "it was typed"


def test_a_project_that_the_environment_names_wrongly(product: Product, repository: Path) -> None:
    nope = Terminal(product, repository, LMEM_PROJECT="nope", LMEM_SESSION="gone")
    lost = nope.run("list", "--json").error
    assert lost["message"] == "There is no project 'nope'. LMEM_PROJECT names it."
    assert lost["hint"].endswith(" To go on without it: unset LMEM_PROJECT")
    assert nope.run("project", "show").status == 4
    made = nope.good("project", "init", "--json").json
    assert made["passed_over"] == ["LMEM_SESSION", "LMEM_PROJECT"]
    assert "LMEM_PROJECT names the project 'nope', which there is not." in nope.good("project", "list").err
    assert nope.good("project", "show", made["name"], "--json").json["id"] == made["id"]
    nope.good("session", "list")
    assert nope.good("session", "start", "--json").json["project"] == made["name"]


def test_the_end_promotes_and_undo_brings_back_the_rows(product: Product, repository: Path) -> None:
    here = Terminal(product, repository)
    here.session("one")
    kept, faded = here.add("it matters", "--importance", "0.7"), here.add("it does not")
    before = [here.memory(item) for item in (kept, faded)]
    planned = here.good("session", "end", "--dry-run", "--json").json
    ended = here.good("session", "end", "--json").json
    assert [item["id"] for item in ended["promoted"]] == [item["id"] for item in planned["promoted"]] == [kept]
    assert [item["id"] for item in ended["faded"]] == [faded]
    after = here.memory(kept)
    assert (after["layers"], after["project"]) == (["project"], before[0]["project"])
    here.good("undo", str(ended["change_set"]), "--json")
    for row in before:
        found = here.memory(str(row["id"]))
        counters = ("rev", "updated_at", "access_count")
        assert {key: value for key, value in found.items() if key not in counters} == {
            key: value for key, value in row.items() if key not in counters
        }


def test_a_session_shows_its_questions_to_those_who_may_read_them(product: Product, repository: Path) -> None:
    here = Terminal(product, repository)
    session = here.session("one")
    here.add("words", "--at", "a.py:3")
    here.good("search", "periwinkle budget", "--json")
    here.add("a secret wish", "--private")
    with product.client("mcp") as agent:
        # what a session remembers is written with the counters, which its end flushes
        dry = agent.result("session/end", id=session, dry_run=True)
        shown = agent.result("session/show", id=session)
        assert shown["queries"] == [] and "secret wish" not in json.dumps([shown, dry])
    mine = here.good("session", "show", session, "--json").json
    assert mine["queries"] == ["periwinkle budget"]
    assert mine["files"] == [str(repository.resolve() / "a.py")]
    assert len(mine["memories"]) == 2


def test_a_bulk_add_makes_the_sessions_it_names_and_they_are_current_nowhere(
    product: Product, repository: Path
) -> None:
    here = Terminal(product, repository)
    lines = repository / "lines.jsonl"
    lines.write_text('{"content": "one", "session": "bulk", "project": "bulk"}\n{"content": "two", "session": "bulk", '
                     '"project": "bulk"}\n')  # fmt: skip
    here.good("add", "--jsonl", str(lines))
    rows = here.good("session", "list", "--project", "bulk", "--json").rows
    assert [(row["name"], row["state"], row["memories"]) for row in rows] == [("bulk", "paused", 2)]
    assert here.run("session", "show").status == 4


def test_a_credential_in_a_goal_is_not_stored(product: Product, repository: Path) -> None:
    key = "AKIA" + "IOSFODNN7QXZPLKT"
    started = Terminal(product, repository).good("session", "start", "--goal", f"rotate {key}", "--json").json
    assert key not in json.dumps(started) and "redacted" in started["goal"]
