"""Everything a handler may use, built once by bootstrap.

Not a container with behaviour: a record of the services, and who asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from lmem import config
from lmem.config import Config, InForce
from lmem.daemon import callscope
from lmem.daemon.call import Call, Host
from lmem.daemon.clock import SystemClock
from lmem.daemon.facts import Facts
from lmem.daemon.gitstatus import GitStatus
from lmem.daemon.graphserver import GraphServer
from lmem.daemon.jobs import Jobs
from lmem.daemon.models import Models
from lmem.daemon.params import Params
from lmem.daemon.places import Places
from lmem.daemon.recorder import Recorder
from lmem.daemon.revisions import Revisions
from lmem.domain.actors import Actor
from lmem.domain.scope import Scope
from lmem.errors import InvalidInput, NotFound
from lmem.ports.storage import Storage
from lmem.ports.vectors import AsyncGenerations, AsyncVectors
from lmem.service.activity import Activity
from lmem.service.annotations import Annotations
from lmem.service.audit import Audit
from lmem.service.backup import Backups
from lmem.service.briefs import Briefs
from lmem.service.caches import Caches
from lmem.service.candidates import CachedFinder
from lmem.service.consistency import Consistency
from lmem.service.decay import Decay
from lmem.service.endings import Endings
from lmem.service.graph import GraphQuestions
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
from lmem.service.purging import Purged
from lmem.service.rebuilding import Rebuilding
from lmem.service.receipts import receipt
from lmem.service.related import RelationReader
from lmem.service.relations import Relations
from lmem.service.relay import Loop
from lmem.service.routing import Router
from lmem.service.scopes import Scopes
from lmem.service.search import Search
from lmem.service.searches import Searches
from lmem.service.sessions import Sessions
from lmem.service.settingchanges import SettingChanges
from lmem.service.settings import Here, Settings
from lmem.service.superseding import Superseding
from lmem.service.timeline import Timeline
from lmem.service.transactions import Transactions
from lmem.service.users import Users

SESSIONLESS = ("status/", "daemon/", "model/", "store/", "stats/", "backup/")
"""Methods that are nobody's work on memories."""
SERVERS = {"vectors": "qdrant", "graph": "neo4j", "cache": "redis"}
"""Store -> the family of the settings of its server."""
TERMINAL = "cli"
"""What the user's own terminal calls itself; every other client is answered as one that others may read."""


