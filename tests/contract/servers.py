"""The vector store on servers, for the contracts that run on each implementation.

Not a test.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from lmem.stores.qdrant.server import ServerVectors
from tests.servers.qdrant import URL
from tests.servers.qdrant_twin import running

IN_MEMORY, TWIN, REAL = "server in memory", "server by its calls", "real server"
SERVERS = (IN_MEMORY, TWIN, *([REAL] if os.environ.get(URL) or shutil.which("qdrant") else ()))
"""qdrant-client's own store; that store behind a server's HTTP calls; a real one where there is one."""


@contextmanager
def server(kind: str, request: pytest.FixtureRequest) -> Iterator[ServerVectors]:
    """A vector store of one of SERVERS under a prefix of its own, of which nothing is left afterwards."""
    prefix = f"test_{uuid.uuid4().hex[:8]}_"
    with ExitStack() as stack:
        real = request.getfixturevalue("qdrant_server")  # says so in a line where there is none
        if kind == IN_MEMORY:
            vectors = vectors_at(":memory:", prefix)
        elif kind == TWIN:
            vectors = vectors_at(stack.enter_context(running()).url, prefix)
        else:
            vectors = vectors_at(real.url, prefix, api_key=real.api_key)
        stack.callback(vectors.close)
        yield vectors
        for generation in vectors.sizes():
            vectors.drop(generation)
        with vectors._door.client() as client:
            client.delete_collection(f"{prefix}lmem")


def vectors_at(url: str, prefix: str, **arguments: Any) -> ServerVectors:
    """A vector store on the server at `url`."""
    given = {"api_key": None, "owner": "an owner", "timeout": 10.0}
    return ServerVectors(url, prefix=prefix, **{**given, **arguments})
