"""An embedder without a model: a text is a number, the seed of its encoding.

Not a test.
"""

from __future__ import annotations

from collections.abc import Sequence

from lmem.errors import ModelMissing
from lmem.ports.embedder import Document, Encoding, ModelInfo
from lmem.stores.embedding.nearness import cosines
from tests.contract.vectors import DIMENSIONS, random_encoding


class SeededEmbedder:
    """Implements lmem.ports.embedder.Embedder. `asked` keeps, for each question, whether its vector was asked for."""

    def __init__(self) -> None:
        self.asked: list[bool] = []
        self._loaded = False

    def load(self) -> ModelInfo:
        self._loaded = True
        return ModelInfo("seeded", "test", DIMENSIONS, "seeded-1")

    def encode_query(self, text: str, dense: bool = True) -> Encoding:
        self.asked.append(dense)
        if dense and not self._loaded:
            raise ModelMissing
        found = random_encoding(int(text))
        return found if dense else Encoding(b"", found.terms, found.weights, 0)

    def encode_documents(
        self, documents: Sequence[Document], average_length: float, dense: bool = True
    ) -> list[Encoding]:
        return [self.encode_query(document.text, dense) for document in documents]

    def cosines(self, vectors: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
        return cosines(vectors, others)
