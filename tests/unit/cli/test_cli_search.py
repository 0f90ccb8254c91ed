"""search and list."""

from __future__ import annotations

import json
from typing import cast

import pytest

from lmem.errors import StoreUnavailable
from tests.unit.cli.fake_daemon import ID, OTHER, FakeDaemon, Params, hit, memory
from tests.unit.cli.terminal import Terminal


def found(**changes: object) -> Params:
    return {"results": [hit()], "served_by": ["dense", "sparse", "fts"], "degraded": [], "took_ms": 1.5, **changes}


def test_search_sends_the_query_and_the_filters_that_were_given(daemon: FakeDaemon, lmem: Terminal) -> None:
    argv = ["why", "WAL", "--type", "decision", "--tag", "a", "--tag", "b", "--project", "api", "--layer", "global"]
    argv += [
        "--since",
        "last week",
        "--until",
        "2026-11-01",
        "--min-importance",
        "0",
        "--limit",
        "3",
        "--explain",
        "-a",
    ]
    assert lmem.run("search", *argv, "--only", "fts", "--archived").status == 0
    assert daemon.calls("memory/search") == [
        {
            "query": "why WAL", "type": ["decision"], "tag": ["a", "b"], "project": "api", "layer": ["global"],
            "since": "last week", "until": "2026-11-01", "min_importance": 0.0, "limit": 3, "explain": True,
            "all_projects": True, "archived": True, "only": "fts",
        }
    ]  # fmt: skip


def test_search_prints_rank_id_title_facts_and_the_matching_line(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/search"] = lambda params: found(results=[hit(), {**hit(), "id": OTHER, "line": None}])
    done = lmem.run("search", "WAL")
    assert done.out.splitlines() == [
        " 1  3f2a9c1d  We chose WAL  decision  2026-01-02  api",
        "    2: because readers never wait.",
        " 2  77b0c4de  We chose WAL  decision  2026-01-02  api",
    ]
    assert not done.err


def test_search_for_programs_is_the_daemons_answer(daemon: FakeDaemon, lmem: Terminal) -> None:
    told = lmem.run("search", "WAL", "--json").json()
    assert told == found()


@pytest.mark.parametrize("query", ['"', "*", "-- -x", "a:b", "(", "NEAR", "AND", "--", "'"])
def test_no_sign_in_a_query_is_special_here(daemon: FakeDaemon, lmem: Terminal, query: str) -> None:
    argv = query.split() if query.startswith("-- ") else ["--", query]
    assert lmem.run("search", *argv).status == 0
    assert daemon.calls("memory/search")[0]["query"] == (query[3:] if query.startswith("-- ") else query)


def test_explain_shows_the_parts_and_the_times(daemon: FakeDaemon, lmem: Terminal) -> None:
    why = {"cosine": 0.5123, "bm25": None, "boosts": {"type": 1.1}, "exact": ["WAL", "x"]}
    daemon.answers["memory/search"] = lambda params: found(
        results=[hit(why=why)], timings_ms={"encode": 1.0, "rank": 0.25}
    )
    lines = lmem.run("search", "WAL", "--explain").out.splitlines()
    assert lines[2] == "    0.810 = cosine 0.512, boosts (type 1.100), exact WAL x"
    assert lines[3] == "1.5 ms (encode 1.0, rank 0.2), by dense sparse fts"


def test_what_is_missing_is_said_on_stderr(daemon: FakeDaemon, lmem: Terminal) -> None:
    lost = [{"store": "vectors", "reason": "The index worker died.", "hint": "Run 'lmem doctor'."}]
    daemon.answers["memory/search"] = lambda params: found(served_by=["fts"], degraded=lost)
    assert lmem.run("search", "WAL").err == "Without the vectors: The index worker died. Run 'lmem doctor'.\n"
    told = lmem.run("search", "WAL", "--json")
    assert told.json()["degraded"] == lost
    assert not told.err


def test_an_empty_answer_says_why_and_is_no_error(daemon: FakeDaemon, lmem: Terminal) -> None:
    empty = {
        "reason": "Nothing is close.", "corpus": 1200, "unknown_terms": ["zzz"],
        "near": [{"id": ID, "title": "We chose WAL", "score": 0.1}],
    }  # fmt: skip
    daemon.answers["memory/search"] = lambda params: found(results=[], empty=empty)
    done = lmem.run("search", "zzz")
    assert (done.status, done.out) == (0, "")
    assert done.err.splitlines() == [
        "Nothing is close.",
        "No memory has: zzz.",
        "Searched 1,200 memories.",
        "Nearest:",
        "    3f2a9c1d  We chose WAL",
    ]


def test_the_range_that_words_of_time_became_is_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/search"] = lambda params: found(
        range={"since": "2026-11-01", "until": None, "words": "this month"}
    )
    assert lmem.run("search", "WAL this month").err == "this month: 2026-11-01 to now\n"


