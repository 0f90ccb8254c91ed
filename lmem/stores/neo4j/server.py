"""A Neo4j server as the daemon uses it: one door, and the copy, the questions and the user's queries behind it.

Not a connection: nothing is asked, and the driver is not even imported, before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable

from lmem.errors import StoreUnavailable
from lmem.stores.neo4j.address import Address
from lmem.stores.neo4j.answers import Neo4jGraph
from lmem.stores.neo4j.copy import Neo4jCopy
from lmem.stores.neo4j.cypher import Neo4jQueries
from lmem.stores.neo4j.door import Door


class Neo4jServer:
    """`url` may be shown: it holds no secret. `in_the_clear` says that the password crosses a network unencrypted."""

    def __init__(self, address: Address, prefix: str, password: Callable[[], str | None]) -> None:
        self._door = Door(address, password)
        self.url = address.shown
        self.in_the_clear = bool(address.user) and not address.encrypted and not address.is_loopback
        self.copy = Neo4jCopy(self._door, prefix)
        self.graph = Neo4jGraph(self._door, self.copy)
        self.queries = Neo4jQueries(self._door, prefix)

    def watch(self, lost: Callable[[], None]) -> None:
        """`lost` is called when a question finds that the copy is not the one that was opened."""
        self.copy.on_lost = lost

    @property
    def version(self) -> str | None:
        """The server's version, once it has answered."""
        return self._door.version

    @property
    def trouble(self) -> StoreUnavailable | None:
        """Why the server is left alone for the moment."""
        return self._door.trouble
