"""The relay and the generations: convergence, parking, degradation, optimising, rebuilding.

Not the real index worker (tests/integration and tests/soak kill that one).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from lmem.domain.memories import Draft
from lmem.errors import InvalidInput, LmemError, StorageFull, StoreUnavailable, WorkerDied
from lmem.ports.vectors import MEMORIES, Point
from lmem.service import projection, relay
from lmem.service.drafts import Added
from lmem.service.projection import Relay
from tests.unit.service.service_kit import Kit, drive


async def _waiting(kit: Kit) -> int:
    return sum((await kit.storage.read(lambda tx: tx.outbox.pending())).values())


async def _run_until_told(kit: Kit) -> None:
    """Have the relay run, with its back-off, until nothing waits."""
    running = asyncio.create_task(kit.relay.run())
    kit.relay.wake()
    async with asyncio.timeout(5):
        while await _waiting(kit):
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_a_memory_is_found_before_and_after_the_relay(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("the scheduler retries five times")
        assert await kit.ids("scheduler retries") == [memory_id]
        assert await _waiting(kit) == 1
        await kit.settle()
        assert await _waiting(kit) == 0
        assert await kit.ids("scheduler retries") == [memory_id]
        pending = await kit.storage.read(lambda tx: tx.fulltext.pending('"scheduler"', kit.everything, 10))
        assert pending == []

    drive(tmp_path, scenario)


def test_changed_flags_move_the_payload_and_embed_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("flags only")
        await kit.settle()
        await kit.memories.edit(kit.actor, memory_id, {"importance_score": 0.9, "tags": ("x",)}, None)
        await kit.settle()
        assert kit.embedder.encoded == ["flags only"]
        stored = (await kit.vectors.retrieve(kit.indexes.serving(), MEMORIES, [memory_id]))[0]
        assert (stored.payload["importance_score"], stored.payload["tags"], stored.payload["rev"]) == (0.9, ["x"], 2)

    drive(tmp_path, scenario)


def test_a_trouble_is_over_when_a_step_has_worked(tmp_path: Path) -> None:
    """The rest may take longer than a wait has patience with a trouble."""

    async def scenario(kit: Kit) -> None:
        seen: list[LmemError | None] = []

        async def step() -> bool:
            seen.append(kit.relay.trouble)
            if len(seen) == 1:
                raise StoreUnavailable("It was wiped.")
            if len(seen) == 4:
                await asyncio.Event().wait()
            return True

        kit.relay.step = step  # type: ignore[method-assign]
        kit.relay.wake()
        running = asyncio.create_task(kit.relay.run())
        async with asyncio.timeout(5):
            while len(seen) < 4:
                await asyncio.sleep(0.01)
        running.cancel()
        assert [error and error.message for error in seen] == [None, "It was wiped.", None, None]

    drive(tmp_path, scenario)


def test_one_bad_row_is_parked_and_blocks_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(5)]
        write = kit.vectors.write

        async def refuse(generation, collection, points, delete=()):  # type: ignore[no-untyped-def]
            if any(point.id == ids[2] for point in points):
                raise InvalidInput('It wants a number, not "row 2".')
            await write(generation, collection, points, delete)

        kit.vectors.write = refuse  # type: ignore[method-assign]
        await kit.settle()
        parked = await kit.storage.read(lambda tx: tx.outbox.parked(10))
        assert [(row.object_id, row.error) for row in parked] == [(ids[2], 'It wants a number, not "row 2".')]
        assert [line for line in caplog.messages if "parked" in line] == [
            f"parked memory {ids[2]}: It wants a number, not"
        ], "a log is not purged"
        found = await kit.storage.read(lambda tx: tx.fulltext.pending('"row"', kit.everything, 10))
        assert [memory_id for memory_id, _ in found] == [ids[2]]  # found all the same, and no new row waits on
        await kit.add("row 5")
        await kit.settle()
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 5
        kit.vectors.write = write  # type: ignore[method-assign]
        await kit.memories.edit(kit.actor, ids[2], {"title": "another try"}, None)
        await kit.settle()
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 6
        assert await kit.storage.read(lambda tx: tx.outbox.parked(10)) == []

    drive(tmp_path, scenario)


async def _persist(kit: Kit, steps: int) -> list[str]:
    """Let the relay step so often, whatever it says; answers the codes of what it said."""
    said = []
    for _ in range(steps):
        try:
            await kit.relay.step()
        except StoreUnavailable as err:
            said.append(err.code)
    return said


def _refusing(kit: Kit, bad: str | None, error: StoreUnavailable) -> None:
    """The vectors raise `error` for a point, by default for each."""
    write = kit.vectors.write

    async def refuse(generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()) -> None:
        if any(bad in (None, point.id) for point in points):
            raise error
        await write(generation, collection, points, delete)

    kit.vectors.write = refuse  # type: ignore[method-assign]


def test_several_batches_go_behind_one_flush_and_a_bad_row_of_them_blocks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("BATCH", 2), ("STEP", 6)):
        monkeypatch.setattr(projection, name, value)

    async def scenario(kit: Kit) -> None:
        write, sizes = kit.vectors.write, list[int]()

        async def watched(
            generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()
        ) -> None:
            sizes.append(len(points) + len(delete))
            if any(point.id in bad for point in points):
                raise InvalidInput("The vector is not finite.")
            await write(generation, collection, points, delete)

        kit.vectors.write = watched  # type: ignore[method-assign]
        bad: list[str] = []
        ids = [await kit.add(f"row {number}") for number in range(7)]
        await kit.lifecycle.forget(kit.actor, [ids[1]], None, dry_run=False)
        await kit.settle()
        assert sizes == [6, 1]
        ids = [await kit.add(f"other {number}") for number in range(5)]
        bad.append(ids[2])
        sizes.clear()
        await kit.settle()
        assert sizes == [5, 2, 2, 1, 1, 1]
        assert [row.object_id for row in await kit.storage.read(lambda tx: tx.outbox.parked(10))] == bad
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 10

    drive(tmp_path, scenario)


def test_long_texts_are_flushed_before_a_step_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BATCH", 2), ("STEP", 10), ("STEP_TEXT", 1000)):
        monkeypatch.setattr(projection, name, value)

    async def scenario(kit: Kit) -> None:
        write, sizes = kit.vectors.write, list[int]()

        async def watched(
            generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()
        ) -> None:
            sizes.append(len(points))
            await write(generation, collection, points, delete)

        kit.vectors.write = watched  # type: ignore[method-assign]
        for number in range(9):
            await kit.add(f"{number} {'long ' * (60 if number < 4 else 1)}")
        await kit.settle()
        assert sizes == [4, 5]
        assert await _waiting(kit) == 0

    drive(tmp_path, scenario)


def test_single_memories_that_come_one_after_the_other_share_a_flush_that_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "LONGEST_REST", 0.2)

    async def scenario(kit: Kit) -> None:
        write, writing = kit.vectors.write, list[int]()

        async def slow(generation: str, collection: str, points: Sequence[Point], delete: Sequence[str] = ()) -> None:
            writing.append(len(points))
            await asyncio.sleep(0.1)
            await write(generation, collection, points, delete)

        kit.vectors.write = slow  # type: ignore[method-assign]
        await kit.add("first")
        await kit.relay.step()
        step = asyncio.create_task(kit.relay.step())
        for number in range(3):
            await kit.add(f"another {number}")
            await asyncio.sleep(0)
        await step
        assert writing == [1, 3]
        assert await _waiting(kit) == 0

    drive(tmp_path, scenario)


def test_a_row_that_kills_the_worker_is_put_off_then_parked(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(4)]
        _refusing(kit, ids[1], WorkerDied())
        for _ in range(3):
            # Two deaths, then it is left alone for a while: a third at once would close the worker's door.
            assert await _persist(kit, 5) == ["worker_died"] * 2
            assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 3
            kit.clock.move(seconds=11)
        assert [row.object_id for row in await kit.storage.read(lambda tx: tx.outbox.parked(10))] == [ids[1]]
        assert await kit.ids("row 1") != []

    drive(tmp_path, scenario)


def test_a_row_during_which_somebody_kills_the_worker_is_applied_later(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        only = await kit.add("innocent")
        write = kit.vectors.write
        _refusing(kit, only, WorkerDied())
        await _persist(kit, 2)
        kit.vectors.write = write  # type: ignore[method-assign]
        kit.clock.move(seconds=11)
        await kit.settle()
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 1
        assert await kit.storage.read(lambda tx: tx.outbox.parked(10)) == []

    drive(tmp_path, scenario)


def test_a_row_that_fails_in_a_living_worker_blocks_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(4)]
        _refusing(kit, ids[1], StoreUnavailable("The index worker failed in vectors.write: ValueError."))
        assert await _persist(kit, 4) == ["store_unavailable"]
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 3
        for _ in range(2):
            kit.clock.move(seconds=11)
            await _persist(kit, 10)
        assert [row.object_id for row in await kit.storage.read(lambda tx: tx.outbox.parked(10))] == [ids[1]]

    drive(tmp_path, scenario)


def test_no_row_is_blamed_for_a_store_that_takes_none(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        for number in range(4):
            await kit.add(f"row {number}")
        write = kit.vectors.write
        _refusing(kit, None, StoreUnavailable("The index worker failed in vectors.write: OSError."))
        assert await _persist(kit, 20) == ["store_unavailable"] * 20
        kit.vectors.write = write  # type: ignore[method-assign]
        await kit.settle()
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 4

    drive(tmp_path, scenario)


def test_a_write_whose_caller_hung_up_is_applied_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "LONGEST_SLEEP", 0.05)

    began, gone = threading.Event(), threading.Event()

    async def scenario(kit: Kit) -> None:
        put = kit.memories.put

        def in_hand(*given: object, **named: object) -> Added:
            began.set()
            gone.wait(5)
            return put(*given, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(kit.memories, "put", in_hand)
        running = asyncio.create_task(kit.relay.run())
        draft = Draft("nobody waits for this", "nobody waits for this")
        adding = asyncio.create_task(kit.memories.add(kit.actor, draft))
        await asyncio.to_thread(began.wait, 5)
        adding.cancel()  # the writer has it in hand by now, and nobody will wake the relay
        gone.set()
        async with asyncio.timeout(5):
            while await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 0 or await _waiting(kit):
                await asyncio.sleep(0.01)
        running.cancel()
        assert adding.cancelled()

    drive(tmp_path, scenario)


def test_a_store_that_is_down_degrades_and_catches_up(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("survives the outage")
        await kit.settle()
        kit.vectors.fails = StoreUnavailable("The index is down.")
        answer = await kit.search.search("outage", kit.everything, 5)
        assert [item.memory.id for item in answer.found] == [memory_id]
        assert answer.served_by == ("fts",)
        assert [err.message for err in answer.degraded] == ["The index is down."]
        kit.vectors.fails = None
        answer = await kit.search.search("outage", kit.everything, 5)
        assert (answer.served_by, answer.degraded) == (("dense", "sparse", "fts"), ())

    drive(tmp_path, scenario)


def test_a_wiped_index_is_noticed_and_built_anew(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("written once")
        await kit.settle()
        before = kit.indexes.serving()
        kit.vectors.inner.drop(before)
        await kit.indexes.start()
        answer = await kit.search.search("written", kit.everything, 5)
        assert [item.memory.id for item in answer.found] == [memory_id]  # full text, while it is built
        await kit.settle()
        assert kit.indexes.serving() != before
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 1

    drive(tmp_path, scenario)


def test_optimising_builds_a_copy_that_catches_up_and_takes_over(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(f"row {number}") for number in range(3)]
        await kit.settle()
        before, encoded = kit.indexes.serving(), len(kit.embedder.encoded)
        copy = await kit.indexes.prepare_copy()
        assert copy is not None
        late = await kit.add("came meanwhile")
        await kit.lifecycle.purge(kit.actor, [ids[0]], dry_run=False)
        await kit.settle()
        assert kit.indexes.serving() == before
        await kit.indexes.optimise(copy)
        await kit.settle()
        serving = kit.indexes.serving()
        assert serving != before
        assert {item.id for item in await kit.vectors.scroll(serving, MEMORIES, None, 10)} == {*ids[1:], late}
        assert len(kit.embedder.encoded) == encoded + 1  # the copy took its vector from the generation that served
        assert list(await kit.vectors.sizes()) == [serving]

    drive(tmp_path, scenario)


def test_what_was_written_before_a_start_or_beside_a_copy_is_optimised_too(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        async def optimised() -> int:
            """Let a relay that has just started catch up and optimise; how many points the serving generation knows."""
            relay = Relay(kit.storage, kit.indexes, kit.vectors, kit.clock, 3)
            while await relay.step() or relay._optimising is not None or kit.indexes.building is not None:
                await asyncio.sleep(0)
            (known,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
            assert known.generation == kit.indexes.serving()
            return int(known.settings["optimised"])

        for number in range(2):
            await kit.add(f"row {number}")
        assert await optimised() == 0
        await kit.add("the third, in another life")
        assert await optimised() == 3
        copy = await kit.indexes.prepare_copy(3)
        for number in range(4):
            await kit.add(f"beside the copy {number}")
        await kit.settle()
        assert copy is not None
        await kit.indexes.optimise(copy)
        assert await optimised() == 7

    drive(tmp_path, scenario)


def test_who_finds_the_relay_at_rest_finds_everything_optimised(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        relay = Relay(kit.storage, kit.indexes, kit.vectors, kit.clock, 3)
        running = asyncio.create_task(relay.run())
        for number in range(7):
            await kit.add(f"row {number}")
        relay.wake()
        assert not relay.resting
        while True:
            pending = sum((await kit.storage.read(lambda tx: tx.outbox.pending())).values())
            if not pending and not kit.indexes.optimising and relay.resting:
                break
            await asyncio.sleep(0)
        (known,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert (known.generation, int(known.settings["optimised"])) == (kit.indexes.serving(), 7)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await relay.close()

    drive(tmp_path, scenario)


def test_another_model_builds_a_new_generation(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("embedded twice")
        await kit.settle()
        load = kit.embedder.load

        async def other():  # type: ignore[no-untyped-def]
            info = await load()
            return type(info)(info.name, info.engine, info.dimensions, "words-2")

        kit.embedder.load = other  # type: ignore[method-assign]
        await kit.indexes.start()
        await kit.settle()
        assert kit.embedder.encoded == ["embedded twice"] * 2
        assert await kit.vectors.count(kit.indexes.serving(), MEMORIES) == 1

    drive(tmp_path, scenario)


def test_a_relay_that_waits_for_space_has_the_log_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("what waits for a full disk")
        log, write = tmp_path / "layered_memory.db-wal", kit.vectors.write
        assert log.stat().st_size

        async def while_there_is_space(*args: object, **named: object) -> None:
            if log.stat().st_size:
                raise StorageFull("The index needs 8 MB free; there are 7.")
            await write(*args, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(kit.vectors, "write", while_there_is_space)
        await _run_until_told(kit)

    drive(tmp_path, scenario)


def test_a_log_that_cannot_be_emptied_keeps_no_relay_from_its_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("what waits for a full disk")
        write, refused = kit.vectors.write, [StorageFull(), StorageFull()]

        async def full(*args: object, **named: object) -> None:
            if refused:
                raise refused.pop()
            await write(*args, **named)  # type: ignore[arg-type]

        async def checkpoint() -> bool:
            raise StorageFull()

        monkeypatch.setattr(kit.vectors, "write", full)
        monkeypatch.setattr(kit.storage, "checkpoint", checkpoint)
        await _run_until_told(kit)

    drive(tmp_path, scenario)
