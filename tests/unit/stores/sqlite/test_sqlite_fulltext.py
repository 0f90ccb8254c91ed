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


def test_what_waits_is_found_until_it_waits_no_more(connection: sqlite3.Connection) -> None:
    """New rows by their keys, others (aside) by an index of their own; neither finds what does not wait."""
    add_owner(connection)
    ids = [add_memory(connection, number, f"deploy {number}", layer_global=1) for number in range(6)]
    rows = FullTextRows(connection)
    for key in (2, 4, 6):
        rows.add_unindexed(key)
    rows.add_pending(3, "deploy 2", "deploy 2", None)

    def waiting() -> set[str]:
        found = [memory_id for memory_id, _ in rows.pending('"deploy"', Filter(USER), 10)]
        assert len(found) == len(set(found))
        return set(found)

    assert waiting() == {ids[1], ids[2], ids[3], ids[5]}
    assert rows.pending("", Filter(USER), 10) == []
    rows.set_aside(ids[1])
    rows.set_aside(ids[0])  # which does not wait
    assert waiting() == {ids[1], ids[2], ids[3], ids[5]}
    assert connection.execute("SELECT memory_key FROM memories_unindexed").fetchall() == [(4,), (6,)]
    connection.execute("DELETE FROM memories WHERE memory_key IN (3, 4)")
    assert waiting() == {ids[1], ids[5]}
    rows.drop_pending([ids[1], ids[4]])
    assert waiting() == {ids[5]}
    rows.drop_pending([ids[5]])
    assert waiting() == set()


def test_all_wait_when_each_is_new_or_aside(connection: sqlite3.Connection) -> None:
    add_owner(connection)
    add_memory(connection, 0, "new")
    add_memory(connection, 1, "aside")
    add_memory(connection, 2, "archived", is_archived=1)
    rows = FullTextRows(connection)
    rows.add_unindexed(1)
    assert not rows.all_pending()
    rows.add_pending(2, "aside", "aside", None)
    assert rows.all_pending()
