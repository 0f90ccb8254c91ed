"""Random histories: one row for life, flags as expected, undo restores exact rows, as-of equals a replay.

Adds, edits, moves, promotions, decay, pins, archiving, merging, done tasks, restored versions, undo and redo, purges
and clocks that jump in both directions, against a model that remembers whole rows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmem.domain.filters import Filter
from lmem.domain.history import AsOf
from lmem.domain.layers import LAYERS, Layers
from lmem.domain.memories import Memory, title_of
from lmem.domain.scope import NOWHERE
from lmem.errors import Conflict, NotFound
from lmem.service.decay import Decay
from lmem.service.endings import Endings
from lmem.service.layers import LayerMoves
from lmem.service.past import Past
from lmem.service.superseding import Superseding
from tests.unit.properties import PROPERTY
from tests.unit.service.histories import Entry, Model, added, kept, with_layers
from tests.unit.service.service_kit import Kit, drive

WORDS = ("amber", "basalt", "cobalt", "dolomite", "emerald", "feldspar")
SETS = (("session",), ("project",), ("global",), ("temporal",), ("session", "project"), ("project", "temporal"))
STEPS = (
    "add", "add", "add_backdated", "task", "edit", "edit", "flags", "move", "forget", "restore", "version", "merge",
    "done", "undo", "undo", "undo_one", "undo_one", "promote", "purge", "clock", "clock_back",
    "decay", "decay", "pin",
)  # fmt: skip


class History:
    """The steps, each with what it should do."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.model = Model(kit)
        self.sessions = 0

    async def step(self, name: str, one: int, two: int) -> None:
        await getattr(self, f"_{name}")(one, two)

    async def _add(self, one: int, two: int, **fields: object) -> None:
        word = WORDS[one % len(WORDS)]
        session = f"session {self.sessions}" if two % 3 == 0 else None
        layers = ("session", "global") if session else (LAYERS[1 + two % 3],)
        memory_id = await self.kit.add(
            f"{word} number {len(self.model.past)} of {one} and {two}", layers=layers, project="api",
            importance=(one % 11) / 10, session=session, **fields,
        )  # fmt: skip
        made = (await self.model.stored())[memory_id]
        assert made.layers.names == layers and not made.is_archived and made.rev == 1
        await self.model.settle({**self.model.rows, memory_id: made}, Entry(None, "add", {memory_id: added(made)}))

    async def _add_backdated(self, one: int, two: int) -> None:
        await self._add(one, two, created_at=self.kit.clock.moment - timedelta(days=one * 3 + 1))

    async def _task(self, one: int, two: int) -> None:
        await self._add(one, two, memory_type="task")

    async def _change(self, before: Memory, after: Memory, number: int | None, kind: str) -> None:
        entry = None if number is None else Entry(number, kind, {before.id: before})
        await self.model.settle({**self.model.rows, before.id: after}, entry)

    async def _edit(self, one: int, two: int) -> None:
        if not self.model.rows:
            return
        before = self._some(one)
        content = f"{WORDS[two % len(WORDS)]} edited {two}"
        edited = await self.kit.memories.edit(self.kit.actor, before.id, {"content": content}, None)
        title = title_of(content) if before.title == title_of(before.content) else before.title
        await self._change(before, replace(before, content=content, title=title), edited.change_set, "edit")

    async def _flags(self, one: int, two: int) -> None:
        if not self.model.rows:
            return
        before = self._some(one)
        changes = {
            "importance_score": (two % 7) / 7, "tags": WORDS[: two % 3], "summary": WORDS[two % 6] if two % 2 else None,
            "category": "rocks" if two % 5 else None, "is_private": two % 4 == 0,
        }  # fmt: skip
        edited = await self.kit.memories.edit(self.kit.actor, before.id, changes, "flags")
        await self._change(before, replace(before, **changes), edited.change_set, "edit")  # type: ignore[arg-type]

    async def _move(self, one: int, two: int) -> None:
        wanted = SETS[two % len(SETS)]
        if not self.model.rows or ("session" in wanted and self._some(one).session_id is None):
            return
        before = self._some(one)
        moves = LayerMoves(self.kit.storage, self.kit.clock, lambda: None)
        moved = await moves.move(self.kit.actor, before.id, Layers(wanted), NOWHERE, None)
        await self._change(before, with_layers(before, *wanted), moved.change_set, "move")

    async def _forget(self, one: int, two: int) -> None:
        await self._archive(sorted({self._some(one).id, self._some(two).id}) if self.model.rows else [], True)

    async def _restore(self, one: int, two: int) -> None:
        await self._archive([self._some(one).id] if self.model.rows else [], False)

    async def _archive(self, ids: list[str], archived: bool) -> None:
        if not ids:
            return
        rows = self.model.rows
        before = {id_: rows[id_] for id_ in ids if rows[id_].is_archived != archived}
        life, actor = self.kit.lifecycle, self.kit.actor
        changed = await (life.forget(actor, ids, None, False) if archived else life.restore(actor, ids))
        assert [memory.id for memory in changed.memories] == list(before)
        after = {id_: replace(row, is_archived=archived) for id_, row in before.items()}
        entry = Entry(changed.change_set, changed.kind, before) if before else None
        await self.model.settle({**rows, **after}, entry)

    async def _version(self, one: int, two: int) -> None:
        if not self.model.rows:
            return
        before = self._some(one)
        states = self.model.past[before.id]
        number = two % len(states)
        changed = await self.kit.history.restore(self.kit.actor, before.id, number + 1, None)
        was = states[number].row
        private = was.is_private or before.is_private
        after = replace(before, **{**kept(was), "is_private": private})  # type: ignore[arg-type]
        await self._change(before, after, changed.change_set, "restore")

    async def _merge(self, one: int, two: int) -> None:
        open_ = [row for row in self.model.rows.values() if not row.is_archived and row.valid_until is None]
        if len(open_) < 2:
            return
        first, second = open_[one % len(open_)], open_[(one + 1 + two % (len(open_) - 1)) % len(open_)]
        merging = Superseding(self.kit.storage, self.kit.clock, lambda: None)
        if second.is_private and not first.is_private:
            with pytest.raises(Conflict):
                await merging.merge(self.kit.actor, [first.id, second.id], None, 100_000, False)
            return
        merged = await merging.merge(self.kit.actor, [first.id, second.id], None, 100_000, False)
        said = first.content
        if " ".join(second.content.lower().split()) not in " ".join(said.lower().split()):
            said = f"{said}\n\n{second.text}"
        survivor = replace(
            first, content=said, tags=tuple(dict.fromkeys((*first.tags, *second.tags))),
            importance_score=max(first.importance_score, second.importance_score),
            summary=first.summary or second.summary, decay_rate=min(first.decay_rate, second.decay_rate),
        )  # fmt: skip
        rows = {**self.model.rows, first.id: survivor, second.id: replace(second, valid_until=self.model.now)}
        before = {item.id: item for item in (first, second) if item.id == second.id or survivor != first}
        await self.model.settle(rows, Entry(merged.change_set, "merge", before))

    async def _done(self, one: int, two: int) -> None:
        tasks = self.model.ids(kind="task")
        if not tasks:
            return
        task = self.model.rows[tasks[one % len(tasks)]]
        others = [id_ for id_ in self.model.ids(archived=False) if id_ != task.id]
        by = others[two % len(others)] if others and two % 2 else None
        if await self._resolvers(task.id):
            with pytest.raises(Conflict):  # only what is closed cannot be closed
                await self.kit.lifecycle.done(self.kit.actor, task.id, False, by, None)
            return
        _, resolver = await self.kit.lifecycle.done(self.kit.actor, task.id, False, by, None)
        assert resolver.id in await self._resolvers(task.id)
        rows = dict(self.model.rows)
        before = {task.id: task}
        number = (await self.kit.history.versions(self.kit.actor, task.id))[1][-1].change_set
        if by is None:
            rows[resolver.id] = (await self.model.stored())[resolver.id]
            before[resolver.id] = added(rows[resolver.id])
        await self.model.settle(rows, Entry(number, "done", before))

    async def _resolvers(self, task_id: str) -> list[str]:
        links = (await self.kit.memories.get(self.kit.actor, task_id)).links
        found = [link.other_id for link in links if link.type == "resolved_by"]
        return [id_ for id_ in found if not (await self.kit.memories.get(self.kit.actor, id_)).memory.is_archived]

    async def _undo(self, one: int, two: int) -> None:
        expected = self.model.last()
        if expected is None:
            with pytest.raises((NotFound, Conflict)):
                await self.kit.history.undo(self.kit.actor, None)
            return
        try:
            undone = await self.kit.history.undo(self.kit.actor, None)
        except Conflict as err:  # a purge counts as the last change where clocks say so
            assert "purged" in err.message
            return
        await self._reverse(expected, undone)

    async def _undo_one(self, one: int, two: int) -> None:
        numbered = [entry for entry in self.model.entries if entry.number is not None]
        if not numbered:
            return
        chosen = numbered[one % len(numbered)]
        standing = self.model.standing(chosen)
        if standing is None or not self.model.is_free(standing):
            with pytest.raises(Conflict):
                await self.kit.history.undo(self.kit.actor, chosen.number)
            return
        await self._reverse(standing, await self.kit.history.undo(self.kit.actor, chosen.number))

    async def _reverse(self, entry: Entry, undone: object) -> None:
        number = getattr(undone, "undone_by")  # noqa: B009
        kind = "redo" if entry.kind == "undo" else "undo"
        before = {id_: self.model.rows[id_] for id_ in entry.before if id_ in self.model.rows}
        undo = Entry(number, kind, before)
        if entry.number is not None:
            entry.undone_by = undo
        await self.model.settle(self.model.undone(entry), undo)

    async def _promote(self, one: int, two: int) -> None:
        name = f"session {self.sessions}"
        inside = {row.id: row for row in self.model.rows.values() if "session" in row.layers}
        if not inside:
            return
        kit = self.kit
        endings = Endings(kit.storage, kit.clock, lambda: None, lambda: None, lambda: 8)
        try:
            ended = await endings.end(kit.actor, name, NOWHERE, None)
        except NotFound:
            return
        self.sessions += 1
        stored = await self.model.stored()
        changed = {id_: row for id_, row in inside.items() if stored[id_].rev != row.rev}
        rows = dict(self.model.rows)
        for id_, row in changed.items():
            assert stored[id_].layers.names != row.layers.names, "an end changes layers"
            rows[id_] = replace(row, layers=stored[id_].layers, project_id=stored[id_].project_id)
        await self.model.settle(rows, Entry(ended.change_set, "session", changed) if changed else None)

    async def _decay(self, one: int, two: int) -> None:
        self.kit.clock.move(days=two * 9)
        decay = self._fading()
        await decay.begin(self.kit.actor.user_id)
        self.kit.clock.move(days=one * 9)
        run = await decay.run(self.kit.actor)
        stored = await self.model.stored()
        faded = {id_: row for id_, row in self.model.rows.items() if stored[id_].rev != row.rev}
        assert len(faded) == run.moved
        assert all(row.decay_rate > 0 and not row.is_archived for row in faded.values())
        rows = {**self.model.rows, **{id_: with_layers(row, "temporal") for id_, row in faded.items()}}
        await self.model.settle(rows, Entry(run.change_set, "decay", faded) if faded else None)

    async def _pin(self, one: int, two: int) -> None:
        if not self.model.rows:
            return
        before = self._some(one)
        pinned = await self._fading().pin(self.kit.actor, [before.id], True, lambda _: 0.1)
        assert len(pinned.memories) == (before.decay_rate > 0)
        await self._change(before, replace(before, decay_rate=0.0), pinned.change_set, "pin")

    def _fading(self) -> Decay:
        return Decay(self.kit.storage, self.kit.clock, lambda: None, self.kit.settings.of)

    async def _purge(self, one: int, two: int) -> None:
        if not self.model.rows or two % 3:
            return
        gone = self._some(one).id
        await self.kit.lifecycle.purge(self.kit.actor, [gone], False)
        await self.model.settle({id_: row for id_, row in self.model.rows.items() if id_ != gone}, None)

    async def _clock(self, one: int, two: int) -> None:
        self.kit.clock.move(hours=one * 7 + 1)

    async def _clock_back(self, one: int, two: int) -> None:
        self.kit.clock.move(hours=-(one % 5) * 9)

    def _some(self, number: int) -> Memory:
        return list(self.model.rows.values())[number % len(self.model.rows)]

    async def assert_past(self, hours: int) -> None:
        """Lists, single memories and searches of some time are what the model remembers of it."""
        chosen = self.model.moments[hours % len(self.model.moments)] if self.model.moments else self.model.now
        past, user = Past(self.kit.storage), self.kit.actor.user_id
        for moment in (AsOf(chosen), AsOf(chosen, recorded=True)):
            known = self.model.at(moment)
            for archived in (False, True):
                wanted = Filter(user, archived=archived)
                expected = {id_: kept(row) for id_, row in known.items() if row.is_archived == archived}
                listed, total, _ = await past.page(wanted, moment, "rank", 1000, 0)
                assert {row.id: kept(row) for row in listed} == expected
                assert total == len(expected)
                for word in WORDS:
                    found = await past.search(word, wanted, moment, 200)
                    assert {item.memory.id for item in found} == {
                        id_
                        for id_, row in expected.items()
                        if word in f"{row['title']} {row['content']} {row['summary']}"
                    }
            for id_ in self.model.rows:
                if id_ in known:
                    memory, version = await past.get(self.kit.actor, id_, moment)
                    assert (kept(memory), version.number) == (kept(known[id_]), known[id_].rev)
                else:
                    with pytest.raises(NotFound):
                        await past.get(self.kit.actor, id_, moment)


def _run(scenario: Callable[[Kit], Awaitable[None]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        drive(Path(directory), scenario)


@PROPERTY
@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=40),
    st.integers(0, 1000),
)
@example([("task", 0, 0), ("done", 0, 0), ("done", 0, 0)], 0)
def test_a_history_is_what_the_model_remembers(steps: list[tuple[str, int, int]], hours: int) -> None:
    async def scenario(kit: Kit) -> None:
        history = History(kit)
        for name, one, two in steps:
            await history.step(name, one, two)
        await history.assert_past(hours)
        await history.assert_past(hours + 7)

    _run(scenario)
