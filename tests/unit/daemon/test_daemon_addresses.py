"""The servers that settings name are those that their stores would use, whatever the address looks like."""

from __future__ import annotations

import pytest

from lmem.config import Config, layered
from lmem.daemon.addresses import refuse_unusable, servers, shown
from lmem.domain.leftservers import KnownServer
from lmem.errors import InvalidInput

URLS = {"qdrant.url": "http://q:6333", "neo4j.url": "bolt://n:7687", "redis.url": "redis://r:6379/0"}


def _config(given: dict[str, str]) -> Config:
    return layered((("user file", dict(given)),))


def test_the_servers_that_settings_name() -> None:
    assert servers(_config({})) == []
    assert servers(_config({**URLS, "redis.url": "unix:///run/redis.sock?db=2", "neo4j.database": "work"})) == [
        KnownServer("qdrant", "http://q:6333", "lmem_"),
        KnownServer("neo4j", "bolt://n:7687", "lmem", "work"),
        KnownServer("redis", "unix:///run/redis.sock?db=2", "lmem:"),
    ]


@pytest.mark.parametrize(
    ("key", "url", "kept"),
    [
        ("qdrant.url", "HTTP://q:6333", "http://q:6333"), ("qdrant.url", "https://q:6333/base/?", "https://q:6333/base"),
        ("neo4j.url", "Bolt://n:7687", "bolt://n:7687"), ("neo4j.url", " neo4j+s://N ", "neo4j+s://n:7687"),
        ("redis.url", "redis://r:6379/0?", "redis://r:6379/0"), ("redis.url", "REDISS://r", "rediss://r:6379/0"),
    ],
)  # fmt: skip
def test_whatever_spelling_a_store_takes_is_a_server(key: str, url: str, kept: str) -> None:
    assert [server.url for server in servers(_config({key: url}))] == [kept]


@pytest.mark.parametrize(
    ("key", "url"),
    [
        *((key, url) for key in URLS for url in ("another://h:1", "h:1", "http://", "bolt://h:x", "redis://h:99999")),
        ("qdrant.url", URLS["neo4j.url"]), ("neo4j.url", URLS["redis.url"]), ("redis.url", URLS["qdrant.url"]),
        ("qdrant.url", "http://me:hunter22@q"), ("qdrant.url", "http://q?api-key=hunter22"),
        ("qdrant.url", "http://q#hunter22"), ("neo4j.url", "bolt://me:hunter22@n"), ("neo4j.url", "bolt://hunter22@n"),
        ("neo4j.url", "bolt://n?password=hunter22"), ("redis.url", "redis://ada:hunter22@r:6379/0"),
        ("redis.url", "redis://r:6379/0?password=hunter22"), ("redis.url", "redis://r:6379/0#hunter22"),
    ],
)  # fmt: skip
def test_an_address_that_its_store_refuses_is_no_server_and_no_setting(key: str, url: str) -> None:
    assert servers(_config({key: url})) == []
    with pytest.raises(InvalidInput) as refused:
        refuse_unusable(key, url)
    said = refused.value.message + refused.value.hint
    assert "hunter22" not in said and "hunter22" not in str(shown(key, url))
    family = key.partition(".")[0]
    if "@" in url:
        secret = "api_key" if family == "qdrant" else "password"
        assert f"{family}.{secret}_file" in said and f"{family}.{secret}_command" in said
        assert f"LMEM_{family.upper()}_{secret.upper()}" in said


@pytest.mark.parametrize(
    ("key", "value"), [*URLS.items(), ("qdrant.url", ""), ("qdrant.prefix", "a-b"), ("embedding.model", "any@thing")]
)
def test_other_values_are_settings_and_shown_as_they_are(key: str, value: str) -> None:
    refuse_unusable(key, value)
    assert shown(key, value) == value
    assert shown("cache.max_mb", 6) == 6


def test_a_prefix_that_its_store_refuses_is_no_server() -> None:
    with pytest.raises(InvalidInput):
        refuse_unusable("qdrant.prefix", "it's")
    assert servers(_config({**URLS, "qdrant.prefix": "it's"}))[0].family == "neo4j"
