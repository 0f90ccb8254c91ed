"""stats and search --history, on a daemon that a test plays."""

from __future__ import annotations

import pytest

from tests.unit.cli.fake_daemon import FakeDaemon, Params
from tests.unit.cli.terminal import Terminal


def told(**changes: object) -> Params:
    unused = {"hits": 0, "misses": 0, "writes": 0, "rate": None}
    return {
        "sizes": {
            "sqlite": {"bytes": 83_000_000, "free_bytes": 0}, "vectors": {"bytes": 28_000_000, "points": 10_000},
            "cache": {"bytes": 4_200_000, "entries": 1234, "most_bytes": 6_291_456},
        },
        "cache": {"engine": "in process", "state": "ready", "evicted": 0},
        "hit_rates": {
            "memory:{memory_id}": {"hits": 3, "misses": 1, "writes": 1, "rate": 0.75},
            "search:user:{user_id}:history": {"hits": 0, "misses": 0, "writes": 1200, "rate": None},
            "query:popular": unused,
        },
        "popular": [{"query": "why WAL", "times": 3}],
        **changes,
    }  # fmt: skip


def test_stats_show_sizes_hit_rates_and_what_is_popular(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["stats/get"] = lambda params: told()
    assert lmem.run("stats").out.splitlines() == [
        "sqlite\t83.0 MB\t",
        "vectors\t28.0 MB\t10,000 points",
        "cache\t4.2 MB\t1,234 values, at most 6.3 MB",
        "",
        "memory:{memory_id}\t75%\t3\t1\t1",
        "search:user:{user_id}:history\t-\t0\t0\t1,200",
        "asked 3 times: why WAL",
    ]


def test_stats_say_what_they_could_not_measure(daemon: FakeDaemon, lmem: Terminal) -> None:
    sizes = {"vectors": {"bytes": None, "reason": "The index worker is starting."}}
    cache = {"engine": "in process", "evicted": 7}
    daemon.answers["stats/get"] = lambda params: told(sizes=sizes, cache=cache)
    done = lmem.run("stats")
    assert done.out.splitlines()[0] == "vectors\t?\tThe index worker is starting."
    assert "7 values made room for others" in done.err and "cache.max_mb" in done.err


def test_stats_for_programs_are_the_daemons_answer(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["stats/get"] = lambda params: told()
    assert lmem.run("stats", "--json").json() == told()


def test_history_lists_the_last_searches(daemon: FakeDaemon, lmem: Terminal) -> None:
    searches = [{"query": "why WAL", "at": "2026-01-02T03:04:05.678Z", "client": "cli", "results": 1}]
    daemon.answers["search/history"] = lambda params: {"searches": searches, "degraded": []}
    done = lmem.run("search", "--history", "--limit", "5")
    assert done.out.splitlines() == ["2026-01-02\t1 result\tcli\twhy WAL"]
    assert daemon.calls("search/history") == [{"limit": 5}]
    assert lmem.run("search", "--history", "--json").json()["searches"] == searches


def test_no_history_says_why(daemon: FakeDaemon, lmem: Terminal) -> None:
    daemon.answers["search/history"] = lambda params: {"searches": [], "degraded": []}
    done = lmem.run("search", "--history")
    assert not done.out and "may be lost" in done.err


@pytest.mark.parametrize("argv", [("why",), ("--type", "task"), ("--explain",), ("--only", "fts")])
def test_history_takes_no_question(daemon: FakeDaemon, lmem: Terminal, argv: tuple[str, ...]) -> None:
    done = lmem.run("search", "--history", *argv)
    assert done.status == 2 and "--limit alone" in done.err
    assert not daemon.calls("search/history") and not daemon.calls("memory/search")


def test_nothing_to_search_for_is_said(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("search")
    assert done.status == 2 and "There is nothing to search for" in done.err
