"""The safetensors reader: right values for each type, and Damaged for every file that is not whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmem.errors import Damaged
from lmem.stores.embedding.weights import read_tensors
from tests.unit.stores.embedding.tiny import safetensors

VALUES = {"a": np.array([[1.5, -2.0], [0.25, 4.0]], np.float32), "b": np.array([3.0], np.float32)}


def written(path: Path, content: bytes) -> Path:
    file = path / "model.safetensors"
    file.write_bytes(content)
    return file


def headed(header: object, body: bytes = b"\0" * 8) -> bytes:
    said = json.dumps(header).encode()
    return len(said).to_bytes(8, "little") + said + body


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_values_and_shapes_come_back_as_float32(tmp_path: Path, dtype: str) -> None:
    found = read_tensors(written(tmp_path, safetensors(VALUES, dtype)))
    assert list(found) == ["a", "b"]
    for name, value in VALUES.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], value)


def test_integer_tensors_are_left_out(tmp_path: Path) -> None:
    entry = {"ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}
    assert read_tensors(written(tmp_path, headed(entry))) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        (1 << 60).to_bytes(8, "little") + b"{}",
        headed([]),
        b"\x03" + b"\0" * 7 + b"{]}",
        headed({"a": 1}),
        headed({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 9]}}),
        headed({"a": {"dtype": "F32", "shape": [2], "data_offsets": [-8, 8]}}),
        headed({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}),
        headed({"a": {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]}}),
        headed({"a": {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]}}),
        headed({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}),
        safetensors(VALUES)[:-1],
        safetensors(VALUES) + b"\0",
    ],
)
def test_a_file_that_is_not_whole_is_damaged(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Damaged, match="not a whole safetensors file") as caught:
        read_tensors(written(tmp_path, content))
    assert "lmem model pull" in caught.value.hint


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_changed_byte_is_read_or_damaged_and_nothing_else(tmp_path: Path, position: int, value: int) -> None:
    content = bytearray(safetensors(VALUES))
    content[position % len(content)] = value
    try:
        found = read_tensors(written(tmp_path, bytes(content)))
    except Damaged:
        return
    assert sum(tensor.nbytes for tensor in found.values()) <= len(content)
