"""What is read from a place: its project, its sessions, what is global; the same in SQL and in the index.

Not the choice of the place (lmem.domain.routing has its own tests).
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.filters import LASTING, Filter, Sight
from lmem.domain.layers import LAYERS
from lmem.domain.memories import Memory
from lmem.domain.routing import Asked, read_route
from lmem.domain.scope import Scope
from lmem.ports.storage import UnitOfWork
from lmem.ports.vectors import Payload
from lmem.service.conditions import conditions
from lmem.stores.inprocess.scoring import holds
from tests.unit.properties import PROPERTY
from tests.unit.service.service_kit import Kit, drive

PROJECTS = 20
ANSWERS = 1000
WORDS = ("queue", "retry", "parser", "cache", "index", "token", "build", "deploy", "schema", "socket", "ledger")
CODES = ("E4711", "--no-verify", "src/app.py")


def _sees(memory: Memory, wanted: Filter) -> bool:
    """The rule of design section 8, said once more."""
    lasting = any(layer in memory.layers for layer in LASTING)
    sight = wanted.sight
    if sight is not None:
        inside = memory.project_id == sight.project_id
        if not (inside or "global" in memory.layers or memory.session_id in sight.sessions):
            return False
    return lasting or wanted.temporal


# SQL and index agree

COMBINATIONS = list(product(
    [tuple(layer for at, layer in enumerate(LAYERS) if bits >> at & 1) for bits in range(1, 16)],
    [None, "a", "b"], [None, "c", "d"],
))  # fmt: skip
UNKNOWN = "e" * 32


@dataclass(frozen=True)
class Wish:
    """A filter before ids are known: projects and sessions by their place in a list."""

    sight: tuple[int, tuple[int, ...]] | None
    temporal: bool
    layers: tuple[str, ...]
    project: int

    def filter(self, user_id: str, projects: list[str | None], sessions: list[str]) -> Filter:
        """The filter in a store with these."""
        sight = self.sight and Sight(projects[self.sight[0]], tuple(sessions[at] for at in self.sight[1]))
        project_id = projects[self.project]
        return Filter(user_id, sight=sight, temporal=self.temporal, layers=self.layers, project_id=project_id)


WISHES = st.builds(
    Wish,
    st.none() | st.tuples(st.integers(0, 3), st.lists(st.integers(0, 6), max_size=3).map(tuple)),
    st.booleans(),
    st.sampled_from([(), ("project",), ("session", "global"), ("temporal",)]),
    st.sampled_from([0, 0, 1]),
)


def _payload(memory: Memory) -> Payload:
    """What the conditions of these filters read of a point."""
    return {
        "user_id": memory.user_id,
        "project_id": memory.project_id,
        "session_id": memory.session_id,
        "layer_assignments": memory.layers.names,
    }


def test_the_truth_and_the_index_leave_out_the_same(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        for layers, project, session in COMBINATIONS:
            await kit.add(f"{layers} {project} {session}", layers=layers, project=project, session=session)
        rows = await kit.rows(kit.everything, 0, 1000)
        projects = [None, *sorted({row.project_id for row in rows if row.project_id}), UNKNOWN]
        sessions = [*sorted({row.session_id for row in rows if row.session_id}), UNKNOWN]
        assert (len(projects), len(sessions), len(rows)) == (4, 7, len(COMBINATIONS))
        found: list[tuple[Filter, set[str]]] = []

        @given(WISHES)
        @PROPERTY
        def agree(wish: Wish) -> None:
            wanted = wish.filter(kit.actor.user_id, projects, sessions)
            expected = {
                row.id for row in rows
                if _sees(row, wanted) and (not wanted.layers or set(wanted.layers) & set(row.layers.names))
                and wanted.project_id in (None, row.project_id)
            }  # fmt: skip
            asked = conditions(wanted)
            assert {row.id for row in rows if all(holds(_payload(row), part) for part in asked)} == expected
            found.append((wanted, expected))

        agree()
        assert len({frozenset(expected) for _, expected in found}) > 10
        ids = [row.id for row in rows]
        for wanted, expected in found:
            assert await kit.storage.read(partial(_stored, wanted, ids)) == (expected, len(expected))

    drive(tmp_path, scenario)


def _stored(wanted: Filter, ids: list[str], tx: UnitOfWork) -> tuple[set[str], int]:
    return set(tx.memories.visible(ids, wanted)), tx.memories.count(wanted)


# Twenty projects


async def _fill(kit: Kit, chance: random.Random) -> dict[str, Memory]:
    """The same texts in twenty projects, with sessions, temporal, global and private ones; and some of no project."""
    for number in range(PROJECTS * 9):
        project = f"p{number % PROJECTS}" if number % 9 else None
        text = f"{' '.join(chance.choices(WORDS, k=4))} {chance.choice(CODES)}" if number % 3 else "retry the parser"
        await kit.add(
            f"{text} {chance.randrange(4)}",
            memory_type=chance.choice(["note", "decision", "task", "preference"]),
            project=project,
            session=f"s{number % 7}" if number % 5 == 0 else None,
            layers=("temporal",) if number % 11 == 0 else (),
            tags=(f"t{number % 13}",),
            is_private=number % 17 == 0,
        )
        if number == PROJECTS * 6:
            await kit.settle()
    rows = await kit.rows(replace(kit.everything, archived=False), 0, 10_000)
    return {memory.id: memory for memory in rows}


def _question(chance: random.Random) -> str:
    words = " ".join(chance.choices(WORDS, k=chance.randrange(1, 4)))
    quoted, prefix, code = f'"{words.split()[0]}"', f"{words[:3]}*", f"{words} {chance.choice(CODES)}"
    return chance.choice([words, quoted, prefix, code, "nothing", "?"])


def test_no_other_projects_memory_is_in_any_of_a_thousand_answers(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        chance = random.Random(4)
        memories = await _fill(kit, chance)
        names = await kit.storage.read(lambda tx: tx.directory.project_names(kit.actor.user_id))
        sessions = sorted({memory.session_id for memory in memories.values() if memory.session_id})
        shown = elsewhere = joined = 0
        for number in range(ANSWERS):
            project_id = chance.choice([None, *names])
            lineage = tuple(chance.sample(sessions, chance.randrange(3)))
            scope = Scope(project_id, names.get(project_id or ""), "of a test", lineage=lineage)
            route = read_route(scope, Asked(about_time=number % 10 == 0))
            shared = number % 2 == 0
            wanted = replace(kit.everything, sight=route.sight, temporal=not route.may_join, shared=shared)
            only = chance.choice([None, None, None, "fts", "sparse", "dense"])
            answer = await kit.search.search(_question(chance), wanted, chance.choice([3, 10]), only, route.may_join)
            near = answer.empty.near if answer.empty else ()
            for item in (*answer.found, *near):
                memory = memories[item.memory.id]
                assert _sees(memory, replace(wanted, temporal=True)), (number, memory)
                assert _sees(memory, wanted) or answer.too_little or item in near
                assert not (shared and memory.is_private)
                elsewhere += memory.project_id not in (None, project_id)
            shown += len(answer.found)
            joined += answer.too_little
            listed = await kit.memories.page(wanted, "rank", 1000, 0)
            expected = {key for key, row in memories.items() if _sees(row, wanted) and not (shared and row.is_private)}
            assert {memory.id for memory in listed.memories} == expected
        assert shown > 3 * ANSWERS and elsewhere > 100 and 0 < joined < ANSWERS

    drive(tmp_path, scenario)


def test_tags_are_counted_from_a_place(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        memories = await _fill(kit, random.Random(5))
        for project_id in {memory.project_id for memory in memories.values()}:
            wanted = replace(kit.everything, sight=Sight(project_id))
            expected = Counter(memory.tags[0] for memory in memories.values() if _sees(memory, wanted))
            assert dict(await kit.memories.tags(wanted)) == expected

    drive(tmp_path, scenario)


@pytest.mark.parametrize("settled", [False, True], ids=["before-relay", "after-relay"])
def test_a_hundred_others_hide_nothing(tmp_path: Path, settled: bool) -> None:
    async def scenario(kit: Kit) -> None:
        for number in range(150):
            await kit.add(f"retry the queue worker {number}", project="other")
        mine = await kit.add("the queue is retried by hand and by a person who has time for it", project="mine")
        if settled:
            await kit.settle()
        names = await kit.storage.read(lambda tx: tx.directory.project_names(kit.actor.user_id))
        project_id = next(key for key, name in names.items() if name == "mine")
        wanted = replace(kit.everything, sight=Sight(project_id), temporal=False)
        for only in (None, "fts", "sparse", "dense"):
            answer = await kit.search.search("queue", wanted, 10, only)
            found = [item.memory.id for item in answer.found]
            assert found == [mine] or (not settled and only in ("sparse", "dense"))

    drive(tmp_path, scenario)


# The temporal layer


def test_temporal_memories_join_when_the_others_give_too_little(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        faded = await kit.add("the parser was slow in spring", layers=("temporal",))
        wanted = replace(kit.everything, sight=Sight(), temporal=False)

        async def ask(query: str, limit: int, may_join: bool = True) -> tuple[bool, bool]:
            answer = await kit.search.search(query, wanted, limit, None, may_join)
            return any(item.memory.id == faded for item in answer.found), answer.too_little

        for settled in (False, True):
            if settled:
                await kit.settle()
            assert await ask("slow parser", 1) == (True, True)
            assert await ask("slow parser", 1, may_join=False) == (False, True)
        for number in range(3):
            await kit.add(f"the parser is fast {number}")
        await kit.settle()
        assert await ask("parser", 3) == (False, False)
        assert await ask("parser", 4) == (True, True)

    drive(tmp_path, scenario)


def test_a_list_that_fills_no_page_has_temporal_memories_on_every_page(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        made = [await kit.add(f"note {number}") for number in range(3)]
        faded = await kit.add("faded", layers=("temporal",))
        wanted = replace(kit.everything, sight=Sight(), temporal=False)
        short = await kit.memories.page(wanted, "created", 4, 0, True)
        assert {memory.id for memory in short.memories} == {*made, faded}
        assert (short.total, short.too_little) == (4, True)
        assert len((await kit.memories.page(wanted, "created", 4, 3, True)).memories) == 1
        full = await kit.memories.page(wanted, "created", 3, 0, True)
        assert {memory.id for memory in full.memories} == set(made) and (full.total, full.too_little) == (3, False)

    drive(tmp_path, scenario)


def test_nothing_here_says_how_many_there_are_elsewhere(tmp_path: Path) -> None:
    async def scenario(kit: Kit) -> None:
        await kit.add("the parser", project="other")
        wanted = replace(kit.everything, sight=Sight(), temporal=False)
        answer = await kit.search.search("parser", wanted, 5)
        assert answer.found == () and answer.empty is not None
        assert "other projects have 1" in answer.empty.reason and answer.empty.near == ()
        assert (answer.empty.corpus, answer.empty.unknown_terms) == (0, ())

    drive(tmp_path, scenario)
