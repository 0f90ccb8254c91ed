"""What is said of a server that settings leave: once, with the next step, without a secret."""

from __future__ import annotations

import pytest

from lmem.config import Config, layered
from lmem.daemon.leaving import left_behind

URLS = {"qdrant.url": "http://q:6333", "neo4j.url": "bolt://n:7687", "redis.url": "redis://r:6379/0"}


def _config(given: dict[str, str]) -> Config:
    return layered((("user file", dict(given)),))


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("qdrant.url", "delete the collections there that begin with 'mine'"),
        ("neo4j.url", "MATCH (n {prefix: 'mine'}) DETACH DELETE n"),
        ("redis.url", "delete the keys there that begin with 'mine'"),
    ],
)
@pytest.mark.parametrize("url", ["", "another://place"])
def test_a_server_that_is_left_is_named_with_the_next_step(key: str, step: str, url: str) -> None:
    running = _config({**URLS, key.replace("url", "prefix"): "mine"})
    said = left_behind(running, _config({**URLS, key: url}), key)
    assert said is not None and URLS[key] in said and step in said and "purge" in said


@pytest.mark.parametrize("key", URLS)
def test_nothing_is_said_where_nothing_is_left(key: str) -> None:
    assert left_behind(_config({}), _config(URLS), key) is None, "the first server"
    assert left_behind(_config(URLS), _config({key: f" {URLS[key]} "}), key) is None, "the same"
    assert left_behind(_config(URLS), _config({}), key.replace("url", "prefix")) is None


def test_what_may_stand_before_the_host_is_not_shown() -> None:
    said = left_behind(_config({"redis.url": "redis://ada:hunter22@r:6379/0"}), _config({}), "redis.url")
    assert said is not None and "redis://r:6379/0" in said and "hunter22" not in said
