"""The door to Neo4j: time limits, errors in our words, and no storm of log-ins, on a real server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from lmem.errors import InvalidInput, StoreDown
from lmem.stores.neo4j.address import Address
from lmem.stores.neo4j.door import Door, Transaction
from tests.contract.graphservers import door, drive
from tests.servers.faults import Fault, FaultProxy

if TYPE_CHECKING:
    from tests.servers.neo4j import Neo4jServer


def _connections() -> list[Any]:
    return list(psutil.Process().net_connections("tcp"))


async def _one(tx: Transaction) -> object:
    return await tx.rows("RETURN 1")


async def _made(tx: Transaction) -> object:
    return await tx.rows("CREATE (n:Trace)")


async def _refused(made: Door) -> StoreDown:
    with pytest.raises(StoreDown) as down:
        await made.read(_one)
    return down.value


def test_what_is_asked_is_answered_and_what_is_written_is_kept(neo4j_server: Neo4jServer) -> None:
    async def scenario(made: Door) -> None:
        await made.write(lambda tx: tx.rows("CREATE (n:Trace {x: $x})", {"x": [1, 2]}))
        assert await made.read(lambda tx: tx.rows("MATCH (n:Trace) RETURN n.x, 'y'")) == [[[1, 2], "y"]]
        assert await made.read(lambda tx: tx.explain("MATCH (n) RETURN n")) == ("r", {"ProduceResults", "AllNodesScan"})
        with pytest.raises(InvalidInput, match="Only a query that reads"):
            await made.read(_made)

        async def half(tx: Transaction) -> None:
            await _made(tx)
            raise InvalidInput("This is enough.")

        with pytest.raises(InvalidInput, match="enough"):
            await made.write(half)
        assert await made.write(lambda tx: tx.rows("MATCH (n:Trace) DELETE n RETURN count(n)")) == [[1]]

    drive(door(neo4j_server), scenario)


@pytest.mark.parametrize("given", [2**70, "\ud800", object(), {"a": 1}, [1, "a"]])
def test_a_value_it_cannot_hold_is_the_callers_fault(neo4j_server: Neo4jServer, given: object) -> None:
    async def scenario(made: Door) -> None:
        for _ in range(3):
            with pytest.raises(InvalidInput, match="Neo4j"):
                await made.write(lambda tx: tx.rows("CREATE (n:Trace {x: $x})", {"x": given}))
        assert await made.read(_one) == [[1]]

    drive(door(neo4j_server), scenario)


def test_a_wrong_password_is_no_storm(neo4j_server: Neo4jServer) -> None:
    asked: list[int] = []

    def wrong() -> str:
        asked.append(len(asked))
        return "5ecret-but-wrong"

    with FaultProxy(neo4j_server.port) as proxy:

        async def scenario(made: Door) -> None:
            errors = await asyncio.gather(*(_refused(made) for _ in range(5)))
            errors += [await _refused(made) for _ in range(20)]
            assert {error.message for error in errors} == {"Neo4j refused the password."}
            assert "neo4j.password_file" in errors[0].hint
            assert not any("5ecret" in str(error.__cause__) for error in errors)
            assert made.trouble is not None

        drive(door(neo4j_server, proxy.url(neo4j_server.url), password=wrong), scenario)
        assert len(asked) == 1, "one log-in, and none after it was refused"
        assert proxy.accepted == 1


def test_a_password_that_was_put_right_is_read_again(neo4j_server: Neo4jServer) -> None:
    passwords = ["wrong", neo4j_server.password]

    async def scenario(made: Door) -> None:
        await _refused(made)
        made._breaker.reset()
        assert await made.read(_one) == [[1]]

    drive(door(neo4j_server, password=lambda: passwords.pop(0)), scenario)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"database": "nowhere"}, "no database 'nowhere'", "neo4j.database"),
        ({"user": ""}, "wants a user", "neo4j.user"),
        ({"url": "bolt://127.0.0.1:1"}, "Connection refused", "SQLite answers"),
        ({"url": "bolt://user:5ecret@127.0.0.1"}, "must not hold", "neo4j.user"),
        ({"url": "bolt+s://127.0.0.1", "ca_file": "/nowhere.pem"}, "/nowhere.pem cannot be read", "neo4j.ca_file"),
    ],
)
def test_what_is_wrong_is_said_with_the_next_step(
    neo4j_server: Neo4jServer, given: dict[str, str], message: str, hint: str
) -> None:
    async def scenario(made: Door) -> None:
        error = await _refused(made)
        assert message in error.message and hint in error.hint
        assert "5ecret" not in f"{error.message} {error.hint}"

    drive(door(neo4j_server, **given), scenario)


def test_an_encrypted_connection_wants_a_certificate_that_is_trusted(
    neo4j_server: Neo4jServer,
) -> None:
    if not neo4j_server.certificate.exists():
        pytest.skip("there is no openssl, so the server speaks no TLS")
    url = neo4j_server.url.replace("bolt://", "bolt+s://")

    async def trusted(made: Door) -> None:
        assert await made.read(_one) == [[1]]
        await made.close()
        async with asyncio.timeout(10):  # until both ends have said goodbye: the loop ends with the test
            while any(item.raddr and item.raddr.port == neo4j_server.port for item in _connections()):
                await asyncio.sleep(0.01)

    async def untrusted(made: Door) -> None:
        error = await _refused(made)
        assert "certificate" in error.message and "is not trusted" in error.message
        assert "neo4j.ca_file" in error.hint

    drive(door(neo4j_server, url, ca_file=str(neo4j_server.certificate)), trusted)
    drive(door(neo4j_server, url), untrusted)


def test_a_password_that_cannot_be_read_is_said_once_in_a_while() -> None:
    asked: list[int] = []

    def unreadable() -> str:
        asked.append(1)
        raise InvalidInput("The file of neo4j.password cannot be read.", hint="Correct neo4j.password_file.")

    async def scenario(made: Door) -> None:
        for _ in range(3):
            assert (await _refused(made)).hint == "Correct neo4j.password_file."

    drive(Door(Address("bolt://127.0.0.1:1"), unreadable), scenario)
    assert len(asked) == 1


@pytest.mark.parametrize("fault", [Fault.BLACK_HOLE, Fault.HALF_OPEN, Fault.RESET, Fault.REFUSE])
def test_no_call_is_longer_than_its_limit_and_a_server_that_is_back_is_used(
    neo4j_server: Neo4jServer, fault: Fault
) -> None:
    with FaultProxy(neo4j_server.port) as proxy:

        async def scenario(made: Door) -> None:
            assert await made.read(_one) == [[1]]
            proxy.set(fault)
            for _ in range(2):
                began = time.monotonic()
                await _refused(made)
                assert time.monotonic() - began < 1.5
            began = time.monotonic()
            await _refused(made)
            assert time.monotonic() - began < 0.1, "left alone after two failures"
            proxy.set(Fault.NONE)
            made._breaker.reset()
            assert await made.read(_one) == [[1]]

        drive(door(neo4j_server, proxy.url(neo4j_server.url), timeout=0.7), scenario)


def test_a_connection_that_broke_while_it_was_idle_is_not_noticed(neo4j_server: Neo4jServer) -> None:
    with FaultProxy(neo4j_server.port) as proxy:

        async def scenario(made: Door) -> None:
            for _ in range(3):
                assert await made.read(_one) == [[1]]
                assert await made.write(_one) == [[1]]
                proxy.set(Fault.RESET)
                proxy.set(Fault.NONE)
            assert made.trouble is None

        drive(door(neo4j_server, proxy.url(neo4j_server.url)), scenario)


def test_a_slow_query_of_the_users_own_is_not_the_servers_fault(neo4j_server: Neo4jServer) -> None:
    slow = "UNWIND range(1, 1000000000) AS x WITH x WHERE x % 7 = 8 RETURN count(x)"

    async def scenario(made: Door) -> None:
        for _ in range(3):
            with pytest.raises(StoreDown, match=r"0\.3 s"):
                await made.read(lambda tx: tx.rows(slow), blame=False)
        assert await made.read(_one) == [[1]]

    drive(door(neo4j_server, timeout=0.3), scenario)


def test_nothing_is_imported_before_it_is_needed_and_nothing_is_printed(neo4j_server: Neo4jServer) -> None:
    script = f"""
import asyncio, os, sys
from lmem.stores.neo4j.address import Address
from lmem.stores.neo4j.server import Neo4jServer
server = Neo4jServer(Address({neo4j_server.url!r}, timeout=30.0), "printed", lambda: os.environ["GIVEN"])
assert "neo4j" not in sys.modules
async def run():
    await server.copy.open("f" * 32)
    await server.queries.ask("MATCH (a:Nothing), (b:Nothing) WHERE a.x = b.y RETURN id(a), b.z", 5)
    await server.copy.close()
asyncio.run(run())
assert "neo4j" in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False,
        env={**os.environ, "GIVEN": neo4j_server.password or ""},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
