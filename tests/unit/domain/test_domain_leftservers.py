"""What is known of a server that was left: its name, how to empty it, and until when it may hold something."""

from __future__ import annotations

import pytest

from lmem.domain.leftservers import KnownServer

LEFT = "2026-11-20T10:00:00.000Z"


def test_another_database_or_prefix_is_another_server() -> None:
    one = KnownServer("neo4j", "bolt://n", "lmem", "neo4j")
    others = [KnownServer("neo4j", "bolt://n", "lmem", "b"), KnownServer("neo4j", "bolt://n", "x", "neo4j")]
    assert len({one.key, *(item.key for item in others)}) == 3
    assert one.key == KnownServer("neo4j", "bolt://n", "lmem", "neo4j", LEFT).key
    assert (one.name, others[0].name) == (
        "Neo4j at bolt://n", "Neo4j at bolt://n, database b",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("family", "now", "holds"),
    [
        ("redis", "2026-11-21T10:00:00.000Z", True), ("redis", "2026-11-21T10:00:00.001Z", False),
        ("qdrant", "2031-01-01T00:00:00.000Z", True), ("neo4j", "2031-01-01T00:00:00.000Z", True),
    ],
)  # fmt: skip
def test_only_what_expires_is_gone_by_itself(family: str, now: str, holds: bool) -> None:
    assert KnownServer(family, "x://y", "lmem", left_at=LEFT).holds(now) is holds
    assert KnownServer(family, "x://y", "lmem").holds(now), "in use"
