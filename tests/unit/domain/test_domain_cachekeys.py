"""CACHE_KEYS against the specification's section 4: every pattern as it is spelt there, with its time to live."""

from __future__ import annotations

import inspect

from lmem.domain import cachekeys
from lmem.domain.cachekeys import CACHE_KEYS, EVENTS, Key

SPECIFIED = {
    # 4.1
    "memory:{memory_id}": 3600,
    "memory:user:{user_id}:recent": None,
    "memory:project:{project_id}:active": None,
    "search:semantic:{query_hash}": 3600,
    "search:user:{user_id}:history": 86400,
    "relationships:{memory_id}:outgoing": 1800,
    "relationships:{memory_id}:incoming": 1800,
    # 4.2
    "session:{session_id}:context": 1800,
    "session:{session_id}:working_memory": 900,
    "session:user:{user_id}:active": None,
    "project:{project_id}:context": 14400,
    "project:{project_id}:patterns": 7200,
    "project:{project_id}:git_status": 300,
    # 4.3
    "user:{user_id}:preferences": 86400,
    "user:{user_id}:projects": 3600,
    "layer:config:{layer_type}": None,
    "layer:stats:{layer_type}": 600,
    # 4.4
    "query:{query_hash}": None,
    "query:popular": 3600,
    "embedding:{content_hash}": None,
    "embedding:batch:{batch_id}": None,
    "router:decision:{context_hash}": 300,
    "router:performance": None,
}
"""Section 4 and its 4.5, in order; None where it says no time."""


def _made() -> list[Key]:
    """What each function of the module that makes a key makes of 'ID'."""
    makers = [
        item for name, item in vars(cachekeys).items()
        if inspect.isfunction(item) and not name.startswith("_") and item.__module__ == cachekeys.__name__
    ]  # fmt: skip
    return [maker(*["ID"] * len(inspect.signature(maker).parameters)) for maker in makers]


def test_every_pattern_is_spelt_as_in_the_specification() -> None:
    assert list(CACHE_KEYS) == list(SPECIFIED)


def test_times_to_live_are_those_of_the_specification_and_none_is_without() -> None:
    ttls = {pattern: row.ttl for pattern, row in CACHE_KEYS.items()}
    assert {pattern: ttls[pattern] for pattern, ttl in SPECIFIED.items() if ttl} == {
        pattern: ttl for pattern, ttl in SPECIFIED.items() if ttl
    }
    assert all(0 < ttl <= 86400 for ttl in ttls.values())


def test_every_pattern_has_one_function_that_makes_its_key() -> None:
    assert sorted(key.row.pattern for key in _made()) == sorted(CACHE_KEYS)


def test_a_key_is_its_pattern_with_the_variable_filled_in() -> None:
    for key in _made():
        head, _, tail = key.row.pattern.partition("{")
        assert key.name == (f"{head}ID{tail.partition('}')[2]}" if tail else head)
        assert key.object_id == ("ID" if tail else "")


def test_a_value_becomes_void_by_known_events_only() -> None:
    for row in CACHE_KEYS.values():
        assert row.own or row.any, row.pattern
        assert set(row.own + row.any) <= set(EVENTS), row.pattern
        assert row.writer and row.reader, row.pattern
    assert all(sentence.endswith(".") for sentence in EVENTS.values())
