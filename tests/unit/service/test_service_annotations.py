"""Categories and summaries that lmem gives by itself: off the path of add, as versions, never over a user's choice.

Not the rules that make them (test_domain_categories.py, test_domain_summaries.py). The embedder counts words, so a text
is near to the prototype whose words it has.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.automatic import KEY, KIND, is_automatic
from lmem.domain.categories import PROTOTYPES
from lmem.domain.history import Version
from lmem.domain.memories import Memory
from lmem.errors import Conflict, StoreUnavailable
from lmem.ports.vectors import MEMORIES
from lmem.service import annotations as module
from lmem.service.annotations import Annotations
from lmem.service.categories import Categories
from tests.unit.domain.test_domain_summaries import LONG_TEXT
from tests.unit.service.service_kit import Kit, drive

TESTING = PROTOTYPES["testing"][0]


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_REST", 0.0)
    monkeypatch.setattr(module, "SHARE", 0.0)


def made(kit: Kit) -> Annotations:
    categories = Categories(kit.storage, kit.indexes, kit.vectors)
    itself = replace(kit.actor, agent="annotations/1")
    return Annotations(kit.storage, kit.clock, categories, itself, kit.settings.of, kit.relay.wake, lambda: math.inf)


async def annotate(kit: Kit) -> int:
    """Let the relay and then the annotations catch up; answers how many memories changed."""
    await kit.settle()
    changed = await made(kit).catch_up()
    await kit.settle()
    return changed


async def found(kit: Kit, memory_id: str) -> Memory:
    return (await kit.memories.get(kit.actor, memory_id)).memory


async def versions(kit: Kit, memory_id: str) -> list[Version]:
    return (await kit.history.versions(kit.actor, memory_id))[1]


def test_a_category_is_a_marked_version_with_its_confidence(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        told, other = (
            await kit.add(TESTING),
            await kit.add("Anna brings eleven lemons and a kite to Ulm tomorrow evening, weather permitting"),
        )
        assert await annotate(kit) == 1
        memory = await found(kit, told)
        assert (memory.category, memory.rev) == ("testing", 2)
        assert memory.context[KEY] == {"category": {"by": "prototypes", "confidence": 1.0}}
        newest = (await versions(kit, told))[-1]
        assert newest.reason == "automatic: category by its prototypes, confidence 1"
        change_set = await kit.storage.read(lambda tx: tx.versions.change_set(newest.change_set or 0))
        assert change_set is not None and change_set.kind == KIND
        assert (await found(kit, other)).category is None
        assert [point.payload["category"] for point in await kit.vectors.retrieve("gen-0001", MEMORIES, [told])] == [
            "testing"
        ]

    drive(tmp_path, scenario)


def test_it_looks_once_and_waits_for_the_relay(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        told = await kit.add(TESTING)
        assert await made(kit).waiting() == 0  # it has no vector yet
        assert await made(kit).catch_up() == 0
        assert (await found(kit, told)).category is None
        assert await annotate(kit) == 1
        assert await annotate(kit) == 0
        assert (await found(kit, told)).rev == 2

    drive(tmp_path, scenario)


def test_the_users_own_examples_come_first_and_in_the_end_alone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("roses tulips garden soil", category="plants")
        garden = await kit.add("roses tulips garden soil water")
        await annotate(kit)
        memory = await found(kit, garden)
        assert memory.category == "plants" and memory.context[KEY]["category"]["by"] == "neighbours"  # type: ignore[index]
        for number in range(10):
            await kit.add(f"lathe {number} wood", category="workshop")
        told = await kit.add(TESTING)
        await annotate(kit)
        assert (await found(kit, told)).category is None  # 'testing' is none of the user's words

    drive(tmp_path, scenario)


def test_what_it_gave_is_no_example_for_the_next(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add(TESTING)
        await annotate(kit)
        near = await kit.add(f"{TESTING} alpha beta gamma delta epsilon zeta eta theta iota kappa")
        await annotate(kit)
        memory = await found(kit, near)
        assert memory.category is None or memory.context[KEY]["category"]["by"] == "prototypes"  # type: ignore[index]

    drive(tmp_path, scenario)


def test_a_private_example_tells_nothing_of_what_others_may_read(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("roses tulips garden soil", category="secretplants", is_private=True)
        public = await kit.add("roses tulips garden soil water")
        private = await kit.add("roses tulips garden soil sun", is_private=True)
        await annotate(kit)
        assert (await found(kit, public)).category is None
        assert (await found(kit, private)).category == "secretplants"

    drive(tmp_path, scenario)


def test_never_over_a_choice_of_the_user_nor_against_an_undo(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        own = await kit.add(TESTING, category="mine")
        undone = await kit.add(f"{TESTING} again")
        await annotate(kit)
        assert (await found(kit, own)).category == "mine"
        await kit.history.undo(kit.actor, (await versions(kit, undone))[-1].change_set)
        taken = await kit.add(f"{TESTING} once more")
        await kit.memories.edit(kit.actor, taken, {"category": "x"}, None)
        await kit.history.undo(kit.actor, None)
        await annotate(kit)
        assert (await found(kit, undone)).category is None
        assert (await found(kit, taken)).category is None

    drive(tmp_path, scenario)


def test_a_plain_undo_is_of_what_the_user_did(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        told = await kit.add(TESTING)
        await kit.memories.edit(kit.actor, told, {"importance_score": 0.9}, None)
        await annotate(kit)
        assert (await kit.history.undo(kit.actor, None)).kind == "edit"
        memory = await found(kit, told)
        assert (memory.importance_score, memory.category) == (0.5, "testing")
        assert (await kit.history.undo(kit.actor, None)).kind == "add"

    drive(tmp_path, scenario)


def test_an_edit_begun_before_is_no_conflict(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        told = await kit.add(TESTING)
        await annotate(kit)
        await kit.memories.edit(kit.actor, told, {"title": "mine"}, None, rev=1)
        with pytest.raises(Conflict):
            await kit.memories.edit(kit.actor, told, {"title": "late"}, None, rev=1)
        assert is_automatic((await found(kit, told)).context, "category")
        await kit.memories.edit(kit.actor, told, {"category": "testing"}, None)
        assert not is_automatic((await found(kit, told)).context, "category")

    drive(tmp_path, scenario)


@pytest.mark.parametrize(
    ("switch", "category", "summary"),
    [("auto_categorization_enabled", False, True), ("summaries.automatic", True, False)],
)
def test_each_is_off_by_its_setting(tmp_path: Path, switch: str, category: bool, summary: bool) -> None:
    async def scenario(kit: Kit) -> None:
        (tmp_path / "config.toml").write_text(
            f"{switch} = false\n" if "." not in switch else "[summaries]\nautomatic = false\n"
        )
        told, long = await kit.add(TESTING), await kit.add(LONG_TEXT)
        await annotate(kit)
        assert ((await found(kit, told)).category is not None) is category
        assert ((await found(kit, long)).summary is not None) is summary

    drive(tmp_path, scenario)


def test_a_summary_is_extracted_and_costs_no_copy_of_the_text(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        long, own = await kit.add(LONG_TEXT), await kit.add(f"{LONG_TEXT} too", summary="mine")
        await annotate(kit)
        memory = await found(kit, long)
        assert memory.summary is not None and is_automatic(memory.context, "summary")
        assert (await found(kit, own)).summary == "mine"
        first, second = await versions(kit, long)
        assert (first.summary, second.summary) == (None, memory.summary)
        assert (first.content, second.content) == (LONG_TEXT, LONG_TEXT)
        kept = await kit.storage.read(lambda tx: tx.past.match_old("cache", kit.everything, 10))
        assert kept == []
        await kit.history.undo(kit.actor, second.change_set)
        assert (await found(kit, long)).summary is None
        await kit.memories.edit(kit.actor, long, {"content": "short"}, None)
        assert [item.summary for item in await versions(kit, long)] == [None, memory.summary, None, None]
        assert [item.content == LONG_TEXT for item in await versions(kit, long)] == [True, True, True, False]

    drive(tmp_path, scenario)


def test_without_an_index_it_waits(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        told = await kit.add(TESTING)
        await kit.settle()
        kit.indexes.down(StoreUnavailable("gone", hint="wait"))
        with pytest.raises(StoreUnavailable):
            await made(kit).catch_up()
        await kit.indexes.start()
        assert await annotate(kit) == 1
        assert (await found(kit, told)).category == "testing"

    drive(tmp_path, scenario)


def test_a_step_lets_those_who_ask_go_first_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LULL", 0.01)

    async def scenario(kit: Kit) -> None:
        told = await kit.add(TESTING)
        await kit.settle()
        annotations, quiet = made(kit), [1.0, 0.0, 0.0]
        monkeypatch.setattr(annotations, "_quiet_for", lambda: quiet.pop() if len(quiet) > 1 else quiet[0])
        await annotations.catch_up()
        assert quiet == [1.0] and (await found(kit, told)).category == "testing"
        monkeypatch.setattr(module, "PATIENCE", 0.03)
        monkeypatch.setattr(annotations, "_quiet_for", lambda: 0.0)
        other = await kit.add(TESTING)
        await kit.settle()
        await annotations.catch_up()
        assert (await found(kit, other)).category == "testing"

    drive(tmp_path, scenario)
