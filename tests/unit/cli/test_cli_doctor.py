"""doctor: what is found without the daemon, and with it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lmem.cli import doctor
from lmem.errors import StoreUnavailable
from lmem.paths import Paths, paths
from tests.unit.cli.fake_daemon import FakeDaemon, Params
from tests.unit.cli.terminal import Done, Terminal


def levels(done: Done) -> dict[str, str]:
    return {finding["check"]: finding["level"] for finding in json.loads(done.out)["findings"]}


@pytest.fixture
def place(tmp_path: Path) -> Paths:
    found = paths({"LMEM_HOME": str(tmp_path / "home")})
    for folder in (found.data, found.state, found.config, found.runtime):
        folder.mkdir(parents=True, mode=0o700)
    return found


def test_a_fresh_machine_is_well_and_nothing_is_started(lmem: Terminal) -> None:
    done = lmem.run("doctor", "--json")
    assert done.status == 0
    assert set(levels(done).values()) <= {"ok", "warn"}
    assert levels(done)["daemon"] == "ok"
    assert not lmem.home.exists()


def test_the_daemons_findings_follow(daemon: FakeDaemon, lmem: Terminal) -> None:
    finding = {"check": "sqlite", "level": "fail", "message": "integrity_check: row 3", "next": "Restore a backup."}
    daemon.answers["status/doctor"] = lambda params: {"findings": [finding]}
    done = lmem.run("doctor")
    assert done.status == 1
    lines = done.out.splitlines()
    assert lines[-2].split(maxsplit=2) == ["fail", "sqlite", "integrity_check: row 3"]
    assert lines[-1].strip() == "Restore a backup."
    assert f"process {os.getpid()} runs, on " in done.out


def test_a_daemon_that_cannot_answer_is_a_finding(daemon: FakeDaemon, lmem: Terminal) -> None:
    def refuse(params: Params) -> None:
        raise StoreUnavailable

    daemon.answers["status/doctor"] = refuse
    done = lmem.run("doctor", "--json")
    assert (done.status, levels(done)["connection"]) == (1, "fail")


def test_settings_that_cannot_be_read(place: Paths, lmem: Terminal) -> None:
    place.config_file.write_text("speed = 'high'")
    done = lmem.run("doctor")
    assert done.status == 1
    assert "unknown setting 'speed'" in done.out


def test_folders_and_files_open_to_others(place: Paths, lmem: Terminal) -> None:
    place.data.chmod(0o755)
    place.database.touch(0o644)
    place.database.chmod(0o644)
    done = lmem.run("doctor")
    assert done.status == 0
    assert f"chmod 700 '{place.data}'" in done.out
    assert f"chmod 600 '{place.database}'" in done.out


def test_a_folder_that_is_none(place: Paths, lmem: Terminal) -> None:
    place.data.rmdir()
    place.data.write_text("")
    done = lmem.run("doctor")
    assert done.status == 1
    assert "is not a directory of yours" in done.out


def test_the_last_error_of_the_log(place: Paths, lmem: Terminal) -> None:
    lines = [
        {"time": "T1", "level": "error", "message": "old"},
        {"time": "T2", "level": "error", "message": "the disk is full"},
        {"time": "T3", "level": "info", "message": "fine"},
    ]
    place.log_file.write_text("".join(json.dumps(line) + "\n" for line in lines) + "torn {")
    out = lmem.run("doctor").out
    assert "last error, T2: the disk is full" in out
    assert "old" not in out


def test_a_full_disk(place: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    full = os.statvfs_result((4096, 4096, 1_000_000, 1000, 1000, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda folder: full)
    monkeypatch.setenv("LMEM_HOME", str(place.home))
    assert doctor.doctor(as_json=True) == 1


def test_a_daemon_whose_socket_was_removed(daemon: FakeDaemon, lmem: Terminal) -> None:
    paths({"LMEM_HOME": str(lmem.home)}).socket.unlink()
    out = lmem.run("doctor").out
    assert f"process {os.getpid()} runs, but its socket" in out


def test_a_home_that_cannot_be_written(place: Paths, monkeypatch: pytest.MonkeyPatch, lmem: Terminal) -> None:
    place.database.touch(0o600)
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place.data and may(path, mode))
    found = {str(finding["check"]): finding for finding in doctor._local(place)}
    assert found["data"]["level"] == found["daemon"]["level"] == "fail"
    assert found["data"]["message"] == f"{place.data} cannot be written: Permission denied"
    assert "can be written" in str(found["data"]["next"])
    assert found["daemon"]["message"] == "not running, and none starts before this is put right: data"
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place.startup_lock and may(path, mode))
    place.startup_lock.touch()
    assert {str(finding["check"]): finding for finding in doctor._local(place)}["database"]["level"] == "fail"
    monkeypatch.undo()
    done = lmem.run("doctor", "--json")
    assert levels(done)["data"] == levels(done)["daemon"] == "ok"


def test_a_home_on_a_file_system_that_is_read_only(place: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    place.runtime.rmdir()
    read_only = os.statvfs_result((4096, 4096, 10**6, 10**6, 10**6, 0, 0, 0, os.ST_RDONLY, 255))
    monkeypatch.setattr(os, "statvfs", lambda folder: read_only)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = {str(finding["check"]): str(finding["message"]) for finding in doctor._local(place)}
    assert found["state"] == f"{place.state} cannot be written: Read-only file system"
    assert found["runtime"] == f"{place.runtime} is not there and cannot be made: Read-only file system"
    assert found["daemon"].endswith("put right: data, state, runtime")
