"""Settings: which level wins, what each may hold, what a change leaves, and that the rows of system_config count."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.config import layered, parse
from lmem.daemon.addresses import refuse_unusable
from lmem.domain.actors import Actor
from lmem.domain.audit import Wanted
from lmem.domain.scope import ProjectFile
from lmem.errors import Conflict, Forbidden, InvalidInput, NotFound
from lmem.service.settingchanges import KINDS, LEVELS, SettingChanges
from lmem.service.settings import Here, known
from lmem.settings import SETTINGS
from tests.unit.service.service_kit import Kit, drive

RATE = "default_decay_rate"


async def _levels(kit: Kit, directory: Path) -> tuple[SettingChanges, Here]:
    """What changes settings, and a project to change them in."""
    project = await kit.project("api")
    changes = SettingChanges(kit.storage, kit.clock, kit.settings, directory / "config.toml", refuse_unusable)
    return changes, Here(project, ProjectFile(str(directory / ".lmem.toml")))


def _read(here: Here) -> Here:
    """The same place, its file read again."""
    assert here.file is not None
    path = Path(here.file.path)
    return replace(here, file=ProjectFile(str(path), path.read_text() if path.exists() else ""))


def test_each_level_wins_over_those_below_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        changes, here = await _levels(kit, tmp_path)
        seen = [(kit.settings.values(here).share(RATE), kit.settings.values(here).origins[RATE])]
        for number, level in enumerate(("system", "user", "preferences", "project", "project-file"), 2):
            await changes.set(kit.actor, RATE, f"0.{number}", level, here)
            here = _read(here)
            config = kit.settings.values(here)
            seen.append((config.share(RATE), config.origins[RATE]))
        here = replace(here, environ=(("LMEM_DEFAULT_DECAY_RATE", "0.7"),))
        config = kit.settings.values(here)
        seen.append((config.share(RATE), config.origins[RATE]))
        assert seen == [
            (0.1, "system_config"), (0.2, "system_config"), (0.3, "user file"), (0.4, "preferences"),
            (0.5, "project"), (0.6, "project file"), (0.7, "environment"),
        ]  # fmt: skip
        assert kit.settings.of(None).share(RATE) == 0.4, "elsewhere the project's own do not count"
        found = next(item for item in await kit.settings.explained(here) if item.setting.key == RATE)
        assert [origin for origin, _ in found.levels] == [
            "environment", "project file", "project", "preferences", "user file", "system_config"
        ]  # fmt: skip

        for level in ("project-file", "project", "preferences", "user", "system"):
            await changes.unset(kit.actor, RATE, level, here)
        assert kit.settings.values(replace(_read(here), environ=())).share(RATE) == 0.1

    drive(tmp_path, scenario)


def test_a_projects_file_may_not_widen_trust(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        changes, here = await _levels(kit, tmp_path)
        for item in SETTINGS:
            if not item.shared:
                with pytest.raises(Forbidden, match="A project's file may not set"):
                    await changes.set(kit.actor, item.key, item.default, "project-file", here)
        assert not Path(here.file.path if here.file else "").exists()
        text = 'colour = 1\ndefault_decay_rate = 0.9\nmax_memories_per_session = 9\n[embedding]\nmodel = "evil"\n'
        theirs = replace(here, file=ProjectFile("/x/.lmem.toml", text))
        config = kit.settings.values(theirs)
        assert config.share(RATE) == 0.9
        assert config.number("max_memories_per_session") == 1000 and config.text("embedding.model") != "evil"
        ignored = dict(kit.settings.ignored(theirs))
        assert set(ignored) == {"colour", "max_memories_per_session", "embedding.model"}
        assert "There is no setting" in ignored["colour"]

    drive(tmp_path, scenario)


@pytest.mark.parametrize("text", ["[a", "default_decay_rate = 'much'", "default_decay_rate = 2", "x = 1\n" * 20_000])
def test_a_projects_file_that_is_wrong_is_not_taken_for_empty(tmp_path: Path, text: str) -> None:
    async def scenario(kit: Kit) -> None:
        with pytest.raises(InvalidInput):
            kit.settings.values(Here(None, ProjectFile("/x/.lmem.toml", text)))

    drive(tmp_path, scenario)


def test_what_the_daemon_reads_at_its_start_is_the_users_alone(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        changes, here = await _levels(kit, tmp_path)
        for level in ("project", "preferences", "system"):
            with pytest.raises(InvalidInput, match="when it starts"):
                await changes.set(kit.actor, "daemon.max_connections", "9", level, here)
        await changes.set(kit.actor, "daemon.max_connections", "9", "user", here)
        assert kit.settings.values(here).number("daemon.max_connections") == 256, "until the daemon starts again"
        assert layered((("user file", {"daemon.max_connections": 9}),)).number("daemon.max_connections") == 9

    drive(tmp_path, scenario)


def test_a_users_file_changed_by_hand_counts_at_once(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"

    async def scenario(kit: Kit) -> None:
        assert kit.settings.of(None).share(RATE) == 0.1
        file.write_text(f"{RATE} = 0.25\n")
        assert kit.settings.of(None).share(RATE) == 0.25
        for wrong in ("[a", f"{RATE} = 'x'\n", "colour = 1\n"):
            file.write_text(wrong)
            assert kit.settings.of(None).share(RATE) == 0.25, "it stays until the file is right again"
            with pytest.raises(InvalidInput):
                await kit.settings.explained(Here())
        file.write_text(f"{RATE} = 0.5\n")
        assert kit.settings.of(None).share(RATE) == 0.5
        file.unlink()
        assert kit.settings.of(None).share(RATE) == 0.1

    drive(tmp_path, scenario)


def test_what_is_refused(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        changes, here = await _levels(kit, tmp_path)
        shared = replace(kit.actor, shared=True)

        async def refused(kind: type[Exception], says: str, *call: object, actor: Actor = kit.actor) -> None:
            with pytest.raises(kind, match=says):
                await changes.set(actor, *call)  # type: ignore[arg-type]

        await refused(NotFound, "no setting 'default_decay_rat'", "default_decay_rat", 1, "user", here)
        await refused(InvalidInput, "a number from 0 to 1, not 'much'", RATE, "much", "user", here)
        await refused(InvalidInput, "not None", RATE, None, "user", here)
        await refused(InvalidInput, r"not \[1\]", RATE, [1], "user", here)
        await refused(InvalidInput, "debug, info, warning or error", "daemon.log_level", "loud", "user", here)
        await refused(InvalidInput, "no level 'moon'", RATE, 0.2, "moon", here)
        await refused(Forbidden, "own terminal", RATE, 0.2, "user", here, actor=shared)
        await refused(NotFound, "no project here", RATE, 0.2, "project", Here())
        await refused(NotFound, "no project here", RATE, 0.2, "project-file", Here())
        await refused(InvalidInput, "qdrant.prefix", "qdrant.prefix", "a/b", "user", here)
        for store in ("qdrant", "neo4j", "redis"):
            await refused(InvalidInput, f"{store}.url", f"{store}.url", "nonsense", "user", here)
        await refused(Forbidden, "own terminal", "neo4j.url", "nonsense", "user", here, actor=shared)
        assert not os.path.exists(tmp_path / "config.toml")
        assert await changes.set(kit.actor, "neo4j.url", " bolt://h ", "user", here) == "bolt://h"
        assert await changes.set(kit.actor, "neo4j.url", "", "user", here) == ""
        with pytest.raises(NotFound) as caught:
            known("default_decay_rat")
        assert "default_decay_rate" in caught.value.hint

    drive(tmp_path, scenario)


def test_a_row_that_people_may_not_change(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        changes, here = await _levels(kit, tmp_path)
        at, user = "2026-11-22T12:00:00.000Z", kit.actor.user_id
        await kit.storage.write(
            lambda tx: tx.settings.set_system("embedding.model", "m", "string", "Chosen.", user, at, configurable=False)
        )
        for level in ("user", "system"):
            with pytest.raises((Forbidden, InvalidInput)):
                await changes.set(kit.actor, "embedding.model", "other", level, here)
        with pytest.raises(Forbidden, match="not changed by hand") as caught:
            await changes.set(kit.actor, "embedding.model", "other", "user", here)
        assert "lmem model use" in caught.value.hint
        assert not os.path.exists(tmp_path / "config.toml")

    drive(tmp_path, scenario)


def test_a_change_is_logged_and_says_who(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        changes, here = await _levels(kit, tmp_path)
        for level in LEVELS:
            await changes.set(kit.actor, RATE, 0.3, level, here)
        await changes.unset(kit.actor, RATE, "user", here)
        found = await kit.storage.read(
            lambda tx: tx.audit.page(Wanted(kit.actor.user_id, kind="setting"), 10, 0)
        )  # fmt: skip
        assert [(entry.action, entry.object_id, entry.details["level"]) for entry in reversed(found)] == [
            *(("update", RATE, origin) for origin in LEVELS.values()), ("delete", RATE, "user file")
        ]  # fmt: skip
        row = (await kit.storage.read(lambda tx: tx.settings.system()))[RATE]
        assert (row.value, row.updated_by, row.configurable) == ("0.3", kit.actor.user_id, True)

    drive(tmp_path, scenario)


def test_the_rows_of_system_config_are_settings(tmp_path: Path) -> None:
    """Each delivered row has the type, the default and the bounds of its setting."""

    async def scenario(kit: Kit) -> None:
        with sqlite3.connect(tmp_path / "layered_memory.db") as connection:
            columns = "key, value, value_type, is_user_configurable"
            rows = connection.execute(f"SELECT {columns} FROM system_config").fetchall()
        connection.close()
        assert len(rows) == 5
        for key, value, kind, configurable in rows:
            item = known(key)
            assert parse(item, value) == item.default and KINDS[type(item.default)] == kind
            assert configurable == 1 and item.live

    drive(tmp_path, scenario)


def test_undo_stops_at_a_setting(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        changes, here = await _levels(kit, tmp_path)
        await kit.add("keep me")
        for at, said in enumerate(("was set", "was unset")):
            kit.clock.move(seconds=1)
            if at == 0:
                await changes.set(kit.actor, RATE, "0.4", "preferences", here)
            else:
                await changes.unset(kit.actor, RATE, "preferences", here)
            with pytest.raises(Conflict, match=f"the setting {RATE} {said}"):
                await kit.history.undo(kit.actor, None)

    drive(tmp_path, scenario)
