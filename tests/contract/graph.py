"""A truth by chance for the contract of the graph, and questions of it.

Not a test; what the answers are is worked out in graphreference.py.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lmem.domain.graph import Edge, Value
from lmem.domain.times import to_text

Spot = tuple[str, str]
BETWEEN = (
    "RELATES_TO", "CONTRADICTS", "BUILDS_ON", "RESOLVES", "SUPERSEDES", "TEMPORAL_BEFORE", "SAME_CONTEXT",
)  # fmt: skip
OTHERS = (
    "BELONGS_TO", "APPLIES_TO", "DEMONSTRATES", "VALIDATES", "CONTRADICTS_PATTERN", "USED_IN", "FAILED_IN", "OWNS",
    "CREATED", "DISCOVERED",
)  # fmt: skip
TYPES = (*BETWEEN, *OTHERS)
WALKED = (
    "RELATES_TO", "CONTRADICTS", "BUILDS_ON", "RESOLVES", "SUPERSEDES", "APPLIES_TO", "DEMONSTRATES", "VALIDATES",
    "CONTRADICTS_PATTERN", "USED_IN", "FAILED_IN",
)  # fmt: skip
MADE = BETWEEN[:5]
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
MEMORIES, PROJECTS, SESSIONS, PATTERNS, LINKS = 300, 5, 7, 8, 520


@dataclass(frozen=True)
class Item:
    """A memory; `place` is what its order is in: its session, else its project, else nothing."""

    id: str
    user: str
    project: str | None
    session: str | None
    created_at: str
    private: bool
    archived: bool

    @property
    def place(self) -> str | None:
        return self.session or self.project

    @property
    def shown(self) -> bool:
        return not (self.private or self.archived)


@dataclass
class Truth:
    """Rows of every table that the graph is made of. `users` are the one who asks and somebody else."""

    users: list[str] = field(default_factory=list)
    projects: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    patterns: dict[str, str] = field(default_factory=dict)
    memories: list[Item] = field(default_factory=list)
    links: list[Edge] = field(default_factory=list)
    applies: list[tuple[str, str, float]] = field(default_factory=list)
    evidence: list[tuple[str, str, str, str | None, str | None]] = field(default_factory=list)
    uses: list[tuple[str, str, str, bool, str | None, str | None]] = field(default_factory=list)

    def write(self, db: sqlite3.Connection) -> None:
        """Store all of it."""
        for user in self.users:
            db.execute("INSERT INTO users (id, username) VALUES (?, ?)", (user, f"user {user[:4]}"))
        rows = [(id_, owner, name_of(id_)) for id_, owner in self.projects.items()]
        db.executemany("INSERT INTO projects (id, user_id, name) VALUES (?, ?, ?)", rows)
        rows = [(id_, owner, name_of(id_)) for id_, owner in self.sessions.items()]
        db.executemany("INSERT INTO sessions (id, user_id, name) VALUES (?, ?, ?)", rows)
        db.executemany(
            "INSERT INTO patterns (id, user_id, pattern_type, pattern_name, description)"
            " VALUES (?, ?, 'testing', ?, 'd')",
            [(id_, owner, name_of(id_)) for id_, owner in self.patterns.items()],
        )
        db.executemany(
            "INSERT INTO memories (id, user_id, project_id, session_id, created_at, is_private, is_archived, title,"
            " content, content_hash, memory_type, source_tool) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'c', ?, 'note', 't')",
            [(item.id, item.user, item.project, item.session, item.created_at, item.private, item.archived,
              name_of(item.id), item.id) for item in self.memories],
        )  # fmt: skip
        db.executemany(
            "INSERT INTO memory_relationships (id, from_memory_id, to_memory_id, relationship_type, strength, context,"
            " properties_json) VALUES (?, ?, ?, ?, ?, ?, ?)", [_row(edge) for edge in self.links]
        )  # fmt: skip
        sql = "INSERT INTO memory_projects (memory_id, project_id, relevance) VALUES (?, ?, ?)"
        db.executemany(sql, self.applies)
        sql = "INSERT INTO pattern_evidence (memory_id, pattern_id, kind, outcome, reason) VALUES (?, ?, ?, ?, ?)"
        db.executemany(sql, self.evidence)
        db.executemany(
            "INSERT INTO pattern_uses (pattern_id, project_id, used_at, success, reason, discovered_by)"
            " VALUES (?, ?, ?, ?, ?, ?)", self.uses
        )  # fmt: skip


def truth(seed: int) -> Truth:
    """A truth with every type of edge and every property; some things are private, archived or somebody else's."""
    chance = random.Random(seed)
    made = Truth()
    made.users = [_id(chance), _id(chance)]
    for target, count in ((made.projects, PROJECTS), (made.sessions, SESSIONS), (made.patterns, PATTERNS)):
        for number in range(count):
            target[_id(chance)] = made.users[number == count - 1]
    for user, count in zip(made.users, (MEMORIES * 9 // 10, MEMORIES // 10), strict=True):
        _remember(made, chance, user, count)
    _relate(made, chance)
    return made


def _remember(made: Truth, chance: random.Random, user: str, count: int) -> None:
    projects = [id_ for id_, owner in made.projects.items() if owner == user]
    sessions = [id_ for id_, owner in made.sessions.items() if owner == user]
    for _ in range(count):
        at = START + timedelta(minutes=chance.randrange(0, 3000, 5), milliseconds=chance.choice((0, 0, 250)))
        session = chance.choice(sessions) if chance.random() < 0.4 else None
        project = chance.choice(projects) if chance.random() < 0.7 else None
        private, archived = chance.random() < 0.08, chance.random() < 0.08
        made.memories.append(Item(_id(chance), user, project, session, to_text(at), private, archived))


def _relate(made: Truth, chance: random.Random) -> None:
    taken: set[tuple[str, str, str]] = set()
    for user in made.users:
        own = [item.id for item in made.memories if item.user == user]
        projects = [id_ for id_, owner in made.projects.items() if owner == user]
        patterns = [id_ for id_, owner in made.patterns.items() if owner == user]
        hubs = chance.sample(own, 8)
        for _ in range(LINKS * len(own) // MEMORIES):
            start, end = chance.choice(own), chance.choice(hubs if chance.random() < 0.3 else own)
            type_ = chance.choice(BETWEEN)
            if start != end and (start, end, type_) not in taken:
                taken.add((start, end, type_))
                made.links.append(_edge(type_, start, end, _properties(type_, chance), _id(chance)))
        for memory in chance.sample(own, len(own) // 6):
            made.applies.append((memory, chance.choice(projects), chance.choice((0.0, 0.5, 0.9, 1.0))))
        kinds = [("demonstrates", None, None), ("validates", "success", None), ("validates", None, None),
                 ("contradicts_pattern", None, "slow here"), ("contradicts_pattern", None, None)]  # fmt: skip
        for memory in chance.sample(own, len(own) // 6):
            made.evidence.append((memory, chance.choice(patterns), *chance.choice(kinds)))
        for pattern in patterns:
            for number in range(chance.randrange(5)):
                at = to_text(START + timedelta(days=number, seconds=chance.randrange(9)))
                success = chance.random() < 0.6
                reason = None if chance.random() < 0.3 else "it was"
                finder = user if number < 2 else None
                made.uses.append((pattern, chance.choice(projects), at, success, reason, finder))


def _properties(type_: str, chance: random.Random) -> dict[str, Value]:
    own: dict[str, dict[str, Value]] = {
        "CONTRADICTS": {"discovered_at": "2026-03-02T10:11:12.345Z"},
        "BUILDS_ON": {"sequence": chance.randrange(5)},
        "RESOLVES": {"resolution_date": "2026-03-02", "outcome": "done"},
        "SUPERSEDES": {"reason": "ünïcode and 'quotes'"},
        "SAME_CONTEXT": {"time_window": "2 days"},
    }
    found: dict[str, Value] = {"strength": chance.choice((0.25, 0.5, 0.8, 1.0))}
    if chance.random() < 0.5:
        found["context"] = "both about time"
    return {**found, **(own.get(type_, {}) if chance.random() < 0.8 else {})}


@dataclass(frozen=True)
class Question:
    """One question: the name of a method of Graph, and what it is asked with after the sight."""

    method: str
    values: tuple[object, ...]


def questions(made: Truth, seed: int, count: int) -> list[Question]:
    """So many questions by chance, most of them of what the first user may see."""
    chance = random.Random(seed)
    return [_question(made, chance) for _ in range(count)]


def _question(made: Truth, chance: random.Random) -> Question:
    what = chance.choices(("neighbours", "path", "edges", "projects", "patterns"), (9, 8, 3, 1, 1))[0]
    types = tuple(chance.sample(TYPES, chance.randrange(1, 6))) if chance.random() < 0.5 else ()
    if what == "neighbours":
        depth, limit = chance.randrange(1, 5), chance.choice((1, 5, 40, 1000))
        return Question("neighbours", (*_spot(made, chance), types, depth, limit))
    if what == "path":
        start = _spot(made, chance)
        end = start if chance.random() < 0.05 else _spot(made, chance)
        return Question("path", (start, end, types, chance.randrange(1, 7)))
    if what == "edges":
        after = chance.choice(("", f"{chance.choice(made.memories).id}/RELATES_TO/{'0' * 32}"))
        some = tuple(chance.sample(BETWEEN, 3)) if types else ()
        return Question("edges", (some, after, chance.choice((1, 20, 500))))
    failed = chance.random() < 0.5
    if what == "projects":
        return Question("projects_of_pattern", (chance.choice(list(made.patterns)), failed))
    return Question("patterns_of_project", (chance.choice(list(made.projects)), failed))


def _spot(made: Truth, chance: random.Random) -> Spot:
    """Some node: mostly a memory, seldom one that there is not."""
    label = chance.choices(("Memory", "Project", "Pattern", "User", ""), (16, 2, 2, 1, 1))[0]
    own = made.users[0]
    if label == "Memory":
        return label, chance.choice(made.memories).id
    if label == "Project":
        return label, chance.choice([id_ for id_, owner in made.projects.items() if owner == own])
    if label == "Pattern":
        return label, chance.choice([id_ for id_, owner in made.patterns.items() if owner == own])
    return ("User", own) if label == "User" else ("Memory", "f" * 32)


def _edge(type_: str, start: str, end: str, properties: Mapping[str, Value], id_: str) -> Edge:
    return Edge(type_, "Memory", start, "Memory", end, properties, "", id_)


def _row(edge: Edge) -> tuple[object, ...]:
    own = {name: value for name, value in edge.properties.items() if name not in ("strength", "context")}
    strength, context = edge.properties["strength"], edge.properties.get("context")
    return edge.id, edge.start, edge.end, edge.type.lower(), strength, context, json.dumps(own)


def _id(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def name_of(id_: str) -> str:
    """Names sort as ids do not."""
    return f"{id_[5:8]} of {id_[:6]}"
