"""Builds the ONNX graph of a BERT-family encoder from its tensors, with ONNX Runtime's fused operators.

Not the export (export.py checks, quantises and places the file). The fused operators are described at
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md; fused, the graph is a third of the
unfused one in nodes and needs no graph optimiser at load.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lmem.errors import Damaged
from lmem.stores.embedding.layout import Layout
from lmem.stores.embedding.weights import Floats

INPUTS = ("input_ids", "segment_ids", "attention_mask")
"""All int32 of shape (batch, tokens); padding stands at the right."""

QUANTISED = ("MatMul", "Attention", "EmbedLayerNormalization")
_FUSED = "com.microsoft"


class _Graph:
    """Nodes and initialisers as they are added."""

    def __init__(self, layout: Layout, tensors: dict[str, Floats]) -> None:
        self.layout = layout
        # Checkpoints of a whole BertModel carry the prefix, those of the bare encoder do not.
        self.prefix = "bert." if "bert.embeddings.word_embeddings.weight" in tensors else ""
        self.tensors = tensors
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def weight(self, name: str, *shape: int | None) -> Floats:
        """A tensor of the model. Raises Damaged when it is absent or not of `shape` (None: any length)."""
        tensor = self.tensors.get(self.prefix + name)
        fits = tensor is not None and len(tensor.shape) == len(shape)
        if tensor is None or not fits or any(w not in (None, n) for w, n in zip(shape, tensor.shape, strict=True)):
            raise Damaged(
                f"{self.layout.weights} does not hold {name} as config.json describes it.",
                hint="Remove its directory, then run 'lmem model pull'.",
            )
        return tensor

    def constant(self, name: str, values: Floats) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = _FUSED, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def dense(self, source: str, name: str, rows: int, columns: int) -> str:
        """`source` times the transposed weight of the linear layer `name`; its bias is added by the next fused node."""
        matrix = self.constant(f"{name}.matrix", self.weight(f"{name}.weight", columns, rows).T)
        return self.node("MatMul", [source, matrix], [f"{name}.out"], domain="")

    def bias(self, name: str, size: int) -> str:
        return self.constant(f"{name}.bias", self.weight(f"{name}.bias", size))

    def add_and_normalise(self, source: str, skip: str, norm: str, bias: str) -> str:
        size = self.layout.dimensions
        gamma = self.constant(f"{norm}.gamma", self.weight(f"{norm}.weight", size))
        inputs = [source, skip, gamma, self.bias(norm, size), bias]
        return self.node("SkipLayerNormalization", inputs, [f"{norm}.out"], epsilon=self.layout.epsilon)


def build(layout: Layout, tensors: dict[str, Floats], target: Path) -> None:
    """Write the float32 graph to `target`: INPUTS in, `hidden` (batch, tokens, dimensions) out.

    Raises Damaged when a tensor is missing or has another shape than config.json says.
    """
    graph = _Graph(layout, tensors)
    state = _embeddings(graph)
    for number in range(layout.layers):
        state = _layer(graph, number, state)
    graph.node("Identity", [state], ["hidden"], domain="")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "tokens"]) for name in INPUTS]
    output = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["batch", "tokens", layout.dimensions])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", inputs, [output], graph.constants),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)],
        ir_version=9,  # read by every ONNX Runtime that lmem accepts
    )
    onnx.save(model, str(target))


def _embeddings(graph: _Graph) -> str:
    size = graph.layout.dimensions
    names = [graph.constant(n, graph.weight(f"embeddings.{n}_embeddings.weight", None, size)) for n in _TABLES]
    gamma = graph.constant("embeddings.gamma", graph.weight("embeddings.LayerNorm.weight", size))
    inputs = ["input_ids", "segment_ids", *names, gamma, graph.bias("embeddings.LayerNorm", size), "attention_mask"]
    return graph.node("EmbedLayerNormalization", inputs, ["embedded", "lengths"], epsilon=graph.layout.epsilon)


_TABLES = ("word", "position", "token_type")


def _layer(graph: _Graph, number: int, state: str) -> str:
    size, inner = graph.layout.dimensions, graph.layout.inner
    base = f"encoder.layer.{number}"
    heads = [f"{base}.attention.self.{name}" for name in ("query", "key", "value")]
    matrix = np.concatenate([graph.weight(f"{head}.weight", size, size).T for head in heads], axis=1)
    bias = np.concatenate([graph.weight(f"{head}.bias", size) for head in heads])
    inputs = [state, graph.constant(f"{base}.qkv", matrix), graph.constant(f"{base}.qkv.bias", bias), "lengths"]
    attended = graph.node("Attention", inputs, [f"{base}.attended"], num_heads=graph.layout.heads)
    output = f"{base}.attention.output"
    projected = graph.dense(attended, f"{output}.dense", size, size)
    middle = graph.add_and_normalise(projected, state, f"{output}.LayerNorm", graph.bias(f"{output}.dense", size))
    wide = graph.dense(middle, f"{base}.intermediate.dense", size, inner)
    active = graph.node("BiasGelu", [wide, graph.bias(f"{base}.intermediate.dense", inner)], [f"{base}.active"])
    narrow = graph.dense(active, f"{base}.output.dense", inner, size)
    return graph.add_and_normalise(narrow, middle, f"{base}.output.LayerNorm", graph.bias(f"{base}.output.dense", size))
