"""Backups as their user sees them: only in the user's own terminal, and on record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.audit import Wanted
from lmem.errors import Forbidden, NotFound
from lmem.paths import Paths, paths
from lmem.service.backup import Backups
from lmem.stores.sqlite.backups import SqliteBackups
from tests.unit.service.service_kit import Kit, drive


def _place(directory: Path) -> Paths:
    """Paths whose database is the kit's."""
    return Paths(directory, directory, directory, directory, directory, directory)


def _backups(kit: Kit, directory: Path) -> Backups:
    return Backups(kit.storage, SqliteBackups(kit.storage._database, _place(directory)), kit.clock)


def test_a_backup_is_on_record(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("one fact")
        made, gone = await _backups(kit, tmp_path).create(kit.actor, None)
        assert made.holds is not None and made.holds.memories == 1 and not gone
        wanted = Wanted(kit.actor.user_id, kind="backup")
        (entry,) = await kit.storage.read(lambda tx: tx.audit.page(wanted, 10, 0))
        assert (entry.action, entry.object_id, entry.details["memories"]) == ("create", made.name, 1)

    drive(tmp_path, scenario)


def test_all_are_verified_with_progress(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        backups = _backups(kit, tmp_path)
        names = [(await backups.create(kit.actor, None))[0].name for _ in range(2)]
        seen: list[tuple[str, int, int]] = []
        found = await backups.verify(kit.actor, (), lambda name, done, total: seen.append((name, done, total)))
        assert dict(found) == dict.fromkeys(names, "")
        assert [item[1:] for item in seen] == [(0, 2), (1, 2)]
        with pytest.raises(NotFound):
            await backups.verify(kit.actor, ["nothing"], lambda name, done, total: None)

    drive(tmp_path, scenario)


def test_a_restore_is_asked_for_once_it_can_be_done(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        backups = _backups(kit, tmp_path)
        made, _ = await backups.create(kit.actor, None)
        await backups.plan(kit.actor, made.name)
        assert not _place(tmp_path).restore_note.exists()
        plan, number = await backups.restore(kit.actor, made.name)
        assert plan.backup.name == made.name and number in _place(tmp_path).restore_note.read_text()

    drive(tmp_path, scenario)


def test_a_user_who_is_not_active_restores_nothing(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        backups = _backups(kit, tmp_path)
        made, _ = await backups.create(kit.actor, None)
        await kit.storage._database.write(lambda tx: tx.execute("UPDATE users SET is_active = 0"))
        with pytest.raises(Forbidden, match="not active"):
            await backups.restore(kit.actor, made.name)
        assert not _place(tmp_path).restore_note.exists()

    drive(tmp_path, scenario)


@pytest.mark.parametrize(
    "work",
    [
        lambda backups, actor: backups.create(actor, None),
        lambda backups, actor: backups.listed(actor),
        lambda backups, actor: backups.verify(actor, (), lambda name, done, total: None),
        lambda backups, actor: backups.plan(actor, "any"),
        lambda backups, actor: backups.restore(actor, "any"),
    ],
)
def test_others_are_refused(tmp_path: Path, work: Callable[..., Awaitable[object]]) -> None:
    async def scenario(kit: Kit) -> None:
        with pytest.raises(Forbidden, match="private memories"):
            await work(_backups(kit, tmp_path), replace(kit.actor, shared=True))

    drive(tmp_path, scenario)
    assert not paths({"LMEM_HOME": str(tmp_path)}).backups.exists()
