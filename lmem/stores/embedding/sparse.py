"""The sparse side of an encoding: BM25 weights of a text's terms, neighbours' words counted half.

Not the dense side, and no IDF: the vector store applies it (modifier Idf). Needs no model. Formula and constants are
those of notes on retrieval measured for lmem: tf (k + 1) / (tf + k (1 - b + b len / avg)), k = 1.2, b = .75.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable

from qdrant_edge import Bm25, Bm25Config

from lmem.errors import InvalidInput
from lmem.ports.embedder import Document

K = 1.2
B = 0.75
NEAR = 0.5
"""The weight of a neighbour's word beside the item's own."""

_COUNTING_K = 1e6
"""With so large a k and b = 0 the tokeniser's own BM25 weights are the counts, up to rounding that is undone here."""


class Terms:
    """Turns text into term ids and weights; safe to use from several threads."""

    def __init__(self) -> None:
        self._bm25 = Bm25(Bm25Config(k=_COUNTING_K, b=0.0, language="english"))

    def query(self, text: str) -> tuple[bytes, bytes]:
        """Distinct terms of a question as uint32 bytes, and a one for each as float32 bytes."""
        indices = sorted(set(self._bm25.embed_query(plain(text)).indices))
        return pack_terms(indices), pack_weights([1.0] * len(indices))

    def document(self, document: Document, average_length: float) -> tuple[bytes, bytes]:
        """Terms of a document and its neighbours as uint32 bytes, and their BM25 weights as float32 bytes.

        Raises InvalidInput unless `average_length`, in terms, is finite and positive.
        """
        if not math.isfinite(average_length) or average_length <= 0:
            raise InvalidInput(
                f"The mean length of a collection is a positive number, not {average_length}.",
                hint="Pass the generation's mean length in terms.",
            )
        counts = self.count(document.text)
        length = sum(counts.values())
        for text in document.near:
            for term, count in self.count(text).items():
                counts[term] = counts.get(term, 0.0) + NEAR * count
                length += count
        damping = K * (1 - B + B * length / average_length)
        terms = sorted(counts)
        return pack_terms(terms), pack_weights(counts[t] * (K + 1) / (counts[t] + damping) for t in terms)

    def count(self, text: str) -> dict[int, float]:
        """How often each term occurs in `text`; whole numbers."""
        found = self._bm25.embed_document(plain(text))
        return {
            term: float(round(weight * _COUNTING_K / (_COUNTING_K + 1 - weight)))
            for term, weight in zip(found.indices, found.values, strict=True)
        }


def plain(text: str) -> str:
    """`text` with lone surrogates replaced, which no native tokeniser takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def pack_terms(terms: list[int]) -> bytes:
    return struct.pack(f"<{len(terms)}I", *terms)


def pack_weights(weights: Iterable[float]) -> bytes:
    values = list(weights)
    return struct.pack(f"<{len(values)}f", *values)
