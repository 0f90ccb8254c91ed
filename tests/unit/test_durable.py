"""Durable writes replace whole files and leave nothing beside them. That a power cut keeps them no test here shows."""

from __future__ import annotations

import stat
from pathlib import Path

from lmem import durable


def test_a_durable_write_replaces_whole_files(tmp_path: Path) -> None:
    for text in (b"first", b"second"):
        durable.replace(tmp_path / "file", text)
        assert (tmp_path / "file").read_bytes() == text
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
