"""Collections of a Qdrant server by their real names: made, adjusted to the settings, listed, copied, aliased, dropped.

Not who they belong to (lmem.stores.qdrant.server_registry) and not the points' meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qdrant_client import QdrantClient, models

from lmem.errors import StoreDown, StoreUnavailable
from lmem.ports.vectors import COLLECTIONS
from lmem.stores.qdrant.schema import DENSE, PAYLOAD_INDEXES, SPARSE
from lmem.stores.qdrant.server_door import Door
from lmem.stores.qdrant.server_models import BATCH

_KINDS = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "float": models.PayloadSchemaType.FLOAT,
    "integer": models.PayloadSchemaType.INTEGER,
    "datetime": models.PayloadSchemaType.DATETIME,
}
_INT8 = models.ScalarQuantization(
    scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
)  # fmt: skip


class Collections:
    """The collections of a prefix; `int8` and `on_disk` say how they are kept."""

    def __init__(self, door: Door, prefix: str, int8: bool, on_disk: bool) -> None:
        self._door = door
        self._prefix = prefix
        self._int8 = int8
        self._on_disk = on_disk
        kinds = "|".join(COLLECTIONS)
        self._pattern = re.compile(rf"{re.escape(prefix)}(?:{kinds})-(?P<generation>.+)")

    def name(self, generation: str, collection: str) -> str:
        """The real name, as 'lmem_memory_embeddings-gen-0001'."""
        return f"{self._prefix}{collection}-{generation}"

    def generations(self) -> dict[str, int]:
        """How many collections there are of each generation."""
        found: dict[str, int] = {}
        with self._door.client() as client:
            collections = client.get_collections().collections
        for item in collections:
            if known := self._pattern.fullmatch(item.name):
                found[known["generation"]] = found.get(known["generation"], 0) + 1
        return found

    def create(self, generation: str, dimensions: int) -> None:
        """Make a generation's collections, empty, indexes and all; what a kill left of it goes first."""
        self.drop(generation)
        for collection in COLLECTIONS:
            self._create(self.name(generation, collection), PAYLOAD_INDEXES[collection], dimensions)

    def adjust(self, generation: str) -> None:
        """Bring collections that were made under other settings up to them; the server converts in the background."""
        for collection in COLLECTIONS:
            name = self.name(generation, collection)
            with self._door.client(generation) as client:
                config = client.get_collection(name).config
            vectors = config.params.vectors
            on_disk = bool(vectors.on_disk) if isinstance(vectors, models.VectorParams) else self._on_disk
            if on_disk != self._on_disk or (config.quantization_config is not None) != self._int8:
                self._update(name)

    def copy(self, generation: str, target: str, dimensions: int) -> None:
        """Copy a generation's points into new collections, page by page."""
        self.create(target, dimensions)
        for collection in COLLECTIONS:
            self._copy(self.name(generation, collection), self.name(target, collection))

    def alias(self, generation: str) -> None:
        """Let the plain names stand for this generation's collections, all at once."""
        wanted = {f"{self._prefix}{name}": self.name(generation, name) for name in COLLECTIONS}
        with self._door.client() as client:
            known = client.get_aliases().aliases
        held = {item.alias_name: item.collection_name for item in known if item.alias_name in wanted}
        if held == wanted:
            return
        changes: list[models.AliasOperations] = [
            models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)) for alias in held
        ]
        changes += [
            models.CreateAliasOperation(create_alias=models.CreateAlias(alias_name=alias, collection_name=name))
            for alias, name in wanted.items()
        ]
        with self._door.client(generation) as client:
            client.update_collection_aliases(changes)

    def drop(self, generation: str) -> None:
        """Remove a generation's collections; those that do not exist are no error."""
        for collection in COLLECTIONS:
            with self._door.client() as client:
                client.delete_collection(self.name(generation, collection))

    def size(self, generation: str) -> int:
        """Bytes of a generation's files; 0 from a server before 1.18, which does not tell."""
        if self._door.in_memory:
            return 0
        return sum(self._files(self.name(generation, collection)) for collection in COLLECTIONS)

    def _create(self, name: str, indexes: Mapping[str, str], dimensions: int) -> None:
        dense = models.VectorParams(size=dimensions, distance=models.Distance.COSINE, on_disk=self._on_disk)
        with self._door.client() as client:
            client.create_collection(
                name,
                vectors_config=dense,
                sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                quantization_config=_INT8 if self._int8 else None,
                on_disk_payload=self._on_disk,
            )
        if self._door.in_memory:
            return  # the client's own store has no payload indexes, and warns
        for key, kind in indexes.items():
            with self._door.client() as client:
                client.create_payload_index(name, key, _KINDS[kind], wait=True)

    def _update(self, name: str) -> None:
        with self._door.client() as client:
            client.update_collection(
                name,
                vectors_config={DENSE: models.VectorParamsDiff(on_disk=self._on_disk)},
                quantization_config=_INT8 if self._int8 else models.Disabled.DISABLED,
                collection_params=models.CollectionParamsDiff(on_disk_payload=self._on_disk),
            )

    def _copy(self, source: str, target: str) -> None:
        start, more = None, True
        while more:
            with self._door.client() as client:
                records, start = client.scroll(source, limit=BATCH, offset=start, with_vectors=True)
                points = [_again(record) for record in records]
                if points:
                    client.upsert(target, points=points, wait=True)
            more = start is not None

    def _files(self, name: str) -> int:
        try:
            with self._door.client() as client:
                found = _memory(client, name)
            return int(found["result"]["total"]["disk_bytes"])
        except StoreDown:
            raise
        except (StoreUnavailable, KeyError, TypeError):
            return 0


def _memory(client: QdrantClient, name: str) -> Any:
    """What the server says of a collection's memory and disk: a call that the client has no method for."""
    return client.http.client.request(
        type_=dict[str, Any], method="GET", url="/collections/{name}/memory", path_params={"name": name}
    )


def _again(record: models.Record) -> models.PointStruct:
    """A point to write as it was read."""
    vector: Any = record.vector
    return models.PointStruct(id=record.id, vector=vector, payload=record.payload)