@pytest.mark.parametrize(
    ("argv", "said"), [(("",), "nothing to search for"), (("x", "--only", "gist"), "no index 'gist'")]
)
def test_what_cannot_be_searched(lmem: Terminal, argv: tuple[str, ...], said: str) -> None:
    done = lmem.run("search", *argv)
    assert done.status == 2
    assert said in done.err


def test_an_index_that_is_asked_for_and_missing_has_its_own_status(daemon: FakeDaemon, lmem: Terminal) -> None:
    def refuse(params: Params) -> None:
        raise StoreUnavailable("The vectors are not there.")

    daemon.answers["memory/search"] = refuse
    assert lmem.run("search", "x", "--only", "dense").status == 6


def test_stored_text_is_harmless_on_a_terminal(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/search"] = lambda params: found(results=[hit(title="a\x1b[2Jb", project="p\x07")])
    out = lmem.type("search", "x").out
    assert "a\\x1b[2Jb" in out and "p\\x07" in out
    assert "\x1b[2J" not in out


def test_long_titles_are_cut_on_a_terminal_only(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/search"] = lambda params: found(results=[hit(title="word " * 40)])
    on_screen = lmem.type("search", "x", env={"COLUMNS": "70", "NO_COLOR": "1"}).out.splitlines()[0]
    assert len(on_screen) == 70 and "…" in on_screen
    assert "word " * 40 in lmem.run("search", "x", env={"COLUMNS": "60"}).out


def test_list_prints_one_line_each(daemon: FakeDaemon, lmem: Terminal) -> None:
    other = memory(id=OTHER, type="task", project=None, title="Measure")
    daemon.answers["memory/list"] = lambda params: {"memories": [memory(), other], "total": 7}
    done = lmem.run("list", "--limit", "2", "--newest", "--offset", "1")
    assert done.out.splitlines() == [
        "3f2a9c1d  decision  2026-01-02  api  We chose WAL",
        "77b0c4de  task      2026-01-02  -    Measure",
    ]
    assert done.err == "2 of 7; --offset 3 shows more.\n"
    assert daemon.calls("memory/list") == [{"limit": 2, "offset": 1, "order": "created"}]


def test_list_for_programs_is_json_lines(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/list"] = lambda params: {"memories": [memory(), memory(id=OTHER)], "total": 2}
    lines = lmem.run("list", "--json").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [ID, OTHER]


def test_an_empty_list_says_how_to_begin(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/list"] = lambda params: {"memories": [], "total": 0}
    done = lmem.run("list")
    assert (done.out, done.err) == ("", 'No memory matches. Add one: lmem add "we chose X because Y".\n')


def test_what_is_left_is_shown_by_limit_or_by_offset(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["memory/list"] = lambda params: {"memories": [memory()] * cast(int, params["limit"]), "total": 1501}
    assert lmem.run("list", "-n", "3").err == "3 of 1501; --limit shows more.\n"
    assert lmem.run("list", "-n", "1000").err == "1000 of 1501; --offset 1000 shows more.\n"
    assert lmem.run("list", "-n", "3", "--offset", "6").err == "3 of 1501; --offset 9 shows more.\n"
    assert lmem.run("list", "-n", "501", "--offset", "1000").err == ""
    assert lmem.run("list", "-n", "1001", "--offset", "20").err == (
        "lmem: --limit must be a whole number from 1 to 1000.\n"
        "Show the next ones with --offset, as --limit 1000 --offset 1020.\n"
    )


@pytest.mark.parametrize("width", [30, 40, 60, 80])
@pytest.mark.parametrize("command", [("list",), ("search", "x")], ids=" ".join)
def test_no_row_is_wider_than_the_terminal(
    daemon: FakeDaemon, lmem: Terminal, command: tuple[str, ...], width: int
) -> None:
    rows = [memory(title="word " * 40, project="a-project-with-a-long-name"), memory(title="word " * 40)]
    daemon.answers["memory/list"] = lambda params: {"memories": rows, "total": 2}
    daemon.answers["memory/search"] = lambda params: {**found(), "results": rows}
    seen = lmem.type(*command, env={"COLUMNS": str(width), "NO_COLOR": "1"}).out.splitlines()
    lines = [line for line in seen if "word" in line]
    assert len(lines) >= 2
    assert max(map(len, lines)) <= width
    assert min(line.count("w") for line in lines) >= 2
