"""Who a prefix belongs to and which generations it has: a small collection of one's own on a Qdrant server.

Not the generations' points. Collections carry such data only on newer servers, and an alias carries none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import NAMESPACE_URL, UUID, uuid5

from qdrant_client import models

from lmem.errors import Conflict
from lmem.stores.qdrant.identity import Identity
from lmem.stores.qdrant.server_door import Door

_OWNER = str(uuid5(NAMESPACE_URL, "lmem:owner"))
_NO_VECTOR = [1.0]


class Registry:
    """The collection `<prefix>lmem`: a point that names the owner, and one for each generation."""

    def __init__(self, door: Door, prefix: str, owner: str) -> None:
        self._door = door
        self._prefix = prefix
        self._owner = owner
        self._name = f"{prefix}lmem"

    def claim(self) -> None:
        """Make sure that the prefix is ours, made when it is nobody's. Raises Conflict when it is another's."""
        with self._door.client() as client:
            if not client.collection_exists(self._name):
                vectors = models.VectorParams(size=1, distance=models.Distance.DOT)
                client.create_collection(self._name, vectors_config=vectors)
        owner = self._read([_OWNER]).get(_OWNER)
        if owner is None:
            self._write(_OWNER, {"owner": self._owner})
            owner = self._read([_OWNER]).get(_OWNER, {})  # two may come at once: the last one has it
        if owner.get("owner") != self._owner:
            raise Conflict(
                f"The collections '{self._prefix}...' on {self._door.url} belong to another lmem.",
                hint="Choose another qdrant.prefix.",
            )

    def identity(self, generation: str) -> Identity | None:
        """Who a generation is; None when there is none or it was never finished."""
        found = self._read([_point(generation)]).get(_point(generation))
        return _identity(found) if found else None

    def confirms(self, generation: str, identity: Identity) -> bool:
        """Whether prefix and generation are still what they were, asked in one call."""
        found = self._read([_OWNER, _point(generation)], generation)
        mine = found.get(_OWNER, {}).get("owner") == self._owner
        return mine and _identity(found.get(_point(generation), {})) == identity

    def add(self, generation: str, identity: Identity) -> None:
        """Finish a generation: from here on it is one."""
        self._write(_point(generation), {"generation": generation, **asdict(identity)})

    def remove(self, generation: str) -> None:
        """Forget a generation, before its collections go: half a one is none."""
        gone = models.PointIdsList(points=[_point(generation)])
        with self._door.client() as client:
            client.delete(self._name, points_selector=gone, wait=True)

    def _read(self, ids: Sequence[str], generation: str | None = None) -> dict[str, dict[str, object]]:
        with self._door.client(generation) as client:
            records = client.retrieve(self._name, ids=list(ids))
        return {str(UUID(str(record.id))): record.payload or {} for record in records}

    def _write(self, id: str, payload: dict[str, object]) -> None:
        point = models.PointStruct(id=id, vector=_NO_VECTOR, payload=payload)
        with self._door.client() as client:
            client.upsert(self._name, points=[point], wait=True)


def _point(generation: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"lmem:generation:{generation}"))


def _identity(payload: dict[str, object]) -> Identity | None:
    match payload:
        case {"instance": str(instance), "dimensions": int(dimensions), "schema": int(schema)}:
            return Identity(instance, dimensions, schema)
    return None
