"""daemon: status, logs, install and uninstall, as far as they need no real daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lmem.cli import units
from lmem.paths import Paths, paths
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.terminal import Terminal


@pytest.fixture
def place(tmp_path: Path) -> Paths:
    found = paths({"LMEM_HOME": str(tmp_path / "home")})
    found.state.mkdir(parents=True)
    return found


def entry(message: str, **more: object) -> str:
    return json.dumps({"time": "T", "level": "info", "logger": "lmem", "message": message, **more}) + "\n"


def test_status_starts_nothing_and_says_3(lmem: Terminal) -> None:
    done = lmem.run("daemon", "status")
    assert (done.status, done.out) == (3, "The daemon does not run; any command starts it.\n")
    assert not lmem.home.exists()
    assert json.loads(lmem.run("daemon", "status", "--json").out) == {"state": "stopped"}


def test_status_of_one_that_runs(daemon: FakeDaemon, lmem: Terminal) -> None:
    assert lmem.run("daemon", "status").out.startswith(f"The daemon runs: process {os.getpid()}, version ")
    assert lmem.run("daemon", "status", "--json").json()["state"] == "running"
    assert lmem.run("daemon", "start").out.startswith("The daemon runs already: ")


def test_stop_when_none_runs(lmem: Terminal) -> None:
    assert lmem.run("daemon", "stop").out == "No daemon was running.\n"
    assert lmem.run("daemon", "stop", "--json").json() == {"stopped": False}


def test_logs_prints_the_last_lines(place: Paths, lmem: Terminal) -> None:
    place.log_file.write_text(
        entry("first")
        + entry("second", data={"id": "x", "n": 3})
        + "not ours\n"
        + entry("bang", exception="Traceback\n  x")
    )
    assert lmem.run("daemon", "logs", "-n", "3").out.splitlines() == [
        "T info     second id=x n=3",
        "not ours",
        "T info     bang",
        "Traceback",
        "  x",
    ]
    assert lmem.run("daemon", "logs", "-n", "1", "--json").json()["message"] == "bang"
    assert not lmem.run("daemon", "logs", "-n", "0").out


def test_logs_when_there_are_none(lmem: Terminal) -> None:
    done = lmem.run("daemon", "logs")
    assert done.status == 4
    assert "There is no log at" in done.err


def test_logs_follows_a_file_that_grows_and_is_rotated(place: Paths, lmem: Terminal) -> None:
    place.log_file.write_text(entry("before"))
    process = subprocess.Popen(
        [sys.executable, "-m", "lmem", "daemon", "logs", "-f"],
        env=lmem.environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "T info     before\n"
    with place.log_file.open("a") as file:
        file.write(entry("after"))
    assert process.stdout.readline() == "T info     after\n"
    os.replace(place.log_file, place.log_file.with_suffix(".1"))
    time.sleep(0.6)
    place.log_file.write_text(entry("new file"))
    assert process.stdout.readline() == "T info     new file\n"
    process.send_signal(2)
    assert process.communicate(timeout=20)[1] == ""
    assert process.returncode == 130


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The service manager's commands, instead of running them."""
    found: list[list[str]] = []

    def take(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        found.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", take)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("LMEM_HOME", '/odd "place" with 100%')
    monkeypatch.setattr(sys, "platform", "linux")
    return found


def test_install_writes_a_user_unit_and_enables_it(commands: list[list[str]], tmp_path: Path) -> None:
    assert units.install(dry_run=False, as_json=True) == 0
    text = (tmp_path / ".config/systemd/user/lmem.service").read_text()
    assert f'ExecStart="{sys.executable}" -m lmem.daemon\n' in text
    assert 'Environment="LMEM_HOME=/odd \\"place\\" with 100%%"\n' in text
    assert [command[2] for command in commands] == ["daemon-reload", "enable"]


def test_uninstall_takes_it_back(commands: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    units.install(dry_run=False, as_json=True)
    assert units.uninstall(dry_run=True, as_json=False) == 0
    assert (tmp_path / ".config/systemd/user/lmem.service").exists()
    assert units.uninstall(dry_run=False, as_json=False) == 0
    assert not (tmp_path / ".config/systemd/user/lmem.service").exists()
    assert commands[-1][2:] == ["disable", "--now", "lmem.service"]
    assert units.uninstall(dry_run=False, as_json=False) == 0
    assert "is not there; nothing was done." in capsys.readouterr().out


def test_a_dry_run_prints_and_does_nothing(
    commands: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert units.install(dry_run=True, as_json=False) == 0
    assert "[Service]" in capsys.readouterr().out
    assert not commands
    assert not (tmp_path / ".config").exists()


def test_install_on_macos_writes_an_agent(
    commands: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert units.install(dry_run=False, as_json=True) == 0
    text = (tmp_path / "Library/LaunchAgents/net.lmem.daemon.plist").read_text()
    assert f"<string>{sys.executable}</string><string>-m</string><string>lmem.daemon</string>" in text
    assert commands[0][:2] == ["launchctl", "bootstrap"]


def test_a_service_manager_that_fails_is_said(lmem: Terminal) -> None:
    folder = lmem.folder / "bin"
    folder.mkdir()
    (folder / "systemctl").write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    (folder / "systemctl").chmod(0o755)
    env = {"HOME": str(lmem.folder), "PATH": f"{folder}:{os.environ['PATH']}", "XDG_CONFIG_HOME": ""}
    done = lmem.run("daemon", "install", env=env)
    assert done.status == 1
    assert (
        "lmem.service was written. But 'systemctl --user daemon-reload' failed: Failed to connect to bus." in done.err
    )
