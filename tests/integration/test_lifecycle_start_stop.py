"""Starts on demand and ends: reasons of a failure, crash loops, signals, drains, restarts for a newer client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.client import autostart, connection, presence, spawning
from lmem.client.connection import connect
from lmem.errors import (
    AlreadyRunning,
    ConnectionLost,
    DaemonNotRunning,
    DaemonStartFailed,
    DaemonUnresponsive,
    Damaged,
    InvalidInput,
    LmemError,
    VersionMismatch,
)
from lmem.protocol import messages
from lmem.protocol.messages import result_of
from tests.integration.lifecycle_support import (
    DAEMON,
    ROOT,
    Raw,
    code,
    end_any,
    environment,
    foreground,
    home_paths,
    until,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An LMEM_HOME for this process, whose starts on demand start the small daemon."""
    home = tmp_path / "h"
    monkeypatch.setenv("LMEM_HOME", str(home))
    monkeypatch.setattr(spawning, "command", lambda: [sys.executable, str(DAEMON), "--detached"])
    yield home
    end_any(home)


def test_a_start_on_demand_answers_at_once(home: Path) -> None:
    began = time.monotonic()
    with connect(home_paths(home)) as found:
        assert time.monotonic() - began < 3
        assert found.hello["ready"] == {"storage": True, "vectors": False}
        assert found.call("test/echo", {"a": "ä\udc80"})["a"] == "ä\udc80"
        pid = found.hello["pid"]
    with connect(home_paths(home)) as again:
        assert again.hello["pid"] == pid


def test_a_daemon_is_nobodys_child_and_inherits_nothing(home: Path) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    with connect(home_paths(home)) as found:
        pid = found.hello["pid"]
        descriptors = {os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
        assert os.readlink(f"/proc/self/fd/{writer}") not in descriptors
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        assert int(stat[1]) != os.getpid() and int(stat[3]) != os.getsid(0)
    os.close(reader)
    os.close(writer)


def test_without_autostart_nothing_is_started(home: Path) -> None:
    with pytest.raises(DaemonNotRunning):
        connect(home_paths(home), autostart=False)
    assert not home.exists()
    assert autostart.status(home_paths(home)) == {"state": "stopped"}
    assert autostart.stop(home_paths(home)) is False


def test_the_reason_of_a_failed_start_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMEM_TEST_BUILD", "damaged")
    with pytest.raises(Damaged, match="The test says"):
        connect(home_paths(home))
    assert not presence.lock_held(home_paths(home))


def test_a_wrong_setting_is_told(home: Path) -> None:
    paths = home_paths(home)
    paths.config.mkdir(parents=True)
    paths.config_file.write_text("daemon.max_in_flight = 'many'")
    with pytest.raises(InvalidInput, match="max_in_flight"):
        connect(paths)


def test_a_crash_at_the_start_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMEM_TEST_BUILD", "bug")
    with pytest.raises(DaemonStartFailed, match="a bug in build"):
        connect(home_paths(home))


def test_an_interpreter_that_cannot_start_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawning, "command", lambda: [sys.executable, "-c", "import lmem_not_there"])
    with pytest.raises(DaemonStartFailed, match="No module named 'lmem_not_there'"):
        connect(home_paths(home))
    monkeypatch.setattr(spawning, "command", lambda: ["/not/there"])
    with pytest.raises(DaemonStartFailed, match="No such file"):
        connect(home_paths(home))


def test_a_crash_loop_ends_with_the_last_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMEM_TEST_BUILD", "damaged")
    for _ in range(3):
        with pytest.raises(Damaged):
            connect(home_paths(home))
    with pytest.raises(DaemonStartFailed, match=r"3 times .* The test says that it is damaged") as found:
        connect(home_paths(home))
    assert "lmem daemon run" in found.value.hint
    monkeypatch.delenv("LMEM_TEST_BUILD")
    with pytest.raises(DaemonStartFailed):
        connect(home_paths(home))
    autostart.start(home_paths(home), explicit=True)
    with connect(home_paths(home)) as connection:
        assert connection.call("test/echo", {})


def test_waiters_share_a_failure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMEM_TEST_BUILD", "damaged")
    failures: list[LmemError] = []

    def wait() -> None:
        try:
            connect(home_paths(home))
        except LmemError as err:
            failures.append(err)

    waiters = [threading.Thread(target=wait) for _ in range(8)]
    for waiter in waiters:
        waiter.start()
    for waiter in waiters:
        waiter.join()
    assert [type(failure) for failure in failures] == [Damaged] * 8
    assert len(json.loads(home_paths(home).starts_file.read_text())["starts"]) == 1


def test_calls_wait_for_a_slow_start(home: Path) -> None:
    with foreground(home, LMEM_TEST_BUILD="slow"), connect(home_paths(home)) as found:
        assert found.hello["ready"] == {"storage": False, "vectors": False}
        assert found.call("test/echo", {"a": 1})["a"] == 1


