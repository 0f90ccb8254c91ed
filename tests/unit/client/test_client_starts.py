"""The memory of recent starts."""

from __future__ import annotations

import calendar
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lmem.client import starts
from lmem.client.starts import Starts, last_end
from lmem.errors import DaemonStartFailed, Damaged, InvalidInput
from lmem.paths import Paths, paths


@pytest.fixture
def here(tmp_path: Path) -> Paths:
    found = paths({"LMEM_HOME": str(tmp_path)})
    found.state.mkdir()
    return found


def test_three_starts_a_minute_are_enough(here: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        Starts(here).check(since=time.time())
        Starts(here).record()
    with pytest.raises(DaemonStartFailed, match="3 times in the last 60 s"):
        Starts(here).check(since=time.time())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    Starts(here).check(since=now + 61)


def test_a_failure_is_shared_with_those_who_waited_for_it(here: Paths) -> None:
    asked = time.time()
    found = Starts(here)
    found.record()
    found.record_failure(Damaged("It is damaged.", hint="Mend it."))
    with pytest.raises(Damaged, match="It is damaged") as shared:
        Starts(here).check(since=asked)
    assert shared.value.hint == "Mend it."
    Starts(here).check(since=time.time() + 1)


def test_a_new_count_can_begin(here: Paths) -> None:
    for _ in range(3):
        Starts(here).record()
    found = Starts(here)
    found.forget()
    found.check(since=0)
    found.record()
    assert len(json.loads(here.starts_file.read_text())["starts"]) == 1


def test_settings_that_are_not_right_are_no_crash(here: Paths) -> None:
    asked = time.time()
    for _ in range(5):
        found = Starts(here)
        found.check(since=time.time() + 1)
        found.record()
        found.record_failure(InvalidInput("It is not valid TOML."))
    with pytest.raises(InvalidInput, match="not valid TOML"):
        Starts(here).check(since=asked)


def test_changed_settings_begin_a_new_count(here: Paths) -> None:
    for _ in range(3):
        Starts(here).record()
    here.config.mkdir()
    here.config_file.write_text("[daemon]\n")
    for _ in range(3):
        found = Starts(here)
        found.check(since=time.time())
        found.record()
    with pytest.raises(DaemonStartFailed, match="3 times"):
        Starts(here).check(since=time.time())
    here.config_file.unlink()
    Starts(here).check(since=time.time())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"starts": null}', '{"starts": ["x"], "failure": 5}'])
def test_a_torn_file_counts_nothing(here: Paths, text: str) -> None:
    here.starts_file.write_text(text)
    found = Starts(here)
    found.check(since=0)
    found.record()
    kept = json.loads(here.starts_file.read_text())
    assert (len(kept["starts"]), kept["failure"]) == (1, None)


def test_a_full_disk_does_not_keep_the_daemon_from_starting(here: Paths) -> None:
    here.starts_file.mkdir()
    Starts(here).record()
    assert list(here.starts_file.iterdir()) == []


def _entry(level: str, message: str, at: str = "2026-07-01T10:00:00.123+00:00") -> str:
    return json.dumps({"time": at, "level": level, "logger": "lmem", "message": message})


def test_the_logs_last_end_is_found(here: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    began = calendar.timegm((2026, 7, 1, 10, 0, 0))
    assert last_end(here, began) == ""
    ends = [_entry("critical", f"the daemon {what}.") for what in ("cannot start: It is damaged", "crashed: Bad")]
    later = [_entry("error", "memory/add failed"), _entry("critical", "lmem-writer crashed: ValueError")]
    here.log_file.write_text("\n".join([*ends, *later, '{"level": "error", "mess']))
    assert last_end(here, began) == "the daemon crashed: Bad"
    assert last_end(here, began + 1) == "", "that was another start's"
    monkeypatch.setattr(starts, "TAIL", 60)
    assert last_end(here, began) == ""


def test_a_call_that_failed_is_not_why_the_daemon_did_not_stay(here: Paths) -> None:
    for _ in range(3):
        Starts(here).record()
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    here.log_file.write_text(_entry("error", "memory/add failed", now) + "\n")
    with pytest.raises(DaemonStartFailed, match="its log does not say why"):
        Starts(here).check(since=time.time())
    here.log_file.write_text(_entry("warning", "the daemon ends: its directory is gone", now) + "\n")
    with pytest.raises(DaemonStartFailed, match="did not stay: the daemon ends: its directory is gone"):
        Starts(here).check(since=time.time())
