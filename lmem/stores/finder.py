"""The finder beside its embedder and its vectors, in the index worker: one trip for a question instead of two.

Not a store, and it starts no thread. Asking the terms while the text is encoded was measured: on two processors, which
ONNX Runtime uses both, handing over to a thread and back took what it won.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from lmem.ports.embedder import Embedder
from lmem.ports.vectors import Candidates, Condition, Vectors


class OneTrip:
    """Implements lmem.ports.finder.Finder on an embedder and vectors of the same process."""

    def __init__(self, embedder: Embedder, vectors: Vectors) -> None:
        self._embedder = embedder
        self._vectors = vectors

    def find(
        self,
        generation: str,
        collection: str,
        text: str,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        started = time.perf_counter()
        query = self._embedder.encode_query(text, dense=only != "sparse")
        took = (time.perf_counter() - started) * 1000
        found = self._vectors.search(generation, collection, query, conditions, limit, only)
        return replace(found, encode_ms=took, query=query)
