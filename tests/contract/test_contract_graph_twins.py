"""SQLite and a Neo4j that its relay filled answer the same questions equally."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lmem.domain.graph import Sight
from lmem.domain.relations import BY_EDGE
from lmem.ports.graph import Graph
from lmem.service.copies import CopyRelay
from lmem.service.graphcopy import GraphProjector
from lmem.stores.neo4j.answers import Neo4jGraph
from lmem.stores.neo4j.copy import Neo4jCopy
from lmem.stores.sqlite.answers import SqliteGraph
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.storage import SqliteStorage
from tests.contract.graphtruths import USER, Truth, fill
from tests.unit.service.service_kit import SetClock
from tests.unit.stores.neo4j.servers import CLEAR, door

if TYPE_CHECKING:
    from tests.servers.neo4j import Neo4jServer

QUESTIONS = 200
SIGHT = Sight(USER, shared=True)

Question = Callable[[Graph], Awaitable[object]]


def question(truth: Truth, chance: random.Random) -> tuple[str, Question]:
    """A question by chance, and how to say it."""
    types = chance.sample(sorted(BY_EDGE), chance.randrange(1, 6)) if chance.random() < 0.6 else []
    what = chance.choice(("neighbours", "neighbours", "path", "path", "edges", "projects", "patterns"))
    if what == "neighbours":
        node, depth, limit = truth.any(chance), chance.randrange(1, 5), chance.choice((1, 5, 20, 500))
        return f"{what} {node} {types} {depth} {limit}", lambda graph: graph.neighbours(
            SIGHT, *node, types, depth, limit
        )
    if what == "path":
        start, end, longest = truth.any(chance), truth.any(chance), chance.randrange(1, 8)
        return f"{what} {start} {end} {types} {longest}", lambda graph: graph.path(SIGHT, start, end, types, longest)
    if what == "edges":
        return f"{what} {types}", lambda graph: _pages(graph, types, chance.choice((3, 500)))
    failed, (_, id) = chance.random() < 0.5, truth.any(chance, "Pattern" if what == "projects" else "Project")
    if what == "projects":
        return f"{what} {id} {failed}", lambda graph: graph.projects_of_pattern(SIGHT, id, failed)
    return f"{what} {id} {failed}", lambda graph: graph.patterns_of_project(SIGHT, id, failed)


async def _pages(graph: Graph, types: list[str], limit: int) -> list[object]:
    """Two pages: the second begins where the first ended."""
    first = await graph.edges(SIGHT, types, "", limit)
    if not first:
        return []
    last = first[-1]
    return [first, await graph.edges(SIGHT, types, f"{last.start}/{last.type}/{last.end}", limit)]


def test_the_same_random_questions_are_answered_equally(neo4j_server: Neo4jServer, tmp_path: Path) -> None:
    neo4j_server.ask(CLEAR)

    async def run() -> None:
        chance = random.Random(20261122)
        storage = SqliteStorage(Database.open(tmp_path / "layered_memory.db"))
        made = door(neo4j_server)
        copy = Neo4jCopy(made, "twins")
        relay = CopyRelay(storage, GraphProjector(storage, copy, SetClock(), lambda: None), SetClock())
        try:
            truth = await fill(storage, chance)
            while await relay.step():
                pass
            answered = 0
            for _ in range(QUESTIONS):
                said, asked = question(truth, chance)
                state = chance.getstate()
                here = await asked(SqliteGraph(storage))
                chance.setstate(state)
                there = await asked(Neo4jGraph(made, copy))
                assert there == here, said
                answered += bool(here)
            assert answered > QUESTIONS / 2, "most questions have an answer"
        finally:
            await relay.close()
            await storage.close()

    asyncio.run(run())
