"""Opens the daemon's stores and builds its app on them: the only module that knows services and stores.

Not the services (lmem.daemon.assembly makes them of what is opened here), nor a life cycle (lmem.daemon.lifecycle runs
what this builds).
"""

from __future__ import annotations

import asyncio
import logging
import os

from lmem.daemon import addresses, cacheserver, credentials, graphserver, restoring, servers
from lmem.daemon.assembly import Stores, assemble
from lmem.daemon.call import Call, Host
from lmem.daemon.capture import Watch
from lmem.daemon.clock import SystemClock
from lmem.daemon.dispatch import dispatch
from lmem.daemon.graphserver import GraphServer
from lmem.daemon.models import Models
from lmem.daemon.services import Services
from lmem.paths import private_directory
from lmem.service import retiring
from lmem.service.cacheprojector import CacheProjector
from lmem.service.caches import Caches
from lmem.service.changes import Changes
from lmem.service.copies import CopyRelay, forget
from lmem.service.indexes import Indexes
from lmem.service.leftservers import LeftServers
from lmem.service.projection import Relay
from lmem.stores.embedding.vocabulary import Vocabulary
from lmem.stores.heap import give_memory_back
from lmem.stores.isolated import IndexWorker
from lmem.stores.lanes import lanes
from lmem.stores.pipe import Spec, Target
from lmem.stores.sqlite.answers import SqliteGraph
from lmem.stores.sqlite.backups import SqliteBackups
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.storage import SqliteStorage

LOADING_PATIENCE = 60.0
"""Seconds that `init` and `model use` wait for the index worker to load a model, its first export included."""

log = logging.getLogger(__name__)

FINDER = "lmem.stores.finder:OneTrip"


class App:
    """The services behind the socket, with the tasks that keep them going."""

    def __init__(self, services: Services, tasks: list[asyncio.Task[None]]) -> None:
        self.services = services
        self._tasks = tasks

    async def dispatch(self, call: Call) -> object:
        return await dispatch(self.services, call)

    def describe(self) -> dict[str, object]:
        return {"ready": {"storage": True, "vectors": self.services.indexes.reason is None}}

    async def close(self) -> None:
        """Stop the tasks, write what is buffered, close the stores; the truth last, whatever the others say."""
        for task in self._tasks:
            task.cancel()
        try:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self.services.facts.close()
            for relay in self.services.relays:
                await relay.close()
            await self.services.caches.afterwards.done()
            await self.services.activity.flush()
            await self.services.finder.close()
            await self.services.worker.stop()
            await self.services.caches.close()
        finally:
            await self.services.storage.close()


async def build(host: Host) -> App:
    """The app on this machine's stores. Raises LmemError when the truth cannot be opened.

    The index worker starts in the background: an `add` needs only SQLite, and a search says what is not ready.
    """
    paths = host.paths
    for directory in (paths.data, paths.state, paths.cache, paths.vectors):
        private_directory(directory)
    clock = SystemClock(os.environ.get("LMEM_NOW") if paths.home else None)
    await restoring.carry_out(paths, clock.now())
    database = await asyncio.to_thread(Database.open, paths.database)
    storage = SqliteStorage(database)
    await LeftServers(storage, clock).started(addresses.servers(host.config))
    caches = await _caches(host, storage)
    stores, worker = await _stores(host, storage, SqliteBackups(database, paths), clock, caches)
    services = await assemble(host, clock, stores)
    await worker.start()
    watch = Watch(paths.spool, paths.watched_file, services.recorder)
    running = (
        *(relay.run() for relay in services.relays), stores.models.pull_if_missing(), services.jobs.serve(),
        services.annotations.run(), watch.run(), caches.open(), retiring.clear(storage),
        services.lifecycle.purging.run(),
    )  # fmt: skip
    tasks = [asyncio.create_task(work) for work in running]
    for task in tasks:
        task.add_done_callback(_ended)
    return App(services, tasks)