def test_a_signal_lets_calls_finish(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon, Raw(paths.socket) as busy, Raw(paths.socket) as later:
        busy.say({"jsonrpc": "2.0", "id": 1, "method": "test/sleep", "params": {"number": 0.8}})
        time.sleep(0.2)
        daemon.send_signal(signal.SIGTERM)
        until(lambda: not paths.socket.exists())
        assert code(later.call("test/echo")) == "daemon_stopping"
        assert busy.hear()["result"], "what ran was answered"
        assert busy.hear() == {}
        assert daemon.wait(5) == 0
    assert (paths.state / "closed").read_text() == "1"
    assert not paths.daemon_file.exists() and paths.daemon_lock.exists()


def test_a_stop_cancels_what_does_not_end(home: Path) -> None:
    with foreground(home) as daemon, Raw(home_paths(home).socket) as busy:
        busy.say({"jsonrpc": "2.0", "id": 1, "method": "test/sleep", "params": {"number": 60}})
        time.sleep(0.2)
        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        assert code(busy.hear()) == "cancelled"
        assert daemon.wait(5) == 0
        assert time.monotonic() - began < 5


def test_a_signal_ends_a_start_too(home: Path) -> None:
    with foreground(home, LMEM_TEST_BUILD="slow") as daemon, Raw(home_paths(home).socket) as early:
        early.say({"jsonrpc": "2.0", "id": 1, "method": "test/echo", "params": {}})
        daemon.send_signal(signal.SIGTERM)
        assert code(early.hear()) in ("cancelled", "daemon_stopping")
        assert daemon.wait(2) == 0
    assert not home_paths(home).socket.exists()


def test_a_thread_does_not_hold_up_the_end(home: Path) -> None:
    with foreground(home) as daemon, connect(home_paths(home)) as found:
        found.call("test/thread", {"number": 30})
        assert autostart.stop(home_paths(home))
        assert daemon.wait(2) == 0


def test_a_second_signal_ends_at_once(home: Path) -> None:
    with foreground(home) as daemon, Raw(home_paths(home).socket) as busy:
        busy.say({"jsonrpc": "2.0", "id": 1, "method": "test/sleep", "params": {"number": 60}})
        time.sleep(0.2)
        daemon.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(1) == 128 + signal.SIGTERM


def test_stop_is_answered_before_it_happens(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon, connect(paths) as found:
        assert found.call("daemon/stop", {}) == {"stopping": True, "pid": daemon.pid}
        assert daemon.wait(5) == 0
    with foreground(home) as daemon:
        assert autostart.stop(paths)
        assert daemon.wait(5) == 0


def test_a_stop_if_idle_leaves_a_busy_daemon_alone(home: Path) -> None:
    with foreground(home) as daemon, Raw(home_paths(home).socket) as busy, connect(home_paths(home)) as found:
        busy.say({"jsonrpc": "2.0", "id": 1, "method": "test/sleep", "params": {"number": 1}})
        time.sleep(0.2)
        assert found.call("daemon/stop", {"if_idle": True})["stopping"] is False
        assert busy.hear()["result"]
        assert found.call("daemon/stop", {"if_idle": True})["stopping"] is True
        assert daemon.wait(5) == 0


def test_a_newer_client_replaces_an_idle_daemon(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = home_paths(home)
    with connect(paths) as old:
        pid = old.hello["pid"]
    monkeypatch.setattr(connection, "__version__", "99.0.1")
    with connect(paths) as new:  # the new daemon is of the same version here: replaced once, not for ever
        assert new.hello["pid"] != pid
        assert new.call("test/echo", {})["pid"] == presence.lock_holder(paths)


def test_a_newer_client_goes_on_with_a_busy_daemon(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with foreground(home) as daemon, Raw(home_paths(home).socket) as busy:
        busy.say({"jsonrpc": "2.0", "id": 1, "method": "test/sleep", "params": {"number": 1}})
        time.sleep(0.2)
        monkeypatch.setattr(connection, "__version__", "99.0.1")
        with connect(home_paths(home)) as found:
            assert found.hello["pid"] == daemon.pid
        monkeypatch.setattr(connection, "PROTOCOL", 2)
        with pytest.raises(VersionMismatch, match=f"process {daemon.pid}"):
            connect(home_paths(home))
        assert busy.hear()["result"]
        assert autostart.stop(home_paths(home)), "'lmem daemon restart', the hint of that error, has to work"
        assert daemon.wait(5) == 0


def test_a_process_that_is_not_proved_is_not_killed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon:
        daemon.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(presence, "lock_holder", lambda paths: None)
        with pytest.raises(DaemonUnresponsive, match=f"cannot be proved that process {daemon.pid}"):
            autostart.stop(paths, force=True)
        assert daemon.poll() is None
        monkeypatch.undo()


def test_a_broken_connection_is_asked_again_only_if_that_is_safe(home: Path) -> None:
    paths = home_paths(home)
    with connect(paths) as found, pytest.raises(ConnectionLost, match="broke"):
        found.call("test/die_once", {})
    (paths.state / "died").unlink()
    with connect(paths) as found:
        pid = found.hello["pid"]
        assert found.call("test/die_once", {"a": 1}, idempotent=True)["a"] == 1
        assert found.hello["pid"] != pid


def test_a_daemon_that_stops_hands_its_calls_to_the_next(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon, Raw(paths.socket) as busy, connect(paths) as found:
        busy.say({"jsonrpc": "2.0", "id": 1, "method": "test/sleep", "params": {"number": 0.5}})
        time.sleep(0.2)
        daemon.send_signal(signal.SIGTERM)
        until(lambda: not paths.socket.exists())
        assert found.call("test/echo", {})["pid"] != daemon.pid


def test_restart_makes_a_new_daemon(home: Path) -> None:
    paths = home_paths(home)
    autostart.start(paths)
    before = autostart.status(paths)
    for _ in range(4):  # asked for by the user: no crash loop
        autostart.restart(paths)
    after = autostart.status(paths)
    assert before["state"] == after["state"] == "running"
    assert before["pid"] != after["pid"] and before["instance"] != after["instance"]


def test_a_daemon_that_could_not_start_again_is_not_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = home_paths(home)
    autostart.start(paths)
    pid = autostart.status(paths)["pid"]
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text("daemon.log_level = ")
    with pytest.raises(InvalidInput, match=r"not valid TOML.* The daemon that runs was not stopped\.") as found:
        autostart.restart(paths)
    assert str(paths.config_file) in found.value.hint
    with monkeypatch.context() as newer:
        newer.setattr(connection, "__version__", "99.0.0")
        newer.setattr(messages, "__version__", "99.0.0")
        with connect(paths) as still:
            assert still.hello["pid"] == pid
    with monkeypatch.context() as broken:
        broken.setattr(spawning, "command", lambda: [sys.executable, "-m", "lmem_not_there", "--detached"])
        with pytest.raises(DaemonStartFailed, match=r"No module named lmem_not_there\. The daemon that runs was not"):
            autostart.restart(paths)
    with monkeypatch.context() as inside:
        inside.setenv(presence.SANDBOX, "1")
        with pytest.raises(LmemError):
            autostart.restart(paths)
    assert autostart.status(paths)["pid"] == pid
    paths.config_file.unlink()
    autostart.restart(paths)
    assert autostart.status(paths)["pid"] not in (None, pid)


def test_settings_that_are_mended_are_in_force_at_once(home: Path) -> None:
    paths = home_paths(home)
    paths.config.mkdir(parents=True)
    paths.config_file.write_text("daemon.log_level = ")
    for _ in range(5):
        with pytest.raises(InvalidInput, match="not valid TOML"):
            connect(paths)
    paths.config_file.write_text("daemon.log_level = 'debug'\n")
    with connect(paths) as mended:
        assert mended.call("test/echo", {})


def test_a_start_beside_a_foreground_daemon_is_a_success(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with foreground(home) as daemon:
        with pytest.raises(AlreadyRunning):
            spawning.spawn(home_paths(home))
        autostart.start(home_paths(home), explicit=True)
        assert autostart.status(home_paths(home))["pid"] == daemon.pid


def test_a_daemon_without_clients_ends(home: Path) -> None:
    paths = home_paths(home)
    script = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from lmem import config
from lmem.daemon import lifecycle, watch
config.Config.number = lambda self, key, real=config.Config.number: 1/600 if 'idle' in key else real(self, key)
watch.WATCH_SECONDS = 0.05
from tests.integration.lifecycle_daemon import build
from lmem.paths import paths
sys.exit(lifecycle.run(paths(), build, detached=True))
"""
    process = subprocess.Popen([sys.executable, "-c", script], env=environment(home))
    try:
        until(lambda: presence.daemon_file(paths))
        with Raw(paths.socket) as client:
            time.sleep(0.4)
            assert client.call("test/echo")["result"], "a client keeps it"
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()
    assert "no client" in paths.log_file.read_text()


def test_the_module_refuses_unknown_arguments(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lmem.daemon", "--what"], env=environment(home), capture_output=True, cwd=ROOT
    )
    assert done.returncode == 2 and b"Usage" in done.stderr


def test_pipelined_answers_find_their_requests(home: Path) -> None:
    with connect(home_paths(home)) as found:
        slow = found.send("test/sleep", {"number": 0.3})
        fast = found.send("test/echo", {"a": 1})
        failing = found.send("test/fail", {})
        assert result_of(found.receive(slow)[1])
        numbers = {found.receive()[0], found.receive()[0]}
        assert numbers == {fast, failing}
        seen: list[dict[str, object]] = []
        found.call("test/progress", {"number": 3}, on_progress=seen.append)
        assert [step["done"] for step in seen] == [0, 1, 2]
        assert found.hello["lmem"] == messages.PROTOCOL
