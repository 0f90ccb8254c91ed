"""The daemon's clock: the machine's, or one that starts where a test says and runs on."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from lmem.daemon.clock import SystemClock
from lmem.errors import InvalidInput


@pytest.mark.parametrize("start", [None, ""])
def test_without_a_start_it_is_the_machines(start: str | None) -> None:
    clock = SystemClock(start)
    before = datetime.now(UTC)
    assert not clock.shifted and before <= clock.now() <= datetime.now(UTC)


def test_with_a_start_it_runs_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: seconds)
    clock = SystemClock("2026-11-22T09:30:00Z")
    assert clock.shifted and clock.now() == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    seconds = 190.5
    assert clock.now() == datetime(2026, 11, 22, 9, 31, 30, 500_000, UTC) and clock.now().tzinfo is UTC


def test_a_start_may_be_relative_to_the_machines() -> None:
    gone = datetime.now(UTC) - SystemClock("40 days ago").now()
    assert timedelta(days=39) < gone < timedelta(days=41)


def test_a_start_that_is_no_date_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'noon' is not a date"):
        SystemClock("noon")
