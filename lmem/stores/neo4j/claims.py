"""Who a prefix belongs to: the (:Instance) node of each lmem that keeps its graph in a database.

Not a lock against the user: whoever may write to the database may delete the node, and its prefix is free again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from lmem.errors import Conflict, InvalidInput
from lmem.stores.neo4j import shapes
from lmem.stores.neo4j.door import Transaction

_FIND = "MATCH (i:Instance {prefix: $prefix}) RETURN i.owner, i.id, i.generation, i.opening, i.former"
_FORMER = """MATCH (i:Instance {owner: $owner}) WHERE i.prefix <> $prefix
    WITH i, i.prefix AS prefix, i.generation AS generation, i.former AS former
    DELETE i
    RETURN prefix, generation, former"""
_MAKE = """CREATE (i:Instance {prefix: $prefix, owner: $owner, id: $id, schema: $schema, generation: $generation,
    opening: 1, former: $former})"""
_OPEN = "MATCH (i:Instance {prefix: $prefix}) SET i.opening = i.opening + 1, i.schema = $schema RETURN i.opening"
_SWEPT = "MATCH (i:Instance {prefix: $prefix}) SET i.former = []"


@dataclass(frozen=True, slots=True)
class Claim:
    """A prefix as its owner opened it: which copy that is, and the how many-eth opening. `former` are prefixes that the
    owner had before, whose nodes are left to be adopted or swept."""

    owner: str
    id: str
    generation: int
    opening: int
    former: tuple[str, ...] = ()


NOBODY = Claim("", "", 0, 0)


async def claim(prefix: str, owner: str, schema: int, tx: Transaction) -> Claim:
    """Open the copy under a prefix, made when there is none. Raises Conflict when the prefix is another owner's."""
    for other, id, generation, _, former in await tx.rows(_FIND, {"prefix": prefix}):
        if other != owner:
            raise Conflict(
                f"The prefix '{prefix}' of this Neo4j database belongs to another lmem.",
                hint=f"Choose another neo4j.prefix, or delete (:Instance {{prefix: '{prefix}'}}) if that lmem is gone.",
            )
        ((opening,),) = await tx.rows(_OPEN, {"prefix": prefix, "schema": schema})
        return Claim(owner, id, generation, opening, tuple(former))
    return await _made(prefix, owner, schema, tx)


async def _made(prefix: str, owner: str, schema: int, tx: Transaction) -> Claim:
    """A new copy. What the owner kept under other prefixes is left to it."""
    left = await tx.rows(_FORMER, {"prefix": prefix, "owner": owner})
    ((newest,),) = await tx.rows(shapes.newest_generation(), {"prefix": prefix})
    former = {name for old, _, older in left for name in (old, *older)} - {prefix}
    made = Claim(owner, uuid.uuid4().hex, max([newest, *(row[1] for row in left)]), 1, tuple(sorted(former)))
    await tx.rows(
        _MAKE,
        {"prefix": prefix, "owner": owner, "id": made.id, "schema": schema, "generation": made.generation,
         "former": list(made.former)},
    )  # fmt: skip
    return made


async def swept(prefix: str, tx: Transaction) -> None:
    """Nothing is left under former prefixes."""
    await tx.rows(_SWEPT, {"prefix": prefix})


async def refuse_owned(tx: Transaction, prefixes: Collection[str], owner: str) -> None:
    """Raise InvalidInput when one of the prefixes is another owner's: no two may keep the same object here."""
    if rows := await tx.rows(shapes.OTHERS, {"prefixes": sorted(prefixes), "owner": owner}):
        raise InvalidInput(
            f"Another lmem keeps the same object in this Neo4j database, under the prefix '{rows[0][0]}'.",
            hint="Set neo4j.database to another one: two homes with the same memories cannot share it.",
        )
