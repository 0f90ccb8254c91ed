"""The sentence-transformers engine where the extra is absent; with it, the contract suite runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lmem.errors import ModelMissing
from lmem.stores.embedding.sentence import SentenceTransformerEmbedder
from tests.unit.stores.embedding import tiny


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, "0")
    embedder = SentenceTransformerEmbedder(str(tiny.directory(tmp_path / "m")), str(tmp_path / "cache"))
    with pytest.raises(ModelMissing, match="cannot be imported") as caught:
        embedder.load()
    assert "lmem[sentence-transformers]" in caught.value.hint


def test_the_module_itself_imports_nothing_heavy() -> None:
    code = "import sys, lmem.stores.embedding.sentence; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
