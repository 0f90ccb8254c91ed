"""What the tests of sessions share: a desk in two directories, with the services that a daemon has of sessions.

Not a test.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from lmem.domain.memories import Draft
from lmem.domain.scope import Place, Scope
from lmem.service.endings import Endings
from lmem.service.scopes import Scopes
from lmem.service.sessions import Sessions, Wanted
from tests.unit.service.service_kit import Kit, drive

HERE, THERE = "/src/api", "/src/web"


@dataclass
class Desk:
    """Work in two directories: what a daemon has of sessions, and the idle hours it is told."""

    kit: Kit
    scopes: Scopes
    sessions: Sessions
    endings: Endings
    idle_hours: int = 12

    async def scope(self, directory: str = HERE, session: str | None = None, project: str | None = None) -> Scope:
        return await self.scopes.of(self.kit.actor, directory, project, session)

    async def start(self, name: str | None = None, directory: str = HERE, **wanted: str) -> str:
        """Start a session; answers its id."""
        place = Place(directory, directory, branch="main", commit="c" * 40)
        scope = await self.scope(directory)
        turned = await self.sessions.start(self.kit.actor, Wanted(name, **wanted), scope, place)  # type: ignore[arg-type]
        return turned.session.id

    async def current(self, directory: str = HERE) -> str | None:
        return (await self.scope(directory)).session_id

    async def add(self, content: str, directory: str = HERE, **fields: object) -> str:
        """Add a memory from a directory; answers its id."""
        draft = Draft(content, content, **fields)  # type: ignore[arg-type]
        return (await self.kit.memories.add(self.kit.actor, draft, await self.scope(directory))).memory.id

    async def in_project(self, name: str) -> Scope:
        """The scope of a project, made for it."""
        return Scope(await self.kit.project(name), name)


def desk(directory: Path, scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a scenario at a new desk."""

    async def run(kit: Kit) -> None:
        async def place(cwd: str) -> Place:
            return Place(cwd, cwd, branch="main", commit="c" * 40)

        scopes = Scopes(kit.storage, kit.clock, place, lambda: made.idle_hours)
        wake, changed = kit.relay.wake, scopes.changed
        sessions = Sessions(kit.storage, kit.clock, wake, changed, kit.settings.of)
        endings = Endings(kit.storage, kit.clock, wake, changed, lambda: made.idle_hours)
        made = Desk(kit, scopes, sessions, endings)
        await scenario(made)

    drive(directory, run)
