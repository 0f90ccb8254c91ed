"""The graph's copy beside the truth: filled, kept up through random histories, rebuilt, made anew when it is lost."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.graph import LABELS, Wanted
from lmem.domain.graphdigest import digest
from lmem.domain.outbox import Projection
from lmem.errors import Conflict, IndexLost, InvalidInput, StoreDown, StoreUnavailable
from lmem.ports.graph import Held
from lmem.ports.storage import UnitOfWork
from lmem.service.copies import CopyRelay, forget
from lmem.service.graphcopy import GraphProjector
from tests.contract.graphcopies import MemoryCopy, Server
from tests.unit.properties import PROPERTY
from tests.unit.service.service_kit import Kit, drive
from tests.unit.service.test_service_random_histories import STEPS, History


class Copied:
    """A copy of a kit's graph with its relay, as a daemon has them until it ends."""

    def __init__(self, kit: Kit, server: Server) -> None:
        self.kit = kit
        self.server = server
        self.copy = MemoryCopy(server)
        self.projector = GraphProjector(kit.storage, self.copy, kit.clock, lambda: None)
        self.relay = CopyRelay(kit.storage, self.projector, kit.clock)

    async def settle(self) -> None:
        while await self.relay.step():
            pass

    async def held(self) -> list[Held]:
        return await self.copy.held(None, 100_000)

    async def assert_agrees(self) -> None:
        assert await self.held() == await self.kit.storage.read(truth)

    async def waiting(self) -> int:
        assert self.projector.projection is not None
        id = self.projector.projection.id
        return (await self.kit.storage.read(lambda tx: tx.outbox.pending())).get(id, 0)


def truth(tx: UnitOfWork) -> list[Held]:
    """What a copy has to hold."""
    found: dict[tuple[str, str], Held] = {}
    for kind in LABELS:
        wanted = tx.graph.wanted(kind, tx.graph.page(kind, "", 100_000))
        for node in wanted.nodes:
            found[(node.label, node.id)] = Held(node.label, node.id, digest(node.properties))
        for edge in wanted.edges:
            name = f"{edge.start}/{edge.end}/{edge.key}"
            found[(edge.type, name)] = Held(edge.type, name, digest(edge.properties))
    return [found[name] for name in sorted(found)]


def run(scenario: Callable[[Copied], Awaitable[None]]) -> None:
    async def on(kit: Kit) -> None:
        await scenario(Copied(kit, Server()))

    with tempfile.TemporaryDirectory() as directory:
        drive(Path(directory), on)


async def _some(copied: Copied, number: int = 5) -> list[str]:
    return [await copied.kit.add(f"fact number {at}", project="api") for at in range(number)]


# Keeping up


