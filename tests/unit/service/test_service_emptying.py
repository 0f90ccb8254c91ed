"""What a person is told to delete on a server that was left: all that the stores make there, and no other lmem's."""

from __future__ import annotations

import re

import pytest

from lmem.domain.cachekeys import CACHE_KEYS
from lmem.domain.leftservers import KnownServer
from lmem.service.emptying import emptying
from lmem.stores.redis.link import MARK
from tests.contract.servers import vectors_at
from tests.contract.vectors import DIMENSIONS
from tests.servers.qdrant_twin import Twin, running


def _collections(twin: Twin) -> set[str]:
    return {item.name for item in twin.store.get_collections().collections}


@pytest.mark.parametrize("prefix", ["lmem_", ""])
def test_the_collections_of_one_prefix_are_named_and_not_those_of_a_longer_one(prefix: str) -> None:
    with running() as twin:
        made = list[set[str]]()
        for name in (prefix, f"{prefix}work_", f"{prefix}memory_embeddings-gen-0001"):
            vectors = vectors_at(twin.url, name, owner=name)
            before = _collections(twin)
            for generation in ("gen-0001", "gen-12345"):
                vectors.open(generation, DIMENSIONS)
            made.append(_collections(twin) - before)
            vectors.close()
    assert all(len(names) == 5 for names in made)
    quoted = re.findall("'([^']*)'", emptying(KnownServer("qdrant", "http://q:6333", prefix)))
    pattern = "|".join(re.escape(name).replace(r"\-N", r"-\d+") for name in quoted)
    assert {name for names in made for name in names if re.fullmatch(pattern, name)} == made[0]


@pytest.mark.parametrize("prefix", ["lmem:", ""])
def test_the_keys_of_one_prefix_are_named_and_not_those_of_a_longer_one(prefix: str) -> None:
    said = emptying(KnownServer("redis", "redis://r:6379/0", prefix))
    assert f"the key '{prefix}{MARK}' and those that begin with '{prefix}' and then " in said
    heads = re.findall("[a-z]+:(?=[, ])", said.partition(" and then ")[2])

    def is_named(key: str) -> bool:
        return key == prefix + MARK or any(key.startswith(prefix + head) for head in heads)

    names = (*CACHE_KEYS, MARK)
    assert all(is_named(prefix + name) for name in names)
    assert not any(is_named(f"{prefix}work:{name}") for name in names)


@pytest.mark.parametrize(
    ("prefix", "named"), [("lmem", "'lmem'"), ("ada's", r"'ada\'s'"), ("back\\slash", r"'back\\slash'")]
)
def test_the_nodes_of_one_prefix_are_named_as_text(prefix: str, named: str) -> None:
    said = emptying(KnownServer("neo4j", "bolt://n:7687", prefix))
    assert said == f"run there MATCH (n {{prefix: {named}}}) DETACH DELETE n"
