"""The index on a server: what is private never gets there, another engine builds its own, an outage damages nothing.

The twin in memory stands for the server; the real calls are tests/unit/stores/qdrant's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lmem.domain.memories import Draft
from lmem.errors import Conflict, IndexLost, StoreDown, StoreUnavailable, WorkerDied
from lmem.ports.vectors import MEMORIES, QDRANT
from lmem.service import generations as service_generations
from lmem.service import indexes as service_indexes
from lmem.service.consistency import Consistency
from lmem.service.projection import Relay
from lmem.service.vectorcheck import VectorCheck
from tests.unit.service.service_kit import AwaitedVectors, Kit, drive

DOWN = StoreDown("Qdrant does not answer.")


async def _to_server(kit: Kit) -> None:
    """From here on a server keeps the index, empty as a new one."""
    kit.indexes.engine = QDRANT
    kit.vectors.inner = AwaitedVectors().inner
    await kit.indexes.start()
    await kit.settle()


def _serverwise(tmp_path: Path, scenario: Callable[[Kit], Awaitable[None]]) -> None:
    async def run(kit: Kit) -> None:
        await _to_server(kit)
        await scenario(kit)

    drive(tmp_path, run)


async def _indexed(kit: Kit) -> set[str]:
    return {item.id for item in await kit.vectors.scroll(kit.indexes.serving(), MEMORIES, None, 100)}


async def _waiting(kit: Kit) -> int:
    return sum((await kit.storage.read(lambda tx: tx.outbox.pending())).values())


def _raising(error: Exception) -> Callable[..., Awaitable[str]]:
    async def fail(*_: object) -> str:
        raise error

    return fail


# What is down


def test_a_server_that_is_down_takes_no_model_with_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        model = kit.indexes.loaded
        assert model is not None and model == kit.indexes.model
        opened, kit.vectors.open = kit.vectors.open, _raising(DOWN)  # type: ignore[method-assign, assignment]
        kit.indexes.down(WorkerDied())
        assert {"loaded": kit.indexes.loaded} == {"loaded": None}, "it went with the worker"
        with pytest.raises(StoreDown):
            await kit.indexes.start()
        held = {"loaded": kit.indexes.loaded, "model": kit.indexes.model}
        assert held == {"loaded": model, "model": None}
        kit.embedder.fails = StoreUnavailable("The model cannot be loaded.")
        with pytest.raises(StoreUnavailable):
            await kit.indexes.start()
        assert {"loaded": kit.indexes.loaded} == {"loaded": None}
        kit.embedder.fails = None
        kit.vectors.open = opened  # type: ignore[method-assign]
        await kit.indexes.start()
        assert kit.indexes.loaded == kit.indexes.model == model
        kit.indexes.loading()
        assert {"loaded": kit.indexes.loaded} == {"loaded": None}

    _serverwise(tmp_path, scenario)


# What is private


def test_what_is_private_is_never_sent_and_is_found_by_full_text(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        hidden = await kit.add("the vault code is kept by ada", is_private=True)
        shown = await kit.add("the mailer has a queue")
        await kit.settle()
        assert await _indexed(kit) == {shown}
        assert (await kit.ids("vault code"))[0] == hidden
        assert (await kit.ids("mailer queue"))[0] == shown
        assert kit.embedder.encoded == ["the mailer has a queue"], "not even embedded"

    _serverwise(tmp_path, scenario)


def test_a_memory_that_becomes_private_leaves_and_one_that_becomes_public_comes(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("seen by agents and then no more")
        await kit.settle()
        assert await _indexed(kit) == {memory_id}
        for private in (True, False, True):
            await kit.memories.edit(kit.actor, memory_id, {"is_private": private}, None, None)
            await kit.settle()
            assert await _indexed(kit) == (set() if private else {memory_id})
            assert await kit.ids("seen by agents") == [memory_id]
        await kit.memories.edit(kit.actor, memory_id, {"content": "other words while nobody looks"}, None, None)
        await kit.settle()
        assert await kit.ids("nobody looks") == [memory_id]
        await kit.lifecycle.forget(kit.actor, [memory_id], None, dry_run=False)
        await kit.settle()
        assert await kit.ids("nobody looks") == []

    _serverwise(tmp_path, scenario)


def test_private_memories_are_found_after_a_move_to_a_server_and_back(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        hidden = await kit.add("the vault code is kept by ada", is_private=True)
        shown = await kit.add("the mailer has a queue")
        await kit.settle()
        assert await _indexed(kit) == {hidden, shown}
        await _to_server(kit)
        assert await _indexed(kit) == {shown}
        assert (await kit.ids("vault code"))[0] == hidden
        kit.indexes.engine, kit.vectors.inner = "memory", AwaitedVectors().inner
        await kit.indexes.start()
        await kit.settle()
        assert await _indexed(kit) == {hidden, shown}
        pending = await kit.storage.read(lambda tx: tx.fulltext.pending('"vault"', kit.everything, 10))
        assert pending == [], "full text no longer stands in for the index"

    drive(tmp_path, scenario)


def test_a_private_item_of_a_session_lends_no_words_to_what_goes_to_a_server(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        for text, private in (("the zebra crossing", True), ("yes indeed", False)):
            await kit.memories.add(kit.actor, Draft(text, text, session="talk", is_private=private), create_names=True)
            kit.clock.move(minutes=1)
        await kit.settle()
        assert await kit.ids("zebra", only="sparse") == []

    _serverwise(tmp_path, scenario)


def test_verify_does_not_miss_what_is_private(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("private", is_private=True)
        await kit.add("public")
        await kit.settle()
        check = VectorCheck(kit.storage, kit.indexes, kit.vectors)
        report = (await Consistency(kit.storage, kit.clock, [check], kit.relay.wake).verify(kit.actor, ["vectors"]))[0]
        assert (report.checked, report.issues, report.unavailable) == (1, (), None)

    _serverwise(tmp_path, scenario)


# Another engine


def test_another_engine_builds_its_own_and_leaves_the_other_alone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("moves to a server")
        await kit.settle()
        before, edge = kit.indexes.serving(), kit.vectors.inner
        dropped: list[str] = []
        drop = kit.vectors.drop

        async def dropping(generation: str) -> None:
            dropped.append(generation)
            await drop(generation)

        kit.vectors.drop = dropping  # type: ignore[method-assign]
        await _to_server(kit)
        assert await _indexed(kit) == {memory_id}
        assert kit.indexes.serving() != before and dropped == []
        assert list(edge.sizes()) == [before]
        (projection,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert (projection.engine, projection.generation) == (QDRANT, kit.indexes.serving())
        assert kit.vectors.served[-1] == projection.generation

    drive(tmp_path, scenario)


def test_a_server_that_is_down_at_the_first_start_forgets_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("kept in process until the server answers")
        await kit.settle()
        sizes, kit.vectors.sizes = kit.vectors.sizes, _raising(DOWN)  # type: ignore[method-assign, assignment]
        kit.indexes.engine = QDRANT
        with pytest.raises(StoreDown):
            await kit.indexes.start()
        (projection,) = await kit.storage.read(lambda tx: tx.outbox.projections("vectors"))
        assert projection.engine == "memory"
        answer = await kit.search.search("server answers", kit.everything, 5)
        assert [item.memory.id for item in answer.found] == [memory_id]
        assert [(err.code, err.message) for err in answer.degraded] == [("store_down", DOWN.message)]
        kit.vectors.sizes = sizes  # type: ignore[method-assign]
        kit.indexes.engine = "memory"
        await kit.indexes.start()
        assert kit.indexes.serving() == projection.generation, "the index in process is as it was"

    drive(tmp_path, scenario)


def test_what_the_server_does_not_know_is_dropped_and_what_edge_has_is_not_mistaken_for_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one")
        await kit.settle()
        name = kit.indexes.serving()
        kit.vectors.inner = AwaitedVectors().inner
        kit.vectors.inner.open(name, 64)  # of an earlier time on the server, under the same name
        kit.indexes.engine = QDRANT
        await kit.indexes.start()
        await kit.settle()
        assert list(await kit.vectors.sizes()) == [kit.indexes.serving()]

    drive(tmp_path, scenario)


# An outage


def test_an_outage_is_no_damage_however_often_it_is_met(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("before the outage")
        await kit.settle()
        serving = kit.indexes.serving()
        opened, kit.vectors.open = kit.vectors.open, _raising(DOWN)  # type: ignore[method-assign, assignment]
        for _ in range(2 * service_generations.REFUSALS):
            with pytest.raises(StoreDown):
                await kit.relay.step() if kit.indexes.must_start else await kit.indexes.start()
        kit.vectors.open = opened  # type: ignore[method-assign]
        await kit.settle()
        assert kit.indexes.serving() == serving

    _serverwise(tmp_path, scenario)


@pytest.mark.parametrize("rows", [1, 3])
def test_no_row_is_blamed_for_a_server_that_is_down(tmp_path: Path, rows: int) -> None:
    async def scenario(kit: Kit) -> None:
        for number in range(rows):
            await kit.add(f"row {number}")
        kit.vectors.fails = DOWN
        for _ in range(30):
            with pytest.raises(StoreDown):
                await kit.relay.step()
            kit.clock.move(seconds=11)
        assert await _waiting(kit) == rows
        assert await kit.storage.read(lambda tx: tx.outbox.parked(10)) == []
        kit.vectors.fails = None
        await kit.settle()
        assert len(await _indexed(kit)) == rows

    _serverwise(tmp_path, scenario)


def test_an_outage_in_the_middle_of_serving_degrades_and_ends_by_itself(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("found in an outage too")
        await kit.settle()
        running = asyncio.create_task(kit.relay.run())
        kit.vectors.fails = DOWN
        late = await kit.add("written in the outage")
        kit.relay.wake()
        answer = await kit.search.search("outage", kit.everything, 5)
        assert {item.memory.id for item in answer.found} == {memory_id, late}
        assert [err.message for err in answer.degraded] == [DOWN.message]
        kit.vectors.fails = None
        async with asyncio.timeout(10):
            while await _waiting(kit):
                await asyncio.sleep(0.01)
        running.cancel()
        assert await _indexed(kit) == {memory_id, late}

    _serverwise(tmp_path, scenario)


def test_a_lost_index_is_built_anew_by_the_relay(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory_id = await kit.add("written once")
        await kit.settle()
        before = kit.indexes.serving()
        kit.vectors.inner = AwaitedVectors().inner
        kit.indexes.failed(StoreUnavailable("Something else."))
        assert kit.indexes.serving() == before
        kit.indexes.failed(IndexLost())
        assert kit.indexes.must_start
        with pytest.raises(IndexLost):
            kit.indexes.serving()
        await kit.settle()
        assert kit.indexes.serving() != before
        assert await _indexed(kit) == {memory_id}

    _serverwise(tmp_path, scenario)


def test_an_idle_relay_looks_after_the_server_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(kit: Kit) -> None:
        looked = len(kit.vectors.served)
        await kit.settle()
        await kit.settle()
        assert len(kit.vectors.served) == looked, "not at each step"
        monkeypatch.setattr(service_indexes, "LOOK_EVERY", 0.0)
        await kit.settle()
        assert len(kit.vectors.served) == looked + 1

    _serverwise(tmp_path, scenario)


def test_another_owners_prefix_is_refused_and_tried_again(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        refusal = Conflict("The collections belong to another lmem.", hint="Choose another qdrant.prefix.")
        sizes, kit.vectors.sizes = kit.vectors.sizes, _raising(refusal)  # type: ignore[method-assign, assignment]
        kit.indexes.engine = QDRANT
        with pytest.raises(StoreDown, match="another lmem"):
            await kit.indexes.start()
        assert kit.indexes.reason is not None
        assert (kit.indexes.reason.hint, kit.indexes.must_start) == (refusal.hint, True)
        with pytest.raises(StoreDown, match="another lmem"):
            await kit.relay.step()
        kit.vectors.sizes = sizes  # type: ignore[method-assign]
        await kit.settle()
        assert kit.indexes.reason is None

    drive(tmp_path, scenario)


def test_a_server_optimises_by_itself(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        kit.vectors.copy = _raising(AssertionError("copied"))  # type: ignore[method-assign, assignment]
        relay = Relay(kit.storage, kit.indexes, kit.vectors, kit.clock, 1)
        await kit.add("one")
        while await relay.step():
            pass
        assert await _waiting(kit) == 0

    _serverwise(tmp_path, scenario)
