"""The servers that hold, or held, a copy of the memories: one value of `store_meta`.

Not what is to be said of them (lmem.service.leftservers).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from lmem.domain.leftservers import KnownServer

_KEY = "servers"
_NAMES = frozenset(item.name for item in fields(KnownServer))
"""What is read: a later lmem may have written more."""


class ServerRows:
    """ServerTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> list[KnownServer]:
        row = self._db.execute("SELECT value FROM store_meta WHERE key = ?", (_KEY,)).fetchone()
        return [_server(item) for item in json.loads(row[0])] if row else []

    def keep(self, servers: Sequence[KnownServer]) -> None:
        text = json.dumps([asdict(server) for server in servers])
        self._db.execute("INSERT OR REPLACE INTO store_meta (key, value) VALUES (?, ?)", (_KEY, text))


def _server(item: Mapping[str, str]) -> KnownServer:
    return KnownServer(**{name: value for name, value in item.items() if name in _NAMES})
