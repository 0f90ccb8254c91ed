"""What the indexes are asked again and what not; which questions are popular; what is remembered of searches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lmem.errors import StoreUnavailable
from lmem.ports.vectors import MEMORIES, Condition
from lmem.service.caches import Caches
from lmem.service.candidates import CachedFinder
from lmem.service.popular import AGAIN, MOST, Asked, Popular
from lmem.service.searches import LONGEST, Searches
from lmem.service.searches import MOST as MOST_SEARCHES
from lmem.stores.inprocess.cache import LocalCache
from tests.unit.service.service_kit import Kit, WordFinder, drive

NESTED = Condition(either=(Condition("project_id", absent=True), Condition("tags", any=("a", "b"), negate=True)))
DATES = Condition("created_at", gte="2026-01-01T00:00:00.000Z", lt=None)


@dataclass
class Asking:
    """A finder with its cache over the kit's indexes; `finder.asked` are the texts that were encoded."""

    kit: Kit
    caches: Caches
    finder: WordFinder
    popular: Popular
    cached: CachedFinder

    async def ask(self, text: str, *conditions: Condition, limit: int = 10, only: str | None = None) -> list[str]:
        """The ids that are found, in order."""
        found = await self.cached.find(self.kit.indexes.serving(), MEMORIES, text, conditions, limit, only)
        return [item.id for item in found.found]


def asking(tmp_path: Path, scenario: Callable[[Asking], Awaitable[None]]) -> None:
    async def run(kit: Kit) -> None:
        caches = Caches(LocalCache(1 << 20))
        kit.storage.on_change = caches.heard
        await caches.open()
        finder, popular = WordFinder(kit.embedder, kit.vectors), Popular(caches)
        cached = CachedFinder(finder, kit.vectors, lambda: kit.indexes.model, caches, popular)
        for text in ("amber stones", "basalt columns"):
            await kit.add(text)
        await kit.settle()
        await scenario(Asking(kit, caches, finder, popular, cached))
        await cached.close()

    drive(tmp_path, run)


def test_the_same_question_is_asked_once(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        first = await at.ask("amber")
        assert await at.ask("amber") == first and first
        assert at.finder.asked == ["amber"]
        await at.ask("basalt")
        await at.ask("amber", limit=1)
        await at.ask("amber", DATES)
        await at.ask("amber", only="dense")
        assert at.caches.tallies["search:semantic:{query_hash}"].hits == 1

    asking(tmp_path, scenario)


def test_what_was_added_is_found_by_the_next_identical_question(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        await at.ask("amber")
        made = await at.kit.add("amber light")
        await at.ask("amber")  # the relay has not reached it; full text answers for it
        await at.kit.settle()
        assert made in await at.ask("amber")

    asking(tmp_path, scenario)


def test_an_encoding_outlives_changes_and_serves_every_filter(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        first = await at.ask("amber")
        await at.kit.add("another")
        await at.kit.settle()
        assert (await at.ask("amber"))[0] == first[0]
        await at.ask("amber", Condition("tags", any=("x",), negate=True))
        assert at.finder.asked == ["amber"]
        await at.ask("amber", only="sparse")
        assert at.finder.asked == ["amber", "amber"], "terms alone are not looked up"

    asking(tmp_path, scenario)


def test_another_model_encodes_anew(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        await at.ask("amber")
        model = at.kit.indexes.model
        assert model is not None
        other = replace(model, fingerprint="words-2")
        popular = Popular(at.caches)
        switched = CachedFinder(at.finder, at.kit.vectors, lambda: other, at.caches, popular)
        await switched.find(at.kit.indexes.serving(), MEMORIES, "amber", (), 10)
        without = CachedFinder(at.finder, at.kit.vectors, lambda: None, at.caches, popular)
        await without.find(at.kit.indexes.serving(), MEMORIES, "amber", (), 10)
        assert at.finder.asked == ["amber"] * 3

    asking(tmp_path, scenario)


def test_what_fails_is_not_kept(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        at.kit.embedder.fails = StoreUnavailable("It is away.")
        with pytest.raises(StoreUnavailable):
            await at.ask("amber")
        at.kit.embedder.fails = None
        assert await at.ask("amber")

    asking(tmp_path, scenario)


def test_popular_questions_are_asked_ahead_when_another_generation_serves(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        for text in ("amber", "amber", "basalt"):
            await at.ask(text, NESTED, DATES)
        assert await at.popular.questions() == [Asked(MEMORIES, "amber", (NESTED, DATES), 10, None)]
        at.caches.heard([("index", "")])
        hits = at.caches.tallies["search:semantic:{query_hash}"]
        writes = hits.writes
        serving = at.kit.indexes.serving()
        at.cached.warm(serving)
        assert at.cached._warming is not None
        await at.cached._warming
        await at.caches.settled()
        assert hits.writes == writes + 1
        at.cached.warm(serving)
        assert at.cached._warming.done(), "once for each generation"
        before = hits.hits
        await at.ask("amber", NESTED, DATES)
        assert hits.hits == before + 1

    asking(tmp_path, scenario)


def test_a_question_with_a_credential_is_never_popular(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        for _ in range(3):
            await at.ask("token ghp_" + "a1B2" * 9)
        assert await at.popular.questions() == []

    asking(tmp_path, scenario)


def test_popular_is_of_an_hour_and_bounded(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        now = 0.0
        popular = Popular(at.caches, lambda: now)
        asked = Asked(MEMORIES, "amber", (), 10, None)
        await popular.note(asked)
        now += 3601
        await popular.note(asked)
        assert popular.times(asked) == 1 and await popular.questions() == []
        writes = at.caches.tallies["query:popular"]
        await popular.note(asked)
        told = writes.writes
        await popular.note(asked)
        assert writes.writes == told, "the cache is not told each time"
        now += AGAIN + 1
        await popular.note(asked)
        assert writes.writes == told + 1
        for number in range(MOST + 5):
            for _ in range(2):
                await popular.note(replace(asked, text=f"amber {number}"))
        assert len(await popular.questions()) == MOST

    asking(tmp_path, scenario)


def test_the_last_searches_are_told_without_credentials_and_to_whom_they_belong(tmp_path: Path) -> None:
    async def scenario(at: Asking) -> None:
        searches, user = Searches(at.caches, at.kit.clock, "cli"), at.kit.actor
        terminal, agent = replace(user, agent="cli/1"), replace(user, agent="mcp/1", shared=True)
        secret = "ghp_" + "a1B2" * 9
        await searches.note(terminal, f"my token {secret} of the mailer", 3)
        await searches.note(agent, "what the agent asked " + "x" * LONGEST, 0)
        mine = await searches.last(terminal, 10)
        assert [(item.client, item.results) for item in mine] == [("mcp", 0), ("cli", 3)]
        assert secret not in repr(mine) and "of the mailer" in mine[1].query
        assert len(mine[0].query) <= LONGEST
        assert [item.client for item in await searches.last(agent, 10)] == ["mcp"]
        assert len(await searches.last(terminal, 1)) == 1
        for number in range(MOST_SEARCHES + 3):
            await searches.note(terminal, f"question {number}", 1)
        assert len(await searches.last(terminal, 1000)) == MOST_SEARCHES

    asking(tmp_path, scenario)
