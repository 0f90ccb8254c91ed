"""Which servers the settings name, read as their stores read an address: what those refuse is no server.

Not a connection, and no driver. What a store refuses may hold a password, and is neither shown nor kept.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from lmem.config import Config
from lmem.daemon.servers import checked_prefix, checked_url
from lmem.domain.leftservers import FAMILIES, KnownServer
from lmem.errors import InvalidInput


def servers(config: Config) -> list[KnownServer]:
    """Those that a daemon with these settings uses."""
    found = (server_of(config, family) for family in FAMILIES)
    return [server for server in found if server is not None]


def server_of(config: Config, family: str) -> KnownServer | None:
    """The server that the settings of one family name, if they name one that its store does not refuse."""
    url = config.text(f"{family}.url").strip()
    if not url:
        return None
    prefix = config.text(f"{family}.prefix")
    try:
        if family == "qdrant":
            return KnownServer(family, _qdrant(url), checked_prefix(prefix))
        if family == "neo4j":
            return KnownServer(family, _neo4j(url), prefix, config.text("neo4j.database"))
        return KnownServer(family, _redis(url), prefix)
    except InvalidInput:
        return None


def _qdrant(url: str) -> str:
    parts = urlsplit(checked_url(url))
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _neo4j(url: str) -> str:
    from lmem.stores.neo4j.address import Address

    return Address(url).checked()


def _redis(url: str) -> str:
    from lmem.stores.redis.address import parse

    return str(parse(url))
