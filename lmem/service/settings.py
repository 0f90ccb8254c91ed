"""Settings from every level: environment, project file, project, preferences, user file, system_config, defaults.

Not the table of settings (lmem.config), nor the changing of one (lmem.service.settingchanges).
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lmem.config import (
    ORIGINS,
    Config,
    InForce,
    flattened,
    from_environment,
    from_text,
    layered,
    setting,
    text_of,
)
from lmem.domain import cachekeys
from lmem.domain.scope import ProjectFile
from lmem.errors import InvalidInput, LmemError, NotFound
from lmem.ports.settings import Row
from lmem.ports.storage import Storage, UnitOfWork
from lmem.service import cachejson
from lmem.service.caches import NO_CACHE, Caches
from lmem.settings import SETTINGS, Setting, Value

MOST_KEPT = 512
MOST_TEXT = 65_536

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Here:
    """What settings may depend on: the project, its file, and what the caller's environment sets, by variable."""

    project_id: str | None = None
    file: ProjectFile | None = None
    environ: tuple[tuple[str, str], ...] = ()


NOWHERE = Here()


@dataclass(frozen=True, slots=True)
class Stored:
    """The levels that lie in SQLite, as they were last read."""

    system: Mapping[str, Row] = field(default_factory=dict)
    preferences: Mapping[str, object] = field(default_factory=dict)
    projects: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explained:
    """A setting with its value, where that comes from, and what every level says, the strongest first."""

    setting: Setting
    value: Value
    origin: str
    levels: tuple[tuple[str, object], ...]


class Settings:
    """The values in force. Reading them waits for nothing, in any thread. `startup` are the daemon's own."""

    def __init__(
        self,
        storage: Storage,
        user_id: str,
        startup: Config,
        file: Path,
        environ: Mapping[str, str] = os.environ,
        caches: Caches = NO_CACHE,
    ) -> None:
        self._storage = storage
        self._user_id = user_id
        self._startup = startup
        self._file = file
        self._caches = caches
        self._environment = from_environment(environ)
        self._stored = Stored()
        self._seen: tuple[int, ...] | None = None
        self._written: Mapping[str, object] = {}
        self._known: dict[Here, Config] = {}

    async def refresh(self) -> None:
        """Read anew what SQLite and the user's file hold. Raises InvalidInput for a file that is not right."""

        key, at = cachekeys.preferences(self._user_id), self._caches.number
        known = cachejson.unpacked(await self._caches.get(key), cachejson.mapping)

        def work(tx: UnitOfWork) -> Stored:
            table = tx.settings
            preferences = table.preferences(self._user_id) if known is None else known
            return Stored(table.system(), preferences, table.projects(self._user_id))

        stamp, written = _stamp(self._file), _user_values(self._file)
        self._stored = await self._storage.read(work)
        if known is None:
            await self._caches.put(key, cachejson.packed(dict(self._stored.preferences)), at)
        self._seen, self._written = stamp, written
        self._known.clear()

    def values(self, here: Here = NOWHERE) -> Config:
        """Every setting as it is in force here. Raises InvalidInput when the project's file is not right.

        A user's file that was changed is read again; one that is not right then counts as it was before.
        """
        self._reread()
        found = self._known.get(here)
        if found is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            found = self._known[here] = self._resolved(here)
        return found

    def of(self, project_id: str | None) -> Config:
        """Every setting as it is in force in a project, wherever the caller is: what background work goes by."""
        return self.values(Here(project_id))

    def seen_from(self, here: Here) -> InForce:
        """As `of`, for a caller with this environment and this project's file."""
        return lambda project_id: self.values(replace(here, project_id=project_id))

    async def explained(self, here: Here) -> list[Explained]:
        """Every setting with all that is said of it. Raises InvalidInput when a file is not right."""
        await self.refresh()
        values, levels = self.values(here), self._levels(here)
        return [
            Explained(
                item, values.values[item.key], values.origins[item.key],
                tuple((origin, given[item.key]) for origin, given in levels if item.key in given),
            )
            for item in SETTINGS
        ]  # fmt: skip

    def ignored(self, here: Here) -> list[tuple[str, str]]:
        """(key, why) of what the project's file says without effect."""
        found = []
        for key in _file_values(here.file):
            item = setting(key)
            if item is None or not item.shared:
                found.append((key, untrusted(item) if item else f"There is no setting '{key[:80]}'."))
        return found

    def _resolved(self, here: Here) -> Config:
        found = layered(self._levels(here))
        values, origins = dict(found.values), dict(found.origins)
        for item in SETTINGS:
            if not item.live:
                values[item.key] = self._startup.values[item.key]
                origins[item.key] = self._startup.origins[item.key]
        return Config(values, origins)

    def _levels(self, here: Here) -> list[tuple[str, Mapping[str, object]]]:
        environment = {**self._environment, **from_environment(dict(here.environ))}
        shared = {item.key for item in SETTINGS if item.shared}
        file = {key: value for key, value in _file_values(here.file).items() if key in shared}
        stored = self._stored
        by_origin: dict[str, Mapping[str, object]] = {
            "environment": environment,
            "project file": file,
            "project": stored.projects.get(here.project_id or "", {}),
            "preferences": stored.preferences,
            "user file": self._written,
            "system_config": {key: row.value for key, row in stored.system.items()},
        }
        return [(origin, by_origin[origin]) for origin in ORIGINS if origin in by_origin]

    def _reread(self) -> None:
        stamp = _stamp(self._file)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._written = _user_values(self._file)
        except LmemError as err:
            log.warning("the settings stay as they were: %s", err.message)
        else:
            self._known.clear()


def known(key: str) -> Setting:
    """The setting of a key. Raises NotFound with the nearest ones."""
    found = setting(key)
    if found is None:
        near = difflib.get_close_matches(key, [item.key for item in SETTINGS], 3, 0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "'lmem config list' shows them all."
        raise NotFound(f"There is no setting '{key[:80]}'.", hint=hint)
    return found


def untrusted(item: Setting) -> str:
    """Why a setting may not stand in a project's file."""
    return f"A project's file may not set {item.key}: others than you may have written it."


def _user_values(file: Path) -> dict[str, object]:
    """What the user's file says. Raises InvalidInput for what is not TOML, not known or not a value."""
    found = from_text(text_of(file), file)
    layered((("user file", found),))
    return found


def _file_values(file: ProjectFile | None) -> dict[str, object]:
    if file is None or not file.text:
        return {}
    if len(file.text) > MOST_TEXT:
        raise InvalidInput(f"{file.path} is over {MOST_TEXT} characters.", hint="It holds settings of lmem alone.")
    return flattened(file.text, Path(file.path))


def _stamp(file: Path) -> tuple[int, ...]:
    """What changes when a file does; () when there is none."""
    try:
        found = os.stat(file)
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size, found.st_ino)
