"""No key of the cache is dead: ordinary commands write each of CACHE_KEYS, have it from the cache, and make it void.

On the app of a daemon, in this process, so that its vectors can refuse a batch.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lmem import config
from lmem.daemon.bootstrap import App, build
from lmem.daemon.call import Call, Caller, Host
from lmem.domain.cachekeys import CACHE_KEYS
from lmem.errors import StoreUnavailable
from lmem.paths import paths
from lmem.ports.vectors import Point
from lmem.service.caches import Tally
from tests.unit.daemon.repositories import git, repository

Json = dict[str, Any]
MANY = 20


class Daemon:
    """The app on an event loop of its own; every method blocks until it is answered."""

    def __init__(self, home: Path, model_dir: Path) -> None:
        self.repository = repository(home / "api")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        place = paths({"LMEM_HOME": str(home / "h")})
        place.config.mkdir(parents=True)
        settings = config.load(place.config_file, {"LMEM_MODEL_DIR": str(model_dir)})
        host = Host(place, settings, "i", "2026-11-22T12:00:00.000Z", time.monotonic(), os.getpid(), bool, lambda: 1)
        self.app: App = self.run(build(host))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        self.run(self.app.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, method: str, **params: object) -> Json:
        """The answer to the user's terminal in the repository."""
        caller = Caller(os.getuid(), os.getpid(), "cli", "0.1.0", str(self.repository))
        found: Json = self.run(self.app.dispatch(Call(method, dict(params), caller, lambda note: None)))
        return found

    def add(self, text: str, **params: object) -> str:
        return str(self.call("memory/add", content=text, **params)["id"])

    def settle(self) -> None:
        """Return when the index has caught up, and nothing is being put or removed any more."""
        self.call("status/wait", timeout=30)
        self.run(self.app.services.caches.settled())

    def names(self, pattern: str) -> set[str]:
        """The keys of a pattern that have a value."""
        store = self.app.services.caches.store
        assert store is not None
        self.run(self.app.services.caches.settled())
        head, _, tail = pattern.partition("{")
        return {name for name in self.run(store.names(head)) if name.endswith(tail.partition("}")[2])}

    def tally(self, pattern: str) -> Tally:
        found = self.app.services.caches.tallies[pattern]
        return Tally(found.hits, found.misses, found.writes)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Daemon]:
    kept = os.environ.get("LMEM_MODEL_DIR")
    os.environ["LMEM_MODEL_DIR"] = str(model_dir)
    made = Daemon(tmp_path_factory.mktemp("cache"), model_dir)
    try:
        made.add("we chose WAL because two writers lost rows", type="decision", tags=["sqlite"])
        made.settle()
        yield made
    finally:
        made.close()
        os.environ.pop("LMEM_MODEL_DIR")
        if kept is not None:
            os.environ["LMEM_MODEL_DIR"] = kept


@dataclass(frozen=True)
class Scenario:
    """What writes a key and, asked again, has it from the cache; and the change after which it is no hit."""

    ask: Callable[[Daemon], object]
    change: Callable[[Daemon], object]


def add(daemon: Daemon) -> None:
    daemon.add(f"something else at {time.monotonic_ns()}")
    daemon.settle()


def purge(daemon: Daemon) -> None:
    daemon.call("memory/forget", ids=[daemon.add(f"a secret of {time.monotonic_ns()}")], purge=True)
    daemon.settle()


def first(daemon: Daemon) -> str:
    return str(daemon.call("memory/list", order="created", limit=1000)["memories"][-1]["id"])


def search(daemon: Daemon) -> None:
    daemon.call("memory/search", query="how do we keep rows safe")


def search_anew(daemon: Daemon) -> None:
    """The same question to an index that has changed."""
    add(daemon)
    search(daemon)


def history(daemon: Daemon) -> None:
    search(daemon)
    daemon.call("search/history")


def popular(daemon: Daemon) -> None:
    search(daemon)
    daemon.call("stats/get")


def link(daemon: Daemon) -> None:
    """A task that something resolves is linked to it."""
    daemon.call("memory/done", id=task(daemon))


def task(daemon: Daemon) -> str:
    tasks = daemon.call("memory/list", type=["task"], order="created")["memories"]
    return str(tasks[0]["id"]) if tasks else daemon.add("write the migration", type="task")


def show_task(daemon: Daemon) -> None:
    daemon.call("memory/get", id=task(daemon))


def reopened(daemon: Daemon) -> None:
    """Close a task, or take that back: its relationships are others then."""
    done = daemon.call("memory/get", id=task(daemon))["links"]
    daemon.call("memory/undo") if done else link(daemon)


def in_session(daemon: Daemon) -> None:
    if daemon.call("session/list")["sessions"] == []:
        daemon.call("session/start", name="morning")
        daemon.add("seen in the morning")
        daemon.run(daemon.app.services.activity.flush())
    daemon.call("session/show")


def focus(daemon: Daemon) -> None:
    in_session(daemon)
    items = daemon.call("session/show")["memories"]
    wanted = "session/unfocus" if items[0]["focused"] else "session/focus"
    daemon.call(wanted, ids=[items[0]["id"]])


def where(daemon: Daemon) -> None:
    in_session(daemon)
    daemon.app.services.scopes.changed()  # a scope's own memory of two seconds comes before the cache
    daemon.call("memory/list")


def session_ends(daemon: Daemon) -> None:
    in_session(daemon)
    daemon.call("session/end")


