"""What model directories say: sizes and pooling of one that works, and a clear refusal of each that does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lmem.errors import Damaged, InvalidInput, ModelMissing
from lmem.stores.embedding.layout import is_model, read_layout, read_pooling
from tests.unit.stores.embedding import tiny


def test_sizes_come_from_the_configuration(tmp_path: Path) -> None:
    layout = read_layout(tiny.directory(tmp_path / "m"))
    assert (layout.dimensions, layout.layers, layout.heads, layout.inner) == (16, 2, 2, 32)
    assert (layout.max_tokens, layout.pooling, layout.epsilon) == (20, "mean", 1e-12)


def test_without_a_limit_of_its_own_a_model_reads_as_many_tokens_as_it_has_positions(tmp_path: Path) -> None:
    directory = tiny.directory(tmp_path / "m")
    (directory / "sentence_bert_config.json").unlink()
    assert read_layout(directory).max_tokens == 24


@pytest.mark.parametrize(
    ("said", "pooling"),
    [
        ({"pooling_mode_cls_token": True}, "cls"),
        ({"pooling_mode": "mean"}, "mean"),
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}, "mean+max"),
        ({}, "mean"),
    ],
)
def test_pooling_in_old_and_new_words(tmp_path: Path, said: dict[str, object], pooling: str) -> None:
    directory = tiny.directory(tmp_path / "m")
    (directory / "1_Pooling" / "config.json").write_text(json.dumps(said))
    assert read_pooling(directory) == pooling


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_directory_that_lacks_a_file_is_no_model(tmp_path: Path, missing: str) -> None:
    directory = tiny.directory(tmp_path / "m")
    (directory / missing).unlink()
    assert not is_model(directory)
    with pytest.raises(ModelMissing):
        read_layout(directory)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "mpnet"},
        {"hidden_act": "silu"},
        {"position_embedding_type": "relative_key"},
        {"num_hidden_layers": 0},
        {"hidden_size": "16"},
        {"num_attention_heads": True},
    ],
)
def test_another_architecture_is_refused_with_the_engine_that_can(tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(config))) as caught:
        read_layout(tiny.directory(tmp_path / "m", config=config))
    assert "sentence-transformers" in caught.value.hint


def test_a_layer_after_the_pooling_is_refused(tmp_path: Path) -> None:
    directory = tiny.directory(tmp_path / "m")
    kinds = ["Transformer", "Pooling", "Dense"]
    (directory / "modules.json").write_text(json.dumps([{"type": f"sentence_transformers.models.{k}"} for k in kinds]))
    with pytest.raises(InvalidInput, match="Dense"):
        read_layout(directory)


def test_pooling_by_maximum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="max"):
        read_layout(tiny.directory(tmp_path / "m", pooling="max"))


@pytest.mark.parametrize("name", ["config.json", "modules.json", "1_Pooling/config.json"])
@pytest.mark.parametrize("content", ["{", '["list"]', "\x00"])
def test_a_file_that_is_not_what_it_should_be_is_damaged(tmp_path: Path, name: str, content: str) -> None:
    directory = tiny.directory(tmp_path / "m")
    (directory / name).write_text(content)
    with pytest.raises(Damaged, match=name):
        read_layout(directory)
