"""Hole-aware copies: every byte arrives, and nothing that was a hole takes a block."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from lmem.stores.qdrant.holes import allocated, copy_tree

MB = 1 << 20


def _sparse(path: Path, pieces: dict[int, bytes], length: int) -> None:
    with open(path, "wb") as file:
        for position, data in pieces.items():
            file.seek(position)
            file.write(data)
        file.truncate(length)


@pytest.mark.parametrize(
    ("pieces", "length"),
    [
        ({}, 0),
        ({}, 40 * MB),
        ({0: b"head"}, 40 * MB),
        ({40 * MB - 4: b"tail"}, 40 * MB),
        ({3: b"a" * 5000, 9 * MB + 1: random.Random(1).randbytes(3 * MB), 30 * MB: b"c"}, 40 * MB),
    ],
)
def test_a_copy_is_equal_and_as_sparse(tmp_path: Path, pieces: dict[int, bytes], length: int) -> None:
    source = tmp_path / "source"
    (source / "deep" / "empty").mkdir(parents=True)
    _sparse(source / "deep" / "file", pieces, length)
    copy_tree(source, tmp_path / "target")
    assert (tmp_path / "target/deep/file").read_bytes() == (source / "deep/file").read_bytes()
    assert (tmp_path / "target/deep/empty").is_dir()
    assert allocated(tmp_path / "target") <= allocated(source) + 64 * 1024
    assert allocated(tmp_path / "target") < 5 * MB


def test_a_target_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "target").mkdir()
    with pytest.raises(FileExistsError):
        copy_tree(tmp_path / "source", tmp_path / "target")


def test_what_goes_while_it_is_counted_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").write_bytes(b"x" * 5000)
    before = allocated(tmp_path)
    (tmp_path / "gone").write_bytes(b"x" * 5000)
    lstat = os.lstat

    def removed(path: str) -> os.stat_result:
        if path.endswith("gone"):
            os.unlink(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", removed)
    assert allocated(tmp_path) == before
