"""The chosen model's word pieces as a way to count tokens, read from its tokenizer's file when first asked for.

Not the tokenizer: no native code, so that the daemon's own process can use it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

from lmem.domain.budget import Counting
from lmem.domain.wordpieces import CONTINUED, count_bytes, counter
from lmem.stores.embedding.layout import TOKENIZER
from lmem.stores.embedding.models import Found

BYTES = Counting(count_bytes, "bytes")
"""For want of word pieces: no model yet, or a tokenizer of another kind."""


class Vocabulary:
    """Counts by the model that `chosen` names and finds now; the words of one are kept (4 MB, read in 25 ms)."""

    def __init__(self, chosen: Callable[[], tuple[str, Found | None]]) -> None:
        self._chosen = chosen
        self._lock = threading.Lock()
        self._kept: tuple[Path, Counting] | None = None

    def counting(self) -> Counting:
        """How tokens are counted now. From any thread; it reads files."""
        name, found = self._chosen()
        if found is None:
            return BYTES
        with self._lock:
            if self._kept is None or self._kept[0] != found.path:
                self._kept = found.path, read(found.path, name)
            return self._kept[1]


def read(directory: Path, name: str) -> Counting:
    """How the model in `directory`, called `name`, counts: by bytes when its tokenizer is of another kind."""
    try:
        said = json.loads((directory / TOKENIZER).read_text(encoding="utf-8"))
        model, normalizer, splitter = said["model"], said["normalizer"], said["pre_tokenizer"]
        kinds = (model["type"], normalizer["type"], splitter["type"], model["continuing_subword_prefix"])
        pieces, lowercase = frozenset(model["vocab"]), bool(normalizer["lowercase"])
        accents = normalizer["strip_accents"] in (None, lowercase)
    except (OSError, ValueError, KeyError, TypeError):  # whatever it is, its tokens are not counted by pieces
        return BYTES
    if kinds != ("WordPiece", "BertNormalizer", "BertPreTokenizer", CONTINUED) or not accents:
        return BYTES
    return Counting(counter(pieces, lowercase), name)
