"""What the tests of the store on Neo4j share: doors to the run's server, and a server that is empty.

Not a test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from lmem.stores.neo4j.address import Address
from lmem.stores.neo4j.door import Door

if TYPE_CHECKING:
    from tests.servers.neo4j import Neo4jServer

T = TypeVar("T")
CLEAR = "MATCH (n) WHERE NOT n:Migration DETACH DELETE n"
PATIENT = 30.0
"""Seconds for one answer: a query is planned the first time, by a machine that does other things."""


def door(server: Neo4jServer, url: str = "", **given: Any) -> Door:
    """A door to a server, or by way of `url`; `given` replaces its settings."""
    password = given.pop("password", lambda: server.password)
    return Door(Address(url or server.url, **{"timeout": PATIENT, **given}), password)


def drive(made: Door, scenario: Callable[[Door], Awaitable[T]]) -> T:
    """Run a scenario with a door, and close it."""

    async def run() -> T:
        try:
            return await scenario(made)
        finally:
            await made.close()

    return asyncio.run(run())
