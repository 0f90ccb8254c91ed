"""Makes the daemon's services of its stores, each of those before it.

Not the opening of a store (lmem.daemon.bootstrap); only ports and services are known here.
"""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lmem._version import __version__
from lmem.daemon import gitconfig
from lmem.daemon.addresses import refuse_unusable
from lmem.daemon.call import Host
from lmem.daemon.clock import SystemClock
from lmem.daemon.facts import Facts
from lmem.daemon.gitstatus import GitStatus
from lmem.daemon.graphserver import GraphServer
from lmem.daemon.jobs import Jobs
from lmem.daemon.lookups import Lookups
from lmem.daemon.models import Models
from lmem.daemon.places import Places
from lmem.daemon.recorder import Recorder
from lmem.daemon.revisions import Revisions
from lmem.daemon.services import TERMINAL, Services, Worker
from lmem.daemon.upkeep import Work
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.domain.budget import Counting
from lmem.ports.backup import BackupStore
from lmem.ports.finder import AsyncFinder
from lmem.ports.graph import Graph
from lmem.ports.storage import Storage
from lmem.ports.vectors import AsyncGenerations, AsyncVectors
from lmem.service.activity import Activity
from lmem.service.annotations import Annotations
from lmem.service.audit import Audit
from lmem.service.backup import Backups
from lmem.service.briefs import Briefs
from lmem.service.cachecheck import CacheCheck, CacheRebuilder
from lmem.service.caches import Caches
from lmem.service.candidates import CachedFinder
from lmem.service.capture import Capture
from lmem.service.categories import Categories
from lmem.service.consistency import Consistency, StoreCheck
from lmem.service.context import Context
from lmem.service.copies import CopyRelay
from lmem.service.decay import Decay
from lmem.service.endings import Endings
from lmem.service.graph import GraphQuestions
from lmem.service.graphcheck import GraphCheck
from lmem.service.graphexport import GraphExport
from lmem.service.history import History
from lmem.service.holdings import Holdings
from lmem.service.indexes import Indexes
from lmem.service.layers import LayerMoves
from lmem.service.leftservers import LeftServers
from lmem.service.lifecycle import Lifecycle
from lmem.service.memories import Memories
from lmem.service.past import Past
from lmem.service.patterns import Patterns
from lmem.service.patternsearch import PatternSearch
from lmem.service.popular import Popular
from lmem.service.projection import Relay
from lmem.service.projects import Projects
from lmem.service.rebuilding import FromTruth, Rebuilder, Rebuilding
from lmem.service.related import RelationReader
from lmem.service.relations import Relations
from lmem.service.relay import Loop
from lmem.service.routing import Router
from lmem.service.scopes import Scopes
from lmem.service.search import Search
from lmem.service.searches import Searches
from lmem.service.sessions import Sessions
from lmem.service.settingchanges import SettingChanges
from lmem.service.settings import Settings
from lmem.service.superseding import Superseding
from lmem.service.timeline import Timeline
from lmem.service.transactions import Transactions
from lmem.service.users import Users
from lmem.service.vectorcheck import VectorCheck

GIVEN_BACK_S = 5.0
"""Seconds after the vectors' relay has caught up at which memory is given back: a millisecond, so not each time."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What bootstrap opened, with what keeps it up with the truth. `answers` are the graph's from the truth, `counting`
    counts a text's tokens, `give_memory_back` returns to the system what this process has freed."""

    storage: Storage
    backups: BackupStore
    answers: Graph
    caches: Caches
    models: Models
    indexes: Indexes
    relay: Relay
    worker: Worker
    vectors: AsyncVectors
    generations: AsyncGenerations
    finder: AsyncFinder
    graph: GraphServer | None
    cache: CopyRelay | None
    counting: Callable[[], Counting]
    give_memory_back: Callable[[], None]

    @property
    def relays(self) -> tuple[Loop, ...]:
        """Every relay there is, the vectors' first."""
        return (self.relay, *((self.graph.relay,) if self.graph else ()), *((self.cache,) if self.cache else ()))

    def wake(self) -> None:
        """There may be work for the relays."""
        for relay in self.relays:
            relay.wake()


