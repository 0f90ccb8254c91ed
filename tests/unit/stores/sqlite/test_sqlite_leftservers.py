"""The servers of `store_meta`: kept as they are, and read though a later lmem wrote more of them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict

from lmem.domain.leftservers import KnownServer
from lmem.stores.sqlite.leftservers import ServerRows

SERVERS = [
    KnownServer("qdrant", "http://q:6333", "lmem_", left_at="2026-11-20T10:00:00.000Z"),
    KnownServer("neo4j", "bolt://n:7687", "lmem", "work"),
]


def test_servers_are_read_as_they_were_kept(connection: sqlite3.Connection) -> None:
    rows = ServerRows(connection)
    assert rows.all() == []
    for servers in (SERVERS, SERVERS[1:]):
        rows.keep(servers)
        assert rows.all() == servers


def test_what_a_later_lmem_writes_of_a_server_keeps_nobody_from_reading_it(connection: sqlite3.Connection) -> None:
    text = json.dumps([{**asdict(server), "copies": 2} for server in SERVERS])
    connection.execute("INSERT INTO store_meta VALUES ('servers', ?)", (text,))
    assert ServerRows(connection).all() == SERVERS
