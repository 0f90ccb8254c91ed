"""One daemon a data directory: second ones, left-over sockets, vanished ones, other users, sandboxes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.client import autostart, presence
from lmem.client.connection import connect
from lmem.errors import AlreadyRunning, DaemonUnresponsive, SocketDenied
from tests.integration.lifecycle_support import (
    DAEMON,
    TERMINAL,
    Raw,
    code,
    end_any,
    environment,
    foreground,
    home_paths,
    until,
)

NOBODY = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "h"
    end_any(tmp_path / "h")


def test_a_second_daemon_is_refused(home: Path) -> None:
    with foreground(home) as first:
        second = subprocess.run([sys.executable, DAEMON], env=environment(home), capture_output=True, timeout=20)
        assert second.returncode == AlreadyRunning.exit_status
        assert f"process {first.pid}".encode() in second.stderr
        with connect(home_paths(home), autostart=False) as connection:
            assert connection.hello["pid"] == first.pid


def test_a_socket_of_another_daemon_is_not_taken(home: Path, tmp_path: Path) -> None:
    paths = home_paths(home)
    paths.socket.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(paths.socket))
        other.listen(1)
        done = subprocess.run([sys.executable, DAEMON], env=environment(home), capture_output=True, timeout=20)
        assert done.returncode == AlreadyRunning.exit_status
        assert paths.socket.exists()


def test_a_file_in_the_way_is_left_alone(home: Path) -> None:
    paths = home_paths(home)
    paths.socket.parent.mkdir(parents=True)
    paths.socket.write_text("mine")
    done = subprocess.run([sys.executable, DAEMON], env=environment(home), capture_output=True, timeout=20)
    assert done.returncode == 5
    assert paths.socket.read_text() == "mine"


def test_a_stale_socket_is_replaced(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as first:
        first.kill()
        first.wait()
        assert paths.socket.exists() and paths.daemon_file.exists()
        assert not presence.lock_held(paths)
    with foreground(home) as second:
        until(lambda: presence.daemon_file(paths).get("pid") == second.pid)
        with connect(paths, autostart=False) as connection:
            assert connection.hello["pid"] == second.pid


def test_an_unlinked_socket_is_found_again(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon, Raw(paths.socket) as old:
        paths.socket.unlink()
        with connect(paths) as connection:  # waits: autostart must not start a second one
            assert connection.call("test/echo", {})["pid"] == daemon.pid
        assert old.call("test/echo")["result"], "connections from before go on"
        assert oct(paths.socket.stat().st_mode & 0o777) == "0o600"


def test_a_removed_socket_directory_is_made_again(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon:
        paths.socket.unlink()
        paths.socket.parent.rmdir()
        with connect(paths) as connection:
            assert connection.hello["pid"] == daemon.pid


def test_a_daemon_whose_data_directory_was_removed_ends(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon:
        paths.data.rename(home / "away")
        paths.data.mkdir(mode=0o700)
        paths.daemon_file.write_text("{}")
        until(lambda: daemon.poll() is not None)
        assert paths.daemon_file.exists(), "what stands in the new directory is not ours"


def test_a_stopped_daemon_is_named_and_not_doubled(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon:
        daemon.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(DaemonUnresponsive, match=f"process {daemon.pid}") as found:
            connect(paths)
        assert 1.5 < time.monotonic() - began < 4
        assert "restart --force" in found.value.hint
        assert autostart.status(paths)["state"] == "unresponsive"
        assert presence.lock_holder(paths) == daemon.pid
        assert not paths.starts_file.exists(), "nothing was started"
        with pytest.raises(DaemonUnresponsive):
            autostart.stop(paths)
        assert daemon.poll() is None
        assert autostart.stop(paths, force=True)
        assert daemon.wait(5) == -signal.SIGKILL


def test_a_full_backlog_is_no_dead_daemon(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon:
        daemon.send_signal(signal.SIGSTOP)
        waiting = []
        with pytest.raises(BlockingIOError):
            while True:
                sock = socket.socket(socket.AF_UNIX)
                waiting.append(sock)
                sock.setblocking(False)
                sock.connect(str(paths.socket))
        with pytest.raises(DaemonUnresponsive, match=f"process {daemon.pid}"):
            connect(paths)
        assert not paths.starts_file.exists()
        for sock in waiting:
            sock.close()
        daemon.send_signal(signal.SIGCONT)
        with connect(paths) as connection:
            assert connection.hello["pid"] == daemon.pid


def test_twenty_terminals_start_one_daemon(home: Path) -> None:
    terminals = [
        subprocess.Popen(
            [sys.executable, TERMINAL], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(20)
    ]
    said = [terminal.communicate(timeout=60) for terminal in terminals]
    assert [err for _, err in said if err] == []
    assert len({out for out, _ in said}) == 1
    log = home_paths(home).log_file.read_text()
    assert log.count('"the daemon listens"') == 1


def test_a_denied_socket_is_never_taken_for_a_dead_daemon(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = home_paths(home)

    class Denying(socket.socket):
        def connect(self, address: object) -> None:
            raise PermissionError(1, "Operation not permitted")

    with foreground(home) as daemon:
        monkeypatch.setattr(socket, "socket", Denying)
        with pytest.raises(SocketDenied):
            connect(paths)
        monkeypatch.setenv(presence.SANDBOX, "1")
        with pytest.raises(SocketDenied, match="sandbox") as found:
            connect(paths)
        assert presence.SANDBOX in found.value.hint
        monkeypatch.undo()
        assert paths.socket.exists() and daemon.poll() is None
        assert not paths.starts_file.exists() and not paths.startup_lock.exists()


def test_nothing_is_started_inside_a_sandbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(presence.SANDBOX, "1")
    with pytest.raises(SocketDenied, match="sandbox"):
        connect(home_paths(home))
    assert not home.exists()


@as_root
def test_another_user_cannot_use_the_socket(home: Path) -> None:
    paths = home_paths(home)
    with foreground(home) as daemon:
        for directory in (paths.socket.parent, paths.data, *paths.socket.parents):
            if directory.is_relative_to(tempfile.gettempdir()) and directory != Path(tempfile.gettempdir()):
                directory.chmod(0o711)
        assert oct(paths.socket.stat().st_mode & 0o777) == "0o600"
        assert _as_nobody(paths.socket) == "PermissionError"
        paths.socket.chmod(0o777)  # as if the mode had not held: the peer's uid still does
        assert _as_nobody(paths.socket) == "forbidden"
        assert daemon.poll() is None
        with connect(paths, autostart=False) as connection:
            assert connection.call("test/echo", {})["uid"] == os.getuid()


@as_root
def test_a_socket_served_by_another_user_is_refused(home: Path) -> None:
    paths = home_paths(home)
    paths.data.mkdir(parents=True)
    place = Path("/tmp") / f"lmem-test-{os.getpid()}"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    child = os.fork()
    if child == 0:
        os.setuid(NOBODY)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(place / "s"))
            sock.listen(8)
            time.sleep(30)
        os._exit(0)
    try:
        until((place / "s").exists)
        paths.daemon_file.write_text(f'{{"socket": "{place}/s", "pid": {child}}}')
        until(lambda: _connects(place / "s"))
        with pytest.raises(SocketDenied, match=f"process {child} of another user"):
            connect(paths)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        (place / "s").unlink()
        place.rmdir()


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _as_nobody(path: Path) -> str:
    """What user 65534 gets from the socket: an exception's name or an error's code."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            with Raw(path, greet=False) as raw:
                said = str(code(raw.hear()))
        except OSError as err:
            said = type(err).__name__
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader, encoding="utf-8") as pipe:
        return pipe.read()
