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
    ("family", "one", "same"),
    [
        ("neo4j", "bolt://n", "bolt+s://n:7687"), ("neo4j", "neo4j://N:7687/", "Bolt://n"),
        ("qdrant", "http://q:6333", "https://q/"), ("qdrant", "HTTP://Q/base/", "http://q:6333/base"),
        ("qdrant", "http://localhost:6333", "http://[::1]"), ("redis", "redis://127.0.0.1", "rediss://LOCALHOST:6379/0"),
        ("redis", "redis://r/2", "redis://r:6379?db=2"), ("redis", "redis://r?db=2", "redis://r/02"),
        ("redis", "unix:///run/r?db=0", "unix:///run/r"),
    ],
)  # fmt: skip
def test_another_spelling_of_an_address_is_the_same_server(family: str, one: str, same: str) -> None:
    assert KnownServer(family, one, "lmem").key == KnownServer(family, same, "lmem").key
    assert KnownServer(family, one, "lmem").key != KnownServer(family, same, "mine").key


@pytest.mark.parametrize(
    ("family", "one", "other"),
    [
        ("neo4j", "bolt://n", "bolt://n:7688"), ("neo4j", "bolt://n", "bolt://m"), ("neo4j", "bolt://n:x", "bolt://n:y"),
        ("qdrant", "http://q/base", "http://q/Base"), ("qdrant", "http://q:6333", "http://q:80"),
        ("redis", "redis://r", "redis://r/1"), ("redis", "redis://r/1", "redis://r?db=2"),
        ("redis", "unix:///run/r", "unix:///run/R"), ("redis", "unix:///run/r", "unix:///run/r?db=1"),
    ],
)  # fmt: skip
def test_another_place_is_another_server(family: str, one: str, other: str) -> None:
    assert KnownServer(family, one, "lmem").key != KnownServer(family, other, "lmem").key


@pytest.mark.parametrize("prefix", ["lmem", "", "a#b", "with space"])
@pytest.mark.parametrize(
    ("family", "url", "database"),
    [
        ("neo4j", "bolt://[::1]:7687", ""), ("neo4j", "neo4j+s://n", "work"), ("qdrant", "http://q:6333/base", ""),
        ("redis", "unix:///run/r?db=2", ""), ("redis", "redis://r:6379/0", ""), ("qdrant", "other://place", ""),
    ],
)  # fmt: skip
def test_a_copy_is_meant_by_its_exact_name_and_no_other_there(
    family: str, url: str, database: str, prefix: str
) -> None:
    one = KnownServer(family, url, prefix, database)
    assert one.is_meant(one.exact) and one.is_meant(f" {url}/ " if "?" not in url else url)
    assert not one.is_meant(KnownServer(family, url, "mine", database).exact)
    assert family != "neo4j" or not one.is_meant(KnownServer(family, url, prefix, "third").exact)


def test_the_database_of_neo4j_is_called_so_in_any_case() -> None:
    names = {KnownServer("neo4j", "bolt://n", "lmem", name).key for name in ("", "neo4j", "Neo4j")}
    assert len(names) == 1 and KnownServer("neo4j", "bolt://n", "lmem", "work").key not in names


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
