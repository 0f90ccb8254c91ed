"""The sentence-transformers engine (extra lmem[sentence-transformers]): any model it can load, GPUs included.

Not imported unless configured: torch takes seconds and 600 MB, so even here it is imported in `load` only.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from lmem.errors import ModelMissing
from lmem.ports.embedder import Document, Encoding, ModelInfo
from lmem.stores.embedding.catalogue import name_of
from lmem.stores.embedding.fingerprint import fingerprint, weights_hash
from lmem.stores.embedding.layout import read_pooling
from lmem.stores.embedding.sparse import Terms, plain

_BATCH = 8


class SentenceTransformerEmbedder:
    """The same port as the light engine. `device` is torch's name for one ('cpu', 'cuda'); empty lets it choose.

    torch runs a query beside a batch of documents, in the caller's thread. Every argument is picklable.
    """

    def __init__(self, model_dir: str, cache_dir: str, device: str = "") -> None:
        self._model_dir = Path(model_dir)
        self._cache_dir = Path(cache_dir)
        self._device = device
        self._terms = Terms()
        self._model: Any = None

    def load(self) -> ModelInfo:
        """Load the model from its directory; nothing is fetched.

        Raises ModelMissing when there is no model or the extra is not installed.
        """
        # Before the import, which reads them: the directory is all it may use.
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        digest = weights_hash(self._model_dir, self._cache_dir)
        try:
            library = import_module("sentence_transformers")
        except ImportError as err:
            raise ModelMissing(
                f"The engine sentence-transformers cannot be imported: {err}.",
                hint="Run 'pip install lmem[sentence-transformers]', or set embedding.engine to light.",
            ) from err
        try:
            self._model = library.SentenceTransformer(str(self._model_dir), device=self._device or None)
        except (OSError, ValueError) as err:
            raise ModelMissing(f"sentence-transformers cannot load {self._model_dir}: {err}.") from err
        dimensions = len(self._encode(["dimensions"])[0]) // 4
        mark = fingerprint(digest, dimensions, read_pooling(self._model_dir))
        return ModelInfo(name_of(digest) or self._model_dir.name, "sentence-transformers", dimensions, mark)

    def encode_query(self, text: str, dense: bool = True) -> Encoding:
        """A question. Raises ModelMissing before `load` unless only terms are asked for."""
        if not dense:
            return Encoding(b"", *self._terms.query(text), 0)
        return Encoding(self._encode([text])[0], *self._terms.query(text), self._count(text))

    def encode_documents(
        self, documents: Sequence[Document], average_length: float, dense: bool = True
    ) -> list[Encoding]:
        """Texts to index, in their order. Raises ModelMissing before `load` unless only terms are asked for."""
        sparse = [self._terms.document(document, average_length) for document in documents]
        if not dense:
            return [Encoding(b"", terms, weights, 0) for terms, weights in sparse]
        vectors = self._encode([document.text for document in documents])
        return [
            Encoding(vector, terms, weights, self._count(document.text))
            for vector, (terms, weights), document in zip(vectors, sparse, documents, strict=True)
        ]

    def cosines(self, vectors: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
        from lmem.stores.embedding.nearness import cosines

        return cosines(vectors, others)

    def _encode(self, texts: Sequence[str]) -> list[bytes]:
        if self._model is None:
            raise ModelMissing("The embedding model is not loaded yet.")
        if not texts:
            return []
        found = self._model.encode(
            [plain(text) for text in texts],
            batch_size=_BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return [vector.astype("<f4").tobytes() for vector in found]

    def _count(self, text: str) -> int:
        limit = self._model.max_seq_length
        ids = self._model.tokenizer(plain(text), truncation=limit is not None, max_length=limit)["input_ids"]
        return len(ids)
