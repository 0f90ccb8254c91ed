"""Where a question is asked decides what it finds: two repositories, a worktree, a directory outside, real vectors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import installed
from tests.integration.lifecycle_support import HELLO, Raw, home_paths
from tests.integration.product import Client, Json, Product, running

GIT = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
TEXT = "we chose a write-ahead log because two writers lost rows"
QUESTIONS = ("why did we choose a log", '"write-ahead log"', "writ* row*", "writers E4711")


class Shell:
    """A terminal in one directory."""

    def __init__(self, product: Product, directory: Path, **environ: str) -> None:
        self.product, self.directory, self.environ = product, directory, environ

    def text(self, *arguments: str) -> tuple[str, str]:
        done = subprocess.run(
            [installed(), *arguments], env={**self.product.home.environ, **self.environ}, cwd=self.directory,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done
        return done.stdout, done.stderr

    def json(self, *arguments: str) -> Json:
        found = json.loads(self.text(*arguments, "--json")[0])
        assert isinstance(found, dict)
        return found

    def listed(self, *arguments: str) -> set[str]:
        return {json.loads(line)["id"] for line in self.text("list", *arguments, "--json")[0].splitlines()}

    def found(self, question: str, *arguments: str) -> set[str]:
        return {item["id"] for item in self.json("search", question, *arguments)["results"]}


class Places:
    """Two repositories with the same text, a worktree of the first, and a directory of no project."""

    def __init__(self, base: Path, product: Product) -> None:
        self.product = product
        directories = {name: base / name for name in ("api", "web", "outside")}
        for name, directory in directories.items():
            directory.mkdir()
            if name != "outside":
                _git(directory, "init", "-q")
                _git(directory, "commit", "-q", "--allow-empty", "-m", name)
        directories["tree"] = base / "tree"
        _git(directories["api"], "worktree", "add", "-q", str(directories["tree"]))
        self.at = {name: Shell(product, directory) for name, directory in directories.items()}
        self.ids = {name: str(self.at[name].json("add", TEXT, "--type", "decision")["id"]) for name in ("api", "web")}
        self.ids["outside"] = str(self.at["outside"].json("add", "the office opens at nine")["id"])
        self.ids["global"] = str(
            self.at["web"].json("add", "I like small commits with a log of reasons", "--type", "preference")["id"]
        )
        product.settle()


def _git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=directory, env={**os.environ, **GIT}, check=True, capture_output=True)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Places]:
    with running(tmp_path_factory.mktemp("scope"), model_dir) as product:
        yield Places(tmp_path_factory.mktemp("src"), product)


@pytest.mark.parametrize(
    ("place", "seen"),
    [
        ("api", {"api", "outside", "global"}),
        ("tree", {"api", "outside", "global"}),
        ("web", {"web", "outside", "global"}),
        ("outside", {"outside", "global"}),
    ],
)
def test_a_place_sees_its_project_and_what_is_global(places: Places, place: str, seen: set[str]) -> None:
    expected = {places.ids[name] for name in seen}
    shell = places.at[place]
    assert shell.listed() == expected
    for question in QUESTIONS:
        for only in ((), ("--only", "fts"), ("--only", "sparse"), ("--only", "dense")):
            assert shell.found(question, *only) <= expected
        if place != "outside":
            assert places.ids["web" if place == "web" else "api"] in shell.found(question)
    exported = {json.loads(line)["id"] for line in shell.text("export")[0].splitlines()}
    assert exported == set(places.ids.values())  # a copy that left projects out would be trusted


def test_all_projects_are_asked_for(places: Places) -> None:
    everything = set(places.ids.values())
    for shell in places.at.values():
        assert shell.listed("--all-projects") == everything
        assert {places.ids["api"], places.ids["web"]} <= shell.found("write-ahead log", "-a")


def test_a_named_project_is_all_there_is(places: Places) -> None:
    outside = places.at["outside"]
    assert outside.listed("--project", "api") == {places.ids["api"]}
    assert outside.found("log", "--project", "web") == {places.ids["web"], places.ids["global"]}
    named = Shell(places.product, outside.directory, LMEM_PROJECT="api")
    assert named.listed() == {places.ids[name] for name in ("api", "outside", "global")}


def test_the_same_text_elsewhere_is_no_duplicate_here(places: Places) -> None:
    with _client(places.product, places.at["api"].directory) as client:
        here = client.result("memory/add", content=TEXT, type="decision", check_duplicates=True)
        assert here["near_duplicate"]["id"] == places.ids["api"]
        places.product.call("memory/forget", ids=[here["id"]], purge=True)


def test_an_answer_says_which_project_and_why(places: Places) -> None:
    tree = places.at["tree"]
    scope = tree.json("search", "log", "--explain")["scope"]
    assert scope["project"] == "api" and scope["layers"] == ["project", "global"] and not scope["all_projects"]
    assert "the repository at" in scope["project_because"] and "project api" in scope["because"]
    _, said = tree.text("search", "log")
    assert "Project api: the repository at" in said
    _, explained = tree.text("search", "log", "--explain")
    assert "temporal if that is too little" in explained
    origins = {item["id"]: item["project"] for item in places.at["api"].json("search", "small commits")["results"]}
    assert origins[places.ids["global"]] == "web"


def test_an_id_is_found_from_everywhere(places: Places) -> None:
    assert places.at["web"].json("show", places.ids["api"])["id"] == places.ids["api"]


def test_a_question_of_time_is_a_range_and_reads_temporal(places: Places) -> None:
    api = places.at["api"]
    faded = str(api.json("add", "the log was slow on the old disk")["id"])
    assert api.json("layer", "move", faded, "temporal", "--reason", "the disk is gone")["layers"] == ["temporal"]
    places.product.settle()
    answer = api.json("search", "which log was slow today")
    assert answer["range"]["words"] == "today" and answer["scope"]["temporal"] == "time"
    assert faded in {item["id"] for item in answer["results"]}
    assert faded not in {item["id"] for item in api.json("search", "which log", "--limit", "1")["results"]}
    assert faded in api.listed("--layer", "temporal") and faded in api.listed()
    assert faded not in places.at["web"].listed("--layer", "temporal")
    shown = api.json("layer", "show", faded)
    assert shown["moves"][0]["reason"] == "the disk is gone" and shown["layers"] == ["temporal"]
    measured = api.json("layer", "list")["router"]
    assert measured["hits"] and measured["misses"] and measured["temporal"]["time"] >= 1
    api.text("undo", "--json")
    assert api.json("show", faded)["layers"] == ["project"]
    places.product.call("memory/forget", ids=[faded], purge=True)


def test_tags_are_those_of_the_place(places: Places) -> None:
    made = str(places.at["web"].json("add", "a page", "--tag", "html")["id"])
    assert places.at["api"].json("tags")["tags"] == []
    assert places.at["api"].json("tags", "--all-projects")["tags"] == [{"tag": "html", "count": 1}]
    places.product.call("memory/forget", ids=[made], purge=True)


class _Standing(Client):
    """A terminal's connection that stands in a directory."""

    def __init__(self, product: Product, directory: Path) -> None:
        self.raw = Raw(home_paths(product.home.path).socket, greet=False)
        self.hello = self.raw.ask({**HELLO, "client": "cli", "cwd": str(directory)})


def _client(product: Product, directory: Path) -> _Standing:
    return _Standing(product, directory)
