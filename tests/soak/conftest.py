"""Homes for the soak tests: one for each test, its daemon killed at the end whatever happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import Home
from tests.soak.kit import Daemon


@pytest.fixture
def daemon(tmp_path: Path, model_dir: Path) -> Iterator[Daemon]:
    """A running daemon with its index worker ready."""
    home = Home(tmp_path / "home", {"LMEM_MODEL_DIR": str(model_dir)})
    home.path.mkdir()
    made = Daemon(home)
    made.start()
    try:
        with home.wire() as wire:
            wire.wait_for_vectors()
        yield made
    finally:
        if made.alive():
            made.kill()
