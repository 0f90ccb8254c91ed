"""The `audit_log` table: a hash chain over who did what to which id.

Not a log of texts: details hold ids, field names and counts.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Mapping

from lmem.domain.actors import Actor
from lmem.domain.memories import to_json

GENESIS = bytes(32)
_HEAD = "SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1"
_INSERT = """INSERT INTO audit_log (id, user_id, session_id, action, resource_type, resource_id, details_json,
    ip_address, user_agent, created_at, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


def chained(previous: bytes, fields: tuple[str | None, ...]) -> bytes:
    """The hash of an entry: SHA-256 over the previous one and the canonical JSON of its fields."""
    return hashlib.sha256(previous + to_json(list(fields)).encode()).digest()


class AuditRows:
    """AuditTable on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def append(
        self, actor: Actor, action: str, kind: str, object_id: str, details: Mapping[str, object], at: str
    ) -> None:
        head = self._db.execute(_HEAD).fetchone()
        previous: bytes = head[0] if head else GENESIS
        fields = (
            secrets.token_hex(16), actor.user_id, None, action, kind, object_id,
            to_json(dict(details)) if details else None, actor.address, actor.agent, at,
        )  # fmt: skip
        self._db.execute(_INSERT, (*fields, previous, chained(previous, fields)))