def commit(daemon: Daemon) -> None:
    (daemon.repository / "name").write_text(str(time.monotonic_ns()))
    git(daemon.repository, "commit", "-q", "-a", "-m", "another")
    daemon.run(daemon.app.services.places.of(str(daemon.repository), fresh=True))


def prefer(daemon: Daemon) -> None:
    daemon.call("config/set", key="context.budget", value=time.monotonic_ns() % 997 + 1000, level="preferences")


def patterns(daemon: Daemon) -> None:
    daemon.call("pattern/list")


def a_pattern(daemon: Daemon) -> None:
    name, said = f"outbox {time.monotonic_ns()}", "rows that wait for a store, in the transaction of the change"
    daemon.call("pattern/add", type="architecture", name=name, description=said)


def refused_batch(daemon: Daemon) -> None:
    """A bulk add whose step the index does not take at first: it is embedded once, all the same."""
    refused = threading.Event()
    vectors = daemon.app.services.relay._vectors
    write = vectors.write

    async def refusing(generation: str, collection: str, points: list[Point], delete: object = ()) -> None:
        if len(points) > MANY // 2 and not refused.is_set():
            refused.set()
            raise StoreUnavailable("The disk is busy.")
        await write(generation, collection, points, delete)  # type: ignore[arg-type]

    vectors.write = refusing  # type: ignore[method-assign, assignment]
    try:
        at = time.monotonic_ns()
        daemon.call("memory/add_many", items=[{"content": f"line {number} of {at}"} for number in range(MANY)])
        daemon.settle()
    finally:
        vectors.write = write  # type: ignore[method-assign]
    assert refused.is_set()


def nothing_waits(daemon: Daemon) -> None:
    daemon.settle()
    assert not daemon.names("embedding:batch:{batch_id}")


SCENARIOS: dict[str, Scenario] = {
    "memory:{memory_id}": Scenario(
        lambda daemon: daemon.call("memory/get", id=first(daemon)),
        lambda daemon: daemon.call("memory/edit", id=first(daemon), changes={"importance": time.monotonic() % 1}),
    ),
    "memory:user:{user_id}:recent": Scenario(lambda daemon: daemon.call("memory/list"), add),
    "memory:project:{project_id}:active": Scenario(lambda daemon: daemon.call("context/get"), add),
    "search:semantic:{query_hash}": Scenario(search, add),
    "search:user:{user_id}:history": Scenario(history, purge),
    "relationships:{memory_id}:outgoing": Scenario(show_task, reopened),
    "relationships:{memory_id}:incoming": Scenario(show_task, reopened),
    "session:{session_id}:context": Scenario(in_session, focus),
    "session:{session_id}:working_memory": Scenario(in_session, focus),
    "session:user:{user_id}:active": Scenario(where, session_ends),
    "project:{project_id}:context": Scenario(lambda daemon: daemon.call("context/get"), add),
    "project:{project_id}:patterns": Scenario(patterns, a_pattern),
    "project:{project_id}:git_status": Scenario(lambda daemon: daemon.call("context/get"), commit),
    "user:{user_id}:preferences": Scenario(lambda daemon: daemon.call("config/list"), prefer),
    "user:{user_id}:projects": Scenario(
        lambda daemon: daemon.call("project/names"),
        lambda daemon: daemon.call("project/set", changes={"description": f"the api {time.monotonic_ns()}"}),
    ),
    "layer:config:{layer_type}": Scenario(
        lambda daemon: daemon.call("layer/list"),
        lambda daemon: daemon.call(
            "config/set", key="default_decay_rate", value=round(time.monotonic() % 1, 3), level="system"
        ),
    ),
    "layer:stats:{layer_type}": Scenario(lambda daemon: daemon.call("layer/list"), add),
    "query:{query_hash}": Scenario(lambda daemon: daemon.call("memory/list", type=["decision"]), add),
    "query:popular": Scenario(popular, purge),
    "embedding:{content_hash}": Scenario(search_anew, purge),
    "embedding:batch:{batch_id}": Scenario(refused_batch, nothing_waits),
    "router:decision:{context_hash}": Scenario(
        lambda daemon: daemon.call("memory/tags"),
        lambda daemon: daemon.call("project/set", changes={"language": f"l{time.monotonic_ns()}"}),
    ),
    "router:performance": Scenario(lambda daemon: daemon.call("layer/list"), purge),
}


def test_every_key_has_its_scenario() -> None:
    assert list(SCENARIOS) == list(CACHE_KEYS)


@pytest.mark.parametrize("pattern", CACHE_KEYS)
def test_ordinary_commands_write_hit_and_void_a_key(daemon: Daemon, pattern: str) -> None:
    scenario = SCENARIOS[pattern]
    scenario.ask(daemon)
    before = daemon.tally(pattern)
    scenario.change(daemon)  # what other scenarios asked counts no more
    for _ in range(3):
        scenario.ask(daemon)
    asked = daemon.tally(pattern)
    assert asked.writes > before.writes, "no command writes it"
    assert asked.hits > before.hits, "no command has it from the cache"
    known = daemon.names(pattern)
    scenario.change(daemon)
    removed = known - daemon.names(pattern)
    scenario.ask(daemon)
    assert removed or daemon.tally(pattern).misses > asked.misses, "nothing makes it void"


def test_hit_rates_are_told_by_key(daemon: Daemon) -> None:
    told = daemon.call("stats/get")
    assert list(told["hit_rates"]) == list(CACHE_KEYS)
    assert set(told["sizes"]) >= {"sqlite", "vectors", "cache"}
    assert told["sizes"]["cache"]["entries"] > 0
