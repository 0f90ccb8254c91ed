"""What the indexes found for a question, kept until the memories or the index change; its encoding, kept longer.

Not a search: whoever asks filters by the truth what comes from here, as what comes from the indexes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence

from lmem.domain import cachekeys
from lmem.domain.cachekeys import Key
from lmem.errors import StoreUnavailable
from lmem.ports.embedder import ModelInfo
from lmem.ports.finder import AsyncFinder
from lmem.ports.vectors import AsyncVectors, Candidates, Condition
from lmem.service import cachejson
from lmem.service.caches import Caches
from lmem.service.popular import Asked, Popular

log = logging.getLogger(__name__)


class CachedFinder:
    """Implements lmem.ports.finder.AsyncFinder on another one. `model` answers which model encodes now.

    A question whose encoding is known is asked of `vectors` alone.
    """

    def __init__(
        self,
        finder: AsyncFinder,
        vectors: AsyncVectors,
        model: Callable[[], ModelInfo | None],
        caches: Caches,
        popular: Popular,
    ) -> None:
        self._finder = finder
        self._vectors = vectors
        self._model = model
        self._caches = caches
        self._popular = popular
        self._warmed = ""
        self._warming: asyncio.Task[None] | None = None

    async def find(
        self,
        generation: str,
        collection: str,
        text: str,
        conditions: Sequence[Condition],
        limit: int,
        only: str | None = None,
    ) -> Candidates:
        """See AsyncFinder.find; what was found before took no time.

        The hash covers what the conditions say of user, project, session and layers, the model and the change number.
        """
        model, asked = self._model(), Asked(collection, text, tuple(conditions), limit, only)
        if model is None:
            return await self._finder.find(generation, collection, text, conditions, limit, only)
        await self._popular.note(asked)
        return await self._find(model, generation, asked)

    def warm(self, generation: str) -> None:
        """A generation serves: what is popular is asked of it now, in the background, once."""
        if generation != self._warmed and (self._warming is None or self._warming.done()):
            self._warmed = generation
            self._warming = asyncio.get_running_loop().create_task(self._warm(generation))

    async def close(self) -> None:
        """Stop asking ahead."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)

    async def _warm(self, generation: str) -> None:
        await self._caches.opened.wait()
        for asked in await self._popular.questions():
            model = self._model()
            if model is None:
                return
            try:
                await self._find(model, generation, asked)
            except StoreUnavailable as err:  # whoever asks it then hears of that
                log.info("popular questions are not asked ahead: %s", err.message)
                return

    async def _find(self, model: ModelInfo, generation: str, asked: Asked) -> Candidates:
        caches, at = self._caches, self._caches.number
        key = caches.hashed(cachekeys.search, generation, model.fingerprint, asked)
        known = cachejson.unpacked(await caches.get(key), cachejson.candidates_from_json)
        if known is not None:
            return known
        found = await self._ask(model, generation, asked)
        caches.put_later(key, lambda: cachejson.packed(cachejson.candidates_to_json(found)), at)
        return found

    async def _ask(self, model: ModelInfo, generation: str, asked: Asked) -> Candidates:
        question = (asked.collection, asked.text, asked.conditions, asked.limit, asked.only)
        if asked.only == "sparse":  # its terms alone are made faster than they are looked up
            return await self._finder.find(generation, *question)
        caches, at, key = self._caches, self._caches.number, _query_key(model, asked.text)
        encoding = cachejson.unpacked(await caches.get(key), cachejson.encoding_from_json)
        if encoding is not None:
            return await self._vectors.search(
                generation, asked.collection, encoding, asked.conditions, asked.limit, asked.only
            )
        found = await self._finder.find(generation, *question)
        query = found.query
        if query is not None:
            caches.put_later(key, lambda: cachejson.packed(cachejson.encoding_to_json(query)), at)
        return found


def _query_key(model: ModelInfo, text: str) -> Key:
    """Of a question: a document with the same words is encoded in another way."""
    content = f"query\0{model.fingerprint}\0{text}".encode(errors="surrogatepass")
    return cachekeys.embedding(hashlib.blake2b(content, digest_size=16).hexdigest())
