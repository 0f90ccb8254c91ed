"""project and user on the command line: what is asked of the daemon, and what is said.

Not the rules of a project (test_service_projects.py).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.terminal import Terminal

API: dict[str, Any] = {
    "id": "a" * 32, "name": "api", "description": "the public one", "path": "/src/api", "remote": "example.org/ada/api",
    "branch": "main", "type": "web", "language": "python", "framework": "django", "config": {"default_decay_rate": 0.2},
    "memories": 1200, "aliases": ["old"], "identities": [{"kind": "common_dir", "value": "/src/api/.git"}],
    "archived": False, "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
    "last_accessed_at": "2026-01-01T00:00:00.000Z", "current": True, "because": "the repository at /src/api",
    "created": True, "changed": ["description"],
}  # fmt: skip
MERGED: dict[str, Any] = {"source": "fork", "into": "api", "moved": 3, "left": 1, "sessions": 1, "change_set": 7}
USER: dict[str, Any] = {
    "id": "b" * 32, "username": "ada", "display_name": "Ada Lovelace", "email": None, "preferences": {},
    "others": ["bob"],
    "active": False, "counts": {"memories": 3, "archived": 0, "projects": 1, "sessions": 0}, "changed": ["is_active"],
}  # fmt: skip


@pytest.fixture
def known(daemon: FakeDaemon) -> FakeDaemon:
    daemon.answers["project/list"] = lambda params: {
        "projects": [] if params.get("archived") else [API, {**API, "name": "web", "current": False}],
        "current": "api", "because": "the repository at /src/api",
    }  # fmt: skip
    for verb in ("show", "init", "set", "rename", "archive"):
        daemon.answers[f"project/{verb}"] = lambda params: API
    daemon.answers["project/merge"] = lambda params: {**MERGED, **({"change_set": None} if "dry_run" in params else {})}
    daemon.answers["user/show"] = daemon.answers["user/set"] = lambda params: USER
    return daemon


def test_projects_are_listed_with_the_current_one_marked(known: FakeDaemon, lmem: Terminal) -> None:
    listed = lmem.run("project", "list")
    assert listed.out.splitlines() == [
        "*\tapi\t1,200\t2026-01-01\tpython django web\t/src/api",
        "\tweb\t1,200\t2026-01-01\tpython django web\t/src/api",
    ]
    assert listed.err == "Current: api, by the repository at /src/api.\n"
    assert [json.loads(line)["name"] for line in lmem.run("project", "list", "--json").out.splitlines()] == [
        "api",
        "web",
    ]
    assert "no archived project" in lmem.run("project", "list", "--archived").err


def test_a_project_is_shown_with_why_it_is_meant(known: FakeDaemon, lmem: Terminal) -> None:
    shown = lmem.run("project", "show")
    assert known.calls("project/show") == [{}]
    for fact in ("the public one", "python django web", "1,200", "old", "default_decay_rate = 0.2", "/src/api/.git"):
        assert fact in shown.out
    assert shown.err == "Found by the repository at /src/api.\n"
    lmem.run("project", "show", "web", "--json")
    assert known.calls("project/show")[-1] == {"name": "web"}


def test_a_directory_becomes_a_project(known: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("project", "init", "--name", "api").out.startswith("New project:\nname        api\n")
    assert known.calls("project/init") == [{"name": "api"}]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("--description", ""), {"changes": {"description": ""}}),
        (("api", "--type", "api", "--language", "go"), {"name": "api", "changes": {"type": "api", "language": "go"}}),
        (("--config", "a=0.2", "--config", "b="), {"config": {"a": "0.2", "b": None}}),
        (("--add-alias", "a", "--remove-alias", "b"), {"add_alias": ["a"], "remove_alias": ["b"]}),
    ],
)
def test_fields_settings_and_aliases_are_set(
    known: FakeDaemon, lmem: Terminal, words: tuple[str, ...], asked: dict[str, Any]
) -> None:
    assert lmem.run("project", "set", *words).out == "Changed api: description\n"
    assert known.calls("project/set") == [{"changes": {}, "config": {}, **asked}]


def test_a_setting_needs_a_value(known: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("project", "set", "--config", "default_decay_rate")
    assert (done.status, known.calls("project/set")) == (2, [])


def test_a_project_is_renamed_and_archived(known: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("project", "rename", "old", "api").out == "Renamed to api\n"
    assert known.calls("project/rename") == [{"name": "old", "new_name": "api"}]
    archived = lmem.run("project", "archive", "api")
    assert (archived.out, "--restore api" in archived.err) == ("Archived: api\n", True)
    lmem.run("project", "archive", "api", "--restore")
    assert known.calls("project/archive") == [{"name": "api"}, {"name": "api", "restore": True}]


def test_a_merge_says_what_it_moved_and_how_to_part_them(known: FakeDaemon, lmem: Terminal) -> None:
    planned = lmem.run("project", "merge", "fork", "api", "--dry-run")
    assert planned.out == "Would move 3 memories and 1 session of fork to api\n"
    assert planned.err == "1 memory that it has from the same source already would be archived.\n"
    done = lmem.run("project", "merge", "fork", "api", "--reason", "one code")
    assert "lmem undo 7" in done.err
    assert known.calls("project/merge")[-1] == {"source": "fork", "into": "api", "reason": "one code"}


def test_the_user_is_shown_and_set(known: FakeDaemon, lmem: Terminal) -> None:
    shown = lmem.run("user", "show").out
    assert "Ada Lovelace" in shown and "no: nothing is written" in shown
    assert "3 memories in 1 project\n" in shown
    said = lmem.run("user", "set", "--no-active", "--email", "")
    assert known.calls("user/set") == [{"email": "", "active": False}]
    assert "lmem user set --active" in said.err
