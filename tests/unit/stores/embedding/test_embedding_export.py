"""The export as it is run, as a child process, and its checks inside."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from pathlib import Path

import pytest

from lmem.errors import Damaged, InvalidInput, ModelMissing, StoreUnavailable
from lmem.stores.embedding import export, onnx_file
from lmem.stores.embedding.fingerprint import file_hash, fingerprint
from lmem.stores.embedding.reference import VECTORS
from tests.unit.stores.embedding import tiny


def test_a_child_exports_and_leaves_the_file_and_its_note(tmp_path: Path) -> None:
    model = tiny.directory(tmp_path / "m")
    mark = fingerprint(file_hash(model / "model.safetensors"), 16, "mean")
    target = onnx_file.cached_file(tmp_path / "cache", mark)
    assert onnx_file.ready_file(model, tmp_path / "cache", mark) is None
    assert onnx_file.run_export(model, target) == target
    assert onnx_file.ready_file(model, tmp_path / "cache", mark) == target
    assert sorted(entry.name for entry in target.parent.iterdir()) == ["lmem-int8-1.json", "lmem-int8-1.onnx"]
    # Cut short, or of another model, it is not used.
    assert onnx_file.ready_file(model, tmp_path / "cache", "0" * 32) is None
    target.write_bytes(target.read_bytes()[:-1])
    assert onnx_file.ready_file(model, tmp_path / "cache", mark) is None


def test_a_model_directory_that_carries_the_file_is_used(tmp_path: Path) -> None:
    model = tiny.directory(tmp_path / "m")
    (model / onnx_file.FILE).write_bytes(b"graph")
    onnx_file.write_note(model / onnx_file.FILE, "f" * 32)
    assert onnx_file.ready_file(model, tmp_path / "cache", "f" * 32) == model / onnx_file.FILE


def test_the_childs_error_is_raised_in_the_parent(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no embedding model"):
        onnx_file.run_export(tmp_path / "absent", tmp_path / "out" / "graph.onnx")
    with pytest.raises(InvalidInput, match="mpnet") as caught:
        onnx_file.run_export(
            tiny.directory(tmp_path / "m", config={"model_type": "mpnet"}), tmp_path / "out" / "graph.onnx"
        )
    assert "sentence-transformers" in caught.value.hint


def test_a_child_that_cannot_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho it broke >&2\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(StoreUnavailable, match="status 7: it broke"):
        onnx_file.run_export(tmp_path, tmp_path / "graph.onnx")
    broken.write_text("#!/bin/sh\nkill -9 $$\n")
    with pytest.raises(StoreUnavailable, match="memory"):
        onnx_file.run_export(tmp_path, tmp_path / "graph.onnx")


def test_weights_that_do_not_give_the_reference_are_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.directory(tmp_path / "m")
    other = next(iter(VECTORS.values()))
    monkeypatch.setitem(VECTORS, file_hash(model / "model.safetensors"), other)
    with pytest.raises(Damaged, match="reference sentence"):
        export.export(model, tmp_path / "out" / "graph.onnx")
    assert list((tmp_path / "out").iterdir()) == []


def test_work_that_a_killed_export_left_is_removed_when_old(tmp_path: Path) -> None:
    old, new = tmp_path / "out" / ".export-old", tmp_path / "out" / ".export-new"
    old.mkdir(parents=True)
    new.mkdir()
    past = time.time() - 7200
    os.utime(old, (past, past))
    export.export(tiny.directory(tmp_path / "m"), tmp_path / "out" / "graph.onnx")
    assert new.exists() and not old.exists()


def test_a_full_disk_is_said_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(export, "_place", full)
    assert export.main([str(tiny.directory(tmp_path / "m")), str(tmp_path / "graph.onnx")]) == 1
    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert said["code"] == "storage_full" and said["retryable"] is True


def test_a_wrong_call_is_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert export.main([]) == 2
    assert "MODEL_DIR TARGET" in capsys.readouterr().err
