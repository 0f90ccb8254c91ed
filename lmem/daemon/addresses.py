"""Which servers the settings name, read as their stores read an address: what those refuse is no server, nor a setting.

Not a connection, and no driver. What a store refuses may hold a password, and is neither shown nor kept.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from lmem.config import Config
from lmem.daemon.servers import checked_prefix, checked_url
from lmem.domain import addresses
from lmem.domain.leftservers import FAMILIES, KnownServer
from lmem.errors import InvalidInput
from lmem.settings import Value


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
        refuse_unusable(f"{family}.prefix", prefix)
        database = config.text("neo4j.database") if family == "neo4j" else ""
        return KnownServer(family, _READ[f"{family}.url"](url), prefix, database)
    except InvalidInput:
        return None


def refuse_unusable(key: str, value: Value) -> None:
    """Raises InvalidInput, which never shows it, for an address or a prefix that its store would refuse at the next
    start; other settings are none of this."""
    text = str(value)
    if key == "qdrant.prefix":
        checked_prefix(text)
    elif text and (read := _READ.get(key)) is not None:
        read(text)


def shown(key: str, value: object) -> object:
    """The value of a setting as it may be printed: an address that was written by hand may hold a password."""
    return addresses.shown(value) if key in _READ and isinstance(value, str) else value


def _qdrant(url: str) -> str:
    parts = urlsplit(checked_url(url))
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _neo4j(url: str) -> str:
    from lmem.stores.neo4j.address import Address

    return Address(url).checked()


def _redis(url: str) -> str:
    from lmem.stores.redis.address import parse

    return str(parse(url))


_READ: dict[str, Callable[[str], str]] = {"qdrant.url": _qdrant, "neo4j.url": _neo4j, "redis.url": _redis}
"""Each setting that holds an address, and how its store reads that."""
