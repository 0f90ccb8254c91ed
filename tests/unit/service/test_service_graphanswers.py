"""Who answers a question about the graph: the server when it knows as much as the truth, and what is said when not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from lmem.domain.graph import Sight
from lmem.domain.outbox import Projection
from lmem.errors import IndexLost, InvalidInput, LmemError, StoreDown, StoreUnavailable
from lmem.ports.graph import Graph
from lmem.service.copies import CopyRelay
from lmem.service.graphanswers import SERVER, TRUTH, GraphAnswers
from lmem.service.graphcopy import GraphProjector
from tests.contract.graphcopies import MemoryCopy, Server
from tests.unit.service.service_kit import Kit, drive


@dataclass
class Side:
    """Says its name to every question, or fails."""

    name: str
    fails: LmemError | None = None

    async def projects_of_pattern(self, sight: Sight, pattern_id: str, failed: bool) -> list[tuple[str, str]]:
        if self.fails is not None:
            raise self.fails
        return [(pattern_id, self.name)]


@dataclass
class Copy:
    """A copy of a kit's graph as the daemon knows it."""

    kit: Kit
    side: Side = field(default_factory=lambda: Side(SERVER))
    trouble: LmemError | None = None
    woken: int = 0

    def __post_init__(self) -> None:
        self.projector = GraphProjector(self.kit.storage, MemoryCopy(Server()), self.kit.clock, lambda: None)
        self.relay = CopyRelay(self.kit.storage, self.projector, self.kit.clock)

    @property
    def graph(self) -> Graph:
        return cast(Graph, self.side)

    @property
    def projection(self) -> Projection | None:
        return self.projector.projection

    @property
    def serves(self) -> bool:
        return self.projector.serves

    def wake(self) -> None:
        self.woken += 1

    async def settle(self) -> None:
        while await self.relay.step():
            pass

    async def asked(self, shared: bool = True) -> tuple[str, list[StoreUnavailable]]:
        """Who answered, and what is degraded."""
        answers = GraphAnswers(self.kit.storage, cast(Graph, Side(TRUTH)), self)
        sight = Sight(self.kit.actor.user_id, shared)
        found = await answers.ask(sight, lambda graph: graph.projects_of_pattern(sight, "p", False))
        assert found.value == [("p", found.served_by)]
        return found.served_by, list(found.degraded)


def run(tmp_path: Path, scenario: Callable[[Copy], Awaitable[None]]) -> None:
    drive(tmp_path, lambda kit: scenario(Copy(kit)))


def test_without_a_server_the_truth_answers(tmp_path: Path) -> None:
    async def scenario(copy: Copy) -> None:
        answers = GraphAnswers(copy.kit.storage, cast(Graph, Side(TRUTH)), None)
        sight = Sight(copy.kit.actor.user_id, True)
        found = await answers.ask(sight, lambda graph: graph.projects_of_pattern(sight, "p", False))
        assert (found.served_by, found.degraded) == (TRUTH, ())

    run(tmp_path, scenario)


def test_a_copy_answers_when_it_is_whole_and_has_caught_up(tmp_path: Path) -> None:
    async def scenario(copy: Copy) -> None:
        await copy.kit.add("a fact")
        served_by, (degraded,) = await copy.asked()
        assert served_by == TRUTH and "being filled" in degraded.message
        await copy.settle()
        assert await copy.asked() == (SERVER, [])
        await copy.kit.add("another fact")
        assert await copy.asked() == (TRUTH, []), "it does not know it yet, and that is nobody's fault"
        await copy.settle()
        await copy.projector.rebuild()
        assert await copy.asked() == (TRUTH, [])
        await copy.settle()
        assert await copy.asked() == (SERVER, [])

    run(tmp_path, scenario)


def test_the_users_own_questions_go_to_the_truth_while_something_is_private(tmp_path: Path) -> None:
    async def scenario(copy: Copy) -> None:
        await copy.settle()
        assert await copy.asked(shared=False) == (SERVER, [])
        hidden = await copy.kit.add("nobody else's business", is_private=True)
        await copy.settle()
        assert await copy.asked(shared=False) == (TRUTH, [])
        assert await copy.asked(shared=True) == (SERVER, [])
        await copy.kit.lifecycle.purge(copy.kit.actor, [hidden], False)
        await copy.settle()
        assert await copy.asked(shared=False) == (SERVER, [])

    run(tmp_path, scenario)


@pytest.mark.parametrize("lost", [StoreDown("It is down."), IndexLost("It was wiped.")])
def test_a_server_that_does_not_answer_is_named_and_looked_after(lost: StoreUnavailable, tmp_path: Path) -> None:
    async def scenario(copy: Copy) -> None:
        await copy.settle()
        copy.side.fails = lost
        assert await copy.asked() == (TRUTH, [lost])
        copy.side.fails, copy.trouble = None, lost
        assert await copy.asked() == (TRUTH, [lost])
        assert copy.woken == 2
        copy.trouble = None
        assert await copy.asked() == (SERVER, [])

    run(tmp_path, scenario)


def test_what_is_wrong_with_the_question_is_not_asked_twice(tmp_path: Path) -> None:
    async def scenario(copy: Copy) -> None:
        await copy.settle()
        copy.side.fails = InvalidInput("No such thing.")
        with pytest.raises(InvalidInput):
            await copy.asked()

    run(tmp_path, scenario)
