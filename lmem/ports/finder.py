"""What a service may ask of the embedder and the vector store together: a question in words, candidates out.

Not a store of its own: it composes both where they run, so that a question crosses to them once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lmem.ports.vectors import Candidates, Condition


class Finder(Protocol):
    """Answers questions in words."""

    def find(
        self,
        generation: str,
        collection: str,
        text: str,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        """What Vectors.search answers to the encoding of `text`; its `encode_ms` and `query` are set.

        `only` is 'dense' or 'sparse' to ask one side; 'sparse' needs no model. Raises what Vectors.search raises, and
        ModelMissing when the model is needed and not loaded.
        """
        ...


class AsyncFinder(Protocol):
    """Finder as services use it: the same method, awaited.

    Besides the errors named there: WorkerDied when the index worker died meanwhile, StoreUnavailable when it is down.
    """

    async def find(
        self,
        generation: str,
        collection: str,
        text: str,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        """See Finder.find."""
        ...
