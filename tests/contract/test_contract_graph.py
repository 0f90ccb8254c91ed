"""The contract of lmem.ports.graph.Graph: the same answers, in the same order, whoever gives them.

Run on SQLite and on a real Neo4j. The truth is by chance, and so are the questions; the answers are compared with plain
ones.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lmem.daemon.clock import SystemClock
from lmem.domain.graph import Edge, Sight
from lmem.domain.relations import EDGES, MADE, WALKED_BY_DEFAULT
from lmem.ports.graph import Graph
from lmem.service.copies import CopyRelay
from lmem.service.graphcopy import GraphProjector
from lmem.stores.neo4j.answers import Neo4jGraph
from lmem.stores.neo4j.copy import Neo4jCopy
from lmem.stores.sqlite.answers import SqliteGraph
from lmem.stores.sqlite.database import Database
from lmem.stores.sqlite.storage import SqliteStorage
from tests.contract import graph as plain
from tests.contract.graph import Question, Truth, questions, truth
from tests.contract.graphreference import Reference
from tests.contract.graphservers import CLEAR, door

if TYPE_CHECKING:
    from tests.servers.neo4j import Neo4jServer

SEED = 20261125
MANY = 200
PREFIX = "contract"


@dataclass
class Asked:
    """A truth and a graph that answers from it."""

    truth: Truth
    graph: Graph

    @property
    def sight(self) -> Sight:
        return Sight(self.truth.users[0], shared=True)


Scenario = Callable[[Asked], Awaitable[None]]
Run = Callable[[Scenario], None]


@pytest.fixture(scope="module")
def made() -> Truth:
    return truth(SEED)


@asynccontextmanager
async def stored(made: Truth, directory: Path) -> AsyncIterator[SqliteStorage]:
    """The truth in a file."""
    database = Database.open(directory / "layered_memory.db")
    storage = SqliteStorage(database)
    try:
        await database.write(made.write)
        yield storage
    finally:
        await storage.close()


@dataclass
class Filled:
    """A Neo4j whose copy of the truth its relay has made, and whose that is."""

    server: Neo4jServer
    owner: str

    @asynccontextmanager
    async def graph(self) -> AsyncIterator[Neo4jGraph]:
        way = door(self.server)
        copy = Neo4jCopy(way, PREFIX)
        try:
            await copy.open(self.owner)
            yield Neo4jGraph(way, copy)
        finally:
            await copy.close()


@pytest.fixture(scope="module")
def filled(neo4j_server: Neo4jServer, made: Truth, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    neo4j_server.ask(CLEAR)

    async def fill() -> str:
        async with stored(made, tmp_path_factory.mktemp("truth")) as storage:
            clock = SystemClock()
            projector = GraphProjector(storage, Neo4jCopy(door(neo4j_server), PREFIX), clock, lambda: None)
            relay = CopyRelay(storage, projector, clock)
            while await relay.step():
                pass
            await relay.close()
            return await storage.read(lambda tx: tx.directory.secret("instance_id"))

    return Filled(neo4j_server, asyncio.run(fill()))


@pytest.fixture(params=["sqlite", "neo4j"])
def run(request: pytest.FixtureRequest, made: Truth, tmp_path: Path) -> Run:
    """Runs a scenario against one implementation that has the whole truth."""
    if request.param == "neo4j":
        request.getfixturevalue("filled")

    async def on_sqlite(scenario: Scenario) -> None:
        async with stored(made, tmp_path) as storage:
            await scenario(Asked(made, SqliteGraph(storage)))

    async def on_neo4j(scenario: Scenario) -> None:
        filled: Filled = request.getfixturevalue("filled")
        async with filled.graph() as graph:
            await scenario(Asked(made, graph))

    chosen = on_sqlite if request.param == "sqlite" else on_neo4j
    return lambda scenario: asyncio.run(chosen(scenario))


async def answered(graph: Graph, sight: Sight, question: Question) -> object:
    answer: object = await getattr(graph, question.method)(sight, *question.values)
    return answer


def expected(reference: Reference, question: Question) -> object:
    values = question.values
    if question.method == "neighbours":
        label, id_, *rest = values
        values = ((label, id_), *rest)
    answer: object = getattr(reference, question.method)(*values)
    return answer


def test_two_hundred_questions_are_answered_as_by_plain_means(run: Run, made: Truth) -> None:
    async def scenario(asked: Asked) -> None:
        reference = Reference(made, asked.sight)
        told: Counter[tuple[str, bool]] = Counter()
        for question in questions(made, SEED, MANY):
            answer = await answered(asked.graph, asked.sight, question)
            assert answer == expected(reference, question), question
            told[(question.method, bool(answer))] += 1
        assert all(told[(method, True)] > 3 for method in ("neighbours", "path", "edges")), told
        assert told[("path", False)] > 3, told

    run(scenario)


def test_the_same_two_hundred_questions_are_answered_equally_by_both(
    filled: Filled, made: Truth, tmp_path: Path
) -> None:
    sight = Sight(made.users[0], shared=True)

    async def scenario() -> None:
        async with stored(made, tmp_path) as storage, filled.graph() as there:
            here = SqliteGraph(storage)
            for question in questions(made, SEED + 2, MANY):
                assert await answered(there, sight, question) == await answered(here, sight, question), question

    asyncio.run(scenario())


def test_every_type_is_walked_with_its_properties_when_it_is_named(run: Run, made: Truth) -> None:
    async def scenario(asked: Asked) -> None:
        reference = Reference(made, asked.sight)
        starts = [spot for spot in reference.names if spot[0] != "Memory"]
        for type_ in plain.TYPES:
            seen: set[str] = set()
            for start in [*list(reference.names)[::5], *starts]:
                found = await asked.graph.neighbours(asked.sight, *start, (type_,), 1, 1000)
                assert found == reference.neighbours(start, (type_,), 1, 1000)
                assert {item.by.type for item in found} <= {type_}
                seen |= {name for item in found for name in item.by.properties}
            relation = next(item for item in EDGES if item.edge == type_)
            assert seen == {item.name for item in relation.properties}, type_

    run(scenario)


def test_pages_of_edges_join_to_all_of_them(run: Run, made: Truth) -> None:
    async def scenario(asked: Asked) -> None:
        reference = Reference(made, asked.sight)
        for types in ((), ("CONTRADICTS",), ("SAME_CONTEXT", "RELATES_TO"), plain.TYPES, ("OWNS",)):
            pages: list[Edge] = []
            after = ""
            while page := await asked.graph.edges(asked.sight, types, after, 37):
                pages += page
                after = f"{page[-1].start}/{page[-1].type}/{page[-1].end}"
            assert pages == reference.edges(types, "", 10**6), types

    run(scenario)


def test_nothing_of_somebody_else_and_nothing_hidden_is_in_an_answer(run: Run, made: Truth) -> None:
    hidden = {item.id for item in made.memories if item.user != made.users[0] or not item.shown}

    async def scenario(asked: Asked) -> None:
        for item in made.memories[::3]:
            found = await asked.graph.neighbours(asked.sight, "Memory", item.id, plain.TYPES, 2, 1000)
            assert not hidden.intersection(neighbour.id for neighbour in found)
            assert not (found and item.id in hidden)

    run(scenario)


def test_a_limit_cuts_the_farthest(run: Run, made: Truth) -> None:
    async def scenario(asked: Asked) -> None:
        start = next(iter(made.patterns))
        whole = await asked.graph.neighbours(asked.sight, "Pattern", start, (), 3, 1000)
        for limit in (1, 2, len(whole) // 2, len(whole)):
            assert await asked.graph.neighbours(asked.sight, "Pattern", start, (), 3, limit) == whole[:limit]

    run(scenario)


def test_the_users_own_terminal_is_answered_with_what_is_private(tmp_path: Path, made: Truth) -> None:
    """Only the truth knows that, so no other implementation is asked."""
    sight = Sight(made.users[0], shared=False)

    async def scenario() -> None:
        database = Database.open(tmp_path / "layered_memory.db")
        storage = SqliteStorage(database)
        try:
            await database.write(made.write)
            graph, reference = SqliteGraph(storage), Reference(made, sight)
            for question in questions(made, SEED + 1, MANY):
                assert await answered(graph, sight, question) == expected(reference, question), question
        finally:
            await storage.close()

    asyncio.run(scenario())


def test_what_is_walked_without_being_named_is_what_the_contract_says() -> None:
    assert set(WALKED_BY_DEFAULT) == set(plain.WALKED)
    assert set(MADE) == set(plain.MADE)
    assert {relation.edge for relation in EDGES} == set(plain.TYPES)
