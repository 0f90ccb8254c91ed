"""A place of its own for every test of hooks.

Not for tests of the daemon.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.githooks.hooked import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """lmem's own git runs with the same settings as the place's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return Place(tmp_path)
