"""Twenty agents at once with two thousand calls between them, and connections that come and go."""

from __future__ import annotations

import asyncio

import psutil
import pytest

from tests.bench.harness import nested
from tests.integration.agents import bridge, storm
from tests.soak.kit import Daemon

pytestmark = pytest.mark.soak
GROWTH = 30_000_000
"""Bytes that a daemon may take more after a hundred sessions: caches, not leaks."""


def test_twenty_agents_make_two_thousand_calls(daemon: Daemon) -> None:
    taken = asyncio.run(storm(daemon.home.environ, daemon.home.path, agents=20, calls=100))
    assert len(taken) == 20 * 99
    assert daemon.alive()
    with daemon.home.wire() as wire:
        wire.settle(60)
        counts = nested(wire.call("status/get", {}), "counts")
    assert counts["memories"] == 20 * (1 + 24)


def test_sessions_that_end_leave_nothing(daemon: Daemon) -> None:
    with bridge(daemon.home.environ, daemon.home.path) as first:
        first.use("memory_context")
    with daemon.home.wire() as wire:
        process = psutil.Process(int(str(nested(wire.call("status/get", {}), "daemon")["pid"])))
    files, before = process.num_fds(), process.memory_info().rss
    for number in range(100):
        with bridge(daemon.home.environ, daemon.home.path) as one:
            one.tell("tools/call", name="memory_search", arguments={"query": f"why {number}"})  # and hangs up
    assert process.num_fds() <= files + 5
    assert process.memory_info().rss < before + GROWTH
