"""Links by hand: what they hold, what is refused, what projections, audit log and undo learn of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lmem.domain.outbox import Projection
from lmem.domain.relations import Relation
from lmem.domain.relationwords import relation_type
from lmem.errors import Conflict, Forbidden, InvalidInput, NotFound
from lmem.service.linkrules import LinkDraft
from lmem.service.relations import Linked, Relations
from tests.unit.service.service_kit import Kit, drive

AT = "2026-11-22T12:00:00.000Z"
GRAPH = Projection("graph-0001", "graph", "test", "gen-0001", None, "active", None, {})


def made(kit: Kit) -> Relations:
    return Relations(kit.storage, kit.clock, kit.relay.wake)


async def link(kit: Kit, one: str, other: str, kind: str = "relates_to", **fields: object) -> Linked:
    reason = str(fields.pop("why")) if "why" in fields else None
    draft = LinkDraft(one, other, relation_type(kind)[0], **fields)  # type: ignore[arg-type]
    return await made(kit).link(kit.actor, draft, reason)


async def found(kit: Kit, one: str, other: str, kind: str = "relates_to") -> Relation | None:
    return await kit.storage.read(lambda tx: tx.relations.find(one, other, kind))


async def queued(kit: Kit) -> dict[tuple[str, str], str]:
    rows = await kit.storage.read(lambda tx: tx.outbox.due(GRAPH.id, "9", 100))
    return {(row.kind, row.object_id): row.op for row in rows}


async def with_graph(kit: Kit) -> None:
    """A server's copy is there, and has everything."""

    await kit.storage.write(lambda tx: tx.outbox.add_projection(GRAPH, AT, None))
    await with_all_confirmed(kit)


async def undo(kit: Kit, number: int | None = None) -> list[str]:
    return [memory.id for memory in (await kit.history.undo(kit.actor, number)).memories]


