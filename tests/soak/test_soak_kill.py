"""kill -9 at random moments, of the daemon and of its index worker, under writing clients."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.bench.harness import Home
from tests.soak.kit import ROUNDS, Daemon, acknowledged, check, kill_worker, writing

pytestmark = pytest.mark.soak


def test_no_acknowledged_memory_is_lost_when_the_daemon_is_killed(daemon: Daemon, tmp_path: Path) -> None:
    moments, left = random.Random(20261122), list[psutil.Process]()
    with writing(daemon.home) as writers:
        for _ in range(ROUNDS):
            time.sleep(moments.uniform(0.02, 0.8))
            left += daemon.kill()
            daemon.start()
    assert sum(writer.broken for writer in writers) >= ROUNDS, "the kills did not hit writing clients"
    assert all(writer.acked for writer in writers)
    assert not [line for writer in writers for line in writer.refused]
    _, alive = psutil.wait_procs([process for process in left if process.is_running()], timeout=5)
    assert not alive, "an index worker outlived its daemon"
    check(daemon, writers, tmp_path)
    print(f"\n{ROUNDS} kills of the daemon: {len(acknowledged(writers))} memories acknowledged, none lost")


def test_searches_go_on_when_the_index_worker_is_killed(daemon: Daemon, tmp_path: Path) -> None:
    moments, over, seen = random.Random(7), threading.Event(), Counter[str]()
    searcher = threading.Thread(target=_search, args=(daemon.home, over, seen))
    searcher.start()
    try:
        with writing(daemon.home, 2) as writers:
            for _ in range(ROUNDS):
                with daemon.home.wire() as wire:
                    wire.wait_for_vectors()
                    time.sleep(moments.uniform(0.02, 0.5))
                    kill_worker(wire)
                    _wait_until_noticed(daemon.home)
    finally:
        over.set()
        searcher.join()
    assert daemon.alive()
    assert not [line for writer in writers for line in writer.refused]
    assert seen["failed"] == 0
    assert seen["degraded"] > 0, "no answer said that the vectors were away"
    assert seen["whole"] > 0, "the worker never came back"
    check(daemon, writers, tmp_path)
    print(f"\n{ROUNDS} kills of the index worker: {len(acknowledged(writers))} memories acknowledged, none lost; "
          f"{seen['whole']} searches whole, {seen['degraded']} degraded, none failed")  # fmt: skip


def _wait_until_noticed(home: Home) -> None:
    with home.wire() as wire:
        until = time.monotonic() + 5
        while wire.vectors()["state"] == "ready" and time.monotonic() < until:
            time.sleep(0.01)


def _search(home: Home, over: threading.Event, seen: Counter[str]) -> None:
    """Search without pause and count the answers by kind; none may fail."""
    with home.wire() as wire:
        while not over.wait(0.02):
            answer = wire.call("memory/search", {"query": "why does the reader close", "limit": 5})
            served = answer["served_by"]
            assert isinstance(served, list)
            seen["degraded" if answer["degraded"] else "whole" if "dense" in served else "failed"] += 1
