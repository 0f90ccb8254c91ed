"""What a service may ask of the embedder: text to a dense vector and to sparse term weights.

Not a store; it keeps nothing. Vectors are bytes of little-endian float32, so that no caller needs numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Document(NamedTuple):
    """One text to encode. `near` holds the texts before and after it in its session, whose words count half.

    A tuple, as Encoding and lmem.ports.vectors.Point: thousands cross a pipe, faster than dataclasses.
    """

    text: str
    near: tuple[str, ...] = ()


class Encoding(NamedTuple):
    """A dense unit vector (float32 bytes; empty when only terms were asked for) and sparse terms.

    `terms` are uint32 bytes, `weights` float32 bytes of the same length: BM25 weights for a document, ones for a query.
    `tokens` is the number of word pieces the model saw.
    """

    dense: bytes
    terms: bytes
    weights: bytes
    tokens: int


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A loaded model. `fingerprint` = hash of weights, dimensions and pooling; the name alone proves nothing."""

    name: str
    engine: str
    dimensions: int
    fingerprint: str


class Embedder(Protocol):
    """Turns text into vectors. Queries never wait behind documents."""

    def load(self) -> ModelInfo:
        """Load the model. Raises ModelMissing when it is not on this machine."""
        ...

    def encode_query(self, text: str, dense: bool = True) -> Encoding:
        """A question, with every distinct term weighing one. Services ask lmem.ports.finder instead.

        Without `dense` only terms are computed, which needs no model.
        """
        ...

    def encode_documents(
        self, documents: Sequence[Document], average_length: float, dense: bool = True
    ) -> list[Encoding]:
        """Texts to index. `average_length` is the collection's mean length in terms (fixed per generation).

        Without `dense` only terms are computed (their neighbours changed, their own text did not).
        """
        ...

    def cosines(self, vectors: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
        """Of unit vectors, as `Encoding.dense` has them: for each of `vectors` one with each of `others`."""
        ...


class AsyncEmbedder(Protocol):
    """Embedder as services use it: its methods, awaited, but for questions; what each does stands there.

    Besides the errors named there: WorkerDied when the index worker died meanwhile, StoreUnavailable when it is down.
    """

    async def load(self) -> ModelInfo:
        """See Embedder.load."""
        ...

    async def encode_documents(
        self, documents: Sequence[Document], average_length: float, dense: bool = True
    ) -> list[Encoding]:
        """See Embedder.encode_documents."""
        ...

    async def cosines(self, vectors: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
        """See Embedder.cosines."""
        ...
