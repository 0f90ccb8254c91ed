"""Full text: the filter is asked of the best hits first, and of all when those leave too few.

Not what is found by which words (tests of the search service).
"""

from __future__ import annotations

import sqlite3

import pytest

from lmem.domain.filters import Filter
from lmem.stores.sqlite.fulltext import FullTextRows
from tests.unit.stores.sqlite.rows import USER, add_memory, add_owner


@pytest.mark.parametrize("limit", [1, 5, 20])
@pytest.mark.parametrize("type_", ["rare", "common", "absent"])
def test_the_best_that_pass_the_filter_are_found_wherever_they_stand(
    connection: sqlite3.Connection, limit: int, type_: str
) -> None:
    add_owner(connection)
    kinds: dict[str, list[str]] = {"rare": [], "common": [], "absent": []}
    for number in range(60):  # the more often a text has the word, the better; what is rare stands last
        kind = "rare" if number >= 55 else "common"
        text = " ".join(["deploy"] * (60 - number) + ["other"] * number)
        kinds[kind].append(add_memory(connection, number, text, memory_type=kind, layer_global=1))
    found = FullTextRows(connection).match('"deploy" OR "unknown"', Filter(USER, types=(type_,)), limit)
    assert [memory_id for memory_id, _ in found] == kinds[type_][:limit]
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
