"""The README is true: its session is a transcript that is run, its commands and folders exist."""

from __future__ import annotations

import json
import re

import pytest

from lmem import errors
from lmem.cli._options import COMMANDS
from tests.house.source import ROOT
from tests.transcripts.session import compare, steps

README = (ROOT / "README.md").read_text(encoding="utf-8")
TRANSCRIPT = ROOT / "tests/transcripts/readme.txt"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_session_is_the_transcript_that_is_run() -> None:
    shown, tested = steps(_blocks("console")[0]), steps(TRANSCRIPT.read_text(encoding="utf-8"))
    assert len(shown) == len(tested)
    ids: dict[str, str] = {}
    for here, there in zip(shown, tested, strict=True):
        commands = compare(there.command, here.command, ids)
        assert commands is not None, f"{here.command} is not {there.command}"
        bound = compare(there.output, here.output, commands)
        assert bound is not None, f"$ {here.command}\nREADME:\n{here.output}\ntranscript:\n{there.output}"
        ids = bound


def test_the_start_is_two_commands() -> None:
    (start,) = (block for block in _blocks("sh") if "pip install" in block and "pytest" in block)
    commands = [line for line in start.splitlines() if line and not line.startswith("#")]
    assert len(commands) == 2
    assert "lmem search" in commands[0]
    assert "pytest" in commands[1]
    assert "README.md" in (ROOT / ".ci/run").read_text(encoding="utf-8"), "CI takes them from here"


def test_the_configuration_of_editors_starts_the_bridge() -> None:
    cursor, code = (json.loads(block) for block in _blocks("json"))
    entry = {"command": "lmem", "args": ["mcp"]}
    assert cursor == {"mcpServers": {"lmem": entry}}
    assert code == {"servers": {"lmem": {"type": "stdio", **entry}}}


def test_the_map_names_what_exists() -> None:
    (folders,) = re.findall(r"^## Map\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    named = re.findall(r"^\| `([^`]+)`", folders, re.MULTILINE)
    assert len(named) > 8
    assert not [path for path in named if not (ROOT / path).exists()]


def test_the_table_of_commands_names_what_exists() -> None:
    (table,) = re.findall(r"^## Beyond add and search\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    named = re.findall(r"^\| `lmem ([a-z]+)`", table, re.MULTILINE)
    assert len(named) > 8
    assert set(named) <= {name.split()[0] for name in COMMANDS}


@pytest.mark.parametrize("status", sorted({cls.exit_status for cls in errors.ERRORS.values()}))
def test_every_exit_status_is_explained(status: int) -> None:
    assert re.search(rf"^\| {status} \| .{{10,}} \|$", README, re.MULTILINE)


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets and not [target for target in targets if not (ROOT / target).exists()]
