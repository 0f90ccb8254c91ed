"""A model's word pieces are read from its tokenizer's file; a tokenizer of another kind counts bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lmem.stores.embedding.models import Found
from lmem.stores.embedding.vocabulary import BYTES, Vocabulary, read

BERT: dict[str, Any] = {
    "model": {"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": {"the": 0, "cache": 1, "##s": 2}},
    "normalizer": {"type": "BertNormalizer", "lowercase": True, "strip_accents": None},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
}


def write(directory: Path, said: object) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "tokenizer.json").write_text(json.dumps(said))
    return directory


def test_a_bert_tokenizer_counts_pieces(tmp_path: Path) -> None:
    counting = read(write(tmp_path / "m", BERT), "tiny")
    assert (counting.by, counting.count("The caches")) == ("tiny", 3)


@pytest.mark.parametrize(
    "said",
    [
        {**BERT, "model": {**BERT["model"], "type": "BPE"}},
        {**BERT, "normalizer": {"type": "NFC"}},
        {**BERT, "normalizer": {**BERT["normalizer"], "strip_accents": False}},
        {**BERT, "normalizer": None},
        {**BERT, "pre_tokenizer": {"type": "Metaspace"}},
        [],
    ],
)
def test_another_kind_counts_bytes(tmp_path: Path, said: object) -> None:
    assert read(write(tmp_path / "m", said), "other") is BYTES
    assert BYTES.count("für\n") == 5


def test_a_file_that_is_none_counts_bytes(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(b"\xff{")
    assert read(tmp_path, "broken") is BYTES
    assert read(tmp_path / "absent", "absent") is BYTES


def test_it_follows_the_chosen_model(tmp_path: Path) -> None:
    chosen: list[tuple[str, Found | None]] = [("one", None)]
    vocabulary = Vocabulary(lambda: chosen[-1])
    assert vocabulary.counting() is BYTES
    chosen.append(("one", Found(write(tmp_path / "one", BERT), "configured")))
    first = vocabulary.counting()
    assert first.by == "one" and vocabulary.counting() is first
    chosen.append(("two", Found(write(tmp_path / "two", BERT), "configured")))
    assert vocabulary.counting().by == "two"
