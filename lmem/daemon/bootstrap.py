"""Builds the daemon's app: the only module that knows services and stores.

Not a life cycle (lmem.daemon.lifecycle runs what this builds).
"""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lmem._version import __version__
from lmem.daemon import credentials, gitconfig, graphserver, servers
from lmem.daemon.call import Call, Host
from lmem.daemon.capture import Watch
from lmem.daemon.clock import SystemClock
from lmem.daemon.dispatch import dispatch
from lmem.daemon.facts import Facts
from lmem.daemon.graphserver import GraphServer
from lmem.daemon.jobs import Jobs
from lmem.daemon.models import Models
from lmem.daemon.places import Places
from lmem.daemon.recorder import Recorder
from lmem.daemon.services import Services
from lmem.daemon.upkeep import Work
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.paths import private_directory
from lmem.service.activity import Activity
from lmem.service.annotations import Annotations
from lmem.service.audit import Audit
from lmem.service.capture import Capture
from lmem.service.categories import Categories
from lmem.service.consistency import Consistency, StoreCheck
from lmem.service.context import Context
from lmem.service.decay import Decay
from lmem.service.endings import Endings
from lmem.service.graphcheck import GraphCheck
from lmem.service.graphcopy import forget
from lmem.service.history import History
from lmem.service.indexes import Indexes
from lmem.service.layers import LayerMoves
from lmem.service.lifecycle import Lifecycle
from lmem.service.memories import Memories
from lmem.service.past import Past
from lmem.service.patterns import Patterns
from lmem.service.patternsearch import PatternSearch
from lmem.service.projection import Relay
from lmem.service.projects import Projects
from lmem.service.rebuilding import Rebuilder, Rebuilding
from lmem.service.relay import Loop
from lmem.service.routing import Router
from lmem.service.scopes import Scopes
from lmem.service.search import Search
from lmem.service.sessions import Sessions
from lmem.service.settingchanges import SettingChanges
from lmem.service.settings import Settings
from lmem.service.superseding import Superseding
from lmem.service.timeline import Timeline
from lmem.service.transactions import Transactions
from lmem.service.users import Users
from lmem.service.vectorcheck import VectorCheck
from lmem.stores.embedding.vocabulary import Vocabulary
from lmem.stores.isolated import IndexWorker
from lmem.stores.lanes import lanes
from lmem.stores.pipe import Spec, Target
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
            await self.services.relay.close()
            if self.services.graph_server is not None:
                await self.services.graph_server.relay.close()
            await self.services.activity.flush()
            await self.services.worker.stop()
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
    storage = SqliteStorage(await asyncio.to_thread(Database.open, paths.database))
    index = await _index(host, storage, clock)
    graph = await _graph_server(host, storage, clock)
    services = await _services(host, storage, clock, index, graph)
    await index.worker.start()
    watch = Watch(paths.spool, paths.watched_file, services.recorder)
    running = (
        index.relay.run(), index.models.pull_if_missing(), services.jobs.serve(), services.annotations.run(),
        watch.run(), *((graph.relay.run(),) if graph else ()),
    )  # fmt: skip
    tasks = [asyncio.create_task(work) for work in running]
    for task in tasks:
        task.add_done_callback(_ended)
    return App(services, tasks)


def _ended(task: asyncio.Task[None]) -> None:
    """These tasks end when the daemon does: one that failed is a bug, and says so at once."""
    if not task.cancelled() and (err := task.exception()) is not None:
        log.error("%s has ended: %s", task.get_coro(), type(err).__name__, exc_info=err)


@dataclass(frozen=True, slots=True)
class _Index:
    """The index worker, and what keeps its generations up with the truth."""

    models: Models
    worker: IndexWorker
    indexes: Indexes
    relay: Relay


async def _index(host: Host, storage: SqliteStorage, clock: SystemClock) -> _Index:
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
    relay = Relay(storage, indexes, worker.vectors, clock, host.config.number("vectors.optimise_after"))
    return _Index(models, worker, indexes, relay)


async def _graph_server(host: Host, storage: SqliteStorage, clock: SystemClock) -> GraphServer | None:
    """The copy of the graph on a server, when one is set; else nothing of it is imported and nothing waits for it."""
    config = host.config
    if not (url := config.text("neo4j.url")):
        await forget(storage)
        return None
    from lmem.stores.neo4j.address import Address
    from lmem.stores.neo4j.server import Neo4jServer

    database, user, ca_file = (config.text(f"neo4j.{name}") for name in ("database", "user", "ca_file"))
    address = Address(url, database, user, ca_file, config.share("neo4j.timeout_seconds"))
    server = Neo4jServer(address, config.text("neo4j.prefix"), lambda: credentials.read(config, "neo4j.password"))
    return graphserver.start(server, storage, clock)


