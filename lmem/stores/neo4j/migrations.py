"""The .cypher files of migrations/, run through the driver and recorded as (:Migration) nodes (specification 5.3).

Not one transaction a file: Neo4j mixes no schema with data, so each statement may run twice and the record comes last.
The database may serve several lmem; its migrations are theirs together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from lmem.errors import Conflict, Internal
from lmem.stores import migrations as files
from lmem.stores.migrations import Migration
from lmem.stores.neo4j.door import Door, Transaction

PATIENCE = 60.0
"""Seconds for one statement: a constraint looks at every node that is there."""

_APPLIED = "MATCH (g:Migration) RETURN g.version, g.name, g.checksum ORDER BY g.version"
_RECORD = """MERGE (g:Migration {version: $version})
    ON CREATE SET g.name = $name, g.checksum = $checksum, g.applied_at = datetime()"""


def load() -> tuple[Migration, ...]:
    """Every migration of the graph in order. Raises Internal when a number is missing."""
    return files.load("cypher")


def statements(text: str) -> Iterator[str]:
    """The statements of a file, one by one, without comments. Raises Internal when the last one does not end."""
    pending = ""
    for line in text.splitlines():
        pending += "" if line.lstrip().startswith("//") else f"{line}\n"
        if pending.rstrip().endswith(";"):
            yield pending.strip().removesuffix(";")
            pending = ""
    if pending.strip():
        raise Internal("The last statement of a migration is not complete.")


async def migrate(door: Door, released: Sequence[Migration]) -> int:
    """Bring the database to the last of `released`; answers its schema's number.

    Raises Conflict when it has a newer one or another content than was released, and what Door.write raises.
    """
    applied = await door.read(lambda tx: tx.rows(_APPLIED))
    _refuse_others([(int(version), str(name), str(checksum)) for version, name, checksum in applied], released)
    for migration in released[len(applied) :]:
        for statement in statements(migration.text):
            await door.write(partial(_run, statement), PATIENCE)
        await door.write(partial(_recorded, migration))
    return len(released)


def _refuse_others(applied: Sequence[tuple[int, str, str]], released: Sequence[Migration]) -> None:
    newest = max((version for version, _, _ in applied), default=0)
    if newest > len(released):
        raise Conflict(
            f"The Neo4j database has schema {newest}; this lmem knows schemas up to {len(released)}.",
            hint="Upgrade lmem, or set neo4j.database to another one; the database was not touched.",
        )
    if [version for version, _, _ in applied] != list(range(1, newest + 1)):
        raise Conflict(
            f"The Neo4j database says schema {newest}, but records {len(applied)} migrations.",
            hint="Set neo4j.database to another one: the graph is built anew from SQLite.",
        )
    for (version, name, checksum), migration in zip(applied, released, strict=False):
        if checksum != migration.checksum:
            raise Conflict(
                f"Migration {version} ({name}) of the Neo4j database had another content than this lmem ships.",
                hint="Install the released lmem again; a released migration never changes.",
            )


async def _run(statement: str, transaction: Transaction) -> None:
    await transaction.rows(statement)


async def _recorded(migration: Migration, transaction: Transaction) -> None:
    values = {"version": migration.version, "name": migration.name, "checksum": migration.checksum}
    await transaction.rows(_RECORD, values)
