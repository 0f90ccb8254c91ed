"""Which project and session a call means: by what it names, by its repository, by its directory.

Not the reading of git's files (test_daemon_places.py), which the two tests with real repositories use.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from lmem.daemon.places import look
from lmem.domain.actors import Actor
from lmem.domain.scope import Place, Scope
from lmem.domain.sessions import Session
from lmem.errors import Forbidden, LmemError, NotFound
from lmem.ports.storage import UnitOfWork
from lmem.service import scopes as module
from lmem.service.scopes import Scopes
from tests.unit.daemon.repositories import git, repository
from tests.unit.service.service_kit import Kit, drive

API = Place("/src/api", "/src/api", "/src/api/.git", "github.com/ada/Api", "main", "c" * 40, "d" * 40)
AT = "2026-11-22T12:00:00.000Z"


@dataclass
class Ground:
    """Directories and what they are; `reads` counts the reads of the store."""

    kit: Kit
    places: dict[str, Place] = field(default_factory=dict)
    created: list[tuple[str, Place]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scopes = Scopes(self.kit.storage, self.kit.clock, self._place, lambda: 12)
        self.scopes.on_created = lambda actor, project_id, place: self.created.append((project_id, place))

    async def _place(self, cwd: str) -> Place:
        return self.places.get(cwd) or Place(cwd)

    async def of(self, cwd: str, project: str | None = None, session: str | None = None, create: bool = False) -> Scope:
        return await self.scopes.of(self.kit.actor, cwd, project, session, create)

    async def session(self, name: str, project_id: str | None, directory: str | None, **columns: str) -> str:
        session = Session(
            secrets.token_hex(16), self.kit.actor.user_id, project_id, name, None, None, None, directory, {},
            columns.get("parent_session_id"), AT, AT, AT, None, True,
        )  # fmt: skip
        await self.kit.storage.write(lambda tx: tx.sessions.insert(session))
        self.scopes.changed()
        return session.id


def on_ground(directory: Path, scenario: Callable[[Ground], Awaitable[None]]) -> None:
    drive(directory, lambda kit: scenario(Ground(kit)))


def test_a_repository_becomes_a_project_when_something_is_added(tmp_path: Path) -> None:
    async def scenario(ground: Ground) -> None:
        ground.places["/src/api"] = API
        before = await ground.of("/src/api")
        assert (before.project_id, before.created) == (None, False)
        assert before.because == "no project is known for the repository at /src/api"
        made = await ground.of("/src/api", create=True)
        assert (made.project, made.created, made.because) == ("Api", True, "the repository at /src/api")
        assert ground.created == [(made.project_id, API)]
        assert await ground.of("/src/api", create=True) == replace(made, created=False)
        assert (await ground.of("/nowhere", create=True)).because == (
            "no project was named, and /nowhere is in no repository"
        )

    on_ground(tmp_path, scenario)


def test_what_is_stored_is_not_filed_by_a_directory_that_is_not_known(tmp_path: Path) -> None:
    async def scenario(ground: Ground) -> None:
        async def surely(cwd: str) -> Place:
            raise LmemError(f"The disk of {cwd} does not answer.")

        ground.places = {"/src/api": API, "/mnt/x": Place("/mnt/x", is_known=False)}
        made = await ground.of("/src/api", create=True)
        kit = ground.kit
        scopes = Scopes(kit.storage, kit.clock, ground._place, lambda: 12, surely=surely)
        asked = await scopes.of(kit.actor, "/mnt/x", None, None)
        assert (asked.project, asked.because) == (None, "no project was named, and the disk of /mnt/x does not answer")
        with pytest.raises(LmemError, match="The disk of /mnt/x does not answer"):
            await scopes.of(kit.actor, "/mnt/x", None, None, create=True)
        with pytest.raises(LmemError, match="The disk of /mnt/x does not answer"):
            await scopes.within(kit.actor, "/mnt/x", None, None, create=True)
        assert (await scopes.of(kit.actor, "/mnt/x", "Api", None, create=True)).project_id == made.project_id

    on_ground(tmp_path, scenario)


@pytest.mark.parametrize(
    ("place", "because"),
    [
        (Place("/wt/deep", "/wt", "/src/api/.git"), "the repository at /wt"),
        (Place("/clone", "/clone", "/clone/.git", "github.com/ADA/api"), "the remote github.com/ada/api"),
        (Place("/clone", "/clone", "/clone/.git", "/src/api/.git"), "the remote /src/api/.git"),
        (Place("/moved", "/moved", "/moved/.git", root_commit="d" * 40), "the first commit dddddddddd"),
    ],
)
def test_worktrees_clones_and_moved_repositories_are_one_project(tmp_path: Path, place: Place, because: str) -> None:
    async def scenario(ground: Ground) -> None:
        ground.places |= {"/src/api": API, place.cwd: place}
        made = await ground.of("/src/api", create=True)
        found = await ground.of(place.cwd)
        assert (found.project_id, found.because) == (made.project_id, because)
        again = await ground.of(place.cwd, create=True)
        assert (again.project_id, again.created) == (made.project_id, False)
        assert (await ground.of(place.cwd)).because == f"the repository at {place.top}"
        assert len(ground.created) == 1

    on_ground(tmp_path, scenario)


def test_a_second_api_gets_its_owners_name_then_a_number(tmp_path: Path) -> None:
    async def scenario(ground: Ground) -> None:
        for number, owner in enumerate(("ada", "bob", "bob")):
            cwd = f"/{number}/{owner}/api"
            ground.places[cwd] = Place(cwd, cwd, f"{cwd}/.git")
        assert [(await ground.of(cwd, create=True)).project for cwd in ground.places] == ["api", "bob-api", "api-2"]

    on_ground(tmp_path, scenario)


def test_a_name_wins_and_an_unknown_one_is_an_error(tmp_path: Path) -> None:
    async def scenario(ground: Ground) -> None:
        ground.places["/src/api"] = API
        await ground.of("/src/api", create=True)
        other = await ground.kit.project("web")
        found = await ground.of("/src/api", "web")
        assert (found.project_id, found.project, found.because) == (other, "web", "it was named")
        assert (await ground.of("/", other)).project == "web"
        assert (await ground.of("/", "/src/api")).project == "Api"
        with pytest.raises(NotFound) as raised:
            await ground.of("/src/api", "wbe", create=True)
        assert raised.value.hint == "Did you mean web?"
        assert len(ground.created) == 1

    on_ground(tmp_path, scenario)


def test_a_directory_without_git_is_a_project_with_all_below(tmp_path: Path) -> None:
    async def scenario(ground: Ground) -> None:
        made = await ground.kit.project("notes")
        await ground.kit.storage.write(lambda tx: tx.projects.identify(made, [("path", "/notes")]))
        inside = Place("/notes/repo/src", "/notes/repo", "/notes/repo/.git")
        ground.places |= {inside.cwd: inside, "/notes": Place("/notes")}
        found = await ground.of("/notes/deep/er")
        assert (found.project, found.because) == ("notes", "the directory /notes")
        assert (await ground.of("/notesbook")).project is None
        assert (await ground.of(inside.cwd)).project is None, "a repository is no part of the directory around it"
        ground.places["/notes"] = Place("/notes", "/notes", "/notes/.git")
        became = await ground.of("/notes", create=True)
        assert (became.project, became.created) == ("notes", False)
        ground.places["/wt"] = Place("/wt", "/wt", "/notes/.git")
        assert (await ground.of("/wt")).project == "notes"

    on_ground(tmp_path, scenario)


def test_the_session_is_the_named_one_else_that_of_the_worktree(tmp_path: Path) -> None:
    async def scenario(ground: Ground) -> None:
        ground.places |= {"/src/api/deep": replace(API, cwd="/src/api/deep"), "/src/api": API}
        project = (await ground.of("/src/api", create=True)).project_id
        parent = await ground.session("all", project, None)
        here = await ground.session("here", project, "/src/api", parent_session_id=parent)
        outside = await ground.session("outside", None, "/src")
        assert (await ground.of("/src/api/deep")).lineage == (here, parent)
        assert (await ground.of("/src/api/deep", session="all")).lineage == (parent,)
        assert (await ground.of("/src/web")).session_id == outside
        other = await ground.kit.project("web")
        assert (await ground.of("/src/api", other)).session_id is None, "another project's session is not current"
        elsewhere = await ground.of("/", session=here)
        assert (elsewhere.project, elsewhere.because) == ("Api", "its session belongs to it")
        with pytest.raises(NotFound):
            await ground.of("/src/api", session="nope")
        await ground.kit.storage.write(lambda tx: tx.sessions.update(here, {"is_active": 0}))
        ground.scopes.changed()
        assert (await ground.of("/src/api")).session_id is None

    on_ground(tmp_path, scenario)


def test_an_answer_is_kept_for_a_while_and_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(ground: Ground) -> None:
        reads = []
        read = ground.kit.storage.read

        async def counted(work: Callable[[UnitOfWork], object], brief: bool) -> object:
            reads.append(brief)
            return await read(work, brief=brief)

        monkeypatch.setattr(ground.kit.storage, "read", counted)
        for _ in range(5):
            await ground.of("/src/api")
        assert reads == [True]
        ground.scopes.changed()
        await ground.of("/src/api")
        assert len(reads) == 2
        monkeypatch.setattr(module, "KEPT_S", -1.0)
        ground.scopes.changed()
        await ground.of("/src/api")
        await ground.of("/src/api")
        assert len(reads) == 4
        monkeypatch.setattr(module, "MOST", 3)
        for number in range(9):
            await ground.of(f"/{number}")
        assert len(ground.scopes._known) == 3

    on_ground(tmp_path, scenario)


def test_who_may_not_write_makes_no_project(tmp_path: Path) -> None:
    async def scenario(ground: Ground) -> None:
        ground.places["/src/api"] = API
        await ground.kit.storage.write(lambda tx: tx.users.update(ground.kit.actor.user_id, {"is_active": 0}))
        with pytest.raises(Forbidden):
            await ground.of("/src/api", create=True)
        assert await ground.kit.storage.read(lambda tx: tx.directory.project_names(ground.kit.actor.user_id)) == {}

    on_ground(tmp_path, scenario)


def test_another_users_project_is_not_seen(tmp_path: Path) -> None:
    async def scenario(ground: Ground) -> None:
        ground.places["/src/api"] = API
        assert (await ground.of("/src/api", create=True)).project_id == (await ground.of("/src/api")).project_id
        bob = await ground.kit.storage.write(lambda tx: tx.directory.user("bob", None, None, AT))
        found = await ground.scopes.of(Actor(bob, "unix:1:1", "test/1"), "/src/api", None, None)
        assert found.project_id is None

    on_ground(tmp_path, scenario)


def test_real_worktrees_and_clones_share_their_project(tmp_path: Path) -> None:
    top = repository(tmp_path / "api", "https://ada:hunter2@example.org/ada/api.git")
    git(top, "worktree", "add", "-q", str(tmp_path / "beside"))
    git(tmp_path, "clone", "-q", str(top), str(tmp_path / "clone"))
    git(tmp_path, "clone", "-q", str(top), str(tmp_path / "renamed"))
    git(tmp_path / "renamed", "remote", "set-url", "origin", "git@EXAMPLE.org:ada/api")
    other = repository(tmp_path / "other" / "api")

    async def scenario(ground: Ground) -> None:
        everywhere = [top, tmp_path / "beside", tmp_path / "clone", tmp_path / "renamed", other]
        ground.places |= {str(directory): look(str(directory)) for directory in everywhere}
        found = [(await ground.of(str(directory), create=True)) for directory in everywhere]
        assert [scope.project for scope in found] == ["api"] * 4 + ["other-api"]
        assert len(ground.created) == 2
        stored = await ground.kit.storage.read(
            lambda tx: [tx.projects.identities(scope.project_id or "") for scope in found]
        )
        assert "hunter2" not in repr(stored)

    on_ground(tmp_path, scenario)


def test_a_repository_that_was_moved_keeps_its_project(tmp_path: Path) -> None:
    top = repository(tmp_path / "api")
    before = look(str(top))
    top.rename(tmp_path / "elsewhere")

    async def scenario(ground: Ground) -> None:
        ground.places |= {str(top): before, str(tmp_path / "elsewhere"): look(str(tmp_path / "elsewhere"))}
        made = await ground.of(str(top), create=True)
        assert (await ground.of(str(tmp_path / "elsewhere"))).project_id == made.project_id

    on_ground(tmp_path, scenario)