async def _services(
    host: Host, storage: SqliteStorage, clock: SystemClock, index: _Index, graph: GraphServer | None
) -> Services:
    """The services, each made of those before it."""
    username, user_id = await _user(storage, clock)
    query_key = await storage.write(lambda tx: tx.directory.secret("audit_query_key"))
    indexes, worker, models = index.indexes, index.worker, index.models
    relays: list[Loop] = [index.relay, *([graph.relay] if graph else ())]

    def wake() -> None:
        for relay in relays:
            relay.wake()

    activity = Activity(storage, clock, bytes.fromhex(query_key))
    settings = Settings(storage, user_id, host.config, host.paths.config_file)
    await settings.refresh()
    places, idle_hours = Places(), _idle_hours(settings)
    scopes = Scopes(storage, clock, places.of, idle_hours)
    projects = Projects(storage, clock, wake, scopes.changed)
    facts = Facts(projects)
    endings = Endings(storage, clock, wake, scopes.changed, idle_hours)
    audit = Audit(storage, clock, activity, settings.of)
    decay = Decay(storage, clock, wake, settings.of)
    annotations = _annotations(storage, clock, index, settings, activity, user_id, wake)
    scopes.on_created = facts.later
    memories = Memories(storage, clock, wake, settings.of)
    lifecycle = Lifecycle(storage, clock, wake)
    capture = Capture(storage, clock, memories, wake)
    checks: list[StoreCheck] = [VectorCheck(storage, indexes, worker.vectors)]
    rebuilders: dict[str, Rebuilder] = {"vectors": indexes}
    if graph is not None:
        checks.append(GraphCheck(storage, graph.projector, graph.server.copy))
        rebuilders["graph"] = graph.projector
    consistency = Consistency(storage, clock, checks, wake)
    indexes.agrees = lambda projection: consistency.agrees(VectorCheck(storage, indexes, worker.vectors, projection))
    return Services(
        host=host,
        user_id=user_id,
        username=username,
        clock=clock,
        storage=storage,
        memories=memories,
        lifecycle=lifecycle,
        transactions=Transactions(storage, clock, memories, lifecycle, wake),
        history=History(storage, clock, wake),
        past=Past(storage),
        timeline=Timeline(storage),
        superseding=Superseding(storage, clock, wake),
        search=Search(storage, indexes, worker.finder, clock),
        indexes=indexes,
        relay=index.relay,
        graph_server=graph,
        activity=activity,
        audit=audit,
        annotations=annotations,
        settings=settings,
        setting_changes=SettingChanges(storage, clock, settings, host.paths.config_file),
        context=Context(storage, Vocabulary(lambda: (models.choice.name, models.present)).counting),
        consistency=consistency,
        rebuilding=Rebuilding(storage, clock, rebuilders),
        vectors=worker.vectors,
        generations=worker.generations,
        worker=worker,
        models=models,
        places=places,
        scopes=scopes,
        projects=projects,
        patterns=Patterns(storage, clock, wake),
        pattern_search=PatternSearch(storage, indexes, worker.finder),
        facts=facts,
        users=Users(storage, clock, wake),
        router=Router(),
        layers=LayerMoves(storage, clock, wake),
        sessions=Sessions(storage, clock, wake, scopes.changed, settings.of),
        endings=endings,
        decay=decay,
        jobs=Jobs(storage, Work(clock, activity, endings, decay, audit, annotations, user_id, storage)),
        recorder=Recorder(capture, scopes, facts, settings, clock, user_id),
    )


def _idle_hours(settings: Settings) -> Callable[[], int]:
    return lambda: settings.values().number("sessions.idle_hours")


def _annotations(
    storage: SqliteStorage, clock: SystemClock, index: _Index, settings: Settings, activity: Activity,
    user_id: str, wake: Callable[[], None],
) -> Annotations:  # fmt: skip
    """What lmem fills in by itself, whenever the relay has caught up."""
    itself = Actor(user_id, f"unix:{os.getuid()}:{os.getpid()}", f"annotations/{__version__}")
    categories = Categories(storage, index.indexes, index.worker.vectors)
    annotations = Annotations(storage, clock, categories, itself, settings.of, wake, activity.quiet_for)
    index.relay.on_idle = annotations.wake
    return annotations


async def _user(storage: SqliteStorage, clock: SystemClock) -> tuple[str, str]:
    """The operating system's user, made on first use with what git and the account say: their name and id."""
    account = pwd.getpwuid(os.getuid())
    name, email = await asyncio.to_thread(gitconfig.identity, Path.home())
    shown, at = name or account.pw_gecos.partition(",")[0] or None, times.to_text(clock.now())
    return account.pw_name, await storage.write(lambda tx: tx.directory.user(account.pw_name, shown, email, at))
