"""Patterns by meaning: both what the index knows and what it has yet to hear of, and the one that repeats another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lmem.domain.patterns import Pattern, PatternDraft, PatternFilter
from lmem.errors import StoreUnavailable
from lmem.service.patterns import Patterns
from lmem.service.patternsearch import Answer, PatternSearch
from tests.unit.service.service_kit import Kit, WordFinder, drive


@dataclass
class Shelf:
    """Patterns of one project and the search over them."""

    kit: Kit
    api: str

    @property
    def search(self) -> PatternSearch:
        return PatternSearch(self.kit.storage, self.kit.indexes, WordFinder(self.kit.embedder, self.kit.vectors))

    async def add(self, name: str, description: str, kind: str = "architecture", project: str = "") -> Pattern:
        draft = PatternDraft(kind, name, description)
        patterns = Patterns(self.kit.storage, self.kit.clock, self.kit.relay.wake)
        return (await patterns.add(self.kit.actor, draft, project or self.api)).pattern

    async def like(self, text: str, **wanted: str | float) -> Answer:
        return await self.search.like(text, PatternFilter(self.kit.actor.user_id, **wanted), 10)  # type: ignore[arg-type]


def _names(answer: Answer) -> list[str]:
    return [item.listed.pattern.name for item in answer.found]


def test_the_most_alike_comes_first_and_what_is_not_alike_is_left_out(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        shelf = Shelf(kit, await kit.project("api"))
        await shelf.add("outbox", "events and rows in one transaction")
        await shelf.add("saga", "one long transaction in steps")
        await shelf.add("twins", "two engines share a suite")
        await kit.settle()
        found = await shelf.like("events transaction rows")
        assert _names(found) == ["outbox", "saga"]
        assert (found.served_by, found.degraded) == (("dense", "words"), ())
        assert found.found[0].cosine > 0.5 and found.found[0].words == 1.0

    drive(tmp_path, scenario)


def test_what_was_just_added_is_found_by_its_words(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        shelf = Shelf(kit, await kit.project("api"))
        await shelf.add("outbox", "events and rows in one transaction")
        (found,) = (await shelf.like("transactions of events")).found
        assert (found.cosine, found.words) == (0.0, 1.0)

    drive(tmp_path, scenario)


def test_filters_hold_whatever_the_index_says(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        shelf, web = Shelf(kit, await kit.project("api")), await kit.project("web")
        await shelf.add("outbox", "events in a table")
        await shelf.add("inbox", "events in a table", "testing", web)
        await kit.settle()
        assert _names(await shelf.like("events table")) == ["inbox", "outbox"]
        (here,) = (await shelf.like("events table", project_id=web)).found
        assert here.listed.pattern.name == "inbox" and here.listed.here is not None
        assert _names(await shelf.like("events table", type="architecture")) == ["outbox"]
        assert (await shelf.like("events table", min_success=1.0)).found
        assert (await shelf.search.like("events table", PatternFilter("0" * 32), 10)).found == ()

    drive(tmp_path, scenario)


def test_without_the_index_words_answer_and_the_answer_says_so(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        shelf = Shelf(kit, await kit.project("api"))
        await shelf.add("outbox", "events in a table")
        await kit.settle()
        kit.vectors.fails = StoreUnavailable("The index worker is down.")
        found = await shelf.like("events")
        assert _names(found) == ["outbox"] and found.served_by == ("words",)
        assert [err.message for err in found.degraded] == ["The index worker is down."]
        assert await shelf.search.near(found.found[0].listed.pattern) is None

    drive(tmp_path, scenario)


def test_a_pattern_that_repeats_another_is_told_of_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        shelf = Shelf(kit, await kit.project("api"))
        first = await shelf.add("outbox", "events and rows in one transaction")
        await kit.settle()
        again = await shelf.add("outbox table", "rows and events in one transaction")
        near = await shelf.search.near(again)
        assert near is not None and near[0].id == first.id and near[1] > 0.9
        assert await shelf.search.near(first) is None, "not itself"
        other = await shelf.add("twins", "two engines share a suite")
        assert await shelf.search.near(other) is None

    drive(tmp_path, scenario)
