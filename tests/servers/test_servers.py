"""The servers of the test run: they start, take a write, die, start again in their place, and end with their tests."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from neo4j import AsyncGraphDatabase, GraphDatabase
from neo4j.exceptions import AuthError, ServiceUnavailable
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import AuthenticationError, TimeoutError

from tests.house.source import ROOT
from tests.servers.faults import Fault, FaultProxy
from tests.servers.neo4j import Neo4jServer
from tests.servers.process import PORTS, Server, wait_for
from tests.servers.qdrant import QdrantServer
from tests.servers.redis import RedisServer


def listens_on(server: Server) -> set[tuple[str, int]]:
    """Where the server can be reached."""
    found = psutil.Process(server.pid).net_connections("tcp")
    return {(item.laddr.ip.removeprefix("::ffff:"), item.laddr.port) for item in found if item.status == "LISTEN"}


async def redis_round(url: str) -> object:
    """What a real client reads after it has written."""
    async with AsyncRedis.from_url(url) as client:
        before = await client.get("lmem:smoke")
        await client.set("lmem:smoke", "kept")
        return before, await client.get("lmem:smoke")


def test_redis_answers_after_a_kill_and_has_forgotten(redis_server: RedisServer) -> None:
    assert asyncio.run(redis_round(redis_server.url)) == (None, b"kept")
    dead = redis_server.pid
    with redis_server.down():
        assert not psutil.pid_exists(dead)
    assert redis_server.pid != dead
    assert asyncio.run(redis_round(redis_server.url)) == (None, b"kept")
    redis_server.wipe()
    with Redis.from_url(redis_server.url) as client:
        assert client.dbsize() == 0
        assert client.config_get("save", "appendonly") == {"save": "", "appendonly": "no"}
    assert listens_on(redis_server) == {("127.0.0.1", redis_server.port)}


def test_a_redis_with_a_password_wants_it_and_tells_nobody(redis_server: RedisServer, tmp_path: Path) -> None:
    del redis_server  # skipped where there is none
    with RedisServer(tmp_path, password="5ecret0000") as server:
        with Redis.from_url(server.url) as client, pytest.raises(AuthenticationError):
            client.ping()
        with Redis.from_url(server.url, password=server.password) as client:
            client.set("a", "b")
            server.wipe()
            assert client.get("a") is None
        assert not [word for word in psutil.Process(server.pid).cmdline() if "5ecret" in word]
        assert (tmp_path / "redis.conf").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no kernel ties a child to its parent")
def test_a_server_dies_with_the_process_that_started_it(redis_server: RedisServer, tmp_path: Path) -> None:
    del redis_server  # skipped where there is none
    script = (
        "import sys, time, pathlib\nfrom tests.servers.redis import RedisServer\n"
        "server = RedisServer(pathlib.Path(sys.argv[1]))\nserver.start()\n"
        "print(server.pid, flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as starter:
        assert starter.stdout
        server = psutil.Process(int(starter.stdout.readline()))
        assert server.name() == "redis-server"
        starter.send_signal(signal.SIGKILL)
    wait_for(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, 5, lambda: "it lives on")


async def neo4j_round(server: Neo4jServer) -> list[str]:
    """The names that a real client finds after it has added one."""
    async with AsyncGraphDatabase.driver(server.url, auth=server.auth) as driver:
        await driver.execute_query("MERGE (:Smoke {name: $name})", name=f"pid {server.pid}", database_="neo4j")
        found = await driver.execute_query("MATCH (n:Smoke) RETURN n.name AS name", database_="neo4j")
        return [record["name"] for record in found.records]


def test_neo4j_answers_after_a_kill_and_has_kept_what_was_committed(neo4j_server: Neo4jServer) -> None:
    first = f"pid {neo4j_server.pid}"
    assert asyncio.run(neo4j_round(neo4j_server)) == [first]
    neo4j_server.kill()
    neo4j_server.start()
    assert sorted(asyncio.run(neo4j_round(neo4j_server))) == sorted([first, f"pid {neo4j_server.pid}"])
    neo4j_server.ask("MATCH (n:Smoke) DELETE n")


def test_neo4j_is_the_community_server_and_reachable_from_here_only(neo4j_server: Neo4jServer) -> None:
    (row,) = neo4j_server.ask("CALL dbms.components() YIELD edition, versions RETURN edition, versions[0] AS version")
    assert row == {"edition": "community", "version": "5.26.30"}
    assert listens_on(neo4j_server) == {("127.0.0.1", neo4j_server.port)}


def test_neo4j_wants_its_password_however_often_a_wrong_one_was_tried(neo4j_server: Neo4jServer) -> None:
    assert neo4j_server.password
    assert neo4j_server.password not in " ".join(psutil.Process(neo4j_server.pid).cmdline())
    for _ in range(4):
        with GraphDatabase.driver(neo4j_server.url, auth=("neo4j", "wrong")) as driver, pytest.raises(AuthError):
            driver.verify_connectivity()
    assert neo4j_server.ask("RETURN 1 AS one") == [{"one": 1}]


def test_drivers_reach_their_servers_through_the_fault_proxy(
    redis_server: RedisServer, neo4j_server: Neo4jServer
) -> None:
    with FaultProxy(redis_server.port) as proxy:
        client = Redis.from_url(proxy.url(redis_server.url), socket_timeout=0.2, retry=None)
        with client:
            assert client.ping()
            proxy.set(Fault.BLACK_HOLE)
            with pytest.raises(TimeoutError):
                client.ping()
            proxy.set(Fault.NONE)
            assert client.ping()
    with FaultProxy(neo4j_server.port) as proxy, GraphDatabase.driver(
        proxy.url(neo4j_server.url), auth=neo4j_server.auth, connection_timeout=0.5
    ) as driver:
        driver.verify_connectivity()
        proxy.set(Fault.REFUSE)
        with pytest.raises(ServiceUnavailable):
            driver.verify_connectivity()
        proxy.set(Fault.NONE)
        driver.verify_connectivity()


@pytest.mark.soak
def test_a_neo4j_without_log_in_can_be_wiped(neo4j_server: Neo4jServer, tmp_path: Path) -> None:
    del neo4j_server  # skipped where there is none
    with Neo4jServer(tmp_path, password=False) as server:
        assert server.auth is None
        server.ask("CREATE CONSTRAINT one FOR (n:A) REQUIRE n.id IS UNIQUE")
        server.ask("CREATE FULLTEXT INDEX words FOR (n:A) ON EACH [n.text]")
        server.ask("UNWIND range(1, 25000) AS i CREATE (:A {id: i})-[:NEXT]->(:B)")
        server.wipe()
        assert server.ask("MATCH (n) RETURN count(n) AS nodes") == [{"nodes": 0}]
        assert server.ask("SHOW CONSTRAINTS") == []
        assert {row["type"] for row in server.ask("SHOW INDEXES")} == {"LOOKUP"}
        server.stop()


FAKE_QDRANT = f"""#!{sys.executable}
import http.server, json, os, pathlib
here = pathlib.Path(os.environ["QDRANT__STORAGE__STORAGE_PATH"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        here.mkdir(exist_ok=True)
        self.say({{"collections": [{{"name": file.name}} for file in here.iterdir()]}})
    def do_DELETE(self):
        (here / self.path.rpartition("/")[2]).unlink()
        self.say(True)
    def say(self, result):
        allowed = self.headers["api-key"] == os.environ["QDRANT__SERVICE__API_KEY"]
        self.send_response(200 if allowed else 403)
        self.end_headers()
        self.wfile.write(json.dumps({{"result": result}}).encode())
http.server.HTTPServer(("127.0.0.1", int(os.environ["QDRANT__SERVICE__HTTP_PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def fake_qdrant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QdrantServer]:
    """A program of that name which knows the environment and the three requests that are used here."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "qdrant").write_text(FAKE_QDRANT)
    (programs / "qdrant").chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    with QdrantServer(tmp_path, api_key="0p3nsesame") as server:
        yield server


def test_a_qdrant_on_the_path_is_started_killed_and_wiped(fake_qdrant: QdrantServer) -> None:
    collection = fake_qdrant.directory / "storage" / "lmem_memories"
    collection.touch()
    with fake_qdrant.down():
        assert collection.exists()
    fake_qdrant.wipe()
    assert not collection.exists()
    assert listens_on(fake_qdrant) == {("127.0.0.1", fake_qdrant.port)}
    assert {fake_qdrant.port, fake_qdrant.grpc_port} < set(PORTS)
    assert "0p3nsesame" not in " ".join(psutil.Process(fake_qdrant.pid).cmdline())
