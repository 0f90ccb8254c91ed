"""Projects: making, describing, renaming, archiving, merging them, and parting them again.

Not the finding of a call's project (test_service_scopes.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lmem.domain.filters import Filter
from lmem.domain.memories import Memory
from lmem.domain.scope import Place
from lmem.domain.traits import Traits
from lmem.errors import Conflict, Forbidden, InvalidInput, NotFound
from lmem.service.projects import Projects, Shown
from lmem.service.timeline import Timeline
from tests.unit.service.service_kit import Kit, drive

API = Place("/src/api", "/src/api", "/src/api/.git", "github.com/ada/api", "main", "c" * 40)
FORK = Place("/src/fork", "/src/fork", "/src/fork/.git", "github.com/bob/fork", "main", "c" * 40)
ROOT = "d" * 40


@dataclass
class Yard:
    """The service of projects; `voided` counts how often what is known of scopes was declared void."""

    kit: Kit
    voided: int = 0

    def __post_init__(self) -> None:
        self.projects = Projects(self.kit.storage, self.kit.clock, self.kit.relay.wake, self._void)

    def _void(self) -> None:
        self.voided += 1

    async def init(self, place: Place, name: str | None = None) -> Shown:
        return await self.projects.init(self.kit.actor, place, name)

    async def show(self, name: str) -> Shown:
        return await self.projects.show(self.kit.actor, name)

    async def names(self, archived: bool = False) -> list[str]:
        return [item.project.name for item in await self.projects.page(self.kit.actor, archived)]

    async def rows(self) -> dict[str, Memory]:
        """Every memory by its title."""
        found = await self.kit.storage.read(lambda tx: tx.memories.after(Filter(self.kit.actor.user_id), 0, 1000))
        return {memory.title: memory for memory in found}

    async def waiting(self) -> list[tuple[str, str]]:
        """(action, kind) of the audit log, oldest first."""
        found = await self.kit.storage.read(lambda tx: tx.audit.links(0, 1000))
        return [(str(link.fields[3]), str(link.fields[4])) for link in found]


def in_yard(directory: Path, scenario: Callable[[Yard], Awaitable[None]]) -> None:
    drive(directory, lambda kit: scenario(Yard(kit)))


def test_a_directory_becomes_a_project_once(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        made = await yard.init(API)
        assert (made.project.name, made.created, made.project.path) == ("api", True, "/src/api")
        assert made.project.git_remote_url == "github.com/ada/api"
        again = await yard.init(replace(API, cwd="/wt", top="/wt"))
        assert (again.project.id, again.created) == (made.project.id, False)
        notes = await yard.init(Place("/notes"), "my notes")
        assert (notes.project.name, notes.identities) == ("my notes", (("path", "/notes"),))
        assert (await yard.waiting()).count(("create", "project")) == 2
        with pytest.raises(Conflict, match="is the project 'api' already"):
            await yard.init(API, "other")
        with pytest.raises(Conflict, match="There is a project 'api' already"):
            await yard.init(Place("/elsewhere"), "api")

    in_yard(tmp_path, scenario)


def test_what_is_found_out_never_replaces_what_was_said(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        made = (await yard.init(API)).project
        await yard.projects.set(yard.kit.actor, "api", {"language": "zig", "description": "ours"}, (), ())
        traits = Traits("python", "django", "web")
        assert await yard.projects.learn(yard.kit.actor, made.id, traits, "trunk", ROOT, new=True) is None
        known = await yard.show("api")
        assert (known.project.language, known.project.framework) == ("zig", "django")
        assert (known.project.git_branch, known.project.description) == ("trunk", "ours")
        assert ("root_commit", ROOT) in known.identities
        rev = known.project.rev
        await yard.projects.learn(yard.kit.actor, made.id, traits, "trunk", ROOT, new=False)
        assert (await yard.show("api")).project.rev == rev, "nothing new, nothing written"

    in_yard(tmp_path, scenario)


def test_a_new_clone_of_a_known_first_commit_is_merged(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        api, fork = (await yard.init(API)).project, (await yard.init(FORK)).project
        actor = yard.kit.actor
        await yard.projects.learn(actor, api.id, Traits(), None, ROOT, new=True)
        assert await yard.projects.learn(actor, fork.id, Traits(), None, ROOT, new=False) is None
        merged = await yard.projects.learn(actor, fork.id, Traits(), None, ROOT, new=True)
        assert merged is not None and merged.target.id == api.id
        assert (await yard.show("fork")).project.id == api.id
        assert await yard.projects.learn(actor, fork.id, Traits(), None, ROOT, new=True) is None

    in_yard(tmp_path, scenario)


def test_fields_are_set_and_taken_away(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await yard.init(API)
        actor = yard.kit.actor
        changes = {"project_type": "api", "config": {"default_decay_rate": 0.2}}
        shown, changed = await yard.projects.set(actor, "api", changes, ("back", "old one"), ())
        assert changed == ("project_type", "config", "aliases")
        assert (shown.project.config, shown.project.rev) == ({"default_decay_rate": 0.2}, 2)
        assert (await yard.show("old one")).project.name == "api"
        shown, changed = await yard.projects.set(actor, "back", {"project_type": None}, (), ("back",))
        assert (shown.project.project_type, changed) == (None, ("project_type", "aliases"))
        for wrong in ("back", "api", "/src/api/.git"):
            with pytest.raises(InvalidInput):
                await yard.projects.set(actor, "api", {}, (), (wrong,))
        await yard.init(FORK)
        with pytest.raises(Conflict, match="means the project 'api'"):
            await yard.projects.set(actor, "fork", {}, ("old one",), ())

    in_yard(tmp_path, scenario)


def test_a_renamed_project_is_found_by_both_names(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        api = (await yard.init(API)).project
        await yard.init(FORK)
        actor = yard.kit.actor
        assert (await yard.projects.rename(actor, "api", "backend")).project.name == "backend"
        assert (await yard.show("api")).project.id == api.id
        assert (
            await yard.init(replace(FORK, common_dir="/third/.git", remote="x.org/eve/api"))
        ).project.name == "eve-api"
        for taken in ("fork", "eve-api"):
            with pytest.raises(Conflict):
                await yard.projects.rename(actor, "backend", taken)
        back = await yard.projects.rename(actor, "backend", "api")
        assert [value for kind, value in back.identities if kind == "alias"] == ["backend"]
        assert yard.voided >= 5

    in_yard(tmp_path, scenario)


def test_an_archived_project_leaves_the_list_and_keeps_its_memories(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await yard.init(API)
        await yard.kit.add("a decision", project="api")
        await yard.projects.archive(yard.kit.actor, "api", restore=False)
        assert (await yard.names(), await yard.names(archived=True)) == ([], ["api"])
        assert (await yard.show("api")).memories == 1
        await yard.projects.archive(yard.kit.actor, "api", restore=True)
        assert (await yard.names(), await yard.names(archived=True)) == (["api"], [])

    in_yard(tmp_path, scenario)


def test_the_list_is_in_the_order_of_use_and_by_type(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        api = (await yard.init(API)).project
        yard.kit.clock.move(hours=1)
        await yard.init(FORK)
        assert await yard.names() == ["fork", "api"]
        listed = {item.project.name: item.identities for item in await yard.projects.page(yard.kit.actor, False)}
        assert listed == {name: (await yard.show(name)).identities for name in ("api", "fork")}
        rev = (await yard.show("api")).project.rev
        await yard.kit.storage.write(lambda tx: tx.projects.accessed(api.id, "2027-01-01T00:00:00.000Z"))
        assert await yard.names() == ["api", "fork"]
        assert (await yard.show("api")).project.rev == rev, "a counter has no revision"
        await yard.projects.set(yard.kit.actor, "fork", {"project_type": "web"}, (), ())
        assert [item.project.name for item in await yard.projects.page(yard.kit.actor, False, "web")] == ["fork"]

    in_yard(tmp_path, scenario)


def test_private_memories_are_counted_for_their_user_alone(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await yard.init(API)
        await yard.kit.add("open", project="api")
        await yard.kit.add("hidden", project="api", is_private=True)
        others = replace(yard.kit.actor, shared=True)
        assert (await yard.show("api")).memories == 2
        assert (await yard.projects.show(others, "api")).memories == 1
        assert [item.memories for item in await yard.projects.page(others, False)] == [1]

    in_yard(tmp_path, scenario)


async def _two(yard: Yard) -> tuple[str, str]:
    """A fork with memories, a session and an alias; and api, which has one of them from the same source."""
    api, fork = (await yard.init(API)).project.id, (await yard.init(FORK)).project.id
    await yard.projects.set(yard.kit.actor, "fork", {}, ("mine",), ())
    await yard.kit.add("first", project="fork", memory_type="decision")
    await yard.kit.add("second", project="fork", session="work")
    await yard.kit.add("theirs", project="fork", external_id="7")
    await yard.kit.add("ours", project="api", external_id="7")
    gone = await yard.kit.add("forgotten", project="fork")
    await yard.kit.lifecycle.forget(yard.kit.actor, [gone], None, False)
    return api, fork


def test_a_merge_moves_everything_and_is_undone_as_a_whole(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        api, fork = await _two(yard)
        actor, before = yard.kit.actor, await yard.rows()
        identities = (await yard.show("fork")).identities
        planned = await yard.projects.merge(actor, "fork", "api", None, dry_run=True)
        assert (planned.moved, planned.left, planned.sessions, planned.change_set) == (3, 1, 1, None)
        assert await yard.rows() == before

        merged = await yard.projects.merge(actor, "mine", "api", "one code", dry_run=False)
        assert (merged.moved, merged.left, merged.sessions) == (3, 1, 1)
        after = await yard.rows()
        assert {title: memory.project_id for title, memory in after.items()} == {
            "first": api, "second": api, "theirs": fork, "ours": api, "forgotten": api,
        }  # fmt: skip
        assert (after["theirs"].is_archived, after["forgotten"].is_archived) == (True, True)
        assert (await yard.names(), await yard.names(archived=True)) == (["api"], ["fork"])
        assert {(await yard.show(name)).project.id for name in ("mine", "fork")} == {api}
        assert (await yard.init(FORK)).project.id == api, "its repository is api's now"

        undone = await yard.kit.history.undo(actor, merged.change_set)
        assert len(undone.memories) == 4
        back = await yard.rows()
        assert {title: _state(row) for title, row in back.items()} == {t: _state(row) for t, row in before.items()}
        assert (await yard.show("fork")).identities == identities
        assert sorted(await yard.names()) == ["api", "fork"]
        assert (await yard.init(FORK)).project.id == fork

        redone = await yard.kit.history.undo(actor, undone.undone_by)
        assert len(redone.memories) == 4
        assert (await yard.names(), (await yard.show("mine")).project.id) == (["api"], api)

    in_yard(tmp_path, scenario)


def _state(memory: Memory) -> tuple[object, ...]:
    return memory.project_id, memory.session_id, memory.is_archived, memory.layers, memory.content


def test_others_are_not_told_how_many_private_memories_moved(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await _two(yard)
        await yard.kit.add("hidden", project="fork", is_private=True)
        others = replace(yard.kit.actor, shared=True)
        assert (await yard.projects.merge(others, "fork", "api", None, dry_run=True)).moved == 3
        merged = await yard.projects.merge(others, "fork", "api", None, dry_run=False)
        assert (merged.moved, (await yard.rows())["hidden"].project_id) == (3, merged.target.id)

    in_yard(tmp_path, scenario)


def test_an_empty_project_is_merged_and_parted(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await yard.init(API)
        await yard.init(FORK)
        merged = await yard.projects.merge(yard.kit.actor, "fork", "api", None, dry_run=False)
        assert (merged.moved, (await yard.show("fork")).project.name) == (0, "api")
        assert (await yard.init(FORK)).project.name == "api"
        await yard.kit.history.undo(yard.kit.actor, merged.change_set)
        assert (await yard.init(FORK)).project.name == "fork"

    in_yard(tmp_path, scenario)


def test_a_merge_wants_two_projects_that_there_are(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await yard.init(API)
        with pytest.raises(InvalidInput, match="are one project"):
            await yard.projects.merge(yard.kit.actor, "api", "api", None, dry_run=False)
        with pytest.raises(NotFound) as raised:
            await yard.projects.merge(yard.kit.actor, "apy", "api", None, dry_run=False)
        assert raised.value.hint == "Did you mean api?"

    in_yard(tmp_path, scenario)


def test_an_inactive_user_changes_no_project(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        await yard.init(API)
        await yard.init(FORK)
        actor = yard.kit.actor
        await yard.kit.storage.write(lambda tx: tx.users.update(actor.user_id, {"is_active": 0}))
        before = [await yard.show("api"), await yard.show("fork")]
        for attempt in (
            yard.init(Place("/new")), yard.init(API), yard.projects.rename(actor, "api", "x"),
            yard.projects.set(actor, "api", {"language": "go"}, (), ()),
            yard.projects.set(actor, "api", {}, ("x",), ()),
            yard.projects.archive(actor, "api", False), yard.projects.merge(actor, "fork", "api", None, False),
            yard.projects.learn(actor, before[0].project.id, Traits("go"), None, None, True),
        ):  # fmt: skip
            with pytest.raises(Forbidden):
                await attempt
        assert [await yard.show("api"), await yard.show("fork")] == before

    in_yard(tmp_path, scenario)


def test_each_change_of_a_project_is_what_undo_stops_at_and_none_when_nothing_changed(tmp_path: Path) -> None:
    async def scenario(yard: Yard) -> None:
        actor, projects = yard.kit.actor, yard.projects
        kept = await yard.kit.add("keep me")
        text = {"description": "x"}
        steps: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("'api' was made", lambda: yard.init(API)),
            ("description of the project .api. was", lambda: projects.set(actor, "api", text, (), ())),
            ("aliases of the project 'api' was set", lambda: projects.set(actor, "api", {}, ("a",), ())),
            ("'api' was renamed 'core'", lambda: projects.rename(actor, "api", "core")),
            ("'core' was archived", lambda: projects.archive(actor, "core", False)),
            ("'core' was brought back", lambda: projects.archive(actor, "core", True)),
        ]
        for said, step in steps:
            yard.kit.clock.move(seconds=1)
            await step()
            with pytest.raises(Conflict, match=said):
                await yard.kit.history.undo(actor, None)
        assert not (await yard.kit.memories.get(actor, kept)).memory.is_archived
        before = await Timeline(yard.kit.storage).changes(actor, 99, 0)
        await yard.init(API)
        await projects.set(actor, "core", text, (), ())
        await projects.rename(actor, "core", "core")
        await projects.archive(actor, "core", True)
        assert await Timeline(yard.kit.storage).changes(actor, 99, 0) == before

    in_yard(tmp_path, scenario)
