"""Help and usage errors: one shape, on the right stream, with the next step."""

from __future__ import annotations

import json

import pytest

from lmem._version import __version__
from lmem.cli._options import COMMANDS
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.terminal import Terminal


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_an_answer(lmem: Terminal, flag: str) -> None:
    done = lmem.run("search", flag)
    assert done.status == 0
    assert "Usage: lmem search [OPTIONS] [QUERY...]" in done.out
    assert "$ lmem search" in done.out
    assert not done.err


def test_the_help_lists_every_command(lmem: Terminal) -> None:
    out = lmem.run("--help").out
    assert all(f"\n  {name.split()[0]} " in out for name in COMMANDS)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("serach", "x"), "No such command 'serach'"),
        (("add", "x", "--titel", "y"), "--title"),
        (("add", "x", "--importance", "much"), "'much' is not a valid float."),
        (("show",), "Missing argument"),
        (("daemon",), "Missing command."),
        (("daemon", "fly"), "No such command 'fly'"),
    ],
)
def test_a_usage_error_says_what_and_where_to_look(lmem: Terminal, argv: tuple[str, ...], said: str) -> None:
    done = lmem.run(*argv)
    assert done.status == 2
    assert not done.out
    message, hint = done.err.splitlines()
    assert message.startswith("lmem: ") and said in message and message.endswith((".", "?"))
    assert hint.startswith("See 'lmem")


def test_a_usage_error_for_programs(lmem: Terminal) -> None:
    done = lmem.run("add", "x", "--importance", "much", "--json")
    assert done.status == 2
    assert done.error()["code"] == "invalid_input"


@pytest.mark.parametrize("argv", [("--version",), ("-V",), ("--version", "--json")])
def test_the_version(lmem: Terminal, argv: tuple[str, ...]) -> None:
    assert lmem.run(*argv).out == f"lmem {__version__}\n"


def test_version_for_programs(lmem: Terminal) -> None:
    assert lmem.run("version", "--json").json()["version"] == __version__


@pytest.mark.parametrize("argv", [("list",), ("search", "wal"), ("project", "list"), ("list", "--limit=3")])
def test_json_before_the_command_is_json_after_it(daemon: FakeDaemon, lmem: Terminal, argv: tuple[str, ...]) -> None:
    daemon.answers["project/list"] = lambda params: {"projects": [{"name": "api"}]}
    before, after = lmem.run("--json", *argv), lmem.run(*argv, "--json")
    assert json.loads(before.out)
    assert before == after
    assert lmem.run("--json", "list", "--nonsense").error()["code"] == "invalid_input"
