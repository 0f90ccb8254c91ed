"""The servers that hold, or held, a copy of the memories: one value of `store_meta`.

Not what is to be said of them (lmem.service.leftservers).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from lmem.domain.leftservers import KnownServer

_KEY = "servers"


class ServerRows:
    """ServerTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> list[KnownServer]:
        row = self._db.execute("SELECT value FROM store_meta WHERE key = ?", (_KEY,)).fetchone()
        return [KnownServer(**item) for item in json.loads(row[0])] if row else []

    def keep(self, servers: Sequence[KnownServer]) -> None:
        text = json.dumps([asdict(server) for server in servers])
        self._db.execute("INSERT OR REPLACE INTO store_meta (key, value) VALUES (?, ?)", (_KEY, text))
