"""The exported graph and its session against a forward pass written out in numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmem.errors import Damaged
from lmem.stores.embedding import graph
from lmem.stores.embedding.encoder import Encoder
from lmem.stores.embedding.layout import read_layout
from tests.unit.stores.embedding import tiny

BATCH = [[2, 4, 5, 3], [2, 4, 5, 6, 7, 8, 9, 3], [2, 3]]


def expected(ids: list[int], pooling: str) -> tiny.Array:
    hidden = tiny.forward(tiny.tensors(), ids)
    vector = hidden[0] if pooling == "cls" else hidden.mean(0)
    unit: tiny.Array = vector / np.linalg.norm(vector)
    return unit


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("prefix", ["", "bert."])
def test_the_graph_computes_bert(tmp_path: Path, pooling: str, prefix: str) -> None:
    layout = read_layout(tiny.directory(tmp_path / "m", pooling=pooling))
    file = tmp_path / "graph.onnx"
    graph.build(layout, {prefix + name: value for name, value in tiny.tensors().items()}, file)
    found = Encoder(file, pooling, threads=1).run(BATCH)
    assert found.dtype == np.dtype("<f4")
    for ids, vector in zip(BATCH, found, strict=True):  # padded in the batch, not so in the forward pass
        np.testing.assert_allclose(vector, expected(ids, pooling), atol=2e-5)


@pytest.mark.parametrize(
    "name",
    ["embeddings.LayerNorm.bias", "encoder.layer.1.output.dense.weight", "encoder.layer.0.attention.self.key.bias"],
)
def test_a_tensor_that_is_absent_or_of_another_shape_is_damaged(tmp_path: Path, name: str) -> None:
    layout = read_layout(tiny.directory(tmp_path / "m"))
    tensors = tiny.tensors()
    tensors[name] = tensors[name][1:]
    with pytest.raises(Damaged, match=name):
        graph.build(layout, tensors, tmp_path / "graph.onnx")
    del tensors[name]
    with pytest.raises(Damaged, match=name):
        graph.build(layout, tensors, tmp_path / "graph.onnx")
