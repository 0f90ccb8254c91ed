"""The end of a session on a real store: what joins its project, what fades, and what brings it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmem.domain.memories import Draft, Memory
from lmem.domain.scope import Place, Scope
from lmem.errors import Conflict, NotFound
from lmem.service.endings import Ended
from lmem.service.sessions import Wanted
from tests.unit.service.session_desk import HERE, THERE, Desk, desk


async def _begun(desk: Desk) -> Scope:
    """A session of the project api, current HERE; its scope."""
    api = await desk.in_project("api")
    made = await desk.sessions.start(desk.kit.actor, Wanted("one"), api, Place(HERE, HERE))
    return replace(api, session_id=made.session.id, lineage=(made.session.id,))


async def _add(desk: Desk, scope: Scope, content: str, **fields: object) -> str:
    draft = Draft(content, content, **fields)  # type: ignore[arg-type]
    return (await desk.kit.memories.add(desk.kit.actor, draft, scope)).memory.id


async def _now(desk: Desk, memory_id: str) -> Memory:
    return (await desk.kit.memories.get(desk.kit.actor, memory_id)).memory


async def _end(desk: Desk, scope: Scope, dry_run: bool = False) -> Ended:
    return await desk.endings.end(desk.kit.actor, ".", scope, None, dry_run)


def _ids(moved: tuple[object, ...]) -> set[str]:
    return {item.memory.id for item in moved}  # type: ignore[attr-defined]


def test_what_mattered_joins_the_project_and_the_rest_fades(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        scope = await _begun(desk)
        important = await _add(desk, scope, "important", importance=0.6)
        pinned = await _add(desk, scope, "pinned", decay_rate=0.0)
        read = await _add(desk, scope, "read often")
        await desk.kit.storage.write(lambda tx: tx.memories.touch({read: 3}, "2026-11-22T13:00:00.000Z"))
        task = await _add(desk, scope, "an open task", memory_type="task")
        closed = await _add(desk, scope, "a closed task", memory_type="task")
        _, progress = await desk.kit.lifecycle.done(desk.kit.actor, closed, False, None, None)
        note = await _add(desk, scope, "a note")
        decision = await _add(desk, scope, "a decision", memory_type="decision")
        before = await _now(desk, decision)
        ended = await _end(desk, scope)
        assert _ids(ended.promoted) == {important, pinned, read, task}
        assert _ids(ended.faded) == {note, closed}
        for memory_id in (important, pinned, read, task):
            found = await _now(desk, memory_id)
            assert (found.layers.names, found.project_id) == (("project",), scope.project_id)
        for memory_id in (note, closed):
            assert (await _now(desk, memory_id)).layers.names == ("temporal",)
        assert await _now(desk, decision) == before  # it was never a memory of the session layer
        assert ended.session.state == "ended" and progress.id not in _ids(ended.promoted)

    desk(tmp_path, scenario)


def test_undo_brings_back_the_exact_rows(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        scope = await _begun(desk)
        ids = [await _add(desk, scope, "important", importance=0.9), await _add(desk, scope, "a note")]
        before = [await _now(desk, memory_id) for memory_id in ids]
        ended = await _end(desk, scope)
        assert await desk.current() is None
        undone = await desk.kit.history.undo(desk.kit.actor, ended.change_set)
        assert (undone.kind, [item.state for item in undone.reopened]) == ("session-end", ["active"])
        desk.scopes.changed()
        assert await desk.current() == scope.session_id
        after = [await _now(desk, memory_id) for memory_id in ids]
        assert [replace(row, rev=1, updated_at="") for row in after] == [
            replace(row, rev=1, updated_at="") for row in before
        ]

    desk(tmp_path, scenario)


def test_a_session_whose_end_is_undone_is_paused_where_another_is_current(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        scope = await _begun(desk)
        await _add(desk, scope, "a note")
        ended = await _end(desk, scope)
        other = await desk.start("other")
        undone = await desk.kit.history.undo(desk.kit.actor, ended.change_set)
        assert [(item.id, item.state) for item in undone.reopened] == [(scope.session_id, "paused")]
        desk.scopes.changed()
        assert await desk.current() == other
        assert undone.undone_by is not None
        again = await desk.kit.history.undo(desk.kit.actor, undone.undone_by)
        assert again.reopened == ()

    desk(tmp_path, scenario)


def test_a_dry_run_says_the_same_and_does_nothing(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        scope = await _begun(desk)
        ids = [await _add(desk, scope, "important", importance=0.9), await _add(desk, scope, "a note")]
        before = [await _now(desk, memory_id) for memory_id in ids]
        planned = await _end(desk, scope, dry_run=True)
        assert planned.change_set is None and planned.session.state == "active"
        assert [await _now(desk, memory_id) for memory_id in ids] == before
        done = await _end(desk, scope)
        assert (_ids(done.promoted), _ids(done.faded)) == (_ids(planned.promoted), _ids(planned.faded))

    desk(tmp_path, scenario)


def test_an_ended_session_has_no_context_window(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        session = await desk.start("one")
        ids = [await desk.add("first"), await desk.add("second")]

        async def window() -> dict[str, int | None]:
            members = await desk.kit.storage.read(lambda tx: tx.members.of(session))
            return {member.memory_id: member.context_window_position for member in members}

        await desk.kit.storage.write(lambda tx: tx.members.show(session, ids[::-1]))
        assert await window() == {ids[1]: 1, ids[0]: 2}
        await desk.kit.storage.write(lambda tx: tx.members.show(session, ids[:1]))
        assert await window() == {ids[0]: 1, ids[1]: None}
        await desk.endings.end(desk.kit.actor, ".", await desk.scope(), None)
        assert set((await window()).values()) == {None}

    desk(tmp_path, scenario)


def test_without_a_project_nothing_is_promoted_and_nothing_becomes_global(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.start("one")
        important = await desk.add("important", importance=0.9)
        ended = await desk.endings.end(desk.kit.actor, ".", await desk.scope(), None)
        assert (await _now(desk, important)).layers.names == ("temporal",)
        assert [item.because for item in ended.faded] == ["importance 0.9, but there is no project to join"]

    desk(tmp_path, scenario)


def test_the_end_of_an_empty_session_is_undone_too_and_nothing_older(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        kept = await desk.add("keep me")
        desk.kit.clock.move(seconds=1)
        session = await desk.start("one")
        desk.kit.clock.move(seconds=1)
        ended = await desk.endings.end(desk.kit.actor, ".", await desk.scope(), None)
        assert (ended.session.id, ended.promoted, ended.faded) == (session, (), ())
        with pytest.raises(Conflict, match="ended already"):
            await desk.endings.end(desk.kit.actor, "one", await desk.scope(), None)
        with pytest.raises(NotFound):
            await desk.endings.end(desk.kit.actor, ".", await desk.scope(), None)
        undone = await desk.kit.history.undo(desk.kit.actor, None)
        assert (undone.kind, undone.change_set, undone.memories) == ("session-end", ended.change_set, ())
        assert [item.id for item in undone.reopened] == [session]
        desk.scopes.changed()
        assert await desk.current() == session
        with pytest.raises(Conflict, match="the session 'one' was started") as caught:
            await desk.kit.history.undo(desk.kit.actor, None)
        assert "lmem session end" in (caught.value.hint or "")
        assert not (await _now(desk, kept)).is_archived

    desk(tmp_path, scenario)


def test_an_empty_session_that_nobody_ended_leaves_no_change(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.start("one")
        desk.kit.clock.move(hours=13)
        (ended,) = await desk.endings.close_idle(desk.kit.clock.now())
        assert ended.change_set is None

    desk(tmp_path, scenario)


def test_what_was_added_by_name_to_an_ended_session_is_refused(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        scope = await _begun(desk)
        await _end(desk, scope)
        with pytest.raises(Conflict, match="has ended") as refused:
            await _add(desk, scope, "too late")
        assert "lmem session resume" in refused.value.hint

    desk(tmp_path, scenario)


def test_the_parent_is_current_again(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        one = await desk.start("one")
        await desk.start("two", parent=".")
        ended = await desk.endings.end(desk.kit.actor, ".", await desk.scope(), None)
        assert ended.next is not None and ended.next.id == one
        assert await desk.current() == one

    desk(tmp_path, scenario)


def test_resume_opens_a_session_and_brings_back_what_faded(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        scope = await _begun(desk)
        important = await _add(desk, scope, "important", importance=0.9)
        note = await _add(desk, scope, "a note")
        await _end(desk, scope)
        turned = await desk.sessions.resume(desk.kit.actor, None, await desk.scope(), Place(HERE, HERE))
        assert (turned.session.id, turned.session.state) == (scope.session_id, "active")
        assert [memory.id for memory in turned.returned] == [note]
        assert (await _now(desk, note)).layers.names == ("session",)
        assert (await _now(desk, important)).layers.names == ("project",)
        assert await desk.current() == scope.session_id
        await desk.kit.history.undo(desk.kit.actor, turned.change_set)
        assert (await _now(desk, note)).layers.names == ("temporal",)
        with pytest.raises(NotFound):
            await desk.sessions.resume(desk.kit.actor, None, await desk.scope(), Place(THERE, THERE))

    desk(tmp_path, scenario)


def test_others_than_the_user_are_told_nothing_of_private_memories_but_they_move(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        scope = await _begun(desk)
        private = await _add(desk, scope, "mine", importance=0.9, is_private=True)
        ours = await _add(desk, scope, "ours", importance=0.9)
        agent = replace(desk.kit.actor, shared=True)
        ended = await desk.endings.end(agent, ".", scope, None)
        assert _ids(ended.promoted) == {ours}
        assert (await _now(desk, private)).layers.names == ("project",)

    desk(tmp_path, scenario)


def test_an_idle_session_ends_by_itself(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        idle = await desk.start("idle")
        desk.kit.clock.move(hours=11)
        busy = await desk.start("busy", THERE)
        desk.kit.clock.move(hours=1)
        assert await desk.endings.close_idle(desk.kit.clock.now()) == []
        desk.kit.clock.move(minutes=1)
        desk.scopes.changed()  # two seconds of the monotonic clock have not passed
        assert await desk.current() is None, "it is current nowhere, before it is closed too"
        ended = await desk.endings.close_idle(desk.kit.clock.now())
        assert [item.session.id for item in ended] == [idle]
        assert await desk.current(THERE) == busy
        assert await desk.endings.close_idle(desk.kit.clock.now()) == []

    desk(tmp_path, scenario)


def test_idle_hours_are_a_setting_and_0_is_never(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        session = await desk.start("one")
        desk.kit.clock.move(days=400)
        desk.idle_hours = 0
        desk.scopes.changed()
        assert await desk.endings.close_idle(desk.kit.clock.now()) == []
        assert await desk.current() == session
        desk.idle_hours = 24 * 399
        assert [item.session.id for item in await desk.endings.close_idle(desk.kit.clock.now())] == [session]

    desk(tmp_path, scenario)


def test_idle_parts_end_before_their_parent_and_nobody_goes_back(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        one = await desk.start("one")
        two = await desk.start("two", parent=".")
        desk.kit.clock.move(days=2)
        ended = await desk.endings.close_idle(desk.kit.clock.now())
        assert [item.session.id for item in ended] == [two, one]
        assert all(item.next is None for item in ended)

    desk(tmp_path, scenario)


def test_a_part_at_work_keeps_its_parent_open(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.start("one")
        desk.kit.clock.move(days=2)
        await desk.start("two", parent="one")
        assert await desk.endings.close_idle(desk.kit.clock.now()) == []

    desk(tmp_path, scenario)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from(["note", "task", "progress", "decision"]), st.booleans()), max_size=8
    )
)
def test_every_row_of_the_layer_leaves_it_once_and_undo_restores_it(
    tmp_path_factory: pytest.TempPathFactory, drafts: list[tuple[float, str, bool]]
) -> None:
    async def scenario(desk: Desk) -> None:
        scope = await _begun(desk)
        ids = [
            await _add(desk, scope, f"memory {n}", importance=share, memory_type=kind, is_private=private)
            for n, (share, kind, private) in enumerate(drafts)
        ]
        before = {memory_id: await _now(desk, memory_id) for memory_id in ids}
        ended = await _end(desk, scope)
        moved = [item.memory.id for item in (*ended.promoted, *ended.faded, *ended.kept)]
        assert sorted(moved) == sorted(item for item in ids if "session" in before[item].layers)
        assert not [item for item in ids if "session" in (await _now(desk, item)).layers]
        if ended.change_set is not None:
            await desk.kit.history.undo(desk.kit.actor, ended.change_set)
        for memory_id, row in before.items():
            found = await _now(desk, memory_id)
            assert replace(found, rev=row.rev, updated_at=row.updated_at) == row

    desk(tmp_path_factory.mktemp("ends"), scenario)