def test_a_link_holds_what_is_said_and_is_told_to_the_projections(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one, other = await kit.add("WAL is on"), await kit.add("readers do not wait")
        await with_graph(kit)
        done = await link(kit, one[:8], other[:8], strength=0.8, context="both about SQLite")
        assert done.created
        assert (done.related.from_title, done.related.to_title) == ("WAL is on", "readers do not wait")
        row = await found(kit, one, other)
        assert row is not None
        assert (row.strength, row.context, row.auto_detected, row.rev) == (0.8, "both about SQLite", False, 1)
        assert await queued(kit) == {("relationship", row.id): "upsert"}
        again = await link(kit, one, other, strength=0.8)
        assert (again.created, again.change_set) == (False, None), "it was so already"
        changed = await link(kit, one, other, strength=0.3)
        row = await found(kit, one, other)
        assert row is not None
        assert (changed.created, row.strength, row.context, row.rev) == (False, 0.3, "both about SQLite", 2)

    drive(tmp_path, scenario)


@pytest.mark.parametrize(
    ("kind", "fields", "properties"),
    [
        ("relates_to", {}, {}),
        ("contradicts", {}, {"discovered_at": AT}),
        ("contradicts", {"properties": {"discovered_at": "2026-01-01T00:00:00.000Z"}},
         {"discovered_at": "2026-01-01T00:00:00.000Z"}),
        ("builds_on", {}, {"sequence": 1}),
        ("resolves", {"properties": {"outcome": "done"}}, {"resolution_date": "2026-11-22", "outcome": "done"}),
        ("supersedes", {"why": "Updated approach"}, {"reason": "Updated approach"}),
        ("same_context", {}, {"time_window": "1 hour"}),
        ("temporal_before", {}, {}),
    ],
)  # fmt: skip
def test_a_type_has_its_properties(
    tmp_path: Path, kind: str, fields: dict[str, object], properties: Mapping[str, object]
) -> None:
    async def scenario(kit: Kit) -> None:
        one, other = await kit.add("one"), await kit.add("other")
        await link(kit, one, other, kind, **fields)
        row = await found(kit, one, other, kind)
        assert row is not None
        assert row.properties == properties

    drive(tmp_path, scenario)


def test_what_builds_on_several_counts_on(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        ids = [await kit.add(text) for text in ("base", "second", "third")]
        for other in ids[1:]:
            await link(kit, ids[0], other, "builds_on")
        rows = [await found(kit, ids[0], other, "builds_on") for other in ids[1:]]
        assert [row.properties["sequence"] for row in rows if row] == [1, 2]

    drive(tmp_path, scenario)


def test_what_cannot_be_linked_is_refused(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one, gone = await kit.add("one"), await kit.add("gone")
        await kit.lifecycle.forget(kit.actor, [gone], None, dry_run=False)
        with pytest.raises(InvalidInput, match="to itself"):
            await link(kit, one, one[:10])
        with pytest.raises(Conflict, match="is archived"):
            await link(kit, one, gone)
        with pytest.raises(NotFound):
            await link(kit, one, "f" * 32)
        await kit.storage.write(lambda tx: tx.users.update(kit.actor.user_id, {"is_active": 0}))
        with pytest.raises(Forbidden):
            await link(kit, one, gone)
        with pytest.raises(Forbidden):
            await made(kit).unlink(kit.actor, one, gone, None, None)

    drive(tmp_path, scenario)


def test_what_supersedes_ends_the_other_until_it_is_taken_away(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        new, old = await kit.add("we use Postgres"), await kit.add("we use MySQL")
        done = await link(kit, new, old, "supersedes", why="moved")
        assert (await kit.memories.get(kit.actor, old)).memory.valid_until == AT
        with pytest.raises(Conflict, match="is superseded by"):
            await link(kit, old, new, "supersedes")
        undone = await kit.history.undo(kit.actor, done.change_set)
        assert {memory.id for memory in undone.memories} == {new, old}
        assert (await kit.memories.get(kit.actor, old)).memory.valid_until is None
        assert await found(kit, new, old, "supersedes") is None
        await undo(kit, undone.undone_by)
        assert (await kit.memories.get(kit.actor, old)).memory.valid_until == AT
        gone = await made(kit).unlink(kit.actor, new, old, relation_type("supersedes")[0], None)
        assert (await kit.memories.get(kit.actor, old)).memory.valid_until is None
        await undo(kit, gone.change_set)
        assert (await kit.memories.get(kit.actor, old)).memory.valid_until == AT

    drive(tmp_path, scenario)


def test_what_is_private_does_not_supersede_what_is_not(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        hidden, shown = await kit.add("mine", is_private=True), await kit.add("everybody's")
        with pytest.raises(Conflict, match="is private"):
            await link(kit, hidden, shown, "supersedes")
        assert (await link(kit, hidden, shown)).created, "the user may link what is theirs"

    drive(tmp_path, scenario)


def test_others_neither_link_nor_see_nor_undo_what_is_private(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        hidden, shown = await kit.add("mine", is_private=True), await kit.add("everybody's")
        kit.clock.move(seconds=1)
        done = await link(kit, hidden, shown, why="a secret reason")
        agent = replace(kit.actor, shared=True)
        with pytest.raises(NotFound):
            await made(kit).link(agent, LinkDraft(shown, hidden, relation_type("relates_to")[0]), None)
        with pytest.raises(NotFound):
            await made(kit).unlink(agent, shown, hidden, None, None)
        with pytest.raises(NotFound, match="no change set"):
            await kit.history.undo(agent, done.change_set)
        last = await kit.storage.read(lambda tx: tx.versions.last_change(agent.user_id, True))
        assert last == (None, shown), "an agent's last change is the add"
        told = await kit.storage.read(lambda tx: tx.timeline.changes(agent.user_id, True, 9, 0))
        assert [change.reason for change in told if change.id == done.change_set] == [None]

    drive(tmp_path, scenario)


def test_unlinking_takes_one_type_or_all_in_both_directions(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one, other = await kit.add("one"), await kit.add("other")
        await with_graph(kit)
        for start, end, kind in ((one, other, "relates_to"), (one, other, "contradicts"), (other, one, "relates_to")):
            await link(kit, start, end, kind)
        ids = {kind: (await found(kit, one, other, kind)) for kind in ("relates_to", "contradicts")}
        done = await made(kit).unlink(kit.actor, one, other, relation_type("contradicts")[0], "wrong")
        assert [item.relation.type for item in done.removed] == ["contradicts"]
        row = ids["contradicts"]
        assert row is not None
        assert (await queued(kit))[("relationship", row.id)] == "delete"
        rest = await made(kit).unlink(kit.actor, one, other, None, None)
        assert sorted((item.relation.from_id, item.relation.to_id) for item in rest.removed) == sorted(
            [(one, other), (other, one)]
        )
        with pytest.raises(NotFound, match="no link between"):
            await made(kit).unlink(kit.actor, one, other, None, None)
        with pytest.raises(InvalidInput, match="could be taken away"):
            await made(kit).unlink(kit.actor, one, other, relation_type("same_context")[0], None)

    drive(tmp_path, scenario)


def test_undo_and_redo_bring_a_link_back_as_it_was(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one, other = await kit.add("one"), await kit.add("other")
        kit.clock.move(seconds=1)
        await link(kit, one, other, "builds_on", strength=0.5, context="why", properties={"sequence": 7})
        before = await found(kit, one, other, "builds_on")
        assert await undo(kit) == [one, other]
        assert await found(kit, one, other, "builds_on") is None
        changes = await kit.storage.read(lambda tx: tx.timeline.changes(kit.actor.user_id, False, 9, 0))
        await undo(kit, next(change.undone_by for change in changes if change.kind == "link"))
        again = await found(kit, one, other, "builds_on")
        assert before is not None and again is not None
        assert (again.strength, again.context, again.properties) == (0.5, "why", {"sequence": 7})
        assert again.id != before.id, "its tombstone is of the other one"

    drive(tmp_path, scenario)


def test_a_link_that_changed_since_is_not_taken_back(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one, other = await kit.add("one"), await kit.add("other")
        first = await link(kit, one, other)
        second = await link(kit, one, other, strength=0.1)
        with pytest.raises(Conflict, match="changed again since"):
            await undo(kit, first.change_set)
        await undo(kit, second.change_set)
        await undo(kit, first.change_set)
        assert await found(kit, one, other) is None

    drive(tmp_path, scenario)


def test_a_memory_applies_to_a_project_and_is_told_with_it(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        project, own = await kit.project("web"), await kit.project("api")
        memory = await kit.add("tokens live 15 minutes", project="api")
        await with_graph(kit)
        kit.clock.move(seconds=1)
        done = await made(kit).apply(kit.actor, memory[:8], project, 0.9, None)
        assert (done.created, done.applied.name, done.applied.relevance) == (True, "web", 0.9)
        assert await queued(kit) == {("memory", memory): "upsert"}
        assert (await made(kit).apply(kit.actor, memory, project, None, None)).change_set is None
        assert (await made(kit).apply(kit.actor, memory, project, 0.4, None)).applied.relevance == 0.4
        with pytest.raises(Conflict, match="belongs to api"):
            await made(kit).apply(kit.actor, memory, own, 0.5, None)
        await undo(kit)
        assert [item.relevance for item in await kit.storage.read(lambda tx: tx.relations.applied(memory))] == [0.9]
        gone = await made(kit).unapply(kit.actor, memory, project, None)
        assert gone.project is not None and gone.project.applied.relevance == 0.9
        with pytest.raises(NotFound, match="not linked to web"):
            await made(kit).unapply(kit.actor, memory, project, None)

    drive(tmp_path, scenario)


def test_every_change_is_in_the_audit_log_and_in_the_list_of_changes(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one, other = await kit.add("one"), await kit.add("other")
        await link(kit, one, other, why="because")
        await link(kit, one, other, strength=0.5)
        await made(kit).unlink(kit.actor, one, other, None, None)
        entries = await kit.storage.read(lambda tx: tx.audit.links(0, 100))
        told = [(entry.fields[3], entry.fields[4]) for entry in entries if "relationship" in entry.fields]
        assert [action for action, _ in told] == ["create", "update", "delete"]
        changes = await kit.storage.read(lambda tx: tx.timeline.changes(kit.actor.user_id, False, 9, 0))
        assert [(change.kind, change.reason, change.count) for change in changes] == [
            ("unlink", None, 2), ("link", None, 2), ("link", "because", 2), ("add", None, 1), ("add", None, 1)
        ]  # fmt: skip
        assert {title for change in changes for _, title in change.memories} == {"one", "other"}

    drive(tmp_path, scenario)


def test_a_purge_takes_links_and_what_was_said_of_them_along(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        one, other = await kit.add("one"), await kit.add("other")
        await with_graph(kit)
        done = await link(kit, one, other, context="canary XyzzyPlugh", why="canary QuuxFrob")
        row = await found(kit, one, other)
        await kit.lifecycle.purge(kit.actor, [other], dry_run=False)
        assert row is not None
        assert (await queued(kit))[("relationship", row.id)] == "delete"
        with pytest.raises(Conflict, match="purged since"):
            await undo(kit, done.change_set)

    drive(tmp_path, scenario)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"XyzzyPlugh" not in held and b"QuuxFrob" not in held


def test_tasks_and_merges_tell_the_projections_of_their_links(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        task = await kit.add("write the tests", memory_type="task")
        await with_graph(kit)
        _, resolver = await kit.lifecycle.done(kit.actor, task, False, None, None)
        row = await found(kit, resolver.id, task, "resolves")
        assert row is not None
        assert (await queued(kit))[("relationship", row.id)] == "upsert"
        await undo(kit)
        assert (await queued(kit))[("relationship", row.id)] == "delete"

    drive(tmp_path, scenario)


def test_what_follows_a_memory_in_its_session_is_told_again_when_it_comes_or_goes(tmp_path: Path) -> None:
    """Its edges in a copy are other ones then. Without a copy nobody is told, and nothing is looked up."""

    async def scenario(kit: Kit) -> None:
        await kit.project("api")
        ids = []
        for text in "abcdefg":
            kit.clock.move(minutes=1)
            ids.append(await kit.add(f"item {text}", project="api"))
        await with_graph(kit)
        kit.clock.move(minutes=1)
        last = await kit.add("the newest", project="api")
        assert set(await queued(kit)) == {("memory", last)}, "nothing follows it"
        await with_all_confirmed(kit)
        await kit.lifecycle.forget(kit.actor, [ids[0]], None, dry_run=False)
        assert set(await queued(kit)) == {("memory", item) for item in ids[:6]}
        await with_all_confirmed(kit)
        await kit.lifecycle.purge(kit.actor, [ids[1]], dry_run=False)
        assert set(await queued(kit)) == {("memory", item) for item in ids[1:]}

    drive(tmp_path, scenario)


async def with_all_confirmed(kit: Kit) -> None:
    await kit.storage.write(lambda tx: tx.outbox.confirm(tx.outbox.due(GRAPH.id, "9", 10**6)))
