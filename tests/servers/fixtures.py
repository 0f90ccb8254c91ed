"""The servers as fixtures: each is started at the first test that asks for it, and shared by all of the run.

Not isolation: tests share a server by prefixes of their own, or start one for themselves. Where a server cannot be had
its tests are skipped and the end of the run says so in one line; with LMEM_REQUIRE_SERVERS=1 they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.servers.process import Server, Unavailable

if TYPE_CHECKING:  # the drivers are for those who ask for a server, not for every run
    from tests.servers.neo4j import Neo4jServer
    from tests.servers.qdrant import QdrantServer, RunningQdrant
    from tests.servers.redis import RedisServer

REQUIRE = "LMEM_REQUIRE_SERVERS"
S = TypeVar("S", bound=Server)
_ABSENT = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis without a password."""
    from tests.servers.redis import RedisServer

    with _or_skipped(request, "Redis", RedisServer, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def neo4j_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """A real Neo4j Community, with a password."""
    from tests.servers.neo4j import Neo4jServer

    with _or_skipped(request, "Neo4j", Neo4jServer, tmp_path_factory.mktemp("neo4j")) as server:
        yield server


@pytest.fixture(scope="session")
def qdrant_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QdrantServer | RunningQdrant | None]:
    """A real Qdrant where there is one; None, for qdrant-client's in-memory mode, where not."""
    from tests.servers.qdrant import QdrantServer, running_qdrant

    if running := running_qdrant():
        yield running
        return
    try:
        own = QdrantServer(tmp_path_factory.mktemp("qdrant"))
    except Unavailable:
        _absent(request.config)["Qdrant"] = "no server here; its contract runs on qdrant-client's in-memory mode"
        yield None
        return
    with own:
        yield own


@contextmanager
def _or_skipped(
    request: pytest.FixtureRequest, name: str, make: Callable[[Path], S], directory: Path
) -> Iterator[S]:
    try:
        server = make(directory)
    except Unavailable as reason:
        if os.environ.get(REQUIRE) == "1":
            pytest.fail(f"{name}: {reason}, and {REQUIRE} is set", pytrace=False)
        _absent(request.config)[name] = f"{reason}; the tests that need it were skipped"
        pytest.skip(f"{name}: {reason}")
    try:
        with server:
            yield server
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _absent(config: pytest.Config) -> dict[str, str]:
    return config.stash.setdefault(_ABSENT, {})


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker process of a parallel run hands its lines to the process that prints."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["absent"] = _absent(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker process handed over."""
    _absent(node.config).update(getattr(node, "workeroutput", {}).get("absent", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each server that was asked for and could not be had."""
    for name, reason in _absent(config).items():
        terminalreporter.write_line(f"{name}: {reason}")
