"""Projects in the whole product: real repositories, their worktrees and clones, and what is left on disk.

Not the rules one by one (tests/unit/service/test_service_projects.py).
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import installed
from tests.integration.product import Json, Product, running
from tests.unit.daemon.repositories import git, repository

TOKEN = "ghp_canaryCanaryCanaryCanaryCanary0123"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("projects"), model_dir, vectors=False) as product:
        yield product


def _in(product: Product, directory: Path, *arguments: str, **environ: str) -> Json:
    """The JSON that a command prints in a directory."""
    done = subprocess.run(
        [installed(), *arguments, "--json"], env={**product.home.environ, **environ}, cwd=directory,
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    found: Json = json.loads(done.stdout)
    return found


def test_a_repository_its_worktrees_and_clones_are_one_project(product: Product, tmp_path: Path) -> None:
    top = repository(tmp_path / "api", f"https://ada:{TOKEN}@example.org/ada/api.git")
    (top / "pyproject.toml").write_text('[project]\ndependencies = ["fastapi"]\n')
    git(top, "worktree", "add", "-q", str(tmp_path / "beside"))
    git(tmp_path, "clone", "-q", str(top), str(tmp_path / "clone"))
    first = _in(product, top, "add", "one decision", "--type", "decision")
    assert (first["project"], first["project_created"]) == ("api", True)
    assert first["project_because"] == f"the repository at {top}"
    for directory in (tmp_path / "beside", tmp_path / "clone", top):
        added = _in(product, directory, "add", f"from {directory}", "--type", "decision")
        assert (added["project"], added["project_created"]) == ("api", False)
    until = time.monotonic() + 10
    while not (shown := _in(product, top, "project", "show"))["language"] and time.monotonic() < until:
        time.sleep(0.05)  # it is found out after the answer
    assert (shown["language"], shown["framework"], shown["type"]) == ("python", "fastapi", "api")
    assert {"kind": "root_commit", "value": git(top, "rev-parse", "HEAD")} in shown["identities"]
    assert shown["memories"] == 4


def test_a_clone_of_unknown_descent_is_merged_when_git_has_said_so(product: Product, tmp_path: Path) -> None:
    top = repository(tmp_path / "lib")
    _in(product, top, "project", "init")
    git(tmp_path, "clone", "-q", str(top), str(tmp_path / "fork"))
    git(tmp_path / "fork", "remote", "set-url", "origin", "git@example.org:bob/fork")
    assert _in(product, tmp_path / "fork", "add", "something", "--type", "decision")["project"] == "fork"
    until = time.monotonic() + 10
    while (shown := _in(product, tmp_path / "fork", "project", "show"))["name"] != "lib" and time.monotonic() < until:
        time.sleep(0.05)
    assert (shown["name"], shown["memories"], shown["aliases"]) == ("lib", 1, ["fork"])


def test_names_come_from_option_environment_and_place_in_this_order(product: Product, tmp_path: Path) -> None:
    top = repository(tmp_path / "here")
    _in(product, top, "project", "init")
    for name in ("named", "environed"):
        (tmp_path / name).mkdir()
        _in(product, tmp_path / name, "project", "init")
    assert _in(product, top, "add", "a")["project"] == "here"
    added = _in(product, top, "add", "b", LMEM_PROJECT="environed")
    assert (added["project"], added["project_because"]) == ("environed", "LMEM_PROJECT names it")
    added = _in(product, top, "add", "c", "--project", "named", LMEM_PROJECT="environed")
    assert (added["project"], added["project_because"]) == ("named", "it was named")
    assert product.run("add", "d", "--project", "nmaed", "--json").error["hint"].startswith("Did you mean named")


def test_a_bulk_add_makes_the_projects_it_names_and_takes_its_own_place_otherwise(
    product: Product, tmp_path: Path
) -> None:
    top = repository(tmp_path / "bulk")
    lines: list[Json] = [
        {"content": "in its own place"}, {"content": "elsewhere", "project": "made by a line"},
        {"content": "nowhere", "project": None},
    ]  # fmt: skip
    (tmp_path / "lines").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = subprocess.run(
        [installed(), "add", "--jsonl", str(tmp_path / "lines"), "--json"], env=product.home.environ, cwd=top,
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    ids = [row["id"] for row in rows if "id" in row]
    assert [product.call("memory/get", id=made)["project"] for made in ids] == ["bulk", "made by a line", None]
    assert [row.get("new_project") for row in rows] == ["bulk", "made by a line", None]


@pytest.mark.parametrize("how", [(), ("--atomic",)])
def test_a_bulk_add_reports_what_it_makes(product: Product, tmp_path: Path, how: tuple[str, ...]) -> None:
    name = f"reports{len(how)}"
    top = repository(tmp_path / name)
    lines: list[Json] = [
        {"content": "nowhere", "project": None}, {"content": "in its own place"}, {"content": "there too"},
        {"content": "elsewhere", "project": f"other {name}", "session": "monday"},
        {"content": "there again", "project": f"other {name}", "session": "monday"},
    ]  # fmt: skip

    def add(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed(), "add", "--jsonl", "-", *how, *more], env=product.home.environ, cwd=top, check=True,
            timeout=60, capture_output=True, text=True, input="".join(json.dumps(line) + "\n" for line in lines),
        )  # fmt: skip

    said = add().stderr.splitlines()
    assert [line for line in said if "New" in line] == [
        f"line 2: New project {name}.", f"line 4: New project other {name}.", "line 4: New session monday.",
    ]  # fmt: skip
    lines[3] |= {"session": "tuesday"}
    rows = [json.loads(line) for line in add("--json").stdout.splitlines()]
    assert [row.get("new_session") for row in rows] == [None, None, None, "tuesday", None]
    assert not [row for row in rows if "new_project" in row]


def test_an_inactive_user_writes_nothing(product: Product) -> None:
    product.good("user", "set", "--no-active")
    try:
        assert product.run("add", "anything", "--json").error["code"] == "forbidden"
        assert product.run("project", "init", "--json").error["code"] == "forbidden"
        assert product.good("list", "--json")
    finally:
        product.good("user", "set", "--active")


def test_no_credential_of_a_remote_is_on_the_disk(product: Product, tmp_path: Path) -> None:
    top = repository(tmp_path / "vault", f"https://ada:{TOKEN}@example.org/ada/vault.git")
    assert _in(product, top, "add", "one decision", "--type", "decision")["project"] == "vault"
    identities = _in(product, top, "project", "show")["identities"]
    assert {"kind": "remote", "value": "example.org/ada/vault"} in identities
    files = [file for file in product.home.path.rglob("*") if file.is_file()]
    assert product.home.paths.database in files
    assert not [file for file in files if TOKEN.encode() in file.read_bytes()]
