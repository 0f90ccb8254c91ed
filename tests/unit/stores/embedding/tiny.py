"""A BERT of 16 dimensions with random weights, as a model directory, and its forward pass written out in numpy.

Not the real model: it makes tests of the export's graph and of its failures quick and independent of lmem's own code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "sqlite", "keeps", "the", "truth", ";", "vectors", ",", "graph", "cache"]
CONFIG: dict[str, object] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 24,
    "layer_norm_eps": 1e-12,
}


def tensors(seed: int = 7) -> dict[str, Array]:
    """Random tensors of CONFIG's shapes, under the names of a BertModel checkpoint."""
    random = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), 16),
        "embeddings.position_embeddings.weight": (24, 16),
        "embeddings.token_type_embeddings.weight": (2, 16),
        "embeddings.LayerNorm.weight": (16,),
        "embeddings.LayerNorm.bias": (16,),
    }
    for layer in range(2):
        for name, rows, columns in (
            ("attention.self.query", 16, 16),
            ("attention.self.key", 16, 16),
            ("attention.self.value", 16, 16),
            ("attention.output.dense", 16, 16),
            ("intermediate.dense", 32, 16),
            ("output.dense", 16, 32),
        ):
            shapes[f"encoder.layer.{layer}.{name}.weight"] = (rows, columns)
            shapes[f"encoder.layer.{layer}.{name}.bias"] = (rows,)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"encoder.layer.{layer}.{name}.weight"] = (16,)
            shapes[f"encoder.layer.{layer}.{name}.bias"] = (16,)
    return {name: random.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}


def safetensors(values: dict[str, Array], dtype: str = "F32") -> bytes:
    """The file format's bytes, in dtype F32, F16 or BF16."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, value in values.items():
        if dtype == "BF16":
            raw = (value.view(np.uint32) >> 16).astype("<u2").tobytes()
        else:
            raw = value.astype({"F32": "<f4", "F16": "<f2"}[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    said = json.dumps(header).encode()
    return len(said).to_bytes(8, "little") + said + body


def directory(
    path: Path,
    values: dict[str, Array] | None = None,
    pooling: str = "mean",
    config: Mapping[str, object] | None = None,
) -> Path:
    """A model directory in the sentence-transformers layout; `config` is laid over CONFIG."""
    (path / "1_Pooling").mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({**CONFIG, **(config or {})}))
    (path / "1_Pooling" / "config.json").write_text(
        json.dumps({f"pooling_mode_{pooling}_token": True, f"pooling_mode_{pooling}_tokens": True})
    )
    (path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 20}))
    (path / "model.safetensors").write_bytes(safetensors(tensors() if values is None else values))
    (path / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    return path


def forward(values: dict[str, Array], ids: list[int]) -> Array:
    """Hidden states of one text without padding, as the BERT paper has them."""
    state = (
        values["embeddings.word_embeddings.weight"][ids] + values["embeddings.position_embeddings.weight"][: len(ids)]
    )
    state = _norm(state + values["embeddings.token_type_embeddings.weight"][0], values, "embeddings.LayerNorm")
    for number in range(2):
        base = f"encoder.layer.{number}."
        query, key, value = (_linear(state, values, f"{base}attention.self.{n}") for n in ("query", "key", "value"))
        heads = []
        for head in (slice(0, 8), slice(8, 16)):
            scores = query[:, head] @ key[:, head].T / math.sqrt(8)
            share = np.exp(scores - scores.max(1, keepdims=True))
            heads.append(share / share.sum(1, keepdims=True) @ value[:, head])
        joined = _linear(np.concatenate(heads, 1), values, f"{base}attention.output.dense")
        state = _norm(state + joined, values, f"{base}attention.output.LayerNorm")
        wide = _linear(state, values, f"{base}intermediate.dense")
        wide = wide * 0.5 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
        state = _norm(state + _linear(wide, values, f"{base}output.dense"), values, f"{base}output.LayerNorm")
    return state.astype(np.float32)


def _linear(state: Array, values: dict[str, Array], name: str) -> Array:
    result: Array = state @ values[f"{name}.weight"].T + values[f"{name}.bias"]
    return result


def _norm(state: Array, values: dict[str, Array], name: str) -> Array:
    centred = state - state.mean(1, keepdims=True)
    result: Array = centred / np.sqrt(state.var(1, keepdims=True) + 1e-12)
    return result * values[f"{name}.weight"] + values[f"{name}.bias"]


def _tokenizer() -> dict[str, object]:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {word: i for i, word in enumerate(WORDS)},
        },
    }
