"""The vector store on servers, for the contracts that run on each implementation.

Not a test.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from lmem.stores.qdrant.server import ServerVectors
from tests.servers.qdrant_twin import running

REAL = os.environ.get("LMEM_TEST_QDRANT_URL", "")
IN_MEMORY, TWIN = "server in memory", "server by its calls"
SERVERS = (IN_MEMORY, TWIN, *(("a real server",) if REAL else ()))


@contextmanager
def server(kind: str) -> Iterator[ServerVectors]:
    """A vector store of one of SERVERS under a prefix of its own, which is empty afterwards."""
    with ExitStack() as stack:
        url = ":memory:" if kind == IN_MEMORY else stack.enter_context(running()).url if kind == TWIN else REAL
        vectors = vectors_at(url, f"test_{uuid.uuid4().hex[:8]}_")
        stack.callback(vectors.close)
        yield vectors
        for generation in vectors.sizes():
            vectors.drop(generation)


def vectors_at(url: str, prefix: str, **arguments: Any) -> ServerVectors:
    """A vector store on the server at `url`."""
    given = {"api_key": os.environ.get("LMEM_TEST_QDRANT_API_KEY"), "owner": "an owner", "timeout": 10.0}
    return ServerVectors(url, prefix=prefix, **{**given, **arguments})
