"""Sessions on a real store: which one is current where, and what is in them.

Not their end (test_service_endings.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.config import Config
from lmem.domain.memories import Draft
from lmem.domain.scope import Place
from lmem.domain.sessions import Query, queries_of
from lmem.errors import AmbiguousId, Conflict, Forbidden, NotFound
from lmem.service import names
from lmem.service.activity import Activity
from lmem.service.sessions import Wanted
from tests.unit.service.session_desk import HERE, THERE, Desk, desk


def test_a_session_is_current_in_its_directory_alone(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        here = await desk.start("one")
        assert await desk.current(HERE) == here
        assert await desk.current(f"{HERE}/deep/down") is None  # the place's top is the working tree's
        assert await desk.current(THERE) is None
        there = await desk.start("two", THERE)
        assert (await desk.current(HERE), await desk.current(THERE)) == (here, there)

    desk(tmp_path, scenario)


def test_a_session_knows_its_place_goal_and_files(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        wanted = Wanted(None, "more", "no lost upload", ("a.py",))
        place = Place(HERE, HERE, branch="uploads", commit="c" * 40)
        made = (await desk.sessions.start(desk.kit.actor, wanted, await desk.scope(), place)).session
        assert (made.name, made.git_branch, made.git_commit, made.working_directory) == (
            "uploads", "uploads", "c" * 40, HERE,
        )  # fmt: skip
        assert made.context == {"goal": "no lost upload", "files": ["a.py"]}
        assert (await desk.sessions.show(desk.kit.actor, made.id, await desk.scope())).session == made

    desk(tmp_path, scenario)


def test_who_has_no_current_session_is_told_of_the_open_ones(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        with pytest.raises(NotFound, match="There is no session here"):
            await desk.sessions.show(desk.kit.actor, ".", await desk.scope())
        one = await desk.start("one", THERE)
        with pytest.raises(NotFound, match="No session is current here") as caught:
            await desk.sessions.show(desk.kit.actor, ".", await desk.scope())
        assert f"Open: one ({one[:8]}, active)." in caught.value.hint
        assert "'lmem session resume ID'" in caught.value.hint
        for name in ("two", "three", "four"):
            await desk.start(name, THERE)
        with pytest.raises(NotFound) as caught:
            await desk.sessions.show(desk.kit.actor, ".", await desk.scope())
        assert ") and more." in caught.value.hint and caught.value.hint.count("(") == 3

    desk(tmp_path, scenario)


def test_a_second_session_pauses_the_first_and_switching_goes_back(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        one, two = await desk.start("one"), await desk.start("two")
        assert await desk.current() == two
        turned = await desk.sessions.switch(desk.kit.actor, "one", await desk.scope(), Place(HERE, HERE))
        assert turned.session.id == one
        assert turned.paused is not None and turned.paused.id == two
        assert await desk.current() == one
        rows = await desk.sessions.page(desk.kit.actor, None, None, False, 10)
        assert {row.id: row.state for row, _ in rows} == {one: "active", two: "paused"}

    desk(tmp_path, scenario)


def test_an_open_session_keeps_its_name_and_a_branch_gives_a_free_one(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.start("one")
        with pytest.raises(Conflict, match="open session 'one'"):
            await desk.start("one")
        await desk.start()
        second = await desk.start()
        assert (await desk.sessions.show(desk.kit.actor, second, await desk.scope())).session.name == "main-2"

    desk(tmp_path, scenario)


def test_a_part_of_a_session_sees_its_parents(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        one = await desk.start("one")
        two = await desk.start("two", parent=".")
        three = await desk.start("three", parent="two")
        assert (await desk.scope()).lineage == (three, two, one)
        shown = await desk.sessions.show(desk.kit.actor, "two", await desk.scope())
        assert [parent.id for parent in shown.parents] == [one]
        assert [child.id for child in shown.children] == [three]
        with pytest.raises(NotFound):
            await desk.start("four", parent="nobody")

    desk(tmp_path, scenario)


def test_what_is_added_belongs_to_the_current_session_in_order(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        session = await desk.start("one")
        ids = [await desk.add(text) for text in ("first", "second", "third")]
        elsewhere = await desk.add("elsewhere", THERE)
        shown = await desk.sessions.show(desk.kit.actor, session, await desk.scope())
        assert [memory.id for _, memory in shown.items] == ids
        assert [member.position for member, _ in shown.items] == [1, 2, 3]
        assert (await desk.kit.memories.get(desk.kit.actor, elsewhere)).memory.session_id is None
        assert (await desk.kit.memories.get(desk.kit.actor, ids[0])).memory.layers.names == ("session",)

    desk(tmp_path, scenario)


def test_entries_of_the_audit_log_name_the_session(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        session = await desk.start("one")
        memory = await desk.add("words")
        links = await desk.kit.storage.read(lambda tx: tx.audit.links(0, 100))
        assert [link.fields[2] for link in links if link.fields[5] == memory] == [session]

    desk(tmp_path, scenario)


def test_a_full_session_takes_nothing_more_until_there_is_room(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.start("one")
        scope, few = await desk.scope(), _at_most(desk.kit.settings.of(None), 2)
        add = desk.kit.memories.add
        first, second, third = (Draft(text, text) for text in ("first", "second", "third"))
        made = await add(desk.kit.actor, first, scope, config=few)
        await add(desk.kit.actor, second, scope, config=few)
        with pytest.raises(Conflict, match="2 memories") as refused:
            await add(desk.kit.actor, third, scope, config=few)
        assert "lmem session end" in refused.value.hint
        assert await desk.kit.storage.read(lambda tx: tx.memories.count(desk.kit.everything)) == 2
        await desk.kit.lifecycle.purge(desk.kit.actor, [made.memory.id], dry_run=False)
        await add(desk.kit.actor, third, scope, config=few)

    desk(tmp_path, scenario)


def _at_most(config: Config, most: int) -> Callable[[str | None], Config]:
    values = {**config.values, "max_memories_per_session": most}
    return lambda project_id: replace(config, values=values)


def test_focus_is_a_flag_and_brings_a_memory_from_elsewhere(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        session, actor = await desk.start("one"), desk.kit.actor
        inside, outside = await desk.add("inside"), await desk.add("outside", THERE)
        _, changed = await desk.sessions.focus(actor, ".", [inside, outside[:8]], True, await desk.scope())
        assert {memory.id for memory in changed} == {inside, outside}
        _, again = await desk.sessions.focus(actor, ".", [inside], True, await desk.scope())
        assert again == []
        await desk.sessions.focus(actor, ".", [inside], False, await desk.scope())
        shown = await desk.sessions.show(actor, session, await desk.scope())
        assert {memory.id: member.working_memory for member, memory in shown.items} == {inside: False, outside: True}
        assert (await desk.kit.memories.get(actor, outside)).memory.session_id is None

    desk(tmp_path, scenario)


def test_others_than_the_user_see_no_private_member(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.start("one")
        secret, plain = await desk.add("mine", is_private=True), await desk.add("ours")
        agent = replace(desk.kit.actor, shared=True)
        shown = await desk.sessions.show(agent, ".", await desk.scope())
        assert [memory.id for _, memory in shown.items] == [plain]
        with pytest.raises(NotFound):
            await desk.sessions.focus(agent, ".", [secret], True, await desk.scope())

    desk(tmp_path, scenario)


def test_a_session_is_found_by_name_id_and_prefix(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        one = await desk.start("retry uploads")
        two = await desk.start("flaky", THERE)
        actor = desk.kit.actor

        async def found(text: str) -> str:
            return await desk.kit.storage.read(lambda tx: names.session(tx, actor, text, None))

        assert (await found("retry uploads"), await found(one), await found(two[:8])) == (one, one, two)
        with pytest.raises(NotFound) as refused:
            await found("retry upload")
        assert "retry uploads" in refused.value.hint
        clash = await desk.kit.storage.read(lambda tx: tx.sessions.find(one))
        assert clash is not None
        twin = one[:8] + two[8:]
        await desk.kit.storage.write(lambda tx: tx.sessions.insert(replace(clash, id=twin, name="twin")))
        with pytest.raises(AmbiguousId):
            await found(one[:8])

    desk(tmp_path, scenario)


def test_a_name_in_a_project_does_not_mean_that_of_another(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        api, web = await desk.in_project("api"), await desk.in_project("web")
        actor, place = desk.kit.actor, Place(HERE, HERE)
        one = (await desk.sessions.start(actor, Wanted("monday"), api, place)).session
        two = (await desk.sessions.start(actor, Wanted("monday"), web, Place(THERE, THERE))).session

        async def found(project_id: str | None) -> str:
            return await desk.kit.storage.read(lambda tx: names.session(tx, actor, "monday", project_id))

        assert (await found(api.project_id), await found(web.project_id)) == (one.id, two.id)
        with pytest.raises(Conflict, match="another project"):
            await desk.sessions.switch(actor, one.id, web, Place(THERE, THERE))

    desk(tmp_path, scenario)


def test_a_bulk_session_is_a_record_that_is_current_nowhere(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.kit.add("line", project="api", session="monday")
        rows = await desk.sessions.page(desk.kit.actor, None, None, False, 10)
        assert [(row.name, row.state, count) for row, count in rows] == [("monday", "paused", 1)]
        desk.kit.clock.move(days=400)
        assert await desk.endings.close_idle(desk.kit.clock.now()) == []

    desk(tmp_path, scenario)


def test_a_session_remembers_what_was_asked_in_it_and_that_it_goes_on(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        session = await desk.start("one")
        activity = Activity(desk.kit.storage, desk.kit.clock, b"key")
        desk.kit.clock.move(hours=2)
        inside = replace(desk.kit.actor, session_id=session)
        activity.searched(inside, "why WAL", [])
        activity.searched(desk.kit.actor, "nothing of this session", [])
        activity.worked(session, file="a.py")
        await activity.flush()
        found = (await desk.sessions.show(desk.kit.actor, session, await desk.scope())).session
        assert queries_of(found.context) == [Query("why WAL", "test")]
        assert found.context["files"] == ["a.py"]
        assert found.last_active_at == "2026-11-22T14:00:00.000Z"

    desk(tmp_path, scenario)


def test_a_user_who_is_not_active_starts_nothing(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.start("one")
        await desk.kit.storage._database.write(lambda connection: connection.execute("UPDATE users SET is_active = 0"))
        with pytest.raises(Forbidden):
            await desk.start("two")
        with pytest.raises(Forbidden):
            await desk.sessions.switch(desk.kit.actor, "one", await desk.scope(), Place(HERE, HERE))

    desk(tmp_path, scenario)
