"""The graph's copy follows whatever is linked, applied, recorded as a pattern, moved, hidden and purged."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from lmem.domain.patterns import Cited, PatternDraft
from lmem.domain.relations import RELATIONS
from lmem.errors import LmemError
from lmem.service.linkrules import LinkDraft
from lmem.service.patterns import Patterns
from lmem.service.projects import Projects
from lmem.service.relations import Relations
from tests.contract.graphcopies import Server
from tests.unit.service.service_kit import Kit, drive
from tests.unit.service.test_service_graphcopy import Copied

STEPS = (
    "add", "add", "add", "link", "link", "link", "unlink", "unlink_all", "apply", "unapply", "pattern", "pattern",
    "outcome", "forget_pattern", "hide", "archive", "restore", "purge", "undo", "backdate", "backdate", "merge",
)  # fmt: skip


class Life:
    """Steps by chance on a kit; one that does not fit what is stored does nothing."""

    def __init__(self, kit: Kit, chance: random.Random) -> None:
        self.kit = kit
        self.chance = chance
        self.relations = Relations(kit.storage, kit.clock, lambda: None)
        self.patterns = Patterns(kit.storage, kit.clock, lambda: None)
        self.ids: list[str] = []
        self.projects: list[str] = []

    async def begin(self) -> None:
        self.projects = [await self.kit.project(name) for name in ("api", "web", "ops")]
        for _ in range(4):
            await self.add()

    async def step(self) -> None:
        with suppress(LmemError):
            await getattr(self, self.chance.choice(STEPS))()
        self.kit.clock.move(minutes=self.chance.choice((1, 20, 90)))

    async def add(self) -> None:
        project, session = self.chance.choice((None, "api", "web")), self.chance.choice((None, "morning"))
        self.ids.append(await self.kit.add(f"fact {len(self.ids)}", project=project, session=session))

    async def backdate(self) -> None:
        """Something comes between others of its project."""
        at = self.kit.clock.now() - timedelta(minutes=self.chance.randrange(300))
        project = self.chance.choice(("api", "web"))
        self.ids.append(await self.kit.add(f"earlier {len(self.ids)}", project=project, created_at=at))

    async def merge(self) -> None:
        """A project's memories, links and patterns go to another one; the next undo may bring them back."""
        projects = Projects(self.kit.storage, self.kit.clock, lambda: None, lambda: None)
        source, target = self.chance.sample(self.projects, 2)
        await projects.merge(self.kit.actor, source, target, None, False)

    async def link(self) -> None:
        one, two = self.chance.sample(self.ids, 2)
        draft = LinkDraft(one, two, self.chance.choice(RELATIONS), round(self.chance.random(), 2), "so it is")
        await self.relations.link(self.kit.actor, draft, None)

    async def unlink(self) -> None:
        one, two = self.chance.sample(self.ids, 2)
        await self.relations.unlink(self.kit.actor, one, two, None, None)

    async def unlink_all(self) -> None:
        for two in self.ids:
            for kind in RELATIONS:
                with suppress(LmemError):
                    await self.relations.unlink(self.kit.actor, self.ids[0], two, kind, None)

    async def apply(self) -> None:
        relevance = self.chance.choice((None, 0.5))
        await self.relations.apply(self.kit.actor, self._memory(), self._project(), relevance, None)

    async def unapply(self) -> None:
        await self.relations.unapply(self.kit.actor, self._memory(), self._project(), None)

    async def pattern(self) -> None:
        kind = self.chance.choice(("demonstrates", "validates", "contradicts_pattern"))
        cited = Cited(self._memory(), kind, outcome="success" if kind == "validates" else None)
        draft = PatternDraft("testing", self._name(), f"seen {self.chance.random()}", evidence=(cited,))
        await self.patterns.add(self.kit.actor, draft, self._project())

    async def outcome(self) -> None:
        success = self.chance.random() < 0.5
        await self.patterns.outcome(
            self.kit.actor, self._name(), self._project(), success, None if success else "slow", self._memory()
        )

    async def forget_pattern(self) -> None:
        await self.patterns.forget(self.kit.actor, self._name(), False)

    async def hide(self) -> None:
        private = self.chance.random() < 0.5
        await self.kit.memories.edit(self.kit.actor, self._memory(), {"is_private": private}, None)

    async def archive(self) -> None:
        await self.kit.lifecycle.forget(self.kit.actor, [self._memory()], None, False)

    async def restore(self) -> None:
        await self.kit.lifecycle.restore(self.kit.actor, [self._memory()])

    async def purge(self) -> None:
        gone = self.ids.pop(self.chance.randrange(len(self.ids)))
        await self.kit.lifecycle.purge(self.kit.actor, [gone], False)

    async def undo(self) -> None:
        await self.kit.history.undo(self.kit.actor, None)

    def _memory(self) -> str:
        return self.chance.choice(self.ids)

    def _project(self) -> str:
        return self.chance.choice(self.projects)

    def _name(self) -> str:
        return self.chance.choice(("outbox", "contract suites"))


@pytest.mark.parametrize("seed", range(12))
def test_the_copy_is_what_the_truth_says_after_every_few_steps(seed: int, tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        chance = random.Random(seed)
        life, copied = Life(kit, chance), Copied(kit, Server())
        await life.begin()
        for _ in range(25):
            for _ in range(chance.randrange(1, 5)):
                await life.step()
            await copied.settle()
            await copied.assert_agrees()

    drive(tmp_path, scenario)
