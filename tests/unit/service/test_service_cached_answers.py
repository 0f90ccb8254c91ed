"""Whatever happens, an answer through the cache is the answer without it, also while its server goes away.

Each step changes something; after it, everything is asked twice through the cache and once without.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_hex

import pytest

from lmem.domain.actors import Actor
from lmem.domain.budget import Counting
from lmem.domain.filters import Filter, Sight
from lmem.domain.layers import layers
from lmem.domain.relations import Relation
from lmem.domain.scope import NOWHERE, Place, Scope
from lmem.domain.sessions import Query, Work
from lmem.domain.times import to_text
from lmem.errors import NotFound, StoreUnavailable
from lmem.ports.cache import CacheStore
from lmem.service import members
from lmem.service.briefs import Briefs
from lmem.service.caches import NO_CACHE, Caches
from lmem.service.candidates import CachedFinder
from lmem.service.context import Context
from lmem.service.endings import Endings
from lmem.service.holdings import Holdings
from lmem.service.layers import LayerMoves
from lmem.service.memories import Memories
from lmem.service.popular import Popular
from lmem.service.projects import Projects
from lmem.service.scopes import Scopes
from lmem.service.search import Search
from lmem.service.sessions import Sessions, Wanted
from lmem.stores.inprocess.cache import LocalCache
from tests.unit.service.faultycache import FaultyCache
from tests.unit.service.service_kit import Kit, WordFinder, drive

HERE = "/src/api"
WORDS = ("amber", "basalt", "cobalt", "dolomite", "emerald", "feldspar")
COUNTING = Counting(lambda text: len(text.split()) + text.count("\n"), "words")


Question = Callable[["Readers"], Awaitable[object]]


@dataclass
class Readers:
    """What is asked, through a cache or through none."""

    memories: Memories
    search: Search
    briefs: Briefs
    sessions: Sessions
    scopes: Scopes
    holdings: Holdings
    projects: Projects


def readers(kit: Kit, caches: Caches) -> Readers:
    async def place(cwd: str) -> Place:
        return Place(cwd, cwd, branch="main", commit="c" * 40)

    finder = WordFinder(kit.embedder, kit.vectors)
    cached = CachedFinder(finder, kit.vectors, lambda: kit.indexes.model, caches, Popular(caches))
    scopes = Scopes(kit.storage, kit.clock, place, lambda: 12, caches)
    wake, changed = kit.relay.wake, scopes.changed
    return Readers(
        Memories(kit.storage, kit.clock, wake, kit.settings.of, caches),
        Search(kit.storage, kit.indexes, cached, kit.clock),
        Briefs(kit.storage, Context(kit.storage, lambda: COUNTING), caches),
        Sessions(kit.storage, kit.clock, wake, changed, kit.settings.of, caches),
        scopes,
        Holdings(kit.storage, kit.settings.of, caches),
        Projects(kit.storage, kit.clock, wake, changed, caches),
    )


class Story:
    """Random steps on one store."""

    def __init__(self, kit: Kit, chance: random.Random, scope: Scope) -> None:
        self.kit, self.chance, self.scope = kit, chance, scope
        self.ids: list[str] = []
        self.user = kit.actor.user_id
        self.plain = readers(kit, NO_CACHE)
        self.endings = Endings(kit.storage, kit.clock, lambda: None, lambda: None, lambda: 12)

    async def step(self) -> str:
        steps = {
            "add": 4, "edit": 2, "flag": 2, "forget": 1, "restore": 1, "purge": 1, "link": 2, "focus": 1, "read": 1,
            "relay": 4, "rename": 1, "session": 1, "work": 1, "move": 1, "clock": 1,
        }  # fmt: skip
        name = self.chance.choices(list(steps), list(steps.values()))[0]
        if self.ids or name in ("add", "relay", "rename", "session"):
            await getattr(self, f"_{name}")()
        return name

    async def _add(self) -> None:
        text = " ".join(self.chance.sample(WORDS, 3))
        kind, private = self.chance.choice(["note", "decision", "task"]), self.chance.random() < 0.2
        scoped = {"project": "api"} if self.chance.random() < 0.7 else {}
        session = "morning" if self.chance.random() < 0.4 else None
        importance = self.chance.random()
        self.ids.append(
            await self.kit.add(
                f"{text} {len(self.ids)}", memory_type=kind, is_private=private, session=session, importance=importance,
                tags=(self.chance.choice(WORDS),), **scoped,
            )
        )  # fmt: skip

    async def _edit(self) -> None:
        changes = {"content": " ".join(self.chance.sample(WORDS, 2))}
        await self.kit.memories.edit(self.kit.actor, self._some(), changes, None)

    async def _flag(self) -> None:
        private, importance = self.chance.random() < 0.5, self.chance.random()
        changes: dict[str, object] = {"is_private": private, "importance_score": importance}
        await self.kit.memories.edit(self.kit.actor, self._some(), changes, None)

    async def _forget(self) -> None:
        await self.kit.lifecycle.forget(self.kit.actor, [self._some()], None, False)

    async def _restore(self) -> None:
        await self.kit.lifecycle.restore(self.kit.actor, [self._some()])

    async def _purge(self) -> None:
        await self.kit.lifecycle.purge(self.kit.actor, [self.ids.pop(self.chance.randrange(len(self.ids)))], False)

    async def _link(self) -> None:
        one, two = self._some(), self._some()
        if one != two:
            at = to_text(self.kit.clock.now())
            made = Relation(token_hex(16), one, two, self.chance.choice(["builds_on", "resolves"]), self.user, at)
            await self.kit.storage.write(lambda tx: tx.relations.insert(made))

    async def _move(self) -> None:
        moves = LayerMoves(self.kit.storage, self.kit.clock, lambda: None)
        wanted = layers([self.chance.choice(["project", "global", "temporal"])])
        await moves.move(self.kit.actor, self._some(), wanted, self.scope, None)

    async def _focus(self) -> None:
        if await self.kit.storage.read(lambda tx: tx.sessions.named_anywhere(self.user, "morning")):
            name = "morning"
            await self.plain.sessions.focus(self.kit.actor, name, [self._some()], self.chance.random() < 0.7, NOWHERE)

    async def _read(self) -> None:
        reads, at = {self._some(): self.chance.randrange(1, 4)}, to_text(self.kit.clock.now())
        await self.kit.storage.write(lambda tx: tx.memories.touch(reads, at))

    async def _relay(self) -> None:
        await self.kit.settle()

    async def _rename(self) -> None:
        name = f"api {self.chance.randrange(1000)}"
        await self.plain.projects.rename(self.kit.actor, self.scope.project_id or "", name)
        await self.plain.projects.rename(self.kit.actor, self.scope.project_id or "", "api")

    async def _session(self) -> None:
        place = Place(HERE, HERE, branch="main", commit="c" * 40)
        current = (await self.plain.scopes.of(self.kit.actor, HERE, "api", None)).session_id
        self.plain.scopes.changed()
        if current is None:
            await self.plain.sessions.start(self.kit.actor, Wanted(f"s{self.chance.random()}"), self.scope, place)
        else:
            await self.endings.end(self.kit.actor, current, self.scope, None)

    async def _work(self) -> None:
        scope = await self.plain.scopes.of(self.kit.actor, HERE, "api", None)
        self.plain.scopes.changed()
        if (session_id := scope.session_id) is not None:
            work, at = Work((Query(f"why {self.chance.random()}", "cli"),)), to_text(self.kit.clock.now())
            await self.kit.storage.write(lambda tx: members.remember(tx, session_id, work, at))

    async def _clock(self) -> None:
        self.kit.clock.move(hours=self.chance.choice([1, 13]))

    def _some(self) -> str:
        return self.chance.choice(self.ids)

    def questions(self) -> list[Question]:
        """Everything that is asked, by the user and by another client."""
        found: list[Question] = []
        user, project = self.kit.actor, self.scope.project_id
        for actor in (user, replace(user, shared=True)):
            here = Filter(user.user_id, shared=actor.shared, sight=Sight(project), temporal=False)
            everything = Filter(user.user_id, shared=actor.shared)
            found += [
                partial(_page, wanted=here, order="rank", may_join=True),
                partial(_page, wanted=here, order="created", may_join=True),
                partial(_page, wanted=here, order="rank", offset=5, may_join=True),
                partial(_page, wanted=replace(everything, types=("task",)), order="rank"),
                partial(_tags, wanted=everything),
                partial(_found, query="amber basalt", wanted=here),
                partial(_found, query="cobalt", wanted=everything),
                partial(_brief, actor=actor, scope=self.scope),
                partial(_counts, everything=everything, here=here),
                partial(_shown, actor=actor),
                *(partial(_memory, actor=actor, memory_id=memory_id) for memory_id in self.ids[-4:]),
            ]
        return [*found, partial(_names, actor=user), partial(_current, actor=user), _rules]


async def _page(ask: Readers, wanted: Filter, order: str, offset: int = 0, may_join: bool = False) -> object:
    return await ask.memories.page(wanted, order, 5, offset, may_join)


async def _tags(ask: Readers, wanted: Filter) -> object:
    return await ask.memories.tags(wanted)


async def _brief(ask: Readers, actor: Actor, scope: Scope) -> object:
    return await ask.briefs.brief(actor, scope, 300)


async def _counts(ask: Readers, everything: Filter, here: Filter) -> object:
    return await ask.holdings.counts(everything, here)


async def _rules(ask: Readers) -> object:
    return await ask.holdings.rules()


async def _names(ask: Readers, actor: Actor) -> object:
    return await ask.projects.names(actor)


async def _found(ask: Readers, query: str, wanted: Filter) -> object:
    answer = await ask.search.search(query, wanted, 5)
    return [(item.memory, item.ranked.score) for item in answer.found], answer.served_by, answer.empty


async def _memory(ask: Readers, actor: Actor, memory_id: str) -> object:
    try:
        detail = await ask.memories.get(actor, memory_id[:20] if actor.shared else memory_id)
    except NotFound as err:
        return str(err)
    return detail.memory, sorted(detail.links, key=repr)


async def _current(ask: Readers, actor: Actor) -> object:
    ask.scopes.changed()  # its own memory of two seconds is not what is tried here
    return await ask.scopes.of(actor, HERE, "api", None)


async def _shown(ask: Readers, actor: Actor) -> object:
    ask.scopes.changed()
    scope = await ask.scopes.of(actor, HERE, "api", None)
    return await ask.sessions.show(actor, ".", scope) if scope.session_id else None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("remote", [False, True], ids=["in process", "a server"])
def test_answers_are_those_of_the_truth(tmp_path: Path, seed: int, remote: bool) -> None:
    store: CacheStore = FaultyCache() if remote else LocalCache(1 << 20)

    async def scenario(kit: Kit) -> None:
        chance, caches = random.Random(seed), Caches(store)
        kit.storage.on_change = caches.heard
        await caches.open()
        project_id = await kit.project("api")
        story, cached = Story(kit, chance, Scope(project_id, "api")), readers(kit, caches)
        for number in range(40):
            if isinstance(store, FaultyCache):
                store.fails = StoreUnavailable("It is away.") if chance.random() < 0.3 else None
            name = await story.step()
            for at, question in enumerate(story.questions()):
                right = await question(story.plain)
                for _ in range(2):
                    assert await question(cached) == right, f"step {number}, {name}, question {at}"
        hits = {pattern for pattern, tally in caches.tallies.items() if tally.hits}
        assert len(hits) >= 10, hits
        await caches.close()

    drive(tmp_path, scenario)


def test_nothing_private_reaches_a_server(tmp_path: Path) -> None:
    store = FaultyCache()

    async def scenario(kit: Kit) -> None:
        caches = Caches(store)
        kit.storage.on_change = caches.heard
        await caches.open()
        scope = Scope(await kit.project("api"), "api")
        story, cached = Story(kit, random.Random(1), scope), readers(kit, caches)
        seen = await kit.add("amber basalt", project="api", tags=("known",))
        secret = await kit.add("amber obsidian canary", project="api", tags=("canary",), is_private=True)
        story.ids = [seen, secret]
        for _ in range(2):
            for question in story.questions():
                await question(cached)
        await caches.settled()
        held = repr([entry.value for entry in store._entries.values()])
        assert seen in held and "amber basalt" in held
        assert "canary" not in held and "obsidian" not in held

    drive(tmp_path, scenario)