def _ended(task: asyncio.Task[None]) -> None:
    """These tasks end when the daemon does: one that failed is a bug, and says so at once."""
    if not task.cancelled() and (err := task.exception()) is not None:
        log.error("%s has ended: %s", task.get_coro(), type(err).__name__, exc_info=err)


async def _caches(host: Host, storage: SqliteStorage) -> Caches:
    """The cache, which hears what every commit changes from now on; it is opened in the background."""
    instance, number = await storage.write(lambda tx: (tx.directory.secret("instance_id"), tx.outbox.sequence()))
    caches = Caches(cacheserver.store(host.config, instance), Changes(number))
    storage.on_change = caches.heard
    return caches


async def _cache_relay(storage: SqliteStorage, clock: SystemClock, caches: Caches) -> CopyRelay | None:
    """What brings changes to a cache on a server, however late; the one in process hears of them at once."""
    if caches.keeps_private:
        await forget(storage, "cache")
        return None
    relay = CopyRelay(storage, CacheProjector(storage, caches, clock), clock)
    relay.wake()
    return relay


async def _stores(
    host: Host, storage: SqliteStorage, backups: SqliteBackups, clock: SystemClock, caches: Caches
) -> tuple[Stores, IndexWorker]:
    """The stores beside the truth, and the index worker, which is still to be started."""
    paths, config = host.paths, host.config
    owner = await storage.write(lambda tx: tx.directory.secret("instance_id"))

    async def specs() -> dict[str, Spec]:
        factory, arguments = models.spec()
        return {
            "embedder": Spec(factory, arguments),
            "vectors": await asyncio.to_thread(servers.vectors_spec, config, paths.vectors, owner),
            "finder": Spec(FINDER, {"embedder": Target("embedder"), "vectors": Target("vectors")}),
        }

    async def reload() -> None:
        indexes.loading()
        await worker.replace(await specs())
        await indexes.settled(LOADING_PATIENCE)

    async def start() -> None:
        await indexes.start()
        if indexes.on_server and indexes.reason is None:
            await asyncio.to_thread(servers.clear_embedded, paths.vectors)

    models = Models(host, storage, reload)
    await models.start()
    worker = IndexWorker(
        await specs(),
        paths.state / "worker.log",
        on_start=start,
        on_death=lambda err: indexes.down(err),
        on_error=lambda err: indexes.failed(err),
        lanes=lanes(servers.vectors_timeout(config)),
    )
    engine = servers.vectors_engine(config)
    indexes = Indexes(storage, worker.embedder, worker.generations, clock, engine, lambda: relay.wake())
    relay = Relay(storage, indexes, worker.vectors, clock, config.number("vectors.optimise_after"), caches)
    graph = await _graph_server(host, storage, clock)
    counting = Vocabulary(lambda: (models.choice.name, models.present)).counting
    opened = Stores(
        storage, backups, SqliteGraph(storage), caches, models, indexes, relay, worker, worker.vectors,
        worker.generations, worker.finder, graph, await _cache_relay(storage, clock, caches), counting,
        give_memory_back,
    )  # fmt: skip
    return opened, worker


async def _graph_server(host: Host, storage: SqliteStorage, clock: SystemClock) -> GraphServer | None:
    """The copy of the graph on a server, when one is set; else nothing of it is imported and nothing waits for it."""
    config = host.config
    if not (url := config.text("neo4j.url")):
        await forget(storage, "graph")
        return None
    from lmem.stores.neo4j.address import Address
    from lmem.stores.neo4j.server import Neo4jServer

    database, user = config.text("neo4j.database"), config.text("neo4j.user")
    address = Address(
        url, database, user, credentials.certificates(config, "neo4j.ca_file"), config.share("neo4j.timeout_seconds")
    )
    server = Neo4jServer(address, config.text("neo4j.prefix"), lambda: credentials.read(config, "neo4j.password"))
    return graphserver.start(server, storage, clock)
