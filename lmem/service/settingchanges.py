"""Changing a setting: at which level, by whom, and what is kept of it.

Not the reading (lmem.service.settings) and not the form of a file (lmem.configfile).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from lmem import configfile
from lmem.config import parse
from lmem.domain import times
from lmem.domain.actors import Actor
from lmem.errors import Forbidden, InvalidInput, NotFound
from lmem.ports.clock import Clock
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service.changesets import note
from lmem.service.recording import require_active
from lmem.service.settings import Here, Settings, known, untrusted
from lmem.settings import Setting, Value

LEVELS = {
    "user": "user file", "project": "project", "project-file": "project file", "preferences": "preferences",
    "system": "system_config",
}  # fmt: skip
"""The levels that a person may write to, by the word for each, and the origin of a value there."""

KINDS = {bool: "boolean", int: "integer", float: "float", str: "string"}
"""The types of a setting, and what `system_config.value_type` calls them."""


class SettingChanges:
    """Set and unset. `file` is the user's own; `refuse` raises InvalidInput for a value that its store cannot use."""

    def __init__(
        self, storage: Storage, clock: Clock, settings: Settings, file: Path, refuse: Callable[[str, Value], None]
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._settings = settings
        self._file = file
        self._refuse = refuse
        self._writing = asyncio.Lock()

    async def set(self, actor: Actor, key: str, value: object, level: str, here: Here) -> Value:
        """Write a value at a level, and answer what is stored. Raises NotFound, InvalidInput, Forbidden."""
        item = known(key)
        stored = parse(item, value)
        await self._write(actor, item, stored, level, here)
        return stored

    async def unset(self, actor: Actor, key: str, level: str, here: Here) -> None:
        """Take a value away from a level; `system` goes back to the default."""
        await self._write(actor, known(key), None, level, here)

    async def _write(self, actor: Actor, item: Setting, value: Value | None, level: str, here: Here) -> None:
        origin = LEVELS.get(level)
        if origin is None:
            raise InvalidInput(f"There is no level '{level[:40]}'.", hint=f"Levels are: {', '.join(LEVELS)}.")
        if actor.shared:
            raise Forbidden("Settings are changed in the user's own terminal only.", hint="Run 'lmem config' there.")
        if origin == "project file" and not item.shared:
            raise Forbidden(untrusted(item), hint="Set it without --level, in your own config.toml.")
        if origin != "user file" and not item.live:
            raise InvalidInput(
                f"The daemon reads {item.key} when it starts, from the environment and the user's file only.",
                hint="Set it without --level.",
            )
        if value is not None:
            self._refuse(item.key, value)
        async with self._writing:
            await self._settings.refresh()  # nothing is written while a file is not right
            await self._storage.read(lambda tx: _require_free(tx, actor, item))
            if origin == "user file":
                await asyncio.to_thread(_edit_file, self._file, item.key, value)
            elif origin == "project file":
                if here.file is None:
                    raise NotFound("There is no project here.", hint="Go to its directory first.")
                await asyncio.to_thread(_edit_file, Path(here.file.path), item.key, value, 0o644)
            await self._storage.write(lambda tx: self._record(tx, actor, item, value, origin, here))
            await self._settings.refresh()

    def _record(
        self, tx: UnitOfWork, actor: Actor, item: Setting, value: Value | None, origin: str, here: Here
    ) -> None:
        """What SQLite keeps of a change: the value of a level that lies there, and the audit entry."""
        at = times.to_text(self._clock.now())
        if origin == "system_config":
            text = _as_text(item.default if value is None else value)
            tx.settings.set_system(item.key, text, KINDS[type(item.default)], item.meaning, actor.user_id, at)
        elif origin == "preferences":
            values = _with(tx.settings.preferences(actor.user_id), item.key, value)
            rev = tx.settings.set_preferences(actor.user_id, values, at)
            tx.outbox.enqueue("user", actor.user_id, rev, "upsert")
        elif origin == "project":
            if here.project_id is None:
                raise NotFound("There is no project here.", hint="Name one with --project, or go to its directory.")
            values = _with(tx.settings.project(here.project_id), item.key, value)
            rev = tx.settings.set_project(here.project_id, values, at)
            tx.outbox.enqueue("project", here.project_id, rev, "upsert")
        action = "delete" if value is None else "update"
        tx.audit.append(actor, action, "setting", item.key, {"level": origin}, at)
        note(tx, actor, "setting", f"the setting {item.key} was {'unset' if value is None else 'set'}", at)


def _require_free(tx: UnitOfWork, actor: Actor, item: Setting) -> None:
    require_active(tx, actor)
    row = tx.settings.system().get(item.key)
    if row is not None and not row.configurable:
        raise Forbidden(
            f"{item.key} is not changed by hand.",
            hint="'lmem model use' selects the model." if item.key.startswith("embedding.") else "It stays as it is.",
        )


def _with(values: Mapping[str, object], key: str, value: Value | None) -> dict[str, object]:
    rest = {name: known for name, known in values.items() if name != key}
    return rest if value is None else {**rest, key: value}


def _as_text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _edit_file(file: Path, key: str, value: Value | None, mode: int = 0o600) -> None:
    configfile.write(file, lambda text: configfile.changed(text, file, key, value), mode)
