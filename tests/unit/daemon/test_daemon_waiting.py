"""What the indexes wait for, and a wait that ends by itself when only the user can go on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lmem.daemon import waiting
from lmem.daemon.call import Call, Caller
from lmem.daemon.handlers import status
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.errors import IndexLost, LmemError, ModelMissing, StorageFull, StoreDown, StoreUnavailable

FULL = StoreUnavailable("The index needs 68 MB free; there are 61.", hint="Free some space.")


class Desk:
    """Services as far as a wait asks them, and what it told on its way."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.made = True
        self.told: list[dict[str, Any]] = []
        self.indexes = SimpleNamespace(reason=None, starting=False, optimising=False)
        self.relay = SimpleNamespace(trouble=None, resting=True)
        self.models = SimpleNamespace(pulling=False)
        self.graph: Any = None
        self.caches = SimpleNamespace(trouble=None)

    @property
    def services(self) -> Services:
        tx = SimpleNamespace(
            outbox=SimpleNamespace(
                pending=lambda: self.rows, parked_count=lambda: 0, projections=lambda port: [1] if self.made else []
            ),
            directory=SimpleNamespace(counts=lambda user: {"memories": 7}),
        )

        async def read(work: Any) -> Any:
            return work(tx)

        return cast(Services, SimpleNamespace(
            storage=SimpleNamespace(read=read), indexes=self.indexes, relay=self.relay, models=self.models,
            graph_server=self.graph, caches=self.caches, worker=SimpleNamespace(state="ready"), user_id="u",
        ))  # fmt: skip

    def look(self) -> waiting.Waiting:
        return asyncio.run(waiting.look(self.services))

    def wait(self, **given: object) -> dict[str, object]:
        call = Call("status/wait", dict(given), Caller(0, 1, "cli", "", "/"), self.told.append)
        return asyncio.run(status.wait(self.services, call, Params(dict(given))))


def test_a_first_index_that_cannot_be_made_waits_for_every_memory() -> None:
    desk = Desk()
    desk.made, desk.relay.trouble = False, FULL
    found = desk.look()
    assert (found.rows, found.trouble) == (7, FULL)
    error = found.error()
    assert error.message == "7 rows still wait for the index: The index needs 68 MB free; there are 61."
    assert error.hint == "Free some space."


def test_what_only_takes_a_while_is_no_trouble() -> None:
    desk = Desk()
    desk.rows, desk.indexes.reason, desk.indexes.starting = {"vectors-0001": 1}, FULL, True
    assert desk.look().trouble is None
    desk.indexes.starting, desk.models.pulling = False, True
    assert desk.look().trouble is None
    desk.models.pulling = False
    assert desk.look().trouble is FULL
    assert waiting.Waiting(1, None).error().message == "1 row still waits for the index."


@pytest.mark.parametrize(("rows", "told"), [({"graph": 2}, True), ({"vectors-0001": 2}, False)])
def test_a_graph_that_is_down_is_trouble_for_what_waits_for_it(rows: dict[str, int], told: bool) -> None:
    desk = Desk()
    down = StoreDown("Neo4j does not answer.")
    desk.rows, desk.graph = rows, SimpleNamespace(projection="graph", trouble=down)
    assert desk.look().trouble is (down if told else None)


def test_a_trouble_that_lasts_ends_a_wait_without_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "PATIENCE", 0.25)
    desk = Desk()
    desk.rows, desk.relay.trouble = {"vectors-0001": 3}, StorageFull("There is no space left.")
    with pytest.raises(StoreUnavailable, match=r"3 rows still wait for the index: There is no space left\."):
        desk.wait()
    assert len(desk.told) > 1
    assert desk.told[0]["trouble"]["message"] == "There is no space left."
    assert desk.told[0]["trouble"]["code"] == "storage_full"


def test_a_timeout_is_waited_for_whatever_the_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "PATIENCE", 0.0)
    desk = Desk()
    desk.rows, desk.relay.trouble = {"vectors-0001": 3}, FULL

    def mend(told: dict[str, Any]) -> None:
        desk.told.append(told)
        if len(desk.told) == 3:
            desk.rows, desk.relay.trouble = {}, None

    call = Call("status/wait", {}, Caller(0, 1, "cli", "", "/"), mend)
    answer = asyncio.run(status.wait(desk.services, call, Params({"timeout": 30})))
    assert answer == {"pending": 0, "parked": 0}


def test_work_that_goes_on_is_waited_for_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "PATIENCE", 0.0)
    desk = Desk()
    desk.rows = {"vectors-0001": 3}

    def finish(told: dict[str, Any]) -> None:
        desk.told.append(told)
        if len(desk.told) == 3:
            desk.rows = {}

    call = Call("status/wait", {}, Caller(0, 1, "cli", "", "/"), finish)
    assert asyncio.run(status.wait(desk.services, call, Params({})))["pending"] == 0
    assert not any("trouble" in told for told in desk.told)


def test_a_graph_that_was_wiped_is_waited_for() -> None:
    desk = Desk()
    projector = SimpleNamespace(rebuilding=False, serves=False)
    desk.graph = SimpleNamespace(trouble=IndexLost("It was wiped."), projector=projector, projection=None)

    def fill(told: dict[str, Any]) -> None:
        desk.told.append(told)
        desk.graph.trouble = None
        projector.serves = len(desk.told) == 3

    call = Call("status/wait", {}, Caller(0, 1, "cli", "", "/"), fill)
    assert asyncio.run(status.wait(desk.services, call, Params({})))["pending"] == 0
    assert len(desk.told) == 3


def test_without_a_model_nothing_is_waited_for() -> None:
    desk = Desk()
    missing: LmemError = ModelMissing()
    desk.made, desk.indexes.reason = False, missing
    with pytest.raises(ModelMissing):
        desk.wait(timeout=30)
