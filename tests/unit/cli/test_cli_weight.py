"""What each command imports: the hot path nothing that is heavy, help no driver."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.terminal import Terminal

DRIVERS = {"numpy", "onnxruntime", "qdrant_edge", "qdrant_client", "neo4j", "redis", "mcp", "pydantic", "apscheduler"}
HEAVY = {
    "typer",
    "rich",
    "dataclasses",
    "inspect",
    "typing",
    "asyncio",
    "sqlite3",
    "platformdirs",
    "subprocess",
    "uuid",
}
SCRIPT = "import sys; from lmem.__main__ import answer; answer(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"


def imported(lmem: Terminal, *argv: str) -> set[str]:
    """The top names of the modules that a command has imported when it is done."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *argv], env=lmem.environment({}), capture_output=True, text=True, check=True
    )
    assert "Traceback" not in done.stderr
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}


@pytest.mark.parametrize(
    "argv",
    [
        ("add", "x", "--tag", "a"),
        ("search", "x", "--explain"),
        ("show", "3f2a"),
        ("list", "--json"),
        ("status",),
        (),
        ("_complete", "ids", ""),
        ("--version",),
    ],
    ids=" ".join,
)
def test_the_hot_path_imports_nothing_heavy(daemon: FakeDaemon, lmem: Terminal, argv: tuple[str, ...]) -> None:
    found = imported(lmem, *argv)
    assert "lmem" in found
    assert not found & (HEAVY | DRIVERS | {"importlib.metadata"})


@pytest.mark.parametrize("argv", [("--help",), ("add", "--help"), ("daemon", "--help")], ids=" ".join)
def test_help_imports_typer_but_no_driver_and_no_rich(lmem: Terminal, argv: tuple[str, ...]) -> None:
    found = imported(lmem, *argv)
    assert "typer" in found
    assert not found & (DRIVERS | {"rich", "asyncio", "sqlite3"})


def test_rich_is_for_what_is_drawn_on_a_terminal(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/tags"] = lambda params: {"tags": [{"tag": "a", "count": 1}]}
    assert "rich" not in imported(lmem, "tags")
