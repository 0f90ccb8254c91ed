"""graph cypher: what is asked of the daemon, and how rows are told."""

from __future__ import annotations

import json

from tests.unit.cli.fake_daemon import FakeDaemon, Params
from tests.unit.cli.terminal import Terminal

QUERY = "MATCH (m:Memory) RETURN m, m.title, 1.5"


def rows(*found: list[object], more: bool = False) -> Params:
    return {"columns": ["m", "m.title", "1.5"], "rows": list(found), "more": more}


def test_rows_are_lines_with_tabs_for_programs(daemon: FakeDaemon, lmem: Terminal) -> None:
    node = {"labels": ["Memory"], "id": "3f2a"}
    answer = rows([node, "a\ttitle\x1b[31m", 1.5], [None, "ü", True], more=True)
    daemon.answers["graph/cypher"] = lambda params: answer
    said = lmem.run("graph", "cypher", QUERY, "--limit", "2")
    first, second = said.out.splitlines()
    assert first.startswith('{"labels": ["Memory"], "id": "3f2a"}\t') and first.endswith("\t1.5")
    assert "\x1b" not in first and first.count("\t") == 2
    assert second == "null\tü\ttrue"
    assert "Only the first 2 rows" in said.err
    assert daemon.asked[-1] == ("graph/cypher", {"query": QUERY, "limit": 2})


def test_json_is_the_daemons_answer(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["graph/cypher"] = lambda params: rows(["a", "b", 1])
    assert json.loads(lmem.run("graph", "cypher", QUERY, "--json").out) == rows(["a", "b", 1])


def test_no_row_is_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["graph/cypher"] = lambda params: rows()
    said = lmem.run("graph", "cypher", QUERY)
    assert (said.out, said.err) == ("", "No row.\n")
