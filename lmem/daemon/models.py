"""Which embedding model this daemon uses, and how it comes to this machine.

Not an engine: the index worker loads it. The choice is config over the stored choice over the default.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from lmem.daemon.call import Host
from lmem.domain.actors import Actor
from lmem.errors import Conflict, InvalidInput, LmemError
from lmem.ports.storage import Storage, UnitOfWork
from lmem.stores.embedding import models as known_models
from lmem.stores.embedding.models import Found, Progress

ENGINES = {
    "light": "lmem.stores.embedding.light:LightEmbedder",
    "sentence-transformers": "lmem.stores.embedding.sentence:SentenceTransformerEmbedder",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """A model and the engine that runs it."""

    name: str
    engine: str


class Models:
    """The chosen model. `reload` makes the index worker load it anew after a pull or another choice."""

    def __init__(self, host: Host, storage: Storage, reload: Callable[[], Awaitable[None]]) -> None:
        self._host = host
        self._storage = storage
        self._reload = reload
        self._pulling: asyncio.Lock = asyncio.Lock()
        self.choice = Choice(self._configured("model"), self._configured("engine"))

    async def start(self) -> None:
        """Read the stored choice; the user's configuration and environment win over it."""
        stored = await self._storage.read(lambda tx: tx.settings.system())
        origins = self._host.config.origins

        def chosen(key: str) -> str:
            row = stored.get(f"embedding.{key}")
            return row.value if row and origins[f"embedding.{key}"] == "default" else self._configured(key)

        self.choice = Choice(chosen("model"), chosen("engine"))
        _check(self.choice)

    @property
    def present(self) -> Found | None:
        """Where the chosen model lies on this machine, if it does."""
        return known_models.find(self.choice.name, self._host.paths.models)

    @property
    def pulling(self) -> bool:
        """Whether a download runs."""
        return self._pulling.locked()

    def spec(self) -> tuple[str, dict[str, object]]:
        """What the index worker constructs: a dotted name and its arguments."""
        found = self.present
        directory = found.path if found else self._host.paths.models / self.choice.name
        arguments: dict[str, object] = {"model_dir": str(directory), "cache_dir": str(self._host.paths.models)}
        if self.choice.engine == "light":
            arguments["threads"] = self._host.config.number("embedding.threads")
        return ENGINES[self.choice.engine], arguments

    def listed(self) -> list[dict[str, object]]:
        """Known models and the chosen one, with where each lies."""
        names = dict.fromkeys([*(model.name for model in known_models.MODELS), self.choice.name])
        rows: list[dict[str, object]] = []
        for name in names:
            found = known_models.find(name, self._host.paths.models)
            dimensions = next((model.dimensions for model in known_models.MODELS if model.name == name), None)
            rows.append(
                {
                    "name": name,
                    "dimensions": dimensions,
                    "present": found is not None,
                    "active": name == self.choice.name,
                    "path": str(found.path) if found else None,
                    "source": found.source if found else None,
                }
            )
        return rows

    async def pull(self, name: str | None, progress: Progress) -> tuple[str, Path, str]:
        """Get a model (the chosen one by default) and load it. Raises DownloadFailed, InvalidInput."""
        wanted = name or self.choice.name
        async with self._pulling:  # two clients that ask at once share one download
            was_present = self.present is not None
            found = await asyncio.to_thread(known_models.pull, wanted, self._host.paths.models, progress)
            if wanted == self.choice.name and not was_present:
                await self._reload()
        return wanted, found.path, found.source

    async def pull_if_missing(self) -> None:
        """At start: get the chosen model when this machine has none; full text serves meanwhile."""
        if self.present is not None or self.choice.engine != "light":
            return
        try:
            await self.pull(None, lambda what, done, total: None)
        except LmemError as err:
            log.warning("no model: %s", err.message)

    async def use(self, actor: Actor, name: str, engine: str | None, at: str) -> Choice:
        """Choose a model; `at` is now.

        Raises Conflict once memories are stored: their vectors would have to be built anew.
        """
        choice = Choice(name, engine or self.choice.engine)
        _check(choice)
        known_models.known(name)

        def work(tx: UnitOfWork) -> None:
            if tx.directory.any_memory():
                raise Conflict(
                    "The model can be chosen only while no memory is stored.",
                    hint="Export with 'lmem export', set LMEM_HOME to a new directory, choose, and add again.",
                )
            for key, value in (("embedding.model", choice.name), ("embedding.engine", choice.engine)):
                meaning = "What 'lmem model use' selected."
                tx.settings.set_system(key, value, "string", meaning, actor.user_id, at, configurable=False)
            tx.audit.append(actor, "update", "model", choice.name, {"engine": choice.engine}, at)

        if choice != self.choice:
            await self._storage.write(work)
            self.choice = choice
            await self._reload()
        return choice

    def _configured(self, key: str) -> str:
        return self._host.config.text(f"embedding.{key}")


def _check(choice: Choice) -> None:
    if choice.engine not in ENGINES:
        raise InvalidInput(
            f"There is no embedding engine '{choice.engine[:40]}'.", hint=f"Engines are: {', '.join(ENGINES)}."
        )
