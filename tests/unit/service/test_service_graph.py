"""Who answers a question of the graph: the server when it knows all of it, else SQLite, which says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from lmem.domain.graph import Edge, Hop, Neighbour, Sight
from lmem.domain.graph import Path as Way
from lmem.domain.outbox import Projection
from lmem.domain.patterns import PatternDraft
from lmem.domain.relationwords import relation_type
from lmem.errors import LmemError, NotFound, StoreDown
from lmem.service.graph import GraphQuestions
from lmem.service.linkrules import LinkDraft
from lmem.service.patterns import Patterns
from lmem.service.relations import Relations
from lmem.stores.sqlite.answers import SqliteGraph
from tests.unit.service.service_kit import Kit, drive

COPY = Projection("graph-0001", "graph", "test", "gen-0001", None, "active", None, {})


@dataclass
class Far:
    """A server that answers as the truth does, unless it is told otherwise. `asked` counts its questions."""

    truth: SqliteGraph
    fails: StoreDown | None = None
    also: list[Neighbour] = field(default_factory=list)
    way: Way | None = None
    asked: list[Sight] = field(default_factory=list)

    async def neighbours(
        self, sight: Sight, label: str, node_id: str, types: Sequence[str], depth: int, limit: int
    ) -> list[Neighbour]:
        self._ask(sight)
        return [*await self.truth.neighbours(sight, label, node_id, types, depth, limit), *self.also]

    async def path(
        self, sight: Sight, start: tuple[str, str], end: tuple[str, str], types: Sequence[str], longest: int
    ) -> Way | None:
        self._ask(sight)
        return self.way or await self.truth.path(sight, start, end, types, longest)

    async def edges(self, sight: Sight, types: Sequence[str], after: str, limit: int) -> list[Edge]:
        self._ask(sight)
        return await self.truth.edges(sight, types, after, limit)

    async def projects_of_pattern(self, sight: Sight, pattern_id: str, failed: bool) -> list[tuple[str, str]]:
        self._ask(sight)
        return await self.truth.projects_of_pattern(sight, pattern_id, failed)

    async def patterns_of_project(self, sight: Sight, project_id: str, failed: bool) -> list[tuple[str, str]]:
        self._ask(sight)
        return await self.truth.patterns_of_project(sight, project_id, failed)

    def _ask(self, sight: Sight) -> None:
        self.asked.append(sight)
        if self.fails is not None:
            raise self.fails


@dataclass
class Server:
    graph: Far
    name: str = "neo4j"
    projection: str | None = COPY.id
    serves: bool = True
    trouble: LmemError | None = None


@dataclass
class Asked:
    """Three memories in a row, and questions with a server."""

    kit: Kit
    server: Server
    ids: list[str]

    @property
    def questions(self) -> GraphQuestions:
        return GraphQuestions(self.kit.storage, SqliteGraph(self.kit.storage), self.server)

    async def near(self, shared: bool = False) -> tuple[list[str], str, list[str]]:
        """Neighbours of the first: titles, who answered, and why somebody else did not."""
        actor = replace(self.kit.actor, shared=shared)
        _, _, answer = await self.questions.neighbours(actor, self.ids[0], (), 2, 10)
        return [item.name for item in answer.value], answer.served_by, [err.message for err in answer.degraded]

    async def confirmed(self) -> None:
        await self.kit.storage.write(lambda tx: tx.outbox.confirm(tx.outbox.due(COPY.id, "9", 10**6)))


async def prepared(kit: Kit) -> Asked:
    ids = [await kit.add(text) for text in ("one", "two", "three")]
    relations, (kind, _) = Relations(kit.storage, kit.clock, kit.relay.wake), relation_type("relates_to")
    for start, end in pairwise(ids):
        await relations.link(kit.actor, LinkDraft(start, end, kind), None)
    await kit.storage.write(lambda tx: tx.outbox.add_projection(COPY, "2026-11-22T12:00:00.000Z", None))
    asked = Asked(kit, Server(Far(SqliteGraph(kit.storage))), ids)
    await asked.confirmed()
    return asked


def test_the_server_answers_when_it_has_everything(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        asked = await prepared(kit)
        assert await asked.near() == (["two", "three"], "neo4j", [])
        assert [sight.shared for sight in asked.server.graph.asked] == [True]

    drive(tmp_path, scenario)


def test_without_a_server_sqlite_answers_and_nothing_is_missing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        asked = await prepared(kit)
        questions = GraphQuestions(kit.storage, SqliteGraph(kit.storage), None)
        _, _, answer = await questions.neighbours(kit.actor, asked.ids[0], (), 2, 10)
        assert ([item.name for item in answer.value], answer.served_by, answer.degraded) == (
            ["two", "three"], "sqlite", ()
        )  # fmt: skip

    drive(tmp_path, scenario)


def test_a_server_that_is_down_is_named_and_sqlite_answers(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        asked = await prepared(kit)
        asked.server.graph.fails = StoreDown("Neo4j does not answer.")
        assert await asked.near() == (["two", "three"], "sqlite", ["Neo4j does not answer."])
        asked.server.graph.fails, asked.server.trouble = None, StoreDown("Neo4j is left alone.")
        before = len(asked.server.graph.asked)
        assert await asked.near() == (["two", "three"], "sqlite", ["Neo4j is left alone."])
        assert len(asked.server.graph.asked) == before, "it is not asked"

    drive(tmp_path, scenario)


def test_what_was_written_a_moment_ago_is_answered_by_sqlite(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        asked = await prepared(kit)
        await kit.add("four")
        assert (await asked.near())[1:] == ("sqlite", [])
        await asked.confirmed()
        assert (await asked.near())[1] == "neo4j"
        asked.server.serves = False
        assert (await asked.near())[1:] == ("sqlite", []), "a copy that is being filled is nobody's fault"

    drive(tmp_path, scenario)


def test_who_has_private_memories_is_answered_by_sqlite_in_their_own_terminal(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        asked = await prepared(kit)
        hidden = await kit.add("hidden", is_private=True)
        draft = LinkDraft(asked.ids[0], hidden, relation_type("relates_to")[0])
        await Relations(kit.storage, kit.clock, kit.relay.wake).link(kit.actor, draft, None)
        await asked.confirmed()
        assert sorted((await asked.near())[0]) == ["hidden", "three", "two"]
        assert (await asked.near())[1:] == ("sqlite", [])
        assert await asked.near(shared=True) == (["two", "three"], "neo4j", [])

    drive(tmp_path, scenario)


def test_a_server_s_answer_never_shows_what_is_gone(tmp_path: Path) -> None:
    """Its copy may be behind: what SQLite does not let be seen is left out, and a way over it is looked for anew."""

    async def scenario(kit: Kit) -> None:
        asked = await prepared(kit)
        far, (one, two, three) = asked.server.graph, asked.ids
        hop = Hop("RELATES_TO", True, one, "f" * 32, {})
        far.also = [Neighbour("Memory", "f" * 32, "deleted", 1, hop), Neighbour("Memory", two, "old title", 1, hop)]
        assert (await asked.near())[0] == ["two", "three", "two"]
        far.way = Way((("Memory", one, "one"), ("Memory", "f" * 32, "deleted"), ("Memory", three, "three")), (hop, hop))
        _, _, answer = await asked.questions.path(kit.actor, one, three, (), 6)
        assert answer.value is not None
        assert [name for _, _, name in answer.value.nodes] == ["one", "two", "three"]
        assert answer.served_by == "sqlite"

    drive(tmp_path, scenario)


def test_ways_and_their_absence(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        asked = await prepared(kit)
        alone = await kit.add("alone")
        await asked.confirmed()
        _, _, found = await asked.questions.path(kit.actor, asked.ids[0], asked.ids[2], (), 6)
        assert found.value is not None and len(found.value.hops) == 2
        _, _, none = await asked.questions.path(kit.actor, asked.ids[0], alone, (), 6)
        assert (none.value, none.served_by) == (None, "neo4j")

    drive(tmp_path, scenario)


def test_communities_are_of_links_that_are_strong_enough(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        asked = await prepared(kit)
        relations, (kind, _) = Relations(kit.storage, kit.clock, kit.relay.wake), relation_type("relates_to")
        weak, weaker = await kit.add("weak"), await kit.add("weaker")
        await relations.link(kit.actor, LinkDraft(weak, weaker, kind, strength=0.2), None)
        both = await asked.questions.communities(kit.actor, (), 0.0, 10, 2)
        assert [group.size for group in both.value] == [3, 2]
        assert [len(group.members) for group in both.value] == [2, 2]
        strong = await asked.questions.communities(kit.actor, (), 0.5, 10, 9)
        assert [{title for _, title in group.members} for group in strong.value] == [{"one", "two", "three"}]
        assert len((await asked.questions.communities(kit.actor, (), 0.0, 1, 9)).value) == 1

    drive(tmp_path, scenario)


def test_nodes_are_named_by_what_they_are(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        project = await kit.project("web")
        one = await kit.add("one", project="web")
        questions = GraphQuestions(kit.storage, SqliteGraph(kit.storage), None)
        spot, name, answer = await questions.neighbours(kit.actor, "project:web", ("BELONGS_TO",), 1, 9)
        assert (spot, name, [item.id for item in answer.value]) == (("Project", project), "web", [one])
        spot, name, answer = await questions.neighbours(kit.actor, "user:me", ("CREATED", "OWNS"), 1, 9)
        assert (spot[0], name, {item.id for item in answer.value}) == ("User", "ada", {one, project})
        assert (await questions.neighbours(kit.actor, f"memory:{one[:8]}", (), 1, 9))[0] == ("Memory", one)
        for wrong in ("project:nowhere", "pattern:none", "user:bob", "f" * 32):
            with pytest.raises(NotFound):
                await questions.neighbours(kit.actor, wrong, (), 1, 9)
        await kit.lifecycle.forget(kit.actor, [one], None, dry_run=False)
        with pytest.raises(NotFound, match="archived, so it is not in the graph"):
            await questions.neighbours(kit.actor, one, (), 1, 9)

    drive(tmp_path, scenario)


def test_what_a_project_uses_and_failed_with(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        project = await kit.project("web")
        patterns = Patterns(kit.storage, kit.clock, kit.relay.wake)
        for name in ("outbox", "sagas"):
            await patterns.add(kit.actor, PatternDraft("architecture", name, "what it is"), project)
        kit.clock.move(days=1)
        await patterns.outcome(kit.actor, "sagas", project, False, "too slow", None)
        questions = GraphQuestions(kit.storage, SqliteGraph(kit.storage), None)
        found = (await questions.patterns_of_project(kit.actor, "web")).value
        assert [name for _, name in found.used] == ["outbox", "sagas"]
        assert [name for _, name in found.failed] == ["sagas"]
        other = (await questions.projects_of_pattern(kit.actor, "sagas")).value
        assert ([name for _, name in other.used], [name for _, name in other.failed]) == (["web"], ["web"])

    drive(tmp_path, scenario)
