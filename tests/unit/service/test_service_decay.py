"""Decay runs on a real store: what moves, what never does, undo, a run that was killed, and pinning."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lmem.config import Config, layered
from lmem.domain.audit import Wanted
from lmem.domain.fading import SETTLED_DAYS
from lmem.domain.layers import Layers
from lmem.errors import Conflict, InvalidInput, StorageFull
from lmem.service import moves as module
from lmem.service.decay import Decay
from lmem.service.moves import Moves
from lmem.service.rates import rate_for
from tests.unit.service.service_kit import START, Kit, drive


def decay_of(kit: Kit, **settings: object) -> Decay:
    config = layered((("environment", settings),))
    return Decay(kit.storage, kit.clock, kit.relay.wake, lambda project_id: config)


async def add_faded(kit: Kit, text: str, **fields: object) -> str:
    """A memory that decay moves once it is old enough."""
    return await kit.add(text, **{"importance": 0.2, "decay_rate": 0.5, "layers": ("global",), **fields})


async def layers_of(kit: Kit, ids: Sequence[str]) -> list[tuple[str, ...]]:
    return [(await kit.memories.get(kit.actor, memory_id)).memory.layers.names for memory_id in ids]


async def temporal(kit: Kit) -> set[str]:
    """The ids that lie in the temporal layer alone."""
    wanted = replace(kit.everything, layers=("temporal",))
    found = await kit.rows(wanted, 0, 10_000)
    return {memory.id for memory in found if memory.layers.names == ("temporal",)}


def test_what_has_faded_moves_once_with_everything_a_change_writes(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        await decay.begin(kit.actor.user_id)
        ids = [await add_faded(kit, f"fades {number}") for number in range(3)]
        await kit.settle()
        kit.clock.move(days=60)
        preview = await decay.preview(kit.actor)
        assert (preview.moved, preview.change_set, preview.days, preview.active) == (3, None, 60, 3)
        assert sorted(memory.id for memory in preview.some) == sorted(ids)
        assert await temporal(kit) == set()
        done = await decay.run(kit.actor)
        assert (done.moved, done.days) == (3, 60) and done.change_set is not None
        assert await temporal(kit) == set(ids)
        for memory_id in ids:
            memory, versions = await kit.history.versions(kit.actor, memory_id)
            assert memory.rev == 2 and [version.number for version in versions] == [1, 2]
            assert versions[1].diff == {"layers": (["global"], ["temporal"])}
            assert (versions[1].change_set, versions[1].change_type) == (done.change_set, "updated")
            assert versions[1].reason == module.REASON
        entries = await kit.storage.read(
            lambda tx: tx.audit.page(Wanted(kit.actor.user_id, action="update", kind="memory"), 10, 0)
        )
        assert {entry.object_id for entry in entries} == set(ids)
        assert sum((await kit.storage.read(lambda tx: tx.outbox.pending())).values()) == 3
        await kit.settle()
        assert sum((await kit.storage.read(lambda tx: tx.outbox.pending())).values()) == 0

    drive(tmp_path, scenario)


def test_a_second_run_of_the_same_day_changes_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        await decay.begin(kit.actor.user_id)
        for number in range(30):
            await add_faded(kit, f"fades {number}")
        kit.clock.move(days=60)
        assert (await decay.run(kit.actor)).moved == 23  # they were old enough for 30 days: 1 - .95^30 of 30
        kit.clock.move(hours=11)
        again = await decay.run(kit.actor)
        assert (again.moved, again.change_set, again.days) == (0, None, 0)
        assert len(await temporal(kit)) == 23

    drive(tmp_path, scenario)


def test_the_first_run_of_all_counts_today(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await add_faded(kit, "imported", importance=0.05, created_at=START - timedelta(days=90))
        decay = decay_of(kit)
        await decay.begin(kit.actor.user_id)
        assert [(await decay.run(kit.actor)).moved for _ in range(2)] == [1, 0]

    drive(tmp_path, scenario)


@pytest.mark.parametrize(
    "kept",
    [
        {"memory_type": "decision"},
        {"decay_rate": 0.0},
        {"importance": 1.0, "decay_rate": 0.01},
        {"layers": ("temporal",)},
    ],
)
def test_what_never_moves(tmp_path: Path, kept: dict[str, object]) -> None:
    async def scenario(kit: Kit) -> None:
        kept_id, gone = await add_faded(kit, "stays", **kept), await add_faded(kit, "goes")
        before = await layers_of(kit, [kept_id])
        kit.clock.move(days=200)
        young = await add_faded(kit, "too young", importance=0.01)
        kit.clock.move(days=29)
        assert (await decay_of(kit).run(kit.actor)).moved == 1
        assert await layers_of(kit, [kept_id, young, gone]) == [*before, ("global",), ("temporal",)]

    drive(tmp_path, scenario)


def test_undo_brings_back_the_exact_rows_and_they_are_left_alone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        ids = [await add_faded(kit, "one", layers=("project", "global"), project="p"), await add_faded(kit, "two")]
        kit.clock.move(days=60)
        number = (await decay.run(kit.actor)).change_set
        undone = await kit.history.undo(kit.actor, number)
        assert undone.kind == "decay"
        assert await layers_of(kit, ids) == [("project", "global"), ("global",)]
        for _ in range(SETTLED_DAYS):
            kit.clock.move(days=1)
            assert (await decay.run(kit.actor)).moved == 0
        kit.clock.move(days=1)
        assert (await decay.run(kit.actor)).moved == 2

    drive(tmp_path, scenario)


def test_a_run_that_was_killed_goes_on_in_the_same_change_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 4)

    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        for number in range(15):
            await add_faded(kit, f"fades {number}")
        kit.clock.move(days=60)
        slices = 0

        def dies_at_the_third(self: Moves, *arguments: object, **named: object) -> int | None:
            nonlocal slices
            slices += 1
            if slices == 3:
                raise StorageFull
            return whole(self, *arguments, **named)  # type: ignore[arg-type]

        whole = Moves._slice
        with monkeypatch.context() as broken:
            broken.setattr(Moves, "_slice", dies_at_the_third)
            with pytest.raises(StorageFull):
                await decay.run(kit.actor)
        assert len(await temporal(kit)) == 8
        anew = decay_of(kit)
        assert (await anew.preview(kit.actor)).moved == 7
        resumed = await anew.run(kit.actor)
        assert resumed.moved == 7
        changes = await kit.storage.read(lambda tx: tx.versions.in_change_set(resumed.change_set or 0))
        assert {version.memory_id for version in changes} == await temporal(kit) and len(changes) == 15
        assert (await anew.run(kit.actor)).moved == 0
        await kit.history.undo(kit.actor, resumed.change_set)
        assert await temporal(kit) == set()

    drive(tmp_path, scenario)


def test_a_run_that_is_undone_half_way_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 2)

    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        for number in range(8):
            await add_faded(kit, f"fades {number}")
        kit.clock.move(days=60)
        running = asyncio.create_task(decay.run(kit.actor))
        while not await temporal(kit):
            await asyncio.sleep(0)
        await decay.undo(kit.actor, 1)
        await running
        assert await temporal(kit) == set()
        assert await kit.storage.read(lambda tx: tx.decay.open_plan(kit.actor.user_id)) is None

    drive(tmp_path, scenario)


def test_other_writes_get_in_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 1)

    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        for number in range(15):
            await add_faded(kit, f"fades {number}")
        kit.clock.move(days=60)
        running = asyncio.create_task(decay.run(kit.actor))
        while not await temporal(kit):
            await asyncio.sleep(0)
        await kit.add("in between")
        assert not running.done()
        await running

    drive(tmp_path, scenario)


def test_a_memory_that_changed_since_the_plan_is_judged_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        ids = [await add_faded(kit, f"fades {number}") for number in range(3)]
        kit.clock.move(days=60)
        start = Decay._start

        async def then_pinned(self: Decay, *arguments: object) -> int | None:
            number = await start(self, *arguments)  # type: ignore[arg-type]
            await decay.pin(kit.actor, [ids[0]], True, lambda kind: 0.1)
            await kit.lifecycle.forget(kit.actor, [ids[1]], None, dry_run=False)
            return number

        monkeypatch.setattr(Decay, "_start", then_pinned)
        assert (await decay.run(kit.actor)).moved == 1
        assert await temporal(kit) == {ids[2]}

    drive(tmp_path, scenario)


def fill(kit: Kit, seed: int) -> list[tuple[str, dict[str, object]]]:
    chance = random.Random(seed)
    return [
        (
            f"{seed} {number}",
            {
                "id": f"{chance.getrandbits(128):032x}",
                "importance": chance.choice([0.05, 0.3, 0.5, 0.9]),
                "decay_rate": chance.choice([0.0, 0.1, 0.3, 0.6]),
                "memory_type": chance.choice(["note", "decision", "task"]),
                "created_at": START - timedelta(days=chance.randrange(60)),
            },
        )
        for number in range(90)
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_thirty_daily_runs_end_like_one_after_thirty_days(tmp_path: Path, seed: int) -> None:
    async def month(kit: Kit, days: Sequence[int]) -> set[str]:
        decay = decay_of(kit)
        for text, fields in fill(kit, seed):
            await kit.add(text, layers=("global",), **fields)
        kit.clock.move(days=15)
        await decay.run(kit.actor)
        for step in days:
            kit.clock.move(days=step, seconds=7)
            await decay.run(kit.actor)
        return await temporal(kit)

    ends = []
    for name, days in (("daily", [1] * 30), ("once", [30]), ("some", [3, 11, 16])):
        (tmp_path / name).mkdir()

        async def scenario(kit: Kit, days: list[int] = days) -> set[str]:
            return await month(kit, days)

        ends.append(drive(tmp_path / name, scenario))
    assert len(ends[0]) > 20
    assert ends[0] == ends[1] == ends[2]


def test_switched_off_it_moves_nothing_and_the_days_do_not_add_up(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        off, on = decay_of(kit, memory_decay_enabled=False), decay_of(kit)
        for number in range(60):
            await add_faded(kit, f"fades {number}")
        await on.run(kit.actor)
        kit.clock.move(days=60)
        assert not (await off.preview(kit.actor)).enabled
        assert (await off.run(kit.actor)).moved == 0
        kit.clock.move(days=1)
        done = await on.run(kit.actor)
        assert (done.moved, done.days) == (20, 1)

    drive(tmp_path, scenario)


def test_a_project_may_switch_it_off_for_itself(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        here = await add_faded(kit, "of a project that keeps", project="keeps", layers=("project",))
        there = await add_faded(kit, "of another", project="other", layers=("project",))
        kept = (await kit.memories.get(kit.actor, here)).memory.project_id

        def settings(project_id: str | None) -> Config:
            return layered((("project", {"memory_decay_enabled": project_id != kept}),))

        kit.clock.move(days=60)
        await Decay(kit.storage, kit.clock, kit.relay.wake, settings).run(kit.actor)
        assert await temporal(kit) == {there}

    drive(tmp_path, scenario)


def test_private_memories_are_named_to_the_user_alone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        secret, known = await add_faded(kit, "secret", is_private=True), await add_faded(kit, "known")
        kit.clock.move(days=60)
        own = await decay_of(kit).preview(kit.actor)
        other = await decay_of(kit).preview(replace(kit.actor, shared=True))
        assert {memory.id for memory in own.some} == {secret, known}
        assert {memory.id for memory in other.some} == {known}

    drive(tmp_path, scenario)


def test_pin_and_unpin(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        memory_id, other = await add_faded(kit, "pinned"), await add_faded(kit, "born pinned", decay_rate=0.0)
        pinned = await decay.pin(kit.actor, [memory_id[:8], memory_id], True, lambda kind: 0.1)
        assert [memory.id for memory in pinned.memories] == [memory_id]
        kit.clock.move(days=90)
        assert (await decay.run(kit.actor)).moved == 0
        assert (await decay.pin(kit.actor, [memory_id], True, lambda kind: 0.1)).change_set is None
        await decay.pin(kit.actor, [memory_id, other], False, lambda kind: 0.25)
        rates = [(await kit.memories.get(kit.actor, id_)).memory.decay_rate for id_ in (memory_id, other)]
        assert rates == [0.5, 0.25]
        await kit.history.undo(kit.actor, pinned.change_set and pinned.change_set + 1)
        assert (await kit.memories.get(kit.actor, memory_id)).memory.decay_rate == 0

    drive(tmp_path, scenario)


def test_unpinning_what_its_type_pins_says_so(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await add_faded(kit, "born pinned", decay_rate=0.0)
        with pytest.raises(InvalidInput, match="do not fade"):
            await decay_of(kit).pin(kit.actor, [memory_id], False, lambda kind: 0.0)

    drive(tmp_path, scenario)


def test_a_types_rate_is_stronger_than_the_default() -> None:
    settings = layered((("user file", {"decay.rates.task": 0.4, "default_decay_rate": 0.2}),))
    assert [rate_for(settings, kind) for kind in ("task", "note", "haiku")] == [0.4, 0.2, 0.2]
    assert rate_for(layered((("user file", {"decay.rates.note": 0}),)), "note") == 0


def test_a_moved_memory_is_in_its_layer_for_the_index_too(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await add_faded(kit, "a faded word")
        await kit.settle()
        written = len(kit.embedder.encoded)
        kit.clock.move(days=60)
        await decay_of(kit).run(kit.actor)
        await kit.settle()
        assert len(kit.embedder.encoded) == written  # its vector is used again
        stored = await kit.vectors.retrieve(kit.indexes.serving(), "memory_embeddings", [memory_id])
        assert stored[0].payload["layer_assignments"] == list(Layers(("temporal",)).names)

    drive(tmp_path, scenario)


def test_a_run_is_taken_back_in_slices_to_the_exact_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 2)

    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        pairs = [("project", "global"), ("project", "temporal"), ("global",), ("project", "global"), ("project",)]
        ids = [
            await add_faded(kit, f"fades {number}", layers=pair, project="p") for number, pair in enumerate(pairs)
        ]
        before = await layers_of(kit, ids)
        kit.clock.move(days=60)
        done = await decay.run(kit.actor)
        undone = await decay.undo(kit.actor, None)  # it is the last change
        assert undone is not None and (undone.change_set, undone.kind) == (done.change_set, "decay")
        assert {memory.id for memory in undone.memories} == set(ids)
        assert await layers_of(kit, ids) == before
        for memory_id in ids:
            memory, versions = await kit.history.versions(kit.actor, memory_id)
            assert memory.rev == 3 and versions[-1].reason == f"undo of change set {done.change_set}"
            assert versions[-1].change_set == undone.undone_by
        with pytest.raises(Conflict, match="undone already"):
            await kit.history.undo(kit.actor, done.change_set)
        assert await decay.undo(kit.actor, done.change_set) is None
        await kit.history.undo(kit.actor, undone.undone_by)  # a redo
        assert await temporal(kit) == set(ids)

    drive(tmp_path, scenario)


def test_an_undo_that_was_killed_is_finished_by_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLICE", 2)

    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        for number in range(7):
            await add_faded(kit, f"fades {number}")
        kit.clock.move(days=60)
        await decay.run(kit.actor)
        whole, slices = Moves._slice, 0

        def dies_at_the_second(self: Moves, *arguments: object, **named: object) -> int | None:
            nonlocal slices
            slices += 1
            if slices == 2:
                raise StorageFull
            return whole(self, *arguments, **named)  # type: ignore[arg-type]

        with monkeypatch.context() as broken:
            broken.setattr(Moves, "_slice", dies_at_the_second)
            with pytest.raises(StorageFull):
                await decay.undo(kit.actor, None)
        assert len(await temporal(kit)) == 5
        assert await decay.unfinished(kit.actor.user_id)
        kit.clock.move(days=1)
        assert (await decay_of(kit).run(kit.actor)).moved == 5
        assert await temporal(kit) == set()
        assert not await decay.unfinished(kit.actor.user_id)

    drive(tmp_path, scenario)


def test_only_a_decay_run_that_nothing_followed_is_taken_back_here(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        decay = decay_of(kit)
        first, second = await add_faded(kit, "one"), await add_faded(kit, "two")
        kit.clock.move(days=60)
        number = (await decay.run(kit.actor)).change_set
        assert await decay.undo(replace(kit.actor, shared=True), number) is None
        assert await decay.undo(kit.actor, 99) is None
        await kit.memories.edit(kit.actor, first, {"importance_score": 0.9}, None)
        assert await decay.undo(kit.actor, None) is None
        assert await decay.undo(kit.actor, number) is None
        assert await temporal(kit) == {first, second}

    drive(tmp_path, scenario)
