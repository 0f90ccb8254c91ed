"""What the tests of the command line share: a home, a daemon that says what it is told, a terminal.

Not for tests against the real daemon.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.terminal import Terminal


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    with FakeDaemon(tmp_path / "home") as running:
        yield running


@pytest.fixture
def lmem(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "home", tmp_path)
