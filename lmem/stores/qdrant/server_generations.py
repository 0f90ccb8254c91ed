"""Generations of the index as collections on a Qdrant server, beside each other under one prefix.

Not the points in them (lmem.stores.qdrant.server).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import metadata

from lmem.errors import Conflict, IndexLost, StoreUnavailable
from lmem.ports.vectors import COLLECTIONS, QDRANT, Engine
from lmem.stores.qdrant.identity import Identity, check_identity, check_name, new_identity
from lmem.stores.qdrant.schema import SCHEMA, check_collection
from lmem.stores.qdrant.server_collections import Collections
from lmem.stores.qdrant.server_door import Door
from lmem.stores.qdrant.server_registry import Registry

TRUSTED = 30.0
"""Seconds for which an open generation counts as the one that was opened; then, and after each failure, it is asked."""


class ServerGenerations:
    """Generations on the Qdrant server at `url`, of the truth `owner`. Implements lmem.ports.vectors.Generations.

    `timeout` seconds bound each answer. `quantization` is none or int8; `on_disk` keeps vectors and payloads on disk.
    A server that cannot be reached is no error here: the first call says so.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None,
        prefix: str,
        owner: str,
        timeout: float,
        ca_file: str | None = None,
        quantization: str = "none",
        on_disk: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = Door(url, api_key, timeout, ca_file)
        self._collections = Collections(self._door, prefix, quantization == "int8", on_disk)
        self._registry = Registry(self._door, prefix, owner)
        self._rescore = quantization == "int8"
        self._clock = clock
        self._opened: dict[str, Identity] = {}
        self._asked: dict[str, float] = {}

    def open(self, generation: str, dimensions: int) -> str:
        self._registry.claim()
        self._door.interrupted = False
        identity = self._registry.identity(check_name(generation))
        if identity is None or self._collections.generations().get(generation) != len(COLLECTIONS):
            identity = self._finish(generation, dimensions, lambda: self._collections.create(generation, dimensions))
        check_identity(identity, generation, dimensions)
        self._collections.adjust(generation)
        self._opened[generation], self._asked[generation] = identity, self._clock()
        return identity.instance

    def serve(self, generation: str) -> None:
        self._get(generation)
        self._collections.alias(generation)

    def copy(self, generation: str, target: str) -> str:
        dimensions = self._get(generation).dimensions
        if self._registry.identity(check_name(target)) is not None:
            raise Conflict(f"There is a generation '{target}' already.", hint="Choose another name for the copy.")
        copied = self._finish(target, dimensions, lambda: self._collections.copy(generation, target, dimensions))
        return copied.instance

    def optimise(self, generation: str) -> None:
        if generation in self._opened:
            raise Conflict(f"The generation '{generation}' is open.", hint="Optimise a copy, then switch to it.")
        if self._registry.identity(check_name(generation)) is None:
            raise StoreUnavailable(f"There is no generation '{generation}'.")

    def drop(self, generation: str) -> None:
        self._registry.claim()
        self._opened.pop(check_name(generation), None)
        self._registry.remove(generation)
        self._collections.drop(generation)

    def sizes(self) -> dict[str, int]:
        self._registry.claim()  # before anybody takes them for left-overs of his own
        generations = sorted(self._collections.generations())
        return {generation: self._collections.size(generation) for generation in generations}

    def engine(self) -> Engine:
        with self._door.client() as client:
            version = client.info().version
        return Engine(QDRANT, version, SCHEMA, self._door.url, metadata.version("qdrant-client"))

    def close(self) -> None:
        """Let go of the server."""
        self._door.close()

    def _collection(self, generation: str, collection: str) -> str:
        """The real name of an open generation's collection."""
        check_collection(collection)
        self._get(generation)
        return self._collections.name(generation, collection)

    def _get(self, generation: str) -> Identity:
        """Who an open generation is. Raises IndexLost when the server holds another one, or none, by that name."""
        identity = self._opened.get(generation)
        if identity is None:
            raise StoreUnavailable(f"The generation '{generation}' is not open.")
        if self._door.interrupted or self._clock() - self._asked[generation] > TRUSTED:
            if not self._registry.confirms(generation, identity):
                self._opened.pop(generation, None)
                raise IndexLost(f"What Qdrant at {self._door.url} has as '{generation}' is not what was written there.")
            self._door.interrupted = False
            self._asked[generation] = self._clock()
        return identity

    def _finish(self, generation: str, dimensions: int, make: Callable[[], None]) -> Identity:
        """Make a generation; it becomes one, with an instance id of its own, when all of it is there."""
        self._registry.remove(generation)
        make()
        identity = new_identity(dimensions)
        self._registry.add(generation, identity)
        return identity