def test_a_new_copy_is_filled_and_then_serves(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        await _some(copied)
        await copied.projector.prepare()
        assert not copied.projector.serves and copied.projector.building
        await copied.settle()
        await copied.assert_agrees()
        assert copied.projector.serves and copied.projector.building is None and copied.projector.schema == 1
        await _some(copied, 2)
        await copied.settle()
        await copied.assert_agrees()

    run(scenario)


@PROPERTY
@given(
    st.lists(
        st.tuples(st.sampled_from((*STEPS, "relay", "relay", "restart")), st.integers(0, 40), st.integers(0, 40)),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_a_copy_follows_any_history_and_never_sees_what_is_hidden(steps: list[tuple[str, int, int]]) -> None:
    async def scenario(first: Copied) -> None:
        copied, history = first, History(first.kit)
        for name, one, two in steps:
            if name == "relay":
                await copied.relay.step()
            elif name == "restart":
                copied = Copied(first.kit, first.server)
            else:
                await history.step(name, one, two)
                await _assert_nothing_hidden_is_sent(copied)
        await copied.settle()
        await copied.assert_agrees()

    run(scenario)


async def _assert_nothing_hidden_is_sent(copied: Copied) -> None:
    """What goes to the server now is nothing that is private or archived now."""
    seen = len(copied.server.applied)
    with suppress(StoreUnavailable):
        await copied.relay.step()
    rows = await History(copied.kit).model.stored()
    hidden = {id for id, row in rows.items() if row.is_private or row.is_archived}
    for wanted in copied.server.applied[seen:]:
        sent = {node.id for node in wanted.nodes} | {id for edge in wanted.edges for id in (edge.start, edge.end)}
        assert not sent & hidden


def test_a_purge_leaves_no_node_and_no_edge(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        gone, kept = (await _some(copied, 2))[:2]
        await copied.settle()
        assert any(gone in item.id for item in await copied.held())
        await copied.kit.lifecycle.purge(copied.kit.actor, [gone], False)
        await copied.settle()
        held = await copied.held()
        assert not any(gone in item.id for item in held) and any(kept in item.id for item in held)
        await copied.assert_agrees()

    run(scenario)


def test_a_server_that_is_down_loses_nothing_and_gets_each_object_once(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        ids = await _some(copied)
        await copied.settle()
        copied.server.fails = StoreDown("It is down.")
        for content in ("one", "two", "three"):
            await copied.kit.memories.edit(copied.kit.actor, ids[0], {"content": content}, None)
        with pytest.raises(StoreDown):
            await copied.relay.step()
        assert await copied.waiting() == 1
        copied.server.fails = None
        await copied.settle()
        await copied.assert_agrees()

    run(scenario)


def test_an_object_that_the_server_refuses_blocks_no_other(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        ids = await _some(copied)
        apply = copied.copy.apply

        async def picky(wanted: Wanted, generation: int) -> None:
            if any(node.id == ids[2] for node in wanted.nodes):
                raise InvalidInput("Neo4j cannot hold a value.")
            await apply(wanted, generation)

        copied.copy.apply = picky  # type: ignore[method-assign]
        await copied.settle()
        held = {item.id for item in await copied.held() if item.kind == "Memory"}
        assert held >= set(ids) - {ids[2]}
        (parked,) = await copied.kit.storage.read(lambda tx: tx.outbox.parked(10))
        assert (parked.object_id, parked.error) == (ids[2], "Neo4j cannot hold a value.")

    run(scenario)


# Lost, swapped, refused


@pytest.mark.parametrize("when", ["while it runs", "while it is off"])
def test_a_wiped_server_is_noticed_and_filled_again(when: str, tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        await _some(copied)
        await copied.settle()
        before = copied.projector.projection
        copied.server.wipe()
        if when == "while it is off":
            copied = Copied(copied.kit, copied.server)
        else:
            with pytest.raises(IndexLost):
                await copied.relay.step()
        await copied.settle()
        await copied.assert_agrees()
        after = copied.projector.projection
        assert before and after and after.instance_id != before.instance_id and copied.projector.serves
        projections = await copied.kit.storage.read(lambda tx: tx.outbox.projections("graph"))
        assert projections == [after]

    run(scenario)


def test_another_server_is_filled_and_the_first_one_again(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        await _some(copied)
        await copied.settle()
        other = Copied(copied.kit, Server())
        await other.settle()
        await other.assert_agrees()
        await _some(copied, 1)
        again = Copied(copied.kit, copied.server)
        await again.settle()
        await again.assert_agrees()

    run(scenario)


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        await _some(copied)
        await copied.settle()
        copied.server.applied.clear()
        again = Copied(copied.kit, copied.server)
        await again.settle()
        assert again.server.applied == []
        assert again.projector.projection == copied.projector.projection and again.projector.serves

    run(scenario)


def test_a_prefix_of_somebody_else_is_waited_for_and_nothing_is_written(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        copied.server.owner = "e" * 32
        await _some(copied)
        with pytest.raises(StoreUnavailable, match="belongs to another lmem") as refused:
            await copied.relay.step()
        assert "neo4j.prefix" in refused.value.hint
        assert copied.server.applied == [] and copied.projector.projection is None

    run(scenario)


def test_without_a_server_nothing_waits_for_one(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        await copied.settle()
        await _some(copied)
        assert await copied.waiting()
        await forget(copied.kit.storage, "graph")
        assert await copied.kit.storage.read(lambda tx: tx.outbox.projections("graph")) == []
        assert await copied.waiting() == 0

    run(scenario)


# Rebuilding


def test_a_rebuild_writes_everything_again_while_the_copy_serves(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        ids = await _some(copied)
        await copied.settle()
        damaged = copied.server.nodes.pop(("Memory", ids[0]))
        copied.server.nodes[("Memory", "0" * 32)] = damaged
        copied.server.edges.clear()
        begun = await copied.projector.rebuild()
        assert copied.projector.serves and copied.projector.building == begun
        with pytest.raises(Conflict):
            await copied.projector.rebuild()
        await copied.relay.step()
        await copied.kit.add("added meanwhile", project="api")
        await copied.settle()
        await copied.assert_agrees()
        assert copied.projector.building is None
        assert await copied.copy.size() == await copied.copy.size(2)

    run(scenario)


def test_a_rebuild_that_was_cut_short_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        await _some(copied)
        await copied.settle()
        await copied.projector.rebuild()
        again = Copied(copied.kit, copied.server)
        await again.projector.prepare()
        assert again.projector.serves and again.projector.building
        await again.settle()
        assert again.projector.building is None
        await again.assert_agrees()

    run(scenario)


def test_a_rebuild_that_lacks_something_keeps_the_older_nodes_and_says_so(tmp_path: Path) -> None:
    async def scenario(copied: Copied) -> None:
        ids = await _some(copied)
        await copied.settle()
        await copied.projector.rebuild()
        settle = copied.projector.settle

        async def later(projection: Projection) -> None:
            del projection

        copied.projector.settle = later  # type: ignore[method-assign]
        await copied.settle()
        node, _ = copied.server.nodes[("Memory", ids[0])]
        copied.server.nodes[("Memory", ids[0])] = (node, 1)
        copied.projector.settle = settle  # type: ignore[method-assign]
        with pytest.raises(StoreUnavailable, match=r"holds \d of \d nodes") as lacking:
            await copied.relay.step()
        assert "rebuild graph" in lacking.value.hint and ("Memory", ids[0]) in copied.server.nodes

    run(scenario)
