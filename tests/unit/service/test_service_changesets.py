"""One change set for several units of work: what joins it, and when another one begins.

Not undo (test_service_history.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.errors import NotFound
from lmem.ports.storage import UnitOfWork
from lmem.service import changesets
from lmem.service.changesets import Runs, Series
from tests.unit.service.service_kit import Kit, drive

AT = "2026-11-22T12:00:00.000Z"


async def _open(kit: Kit, series: Series, at: str = AT) -> int:
    return await kit.storage.write(lambda tx: series.within(tx, kit.actor, at).open())


async def _changed(kit: Kit, kind: str, at: str = AT) -> int:
    return await kit.storage.write(lambda tx: tx.versions.open_change_set(kind, None, kit.actor.user_id, at))


def test_units_of_work_share_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        series = Runs("bulk-add").series(kit.actor, "a")
        number = await _open(kit, series)
        await _changed(kit, "automatic")
        assert await _open(kit, series, "2026-11-22T13:00:00.000Z") == number == series.number

    drive(tmp_path, scenario)


@pytest.mark.parametrize(("kind", "at"), [("setting", AT), ("bulk-add", "2026-11-22T12:00:00.001Z")])
def test_a_number_whose_unit_of_work_failed_is_not_its_own(tmp_path: Path, kind: str, at: str) -> None:
    async def scenario(kit: Kit) -> None:
        series = Series("bulk-add")

        def fails(tx: UnitOfWork) -> None:
            series.within(tx, kit.actor, AT).open()
            raise NotFound("There is no such session.")

        with pytest.raises(NotFound):
            await kit.storage.write(fails)
        taken = await _changed(kit, kind, at)
        assert taken == series.number, "SQLite gives the number again"
        assert await _open(kit, series) != taken

    drive(tmp_path, scenario)


def test_another_begins_when_its_user_did_something_else(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memory, series = await kit.add("one"), Series("bulk-add")
        first = await _open(kit, series)
        edited = await kit.memories.edit(kit.actor, memory, {"title": "two"}, None)
        assert edited.change_set is not None
        assert first < edited.change_set < await _open(kit, series)

    drive(tmp_path, scenario)


def test_another_begins_when_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changesets.Runs, "LINES", 3)

    async def scenario(kit: Kit) -> None:
        series = Runs("bulk-add").series(kit.actor, "a")
        numbers = [await _open(kit, series) for _ in range(7)]
        assert [numbers.count(number) for number in dict.fromkeys(numbers)] == [3, 3, 1]

    drive(tmp_path, scenario)


def test_the_run_used_least_recently_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changesets.Runs, "MOST", 2)

    async def scenario(kit: Kit) -> None:
        runs = Runs("bulk-add")
        one, two = runs.series(kit.actor, "one"), runs.series(kit.actor, "two")
        assert runs.series(kit.actor, "one") is one
        runs.series(kit.actor, "three")
        assert runs.series(kit.actor, "one") is one
        assert runs.series(kit.actor, "two") is not two

    drive(tmp_path, scenario)
