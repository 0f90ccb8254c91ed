"""config and audit: what is asked of the daemon and what is printed."""

from __future__ import annotations

import pytest

from tests.unit.cli.fake_daemon import ID, FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

KEY = "default_decay_rate"


def setting(**changes: object) -> Params:
    """A setting as the daemon tells of it."""
    return {
        "key": KEY, "value": 0.3, "origin": "user file", "place": "/c/config.toml", "default": 0.1, "type": "float",
        "meaning": "A share.", "live": True, "variable": "LMEM_DEFAULT_DECAY_RATE",
        "levels": [
            {"origin": "user file", "value": 0.3, "place": "/c/config.toml"},
            {"origin": "system_config", "value": "0.1", "place": None},
        ],
        **changes,
    }  # fmt: skip


def changed(**changes: object) -> Params:
    return {
        **setting(), "stored": 0.3, "at_start": None, "level": "user", "file": "/c/config.toml", "restart": False,
        "hidden_by": None, **changes,
    }  # fmt: skip


def at_start(**changes: object) -> Params:
    """What was changed of a setting that is read at the start."""
    return changed(
        restart=True, value="old",
        at_start={"value": "new", "origin": "user file", "place": "/c/config.toml"}, stored="new", **changes,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def answers(daemon: FakeDaemon) -> None:
    daemon.answers["config/get"] = lambda params: setting()
    daemon.answers["config/set"] = lambda params: changed()
    daemon.answers["config/unset"] = lambda params: changed(value=0.1, origin="default", place=None)
    daemon.answers["config/list"] = lambda params: {
        "settings": [setting(), setting(key="memory_decay_enabled", value=False, origin="default", place=None)],
        "ignored": [{"key": "embedding.model", "file": "/p/.lmem.toml", "why": "It may not."}],
    }
    daemon.answers["audit/list"] = lambda params: {
        "entries": [
            {
                "seq": 7, "at": "2026-01-02T03:04:05.678Z", "action": "list", "kind": "memory", "id": ID,
                "session": None, "details": {"fields": ["tag", "type"], "results": 3},
                "address": "unix:1:2", "agent": "cli/1",
            }
        ]
    }  # fmt: skip


def test_get_prints_the_value_alone(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("config", "get", KEY).out == "0.3\n"
    assert lmem.run("config", "get", KEY, "--json").json()["origin"] == "user file"
    assert daemon.calls("config/get") == [{"key": KEY}] * 2


def test_get_prints_every_level_when_asked(lmem: Terminal) -> None:
    said = lmem.run("config", "get", KEY, "--show-origin").out
    assert said == "0.3\tuser file (/c/config.toml)\n0.1\tsystem_config\n0.1\tdefault\n"


def test_set_says_what_it_did(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("config", "set", KEY, ".3", "--level", "user", "--project", "api")
    assert (done.out, done.err) == (f"{KEY} = 0.3 in /c/config.toml\n", "")
    assert daemon.calls("config/set") == [{"key": KEY, "value": ".3", "level": "user", "project": "api"}]
    daemon.answers["config/set"] = lambda params: changed(
        file=None, hidden_by="environment", origin="environment", place="LMEM_X"
    )
    done = lmem.run("config", "set", KEY, "1")
    assert (done.out, done.err) == (f"{KEY} = 0.3\n", "The environment (LMEM_X) wins over it.\n")


def test_set_says_what_is_stored_and_not_what_is_still_in_force(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["config/set"] = lambda params: at_start()
    done = lmem.run("config", "set", KEY, "new")
    assert done.out == f"{KEY} = new in /c/config.toml\n"
    assert done.err == "The daemon reads it when it starts: run 'lmem daemon restart'.\n"
    daemon.answers["config/set"] = lambda params: {
        **at_start(), "stored": "", "at_start": {"value": "x", "origin": "environment", "place": "LMEM_X"}
    }  # fmt: skip
    done = lmem.run("config", "set", KEY, "")
    assert done.out == f"{KEY} = (empty) in /c/config.toml\n"
    assert done.err.startswith("The environment (LMEM_X) wins over it.\n")


def test_unset(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("config", "unset", KEY).out == f"{KEY} = 0.1 now, by default\n"
    assert daemon.calls("config/unset") == [{"key": KEY}]
    left = "Neo4j at bolt://n keeps its copy."
    start = {"value": "", "origin": "default", "place": None}
    daemon.answers["config/unset"] = lambda params: changed(
        value="bolt://n", at_start=start, restart=True, left_behind=left
    )
    done = lmem.run("config", "unset", KEY)
    assert done.out == f"{KEY} = (empty) at the next start, by default\n"
    said = done.err.splitlines()
    assert said[0] == left and "lmem daemon restart" in said[1]


def test_list_tells_what_is_without_effect(lmem: Terminal) -> None:
    done = lmem.run("config", "list", "--show-origin")
    assert done.out == f"{KEY} = 0.3\tuser file (/c/config.toml)\nmemory_decay_enabled = false\tdefault\n"
    assert done.err == "Not in force: It may not. (/p/.lmem.toml)\n"
    assert "\t" not in lmem.run("config", "list").out


def test_path_asks_no_daemon(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("config", "path").out == f"{daemon.home}/config/config.toml\n"
    assert lmem.run("config", "path", "--json").json() == {"path": f"{daemon.home}/config/config.toml", "exists": False}
    assert not daemon.asked


def test_edit_needs_a_terminal(lmem: Terminal) -> None:
    done = lmem.run("config", "edit")
    assert (done.status, "lmem config set" in done.err) == (2, True)


def test_keys_are_completed_without_a_daemon(daemon: FakeDaemon, lmem: Terminal) -> None:
    found = lmem.run("_complete", "settings", "default_").out
    assert found.startswith(f"{KEY}\t") and found.count("\n") == 1
    assert not daemon.asked


def test_audit_list(daemon: FakeDaemon, lmem: Terminal) -> None:
    said = lmem.run("audit", "list", "--kind", "memory", "--since", "2 days ago", "--limit", "5").out
    assert said == f"2026-01-02T03:04:05.678Z  list     memory {ID}  cli/1  fields tag type, results 3\n"
    asked = daemon.calls("audit/list")[0]
    assert {key: value for key, value in asked.items() if value is not None} == {
        "kind": "memory", "since": "2 days ago", "limit": 5
    }  # fmt: skip
    assert lmem.run("audit", "list", "--json").json()["seq"] == 7
    daemon.answers["audit/list"] = lambda params: {"entries": []}
    assert lmem.run("audit", "list").out == ""


@pytest.mark.parametrize(("problem", "status"), [(None, 0), ("Entry 3 was changed.", 1)])
def test_audit_verify_is_an_exit_status(daemon: FakeDaemon, lmem: Terminal, problem: str | None, status: int) -> None:
    daemon.answers["audit/verify"] = lambda params: {
        "ok": problem is None, "checked": 12, "start": 4, "head": 16, "seq": 3, "problem": problem,
    }  # fmt: skip
    done = lmem.run("audit", "verify")
    assert done.status == status
    assert (problem or "12 entries, from an anchor at 4") in done.out
    assert lmem.run("audit", "verify", "--json").status == status


@pytest.fixture
def editor(lmem: Terminal) -> dict[str, str]:
    """An editor that writes what $FIRST says, and $SECOND when it is called again."""
    script = lmem.folder / "editor"
    script.write_text('#!/bin/sh\nif [ -e seen ]; then cp "$1" seen; text=$SECOND; else : > seen; text=$FIRST; fi\n'
                      'printf "%s\\n" "$text" > "$1"\n')  # fmt: skip
    script.chmod(0o755)
    return {"NO_COLOR": "1", "EDITOR": str(script), "FIRST": f"{KEY} = = 0.3", "SECOND": f"{KEY} = 0.3"}


def test_what_is_not_right_can_be_edited_again(daemon: FakeDaemon, lmem: Terminal, editor: dict[str, str]) -> None:
    done = lmem.type("config", "edit", typed="\n", env=editor)
    file = daemon.home / "config" / "config.toml"
    assert (done.status, file.read_text()) == (0, f"{KEY} = 0.3\n"), done.out
    assert "lmem: What you wrote is not valid TOML" in done.out
    assert (lmem.folder / "seen").read_text() == f"{KEY} = = 0.3\n"


def test_what_is_given_up_is_kept_and_named(daemon: FakeDaemon, lmem: Terminal, editor: dict[str, str]) -> None:
    file = daemon.home / "config" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{KEY} = 0.1\n")
    done = lmem.type("config", "edit", typed="n\n", env={**editor, "TMPDIR": str(lmem.folder)})
    assert done.status == 2
    assert file.read_text() == f"{KEY} = 0.1\n"
    assert str(file) not in done.out
    (kept,) = lmem.folder.glob("lmem-*.toml")
    assert kept.read_text() == f"{KEY} = = 0.3\n"
    assert done.out.rstrip().endswith(f"The settings are as they were. What you wrote is in {kept}")