class Worker(Protocol):
    """What status tells of the index worker: its process, 'starting', 'ready', 'down' or 'closed', and restarts."""

    restarts: int

    @property
    def pid(self) -> int | None: ...

    @property
    def state(self) -> str: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one daemon. `user_id` is the operating system's user, whose daemon this is."""

    host: Host
    user_id: str
    username: str
    clock: SystemClock
    storage: Storage
    memories: Memories
    lifecycle: Lifecycle
    transactions: Transactions
    history: History
    past: Past
    revisions: Revisions
    timeline: Timeline
    superseding: Superseding
    search: Search
    indexes: Indexes
    relay: Relay
    relays: tuple[Loop, ...]
    graph_server: GraphServer | None
    activity: Activity
    consistency: Consistency
    rebuilding: Rebuilding
    left_servers: LeftServers
    context: Briefs
    caches: Caches
    popular: Popular
    finder: CachedFinder
    searches: Searches
    git_status: GitStatus
    holdings: Holdings
    annotations: Annotations
    vectors: AsyncVectors
    generations: AsyncGenerations
    worker: Worker
    models: Models
    places: Places
    scopes: Scopes
    projects: Projects
    patterns: Patterns
    pattern_search: PatternSearch
    relations: Relations
    relatives: RelationReader
    graph: GraphQuestions
    graph_export: GraphExport
    facts: Facts
    users: Users
    router: Router
    layers: LayerMoves
    sessions: Sessions
    endings: Endings
    settings: Settings
    setting_changes: SettingChanges
    audit: Audit
    backups: Backups
    decay: Decay
    jobs: Jobs
    recorder: Recorder
    known_projects: dict[str, str] = field(default_factory=dict)

    def waits_for_restart(self, store: str) -> bool:
        """Whether the user's file sets what a store is reached by to something else than this daemon started with."""
        now, family = config.load(self.host.paths.config_file), SERVERS.get(store, "")
        started = self.host.config.values
        return any(now.values[key] != value for key, value in started.items() if key.startswith(f"{family}."))

    async def receipt(self, purged: Purged) -> list[dict[str, str]]:
        """The receipt of a purge, one row a place."""
        left, moving = await self.left_servers.left(), await self.left_servers.moving()
        places = await receipt(self.storage, self.consistency.checks, purged, left, moving)
        return [{"place": item.place, "check": item.check, "state": item.state} for item in places]

    def actor(self, call: Call) -> Actor:
        """Who this call is from, seen now. Only the user's own terminal sees private memories."""
        caller = call.caller
        address, agent = f"unix:{caller.uid}:{caller.pid}", f"{caller.client}/{caller.version}"
        found = Actor(self.user_id, address, agent[:200], caller.client != TERMINAL, call.session_id)
        self.activity.seen(found)
        return found

    async def arrived(self, call: Call) -> Call:
        """The call with the session that it is made in: its environment's, else the current one of its directory.

        An `add` is made in the session that it names, if it names one; a read about a session is not made in it.
        What names a project or session that there is not is told by what needs one.
        """
        if call.method.startswith(SESSIONLESS):
            return call
        caller, params = call.caller, Params(call.params)
        try:
            project = params.maybe_text("project") or caller.project
            session = (params.maybe_text("session") if call.method == "memory/add" else None) or caller.session
            found = await self.scopes.of(self.actor(call), caller.cwd, project, session)
        except (NotFound, InvalidInput):
            return call
        return replace(call, session_id=found.session_id)

    async def scope(self, call: Call, params: Params, create: bool = False) -> Scope:
        """Which project and session a call means: what its parameters name, else its environment, else its place.

        With `create` a repository that is not known becomes a project. Raises NotFound for unknown names.
        """
        return self._used(await callscope.named(self.scopes, self.actor(call), call, params, create))

    async def known_scope(self, call: Call, params: Params, create: bool = False) -> tuple[Scope, dict[str, object]]:
        """As `scope`, for what needs no name of its environment: one that there is not is passed over, which the
        answer's fields say."""
        found, passed_over = await callscope.known(self.scopes, self.actor(call), call, params, create)
        return self._used(found), {"passed_over": list(passed_over)} if passed_over else {}

    async def scope_to_name(self, call: Call, params: Params, is_named: bool) -> Scope:
        """As `scope`; where what is asked for `is_named`, a wrong name of the environment is passed over in silence."""
        return (await self.known_scope(call, params))[0] if is_named else await self.scope(call, params)

    def _used(self, found: Scope) -> Scope:
        if found.project_id is not None:
            self.activity.in_project(found.project_id)
        return found

    async def here(self, call: Call, project_id: str | None, fresh: bool = False) -> Here:
        """What the settings of a call depend on: its project, the project's file where it stands, its environment."""
        place = await self.places.of(call.caller.cwd, fresh=fresh)
        return Here(project_id, place.file, call.caller.settings)

    async def in_force(self, call: Call) -> InForce:
        """The settings of a call, by the project that a memory belongs to."""
        return self.settings.seen_from(await self.here(call, None))

    async def config(self, call: Call, project_id: str | None = None) -> Config:
        """Every setting as it is in force for a call. Raises InvalidInput when the project's file is not right."""
        return self.settings.values(await self.here(call, project_id))

    async def project_names(self, ids: Iterable[str | None]) -> dict[str, str]:
        """Project id -> name, for at least these ids; read from the truth only when one is new."""
        if {item for item in ids if item} - self.known_projects.keys():
            found = await self.storage.read(lambda tx: tx.directory.project_names(self.user_id))
            self.known_projects.update(found)
        return self.known_projects
