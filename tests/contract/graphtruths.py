"""Truths by chance for the twins of the graph: a user's memories, projects and patterns with every type of edge.

Not a test. Some memories are private or archived, and one belongs to somebody else: no answer may show those.
"""

from __future__ import annotations

import json
import random
import sqlite3
from dataclasses import dataclass
from typing import cast

from lmem.domain.relations import EVIDENCE, RELATIONS
from lmem.ports.storage import UnitOfWork
from lmem.stores.sqlite.storage import SqliteStorage
from tests.contract.graphs import VALUES

USER, SOMEBODY = "a" * 32, "b" * 32


@dataclass(frozen=True, slots=True)
class Truth:
    """Ids of what was stored, the hidden ones among them, by label."""

    ids: dict[str, list[str]]

    def any(self, chance: random.Random, *labels: str) -> tuple[str, str]:
        """A node, now and then one that there is not."""
        label = chance.choice(labels or tuple(self.ids))
        return label, "9" * 32 if chance.random() < 0.03 else chance.choice(self.ids[label])


async def fill(storage: SqliteStorage, chance: random.Random, memories: int = 40, links: int = 70) -> Truth:
    """Store one, whole and at once; nothing of it is in an outbox yet."""
    return await storage.write(lambda tx: _Writer(tx, chance).all(memories, links))


class _Writer:
    def __init__(self, tx: UnitOfWork, chance: random.Random) -> None:
        self._db = cast(sqlite3.Connection, vars(tx.graph)["_db"])
        self._chance = chance
        self._ids: dict[str, list[str]] = {"User": [USER], "Project": [], "Pattern": [], "Memory": []}

    def all(self, memories: int, links: int) -> Truth:
        for name, id in (("ada", USER), ("bob", SOMEBODY)):
            self._row("users", id=id, username=name)
        for number in range(4):
            id = self._new("Project")
            self._row("projects", id=id, user_id=USER, name=f"project-{number}", project_type="web")
            self._row("patterns", id=self._new("Pattern"), user_id=USER, pattern_type="testing",
                      pattern_name=f"pattern {number}", description="It repeats")  # fmt: skip
        sessions = [self._session(number) for number in range(2)]
        for number in range(memories):
            self._memory(number, sessions)
        for _ in range(links):
            self._link()
        for _ in range(links // 2):
            self._pattern()
        return Truth(self._ids)

    def _new(self, label: str) -> str:
        self._ids[label].append(f"{self._chance.getrandbits(128):032x}")
        return self._ids[label][-1]

    def _row(self, table: str, **columns: str | int | float | None) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self._db.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))

    def _session(self, number: int) -> str:
        id = f"{self._chance.getrandbits(128):032x}"
        self._row("sessions", id=id, user_id=USER, name=f"session {number}")
        return id

    def _memory(self, number: int, sessions: list[str]) -> None:
        chance, id = self._chance, self._new("Memory")
        at = f"2026-01-{number % 28 + 1:02}T{chance.randrange(10, 12)}:{chance.randrange(60):02}:00.000Z"
        self._row(
            "memories", id=id, user_id=SOMEBODY if number == 0 else USER, title=f"Memory {number}", content="text",
            content_hash=id, memory_type="note", source_tool="test", created_at=at, updated_at=at,
            project_id=chance.choice([None, *self._ids["Project"]]), session_id=chance.choice([None, None, *sessions]),
            is_private=int(number % 11 == 3), is_archived=int(number % 13 == 5), layer_project=1, rev=number % 4 + 1,
        )  # fmt: skip

    def _link(self) -> None:
        relation, (one, two) = self._chance.choice(RELATIONS), self._chance.sample(self._ids["Memory"], 2)
        own = {item.name: VALUES[item.kind] for item in relation.properties if not item.column}
        given = own if self._chance.random() < 0.8 else {}
        self._row("memory_relationships", from_memory_id=one, to_memory_id=two, relationship_type=relation.name,
                  strength=round(self._chance.random(), 3), context=self._chance.choice([None, "both about the same"]),
                  properties_json=json.dumps(given), rev=self._chance.randrange(1, 4))  # fmt: skip

    def _pattern(self) -> None:
        chance = self._chance
        memory, project, pattern = (chance.choice(self._ids[label]) for label in ("Memory", "Project", "Pattern"))
        what = chance.randrange(3)
        if what == 0:
            self._row("memory_projects", memory_id=memory, project_id=project, relevance=round(chance.random(), 3))
        elif what == 1:
            kind = chance.choice(("demonstrates", "validates", "contradicts_pattern"))
            self._row(EVIDENCE.table, memory_id=memory, pattern_id=pattern, kind=kind,
                      outcome="success" if kind == "validates" else None,
                      reason="slow here" if kind == "contradicts_pattern" else None)  # fmt: skip
        else:
            success = chance.randrange(2)
            self._row("pattern_uses", pattern_id=pattern, project_id=project, success=success,
                      used_at=f"2026-02-{chance.randrange(1, 20):02}T10:00:00.000Z",
                      reason=None if success else "Performance issues", discovered_by=USER)  # fmt: skip
