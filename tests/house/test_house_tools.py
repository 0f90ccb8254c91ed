"""Linter and type checker, run as tests, so that one command proves everything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.source import ROOT


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "--no-fix", "."], ["mypy"]],
    ids=["ruff", "mypy"],
)
def test_tool_is_content(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
