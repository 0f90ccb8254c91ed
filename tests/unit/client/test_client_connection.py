"""The client against servers that behave badly, scripted on a socket pair of their own."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lmem.client import connection
from lmem.client.connection import Connection, connect
from lmem.daemon.ownership import Ownership
from lmem.errors import (
    ConnectionLost,
    DaemonError,
    DaemonNotRunning,
    DaemonUnresponsive,
    Forbidden,
    FrameError,
    VersionMismatch,
)
from lmem.paths import Paths, paths
from lmem.protocol import messages
from lmem.protocol.framing import MAX_FRAME

HELLO = {"lmem": 1, "version": "0.1.0", "instance": "i", "pid": os.getpid()}
Script = Callable[[socket.socket], None]


class Stage:
    """A home whose daemon is this process: a lock, a daemon.json, and a socket that follows scripts, one a client."""

    def __init__(self, home: Path) -> None:
        self.paths: Paths = paths({"LMEM_HOME": str(home)})
        self.ownership = Ownership(self.paths)
        self.paths.socket.parent.mkdir()
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.bind(str(self.paths.socket))
        self._sock.listen(8)
        self.ownership.publish({"pid": os.getpid(), "socket": str(self.paths.socket)})
        self._threads: list[threading.Thread] = []

    def plays(self, *scripts: Script) -> None:
        thread = threading.Thread(target=self._serve, args=(scripts,))
        thread.start()
        self._threads.append(thread)

    def _serve(self, scripts: tuple[Script, ...]) -> None:
        for script in scripts:
            client, _ = self._sock.accept()
            with client:
                script(client)

    def end(self) -> None:
        for thread in self._threads:
            thread.join(10)
        self._sock.close()
        self.ownership.release()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "h")
    yield stage
    stage.end()


def says(*frames: dict[str, object] | bytes) -> Script:
    """A script that reads a line before each thing it says, and hangs up."""

    def script(client: socket.socket) -> None:
        with client.makefile("rb") as file:
            for frame in frames:
                file.readline()
                client.sendall(frame if isinstance(frame, bytes) else json.dumps(frame).encode() + b"\n")

    return script


def answer(number: int, result: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def opened(stage: Stage, **more: float) -> Connection:
    return connect(stage.paths, autostart=False, **more)  # type: ignore[arg-type]


def test_a_daemon_that_hangs_up_at_the_hello_is_looked_for_again(stage: Stage) -> None:
    stopping = {"code": -32000, "message": "x", "data": {"code": "daemon_stopping"}}
    stage.plays(says(), says({"id": None, "error": stopping}), says(HELLO, answer(1, {"a": 1})))
    with opened(stage) as found:
        assert found.call("x", {}) == {"a": 1}


def test_a_refusal_at_the_hello_is_told(stage: Stage) -> None:
    stage.plays(says({"id": None, "error": {"message": "Not yours.", "data": {"code": "forbidden"}}}))
    with pytest.raises(Forbidden, match="Not yours"):
        opened(stage)


def test_a_refusal_before_the_hello_is_told_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = threading.Event()

    def refuse(client: socket.socket) -> None:
        client.sendall(b'{"id": null, "error": {"message": "Not yours.", "data": {"code": "forbidden"}}}\n')
        client.close()
        refused.set()

    real = messages.hello

    def late(client: str, mode: str) -> object:
        refused.wait(10)
        return real(client, mode)

    monkeypatch.setattr(connection, "hello", late)
    stage.plays(refuse)
    with pytest.raises(Forbidden, match="Not yours"):
        opened(stage)


def test_silence_at_the_hello_names_the_process(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HELLO_SECONDS", 0.1)
    done = threading.Event()

    def keep_silent(client: socket.socket) -> None:
        done.wait(10)

    stage.plays(keep_silent)
    with pytest.raises(DaemonUnresponsive, match=f"process {os.getpid()}"):
        opened(stage)
    done.set()


def test_a_socket_that_stays_away_is_no_absent_daemon(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "GONE_SECONDS", 0.1)
    stage.paths.socket.unlink()
    with pytest.raises(DaemonUnresponsive, match=f"process {os.getpid()}"):
        connect(stage.paths)
    stage.ownership.withdraw()
    with pytest.raises(DaemonUnresponsive, match=f"process {os.getpid()}"):
        connect(stage.paths)
    stage.ownership.release()
    with pytest.raises(DaemonNotRunning):
        connect(stage.paths, autostart=False)


def test_another_protocol_is_refused(stage: Stage) -> None:
    stage.plays(says({**HELLO, "lmem": 2, "version": "9.0"}))
    with pytest.raises(VersionMismatch, match="protocol 2"):
        opened(stage)


def test_silence_after_a_request_ends_the_connection(stage: Stage) -> None:
    done = threading.Event()

    def script(client: socket.socket) -> None:
        says(HELLO)(client)
        done.wait(10)

    stage.plays(script)
    with opened(stage, timeout=0.1) as found:
        with pytest.raises(DaemonUnresponsive, match=r"no answer in 0\.1 s"):
            found.call("x", {})
        with pytest.raises(ConnectionLost, match="closed"):
            found.call("x", {})
    done.set()


def test_answers_in_pieces_and_out_of_order(stage: Stage) -> None:
    later, first_asked = answer(2, {"n": 2}), answer(1, {"n": 1, "t": "x" * 300_000})
    text = json.dumps(later).encode() + b"\n" + json.dumps(first_asked).encode()

    def script(client: socket.socket) -> None:
        with client.makefile("rb") as file:
            says(HELLO)(client)
            file.readline()
            file.readline()
            for start in range(0, len(text), 70_000):
                client.sendall(text[start : start + 70_000])
            client.sendall(b"\n")

    stage.plays(script)
    with opened(stage) as found:
        first, second = found.send("x", {}), found.send("x", {})
        number, frame = found.receive(first)
        assert number == first and frame["result"] == {"n": 1, "t": "x" * 300_000}
        assert found.receive()[0] == second


def test_what_is_no_answer_is_an_error(stage: Stage) -> None:
    of_no_request: dict[str, object] = {"id": None, "error": {"message": "No."}}
    stage.plays(says(HELLO, b"not json\n"), says(HELLO, answer(1, 5)), says(HELLO, of_no_request))
    with opened(stage) as found, pytest.raises(FrameError):
        found.call("x", {})
    with opened(stage) as found, pytest.raises(DaemonError, match="not an object"):
        found.call("x", {})
    with opened(stage) as found, pytest.raises(Exception, match=r"No\."):
        found.call("x", {})


def test_a_request_over_the_limit_is_not_sent(stage: Stage) -> None:
    stage.plays(says(HELLO, answer(2, {"a": 1})))
    with opened(stage) as found:
        with pytest.raises(FrameError, match=str(MAX_FRAME)):
            found.call("x", {"text": "x" * MAX_FRAME})
        assert found.call("x", {}) == {"a": 1}


@pytest.mark.parametrize(
    ("older", "newer"), [("0.1.0", "0.2.0"), ("0.9", "0.10.0"), ("1.0rc1", "1.0.1"), ("", "0.1"), ("1.2.3", "1.2.3.1")]
)
def test_versions_are_compared_as_numbers(older: str, newer: str) -> None:
    assert connection._version(older) < connection._version(newer)


def test_a_file_that_is_no_socket_is_told(stage: Stage) -> None:
    plain = stage.paths.data / "plain"
    plain.write_text("x")
    stage.ownership.publish({"socket": str(plain) + "/x" * 100})
    with pytest.raises(DaemonError, match="cannot be used"):
        opened(stage)
