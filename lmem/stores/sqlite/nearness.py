"""TEMPORAL_BEFORE and SAME_CONTEXT: edges without rows, read off the order of memories in their session or project.

Not the edges that have rows (edges.py). Private and archived memories are not in the order: those beside one follow
each other.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from lmem.domain import times
from lmem.domain.graph import LABELS, Edge
from lmem.domain.relations import MEMORY, NEAREST, TIME_WINDOW, WINDOW_SECONDS

TEMPORAL_BEFORE, SAME_CONTEXT = "TEMPORAL_BEFORE", "SAME_CONTEXT"
TYPES = frozenset({TEMPORAL_BEFORE, SAME_CONTEXT})

_PLACES = """SELECT m.memory_key, m.id, m.session_id, m.project_id, m.created_at
    FROM json_each(?) f CROSS JOIN memories_shared m ON m.id = f.value WHERE m.is_archived = 0"""
BESIDE = """SELECT id, created_at, rev FROM memories_shared WHERE {group} AND is_archived = 0
    AND (created_at, memory_key) {side} (?, ?) ORDER BY created_at {order}, memory_key {order} LIMIT ?"""
SESSION, PROJECT = "session_id = ?", "project_id = ? AND session_id IS NULL"


class _Place(NamedTuple):
    key: int
    id: str
    session_id: str | None
    project_id: str | None
    created_at: str


class Beside(NamedTuple):
    """A memory before or after another one."""

    id: str
    created_at: str
    rev: int


def derived_at(db: sqlite3.Connection, ids: Iterable[str], types: Iterable[str]) -> list[Edge]:
    """The edges of these types with one of these memories at an end, in no order; some of them twice."""
    wanted = TYPES.intersection(types)
    if not wanted:
        return []
    found: list[Edge] = []
    for place in map(_Place._make, db.execute(_PLACES, (json.dumps(list(ids)),)).fetchall()):
        found += _edges(place, _beside(db, place, "<", "DESC"), _beside(db, place, ">", "ASC"))
    return [edge for edge in found if edge.type in wanted]


def derived_from(db: sqlite3.Connection, ids: Iterable[str], types: Iterable[str]) -> list[Edge]:
    """The edges of these types that start at one of these memories, in no order."""
    wanted = TYPES.intersection(types)
    found: list[Edge] = []
    for place in map(_Place._make, db.execute(_PLACES, (json.dumps(list(ids)),)).fetchall()):
        if SAME_CONTEXT in wanted:
            before = _beside(db, place, "<", "DESC")
            found += [_context(place.id, item.id) for item in before if _is_near(item.created_at, place.created_at)]
        if TEMPORAL_BEFORE in wanted:
            found += [_temporal(place.id, item.id) for item in _beside(db, place, ">", "ASC", 1)]
    return found


def after(db: sqlite3.Connection, key: int, session_id: str | None, project_id: str | None, at: str) -> list[Beside]:
    """The memories whose edges look back over this place: the next ones of its session, else of its project."""
    return _beside(db, _Place(key, "", session_id, project_id, at), ">", "ASC")


def _beside(db: sqlite3.Connection, place: _Place, side: str, order: str, most: int = NEAREST) -> list[Beside]:
    group, owner = (SESSION, place.session_id) if place.session_id else (PROJECT, place.project_id)
    if owner is None:
        return []
    sql = BESIDE.format(group=group, side=side, order=order)
    return [Beside(*row) for row in db.execute(sql, (owner, place.created_at, place.key, most))]


def _edges(place: _Place, before: Sequence[Beside], following: Sequence[Beside]) -> list[Edge]:
    """An order's edges at one place. The n-th that follows has it among its nearest too, because n is small enough."""
    found = [_temporal(item.id, place.id) for item in before[:1]]
    found += [_temporal(place.id, item.id) for item in following[:1]]
    found += [_context(place.id, item.id) for item in before if _is_near(item.created_at, place.created_at)]
    found += [_context(item.id, place.id) for item in following if _is_near(place.created_at, item.created_at)]
    return found


def _is_near(earlier: str, later: str) -> bool:
    return times.from_text(later) - times.from_text(earlier) <= timedelta(seconds=WINDOW_SECONDS)


def _temporal(start: str, end: str) -> Edge:
    return Edge(TEMPORAL_BEFORE, LABELS[MEMORY], start, LABELS[MEMORY], end, {})


def _context(start: str, end: str) -> Edge:
    return Edge(SAME_CONTEXT, LABELS[MEMORY], start, LABELS[MEMORY], end, {"time_window": TIME_WINDOW})
