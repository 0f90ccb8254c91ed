"""Dense vectors of texts that were embedded before, by the text's hash and the model: none is made twice within a day.

Not the embedder, and not the points they go into (lmem.service.points).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from lmem.domain import cachekeys
from lmem.domain.cachekeys import Key
from lmem.domain.memories import Memory
from lmem.ports.cache import Value
from lmem.ports.embedder import Encoding, ModelInfo
from lmem.service import cachejson
from lmem.service.caches import Caches

FEW = 8
"""Texts that are kept one by one. More are a step of a bulk add: kept together until their store has taken them, so
that thousands do not push out all else."""


class Embeddings:
    """Vectors by text. Those of private memories are kept nowhere but in this process."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches
        self._waiting: dict[Key, set[str]] = {}

    async def known(self, model: ModelInfo, memories: Sequence[Memory]) -> dict[str, bytes]:
        """Dense vectors by memory id, of those of `memories` that have one."""
        texts = self._hashes(model, memories)
        if not texts:
            return {}
        single = [] if len(texts) > FEW else [cachekeys.embedding(text) for text in texts.values()]
        waiting = [key for key, left in self._waiting.items() if left.intersection(texts.values())]
        batches = waiting or ([] if single else [_batch(texts.values())])
        values = await self._caches.get_all([*single, *batches])
        found: dict[str, bytes] = {}
        for value in values[len(single) :]:
            found |= cachejson.unpacked(value, _vectors) or {}
        for text, value in zip(texts.values(), values[: len(single)], strict=False):
            encoding = cachejson.unpacked(value, cachejson.encoding_from_json)
            found |= {text: encoding.dense} if encoding is not None else {}
        return {id_: found[text] for id_, text in texts.items() if text in found}

    async def keep(
        self, model: ModelInfo, memories: Sequence[Memory], made: Mapping[str, Encoding], at: int
    ) -> None:  # fmt: skip
        """Keep what was made of `memories`, read at change number `at`; `made` is by memory id."""
        texts = self._hashes(model, memories)
        dense = {text: made[id_].dense for id_, text in texts.items() if id_ in made and made[id_].dense}
        if len(texts) > FEW:
            key = _batch(texts.values())
            self._waiting = {key: set(dense)}  # an older step was given up, or its rows are among these
            vectors = {text: cachejson.text(vector) for text, vector in dense.items()}
            await self._caches.put(key, cachejson.packed(vectors), at)
            return
        values: dict[Key, Value] = {}
        for text, vector in dense.items():
            encoding = cachejson.encoding_to_json(Encoding(vector, b"", b"", 0))
            values[cachekeys.embedding(text)] = cachejson.packed(encoding)
        await self._caches.put_all(values, at)

    async def taken(self, model: ModelInfo, memories: Sequence[Memory]) -> None:
        """A store has taken the points of `memories`: what was kept for trying again goes."""
        if not self._waiting:
            return
        texts = set(self._hashes(model, memories).values())
        for waiting in self._waiting.values():
            waiting -= texts
        done = [key for key, waiting in self._waiting.items() if not waiting]
        for key in done:
            del self._waiting[key]
        await self._caches.drop(done)

    def _hashes(self, model: ModelInfo, memories: Iterable[Memory]) -> dict[str, str]:
        """By memory id, of those that may be kept."""
        private = self._caches.keeps_private
        return {item.id: _hash(model, item.text) for item in memories if private or not item.is_private}


def _hash(model: ModelInfo, text: str) -> str:
    content = f"document\0{model.fingerprint}\0{text}".encode(errors="surrogatepass")
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _batch(texts: Iterable[str]) -> Key:
    return cachekeys.batch(hashlib.blake2b("".join(texts).encode(), digest_size=16).hexdigest())


def _vectors(found: object) -> dict[str, bytes]:
    return {text: cachejson.data(item) for text, item in cachejson.mapping(found).items()}