async def assemble(host: Host, clock: SystemClock, stores: Stores) -> Services:
    """The services. Raises LmemError when the truth cannot be read or a settings file is not right."""
    storage, caches, indexes, wake = stores.storage, stores.caches, stores.indexes, stores.wake
    username, user_id = await _user(storage, clock)
    query_key = await storage.write(lambda tx: tx.directory.secret("audit_query_key"))
    activity = Activity(storage, clock, bytes.fromhex(query_key))
    settings = Settings(storage, user_id, host.config, host.paths.config_file, os.environ, caches)
    await settings.refresh()
    lookups, idle_hours = Lookups(), _idle_hours(settings)
    places = Places(lookups)
    scopes = Scopes(storage, clock, places.of, idle_hours, caches, places.surely)
    projects = Projects(storage, clock, wake, scopes.changed, caches)
    facts = Facts(projects, lookups)
    endings = Endings(storage, clock, wake, scopes.changed, idle_hours)
    audit = Audit(storage, clock, activity, settings.of)
    decay = Decay(storage, clock, wake, settings.of)
    annotations = _annotations(stores, clock, settings, activity, user_id)
    scopes.on_created = facts.later
    memories = Memories(storage, clock, wake, settings.of, caches)
    lifecycle = Lifecycle(storage, clock, wake)
    popular = Popular(caches)
    finder = CachedFinder(stores.finder, stores.vectors, lambda: indexes.model, caches, popular)
    stores.relay.on_idle = _idle(annotations, finder, indexes, stores.give_memory_back)
    consistency, rebuilding = _consistency(stores, clock)
    return Services(
        host=host, user_id=user_id, username=username, clock=clock, storage=storage, caches=caches,
        models=stores.models, indexes=indexes, vectors=stores.vectors, generations=stores.generations,
        worker=stores.worker, relay=stores.relay, relays=stores.relays, graph_server=stores.graph,
        activity=activity, settings=settings, places=places, scopes=scopes, projects=projects, facts=facts,
        endings=endings, audit=audit, decay=decay, annotations=annotations, memories=memories, lifecycle=lifecycle,
        popular=popular, finder=finder, consistency=consistency, rebuilding=rebuilding,
        backups=Backups(storage, stores.backups, clock),
        left_servers=LeftServers(storage, clock),
        transactions=Transactions(storage, clock, memories, lifecycle, wake),
        history=History(storage, clock, wake),
        past=Past(storage),
        revisions=Revisions(),
        timeline=Timeline(storage),
        superseding=Superseding(storage, clock, wake),
        search=Search(storage, indexes, finder, clock),
        setting_changes=SettingChanges(storage, clock, settings, host.paths.config_file, refuse_unusable),
        context=Briefs(storage, Context(storage, stores.counting), caches),
        searches=Searches(caches, clock, TERMINAL),
        git_status=GitStatus(places, lookups, caches),
        holdings=Holdings(storage, settings.of, caches),
        patterns=Patterns(storage, clock, wake, caches),
        pattern_search=PatternSearch(storage, indexes, stores.finder),
        relations=Relations(storage, clock, wake),
        relatives=RelationReader(storage, indexes, stores.vectors),
        graph=GraphQuestions(storage, stores.answers, stores.graph),
        graph_export=GraphExport(storage),
        users=Users(storage, clock, wake),
        router=Router(caches),
        layers=LayerMoves(storage, clock, wake),
        sessions=Sessions(storage, clock, wake, scopes.changed, settings.of, caches),
        jobs=Jobs(storage, Work(clock, activity, endings, decay, audit, annotations, user_id, storage)),
        recorder=Recorder(
            Capture(storage, clock, memories, wake), scopes, facts, settings, clock, user_id, lookups
        ),
    )  # fmt: skip


def _consistency(stores: Stores, clock: SystemClock) -> tuple[Consistency, Rebuilding]:
    """What compares the stores with the truth, and what builds them anew."""
    storage, indexes, vectors = stores.storage, stores.indexes, stores.vectors
    checks: list[StoreCheck] = [VectorCheck(storage, indexes, vectors)]
    rebuilders: dict[str, Rebuilder] = {"vectors": indexes, "graph": FromTruth()}
    if stores.graph is not None:
        checks.append(GraphCheck(storage, stores.graph.projector, stores.graph.server.copy))
        rebuilders["graph"] = stores.graph.projector
    checks.append(CacheCheck(storage, stores.caches))
    rebuilders["cache"] = CacheRebuilder(stores.caches)
    consistency = Consistency(storage, clock, checks, stores.wake)
    indexes.agrees = lambda projection: consistency.agrees(VectorCheck(storage, indexes, vectors, projection))
    return consistency, Rebuilding(storage, clock, rebuilders)


def _idle_hours(settings: Settings) -> Callable[[], int]:
    return lambda: settings.values().number("sessions.idle_hours")


def _idle(
    annotations: Annotations, finder: CachedFinder, indexes: Indexes, give_memory_back: Callable[[], None]
) -> Callable[[], None]:
    """What is done when the vectors' relay has caught up, and GIVEN_BACK_S later."""
    awaited = False

    def give() -> None:
        nonlocal awaited
        awaited = False
        give_memory_back()

    def idle() -> None:
        nonlocal awaited
        annotations.wake()
        for serving in indexes.targets[:1]:
            finder.warm(serving.generation)
        if not awaited:
            awaited = True
            asyncio.get_running_loop().call_later(GIVEN_BACK_S, give)

    return idle


def _annotations(
    stores: Stores, clock: SystemClock, settings: Settings, activity: Activity, user_id: str
) -> Annotations:
    """What lmem fills in by itself, whenever the relay has caught up."""
    itself = Actor(user_id, f"unix:{os.getuid()}:{os.getpid()}", f"annotations/{__version__}")
    categories = Categories(stores.storage, stores.indexes, stores.vectors)
    return Annotations(stores.storage, clock, categories, itself, settings.of, stores.wake, activity.quiet_for)


async def _user(storage: Storage, clock: SystemClock) -> tuple[str, str]:
    """The operating system's user, made on first use with what git and the account say: their name and id."""
    account = pwd.getpwuid(os.getuid())
    name, email = await asyncio.to_thread(gitconfig.identity, Path.home())
    shown, at = name or account.pw_gecos.partition(",")[0] or None, times.to_text(clock.now())
    return account.pw_name, await storage.write(lambda tx: tx.directory.user(account.pw_name, shown, email, at))
