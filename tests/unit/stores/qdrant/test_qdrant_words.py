"""Words of a user in Edge: no file of the index holds one, and conditions find them all the same."""

from __future__ import annotations

import re
from pathlib import Path

from lmem.domain.payloads import stored_word
from lmem.ports.vectors import MEMORIES, Condition
from lmem.stores.qdrant.edge import EdgeVectors
from lmem.stores.qdrant.words import stored_payload
from tests.contract.vectors import DIMENSIONS, an_id, point, random_encoding

GENERATION = "gen-0001"


def test_a_word_is_kept_as_a_digest_that_depends_on_it_alone() -> None:
    assert re.fullmatch("[0-9a-f]{16}", stored_word("tags", "sécurité"))
    assert stored_word("tags", "red") == stored_word("category", "red") != stored_word("tags", "blue")
    assert stored_word("project_id", "a" * 32) == "a" * 32


def test_a_payload_keeps_what_is_no_word() -> None:
    found = stored_payload({"tags": ["red"], "rev": 3, "title": "Gone", "category": None})
    assert found == {"tags": [stored_word("tags", "red")], "rev": 3}


def test_no_file_of_the_index_holds_a_word(tmp_path: Path) -> None:
    edge = EdgeVectors(str(tmp_path), 0)
    edge.open(GENERATION, DIMENSIONS)
    named = point(1, memory_type="canarytype", category="canarycategory", tags=["canarytag", "red"])
    edge.write(GENERATION, MEMORIES, [named, point(2)])
    for key, word in (("memory_type", "canarytype"), ("category", "canarycategory"), ("tags", "canarytag")):
        found = edge.search(GENERATION, MEMORIES, random_encoding(1), [Condition(key, any=(word,))], 10).found
        assert [candidate.id for candidate in found] == [an_id(1)]
    edge.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not [path for path in files if b"canary" in path.read_bytes()]
