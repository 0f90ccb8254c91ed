"""What a model directory in the sentence-transformers layout says about its model.

Not the weights (see weights.py) and not the engines; only the small JSON files are read here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lmem.errors import Damaged, InvalidInput, ModelMissing

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
_LAYERS_OF_A_SENTENCE_MODEL = {"Transformer", "Pooling", "Normalize"}


@dataclass(frozen=True, slots=True)
class Layout:
    """A BERT-family model: sizes from config.json, pooling ('mean' or 'cls') and the most tokens it reads at once."""

    directory: Path
    dimensions: int
    layers: int
    heads: int
    inner: int
    epsilon: float
    max_tokens: int
    pooling: str

    @property
    def weights(self) -> Path:
        return self.directory / WEIGHTS

    @property
    def tokenizer(self) -> Path:
        return self.directory / TOKENIZER


def is_model(directory: Path) -> bool:
    """Whether `directory` holds the files that a model needs."""
    return all((directory / name).is_file() for name in ("config.json", WEIGHTS, TOKENIZER))


def read_layout(directory: Path) -> Layout:
    """The layout of a model that the light engine can run.

    Raises ModelMissing when there is no model, Damaged when a file is not JSON, InvalidInput for another architecture.
    """
    if not is_model(directory):
        raise ModelMissing(f"There is no embedding model in {directory}.")
    config = _json(directory / "config.json")
    for key, wanted in (("model_type", "bert"), ("hidden_act", "gelu"), ("position_embedding_type", "absolute")):
        if config.get(key, wanted) != wanted:
            raise _unsupported(directory, f"{key} is {config[key]!r}, not {wanted!r}")
    pooling = read_pooling(directory)
    if pooling not in ("mean", "cls"):
        raise _unsupported(directory, f"it pools by {pooling!r}, not by mean or cls")
    for module in _modules(directory):
        if module not in _LAYERS_OF_A_SENTENCE_MODEL:
            raise _unsupported(directory, f"it has a {module} layer after the transformer")
    positions = _number(directory, config, "max_position_embeddings")
    limits = _json(directory / "sentence_bert_config.json", optional=True)
    return Layout(
        directory=directory,
        dimensions=_number(directory, config, "hidden_size"),
        layers=_number(directory, config, "num_hidden_layers"),
        heads=_number(directory, config, "num_attention_heads"),
        inner=_number(directory, config, "intermediate_size"),
        epsilon=_epsilon(config),
        max_tokens=min(_number(directory, limits, "max_seq_length", positions), positions),
        pooling=pooling,
    )


def read_pooling(directory: Path) -> str:
    """How token vectors become one: 'mean', 'cls' or the model's own names joined by '+'."""
    said = _json(directory / "1_Pooling" / "config.json", optional=True)
    if isinstance(mode := said.get("pooling_mode"), str):
        return mode
    names = {"cls_token": "cls", "mean_tokens": "mean", "max_tokens": "max", "mean_sqrt_len_tokens": "mean_sqrt_len"}
    chosen = [short for key, short in names.items() if said.get(f"pooling_mode_{key}") is True]
    return "+".join(chosen) or "mean"


def _modules(directory: Path) -> list[str]:
    file = directory / "modules.json"
    if not file.is_file():
        return []
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))
        return [str(module["type"]).rpartition(".")[2] for module in listed]
    except (ValueError, KeyError, TypeError) as err:
        raise _damaged(file) from err


def _json(file: Path, *, optional: bool = False) -> dict[str, object]:
    if optional and not file.is_file():
        return {}
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as err:
        raise _damaged(file) from err
    if not isinstance(value, dict):
        raise _damaged(file)
    return value


def _number(directory: Path, config: dict[str, object], key: str, default: int | None = None) -> int:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise _unsupported(directory, f"{key} is {value!r}, not a positive number")
    return value


def _epsilon(config: dict[str, object]) -> float:
    value = config.get("layer_norm_eps", 1e-12)
    return float(value) if isinstance(value, int | float) else 1e-12


def _damaged(file: Path) -> Damaged:
    return Damaged(
        f"{file} cannot be read as a model's file.", hint="Remove its directory, then run 'lmem model pull'."
    )


def _unsupported(directory: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"The light engine cannot run the model in {directory}: {why}.",
        hint="Install lmem[sentence-transformers] and set embedding.engine to sentence-transformers.",
    )
