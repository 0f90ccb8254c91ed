"""Cosines of vectors that are at hand, a whole matrix at once.

Not a search: no index is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def cosines(vectors: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
    """See lmem.ports.embedder.Embedder.cosines."""
    if not vectors or not others:
        return [[] for _ in vectors]
    rows, columns = (np.frombuffer(b"".join(some), "<f4").reshape(len(some), -1) for some in (vectors, others))
    # Without BLAS, whose threads spin for a tenth of a second after each product.
    found: list[list[float]] = np.einsum("ij,kj->ik", rows, columns).tolist()
    return found
