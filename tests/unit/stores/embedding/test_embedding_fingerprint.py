"""Fingerprints: what changes them, and hashes remembered until the file changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lmem.errors import ModelMissing
from lmem.stores.embedding import fingerprint as module
from lmem.stores.embedding.fingerprint import fingerprint, weights_hash, write_whole


def test_weights_dimensions_and_pooling_each_change_it() -> None:
    marks = {
        fingerprint(*given) for given in (("a", 384, "mean"), ("b", 384, "mean"), ("a", 2, "mean"), ("a", 384, "cls"))
    }
    assert len(marks) == 4
    assert all(len(mark) == 32 for mark in marks)


def test_a_hash_is_computed_once_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, cache = tmp_path / "model", tmp_path / "cache"
    model.mkdir()
    weights = model / "model.safetensors"
    weights.write_bytes(b"one")
    hashed: list[Path] = []
    real = module.file_hash

    def counting(file: Path) -> str:
        hashed.append(file)
        return real(file)

    monkeypatch.setattr(module, "file_hash", counting)
    first = weights_hash(model, cache)
    assert first == weights_hash(model, cache) == hashlib.sha256(b"one").hexdigest()
    assert len(hashed) == 1
    weights.write_bytes(b"other")
    assert weights_hash(model, cache) == hashlib.sha256(b"other").hexdigest()
    (cache / "hashes.json").write_text("{ damaged")
    assert weights_hash(model, cache) == hashlib.sha256(b"other").hexdigest()


def test_a_cache_that_cannot_be_written_does_not_stop_the_model(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a directory should be")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert weights_hash(tmp_path, tmp_path / "cache") == hashlib.sha256(b"weights").hexdigest()


def test_a_model_in_parts_is_hashed_whole(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model-1.bin").write_bytes(b"one")
    alone = weights_hash(tmp_path, tmp_path)
    (tmp_path / "pytorch_model-2.bin").write_bytes(b"two")
    assert weights_hash(tmp_path, tmp_path) != alone


def test_no_weights_are_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        weights_hash(tmp_path, tmp_path)


def test_a_file_is_replaced_whole_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_whole(tmp_path / "deep" / "file", b"one")
    write_whole(tmp_path / "deep" / "file", b"two")
    assert [entry.name for entry in (tmp_path / "deep").iterdir()] == ["file"]
    assert (tmp_path / "deep" / "file").read_bytes() == b"two"
