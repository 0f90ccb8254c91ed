"""What a restored database is made to say before it becomes the truth: what the old truth still has a say in.

Not the files (restore.py). The staged file is nobody else's: killed half-way, it is thrown away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from lmem.domain.actors import Actor
from lmem.errors import LmemError
from lmem.stores.sqlite import copies, migrations
from lmem.stores.sqlite.audit import AuditRows
from lmem.stores.sqlite.connection import open_copy, open_reader
from lmem.stores.sqlite.directory import DirectoryRows
from lmem.stores.sqlite.faults import translate

# A purged memory that was stored again since, under its id, is not purged any more.
PURGED = """SELECT DISTINCT resource_id FROM audit_log WHERE action = 'delete' AND resource_type = 'memory'
    AND json_extract(details_json, '$.purged') AND resource_id NOT IN (SELECT id FROM memories)"""
_RECORDED = """SELECT DISTINCT resource_id FROM audit_log WHERE action = 'delete' AND resource_type = 'memory'
    AND json_extract(details_json, '$.purged')"""
SINCE = """SELECT min(created_at) FROM audit_log WHERE EXISTS (SELECT 1 FROM audit_anchors)"""
_OF_THE_PLACE = ("instance_id", "servers", "purged_commit")
"""What keys of `store_meta` begin with that are of this home and not of its memories: whose the servers' copies are,
where they lie, and which commits are not to be stored again."""
_DONE = "restored"
# The cache's server is emptied by its relay at the first chance: a purged memory is what has it remove everything.
_EMPTY_THE_CACHE = (
    """INSERT INTO projections (id, port, engine, generation, state)
       VALUES ('cache-0001', 'cache', 'redis', 'cache-0001', 'active')""",
    """INSERT INTO outbox (projection, kind, object_id, rev, op, seq)
       SELECT 'cache-0001', 'memory', printf('%032d', 0), 1, 'delete', value FROM outbox_sequence""",
)


@dataclass(frozen=True, slots=True)
class Request:
    """A restore as it was asked for: its id, the backup's name, who asked, and the time it is done at."""

    id: str
    name: str
    username: str
    address: str
    agent: str
    at: str


@dataclass(frozen=True, slots=True)
class Present:
    """What the old truth has a say in still: ids that were purged, what belongs to the place, the last number that
    projections were told, and the end of its audit log."""

    purged: frozenset[str] = frozenset()
    place: Mapping[str, str] = field(default_factory=dict)
    sequence: int = 0
    audit_seq: int = 0
    audit_hash: str = ""
    done: str = ""


def present(database: Path) -> Present | None:
    """What the old truth says; None when it cannot be read, as a damaged one or one of a much newer lmem."""
    try:
        with closing(open_reader(database)) as connection:
            purged = frozenset(str(row[0]) for row in connection.execute(PURGED))
            meta = dict(connection.execute("SELECT key, value FROM store_meta").fetchall())
            sequence = int(connection.execute("SELECT value FROM outbox_sequence").fetchone()[0])
            head = AuditRows(connection).head()
    except (sqlite3.Error, LmemError):
        return None
    place = {key: value for key, value in meta.items() if key.startswith(_OF_THE_PLACE)}
    return Present(
        purged, place, sequence, head.seq if head else 0, head.hash.hex() if head else "", meta.get(_DONE, "")
    )


def rewrite(staged: Path, said: Present | None, request: Request) -> tuple[int, int]:
    """Bring a staged copy to this schema and make it the truth's successor; its memories, and how many were left out.

    No purged memory comes back, no projection of the old truth counts as one of the new, and the audit log says what
    was done. Raises Damaged, StorageFull.
    """
    said = said or Present()
    with closing(open_copy(staged)) as connection:
        try:
            migrations.migrate(connection, migrations.load())
            held = {str(row[0]) for row in connection.execute("SELECT id FROM memories")}
            connection.execute("DELETE FROM projections")  # first: nobody is told of what follows
            if gone := sorted(said.purged & held):
                copies.delete(connection, gone)
            connection.execute("BEGIN IMMEDIATE")
            _succeed(connection, said)
            _record(connection, said, request, len(held) - len(gone), len(gone))
            connection.execute("COMMIT")
        except sqlite3.Error as err:
            raise translate(err) from err
    return len(held) - len(gone), len(gone)


def _succeed(connection: sqlite3.Connection, said: Present) -> None:
    """Every projection is built anew: a generation that the backup names may hold newer points, or be gone."""
    connection.execute("DELETE FROM tombstones")
    connection.execute("UPDATE outbox_sequence SET value = max(value, ?) + 1", (said.sequence,))
    for statement in _EMPTY_THE_CACHE:
        connection.execute(statement)
    for key, value in said.place.items():
        connection.execute("INSERT OR REPLACE INTO store_meta (key, value) VALUES (?, ?)", (key, value))


def _record(connection: sqlite3.Connection, said: Present, request: Request, memories: int, left_out: int) -> None:
    """The audit's row, and a row for each purge that this log does not know of, for the next restore's sake."""
    user = _user(connection, request)
    actor, audit = Actor(user, request.address, request.agent), AuditRows(connection)
    recorded = {str(row[0]) for row in connection.execute(_RECORDED)}
    if unknown := sorted(said.purged - recorded):
        audit.append_many(actor, "delete", "memory", unknown, {"purged": True, "before_restore": True}, request.at)
    details = {
        "memories": memories, "left_out": left_out, "replaced_entry": said.audit_seq, "replaced_hash": said.audit_hash,
    }  # fmt: skip
    audit.append(actor, "restore", "backup", request.name, details, request.at)
    sql = "INSERT OR REPLACE INTO store_meta (key, value) VALUES (?, ?)"
    connection.execute(sql, (_DONE, request.id))


def _user(connection: sqlite3.Connection, request: Request) -> str:
    """The id of the user whose machine this is. The only user of a backup is that one, whatever the account was."""
    known = connection.execute("SELECT id, username FROM users").fetchall()
    if len(known) == 1 and known[0][1] != request.username:
        connection.execute("UPDATE users SET username = ?, rev = rev + 1", (request.username,))
    return DirectoryRows(connection).user(request.username, None, None, request.at)
