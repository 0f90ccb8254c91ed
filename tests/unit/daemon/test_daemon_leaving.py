"""What is said of a server that settings leave: once, with the next step, without a secret."""

from __future__ import annotations

import pytest

from lmem.config import Config, layered
from lmem.daemon.leaving import finding, left_behind
from lmem.domain.leftservers import KnownServer

URLS = {"qdrant.url": "http://q:6333", "neo4j.url": "bolt://n:7687", "redis.url": "redis://r:6379/0"}


def _config(given: dict[str, str]) -> Config:
    return layered((("user file", dict(given)),))


def _said(running: dict[str, str], given: dict[str, str], key: str) -> str | None:
    return left_behind(_config(running), lambda: _config(given), key)


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("qdrant.url", "delete there the collection 'minelmem' and all that are called 'minememory_embeddings-gen-N'"),
        ("neo4j.url", "MATCH (n {prefix: 'mine'}) DETACH DELETE n"),
        ("redis.url", "delete there the key 'mineinstance' and those that begin with 'mine' and then embedding:"),
    ],
)
@pytest.mark.parametrize("url", ["", "another://place"])
def test_a_server_that_is_left_is_named_with_the_next_steps(key: str, step: str, url: str) -> None:
    prefix = {key.replace("url", "prefix"): "mine"}
    said = _said({**URLS, **prefix}, {**URLS, **prefix, key: url}, key)
    assert said is not None and URLS[key] in said and step in said and "purge" in said
    assert f"lmem repair --emptied '{URLS[key]}{'/neo4j' if 'neo4j' in key else ''}#mine'" in said


@pytest.mark.parametrize("key", URLS)
def test_nothing_is_said_where_nothing_is_left(key: str) -> None:
    assert _said({}, URLS, key) is None, "the first server"
    assert _said(URLS, {key: f" {URLS[key]} "}, key) is None, "the same"
    assert _said(URLS, {key: f"{URLS[key]}/"}, key) is None, "the same"
    other = {"http://q:6333": "https://Q", "bolt://n:7687": "neo4j+s://n", "redis://r:6379/0": "rediss://r"}
    assert _said(URLS, {key: other[URLS[key]]}, key) is None, "the same in another spelling"
    moved = {key: other[URLS[key]], "qdrant.prefix": "mine", "neo4j.database": "mine", "redis.prefix": "mine"}
    beside = key.replace("url", "database" if "neo4j" in key else "prefix")
    assert _said(URLS, moved, beside) is not None, "the same server, another name on it"
    assert _said(URLS, {}, key.replace("url", "prefix")) is None, "said when the address was unset"


def test_another_prefix_in_the_same_database_of_neo4j_leaves_nothing() -> None:
    """lmem takes the nodes along and sweeps the rest."""
    assert _said(URLS, {**URLS, "neo4j.prefix": "other"}, "neo4j.prefix") is None
    assert _said(URLS, {**URLS, "neo4j.prefix": "other", "neo4j.database": "NEO4J"}, "neo4j.prefix") is None
    elsewhere = {**URLS, "neo4j.prefix": "other", "neo4j.database": "work"}
    assert "prefix: 'lmem'" in (_said(URLS, elsewhere, "neo4j.prefix") or ""), "nobody sweeps another database"


@pytest.mark.parametrize("key", ["qdrant.prefix", "neo4j.database", "redis.prefix"])
def test_another_name_on_the_same_server_leaves_what_is_under_the_old_one(key: str) -> None:
    assert "after the restart" in (_said(URLS, {**URLS, key: "other"}, key) or "")


@pytest.mark.parametrize("key", ["default_decay_rate", "qdrant.timeout_seconds", "sessions.idle_hours"])
def test_settings_are_not_read_for_a_key_that_leaves_nothing(key: str) -> None:
    def read() -> Config:
        raise AssertionError("read")

    assert left_behind(_config(URLS), read, key) is None
    assert left_behind(_config({}), read, "qdrant.url") is None, "there was none"


def test_an_address_that_its_store_refuses_is_not_said() -> None:
    assert _said({"redis.url": "redis://ada:hunter22@r:6379/0"}, {}, "redis.url") is None


def test_a_finding_has_the_day_and_the_steps() -> None:
    found = finding(KnownServer("neo4j", "bolt://n:7687", "lmem", "work", "2026-11-20T10:00:00.000Z"))
    assert (found.check, found.level) == ("left", "warn")
    assert found.message.startswith("Neo4j at bolt://n:7687, database work was left on 2026-11-20")
    assert found.next_step is not None and "DETACH DELETE n" in found.next_step and "--emptied" in found.next_step
