"""The bridge against a daemon that a test plays: every byte, every end, nothing that stays behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from lmem.bridge.pump import GONE, Pump
from lmem.bridge.talk import REPLAYED, Talk
from lmem.errors import DaemonNotRunning
from lmem.paths import paths
from lmem.protocol.framing import MAX_FRAME

INITIALIZE = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Played:
    """A client at one end, the daemons that are dialled at the other; the pump is turned by `until`."""

    def __init__(self) -> None:
        self.source, self._typing = os.pipe()
        self._shown, self.target = os.pipe()
        self.daemons: list[socket.socket] = []
        self.refuse = False
        self.pump = Pump(self.source, self.target, self._dial)
        self.shown = bytearray()

    def _dial(self) -> tuple[socket.socket, bytes]:
        if self.refuse:
            raise DaemonNotRunning()
        ours, theirs = socket.socketpair()
        theirs.settimeout(5)
        self.daemons.append(theirs)
        return ours, b""

    def types(self, *messages: object) -> None:
        data = b"".join(m if isinstance(m, bytes) else json.dumps(m).encode() + b"\n" for m in messages)
        threading.Thread(target=self._type, args=(data,), daemon=True).start()

    def _type(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._typing, data) :]

    def hangs_up(self) -> None:
        os.close(self._typing)

    def until(self, done: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Turn the pump until something is so; answers whether it still runs. Reads what the client is shown."""
        os.set_blocking(self._shown, False)
        deadline = time.monotonic() + seconds
        alive = True
        while alive and not done():
            assert time.monotonic() < deadline, "it does not come"
            alive = self.pump.turn(0.02)
            try:
                self.shown += os.read(self._shown, 1 << 20)
            except BlockingIOError:
                continue
        return alive

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.shown.splitlines()]

    def told(self, count: int) -> list[dict[str, object]]:
        """The first lines that the newest daemon was told."""
        heard = bytearray()
        daemon = self.daemons[-1]
        daemon.setblocking(False)

        def enough() -> bool:
            with suppress(BlockingIOError):
                heard.extend(daemon.recv(1 << 20))
            return heard.count(b"\n") >= count

        self.until(enough)
        return [json.loads(line) for line in heard.splitlines()]

    def close(self) -> None:
        for daemon in self.daemons:
            daemon.close()
        for number in (self.source, self._shown, self.target):
            os.close(number)


@pytest.fixture
def played() -> Iterator[Played]:
    made = Played()
    made.pump.connect()
    yield made
    made.close()
    pumped = made.pump._daemon
    if pumped is not None:
        pumped.close()


def ask(number: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": "tools/list"}


def result(number: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "result": {}}).encode() + b"\n"


def test_lines_cross_as_they_are_in_both_directions(played: Played) -> None:
    odd = b'{"jsonrpc":"2.0", "id": 7,   "method":"x","params":{"t":"\xc3\xa9"}}\r\n'
    played.types(odd, b"\n", b'{"jsonrpc":"2.0",')
    assert played.told(1) == [json.loads(odd)]
    played.daemons[0].sendall(result(7) + result(7)[:10])
    played.until(lambda: b"\n" in played.shown)
    assert bytes(played.shown) == result(7)


@pytest.mark.parametrize(
    ("line", "code"),
    [(b"no json\n", -32700), (b'"\xff"\n', -32700), (b"[1, 2]\n", -32600), (b"[" * 100_000 + b"\n", -32700)],
)
def test_what_is_no_message_is_answered_here_and_harms_nothing(played: Played, line: bytes, code: int) -> None:
    played.types(line, ask(1))
    assert [message["id"] for message in played.told(1)] == [1]
    played.until(lambda: b"\n" in played.shown)
    (refused,) = played.lines()
    assert refused["id"] is None and refused["error"]["code"] == code  # type: ignore[index]


def test_a_line_of_ten_megabytes_is_refused_and_the_next_one_passes(played: Played) -> None:
    played.types(b'{"x": "' + b"y" * (10 << 20) + b'"}\n', ask(2))
    assert [message["id"] for message in played.told(1)] == [2]
    played.until(lambda: b"\n" in played.shown)
    (refused,) = played.lines()
    assert str(MAX_FRAME) in refused["error"]["message"]  # type: ignore[index]


def test_a_daemon_that_goes_leaves_an_error_for_each_question_and_another_is_reached(played: Played) -> None:
    played.types(INITIALIZE)
    played.told(1)
    played.daemons[0].sendall(result(0))
    played.types(INITIALIZED, ask(1), ask("1"))
    played.told(3)
    played.daemons[0].sendall(b'{"jsonrpc": "2.0", "id": 1, "res')  # half an answer
    played.daemons[0].close()
    played.until(lambda: played.shown.count(b"\n") == 3)
    _, first, second = played.lines()
    assert [first["id"], second["id"]] == [1, "1"] and first["error"]["message"] == GONE  # type: ignore[index]

    played.types(ask(2))
    played.until(lambda: len(played.daemons) == 2)
    replayed, told, asked = played.told(3)
    assert replayed == {**INITIALIZE, "id": REPLAYED} and told == INITIALIZED and asked == ask(2)
    played.daemons[1].sendall(result(REPLAYED) + result(2))
    played.until(lambda: played.shown.count(b"\n") == 4)
    assert played.lines()[-1]["id"] == 2


def test_without_a_daemon_a_question_is_answered_with_what_to_do(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.daemons[0].close()
    played.refuse = True
    played.until(lambda: played.pump._daemon is None)
    played.types(ask(5))
    played.until(lambda: b"\n" in played.shown)
    (answer,) = played.lines()
    assert answer["id"] == 5 and "lmem daemon" in answer["error"]["message"]  # type: ignore[index]
    assert "lmem" in capsys.readouterr().err
    played.refuse = False
    played.types(ask(6))
    played.until(lambda: len(played.daemons) == 2)
    assert played.told(1) == [ask(6)]


def test_a_client_that_reads_nothing_makes_the_daemon_wait_and_not_the_bridge_grow(played: Played) -> None:
    flood = result(1) * 1000
    daemon = played.daemons[0]
    daemon.setblocking(False)
    sent = 0
    for _ in range(3000):
        try:
            sent += daemon.send(flood)
        except BlockingIOError:
            if not played.pump._to_client or len(played.pump._to_client) > MAX_FRAME * 2:
                break
        played.pump.turn(0)
    assert len(played.pump._to_client) < MAX_FRAME * 2 + (1 << 20)


def test_the_end_of_the_input_and_a_broken_output_end_it(played: Played) -> None:
    played.types(ask(1))
    played.told(1)
    played.hangs_up()
    assert played.until(lambda: False) is False


def test_ids_are_told_apart_by_their_kind() -> None:
    talk = Talk()
    talk.asked(json.dumps(ask(1)).encode())
    talk.asked(json.dumps(ask("1")).encode())
    assert talk.answered(result(1))
    assert [json.loads(line)["id"] for line in talk.abandon("gone").splitlines()] == ["1"]
    assert talk.abandon("gone") == b""


# The process


def _unstartable(home: Path) -> None:
    """A home whose daemon cannot start, because of its configuration."""
    file = paths({"LMEM_HOME": str(home)}).config_file
    file.parent.mkdir(parents=True)
    file.write_text("no toml [")


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie: who inherits it may not ask for its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def bridge(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`lmem mcp` in a home whose daemon cannot start, so that nothing else runs."""
    _unstartable(home)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("LMEM_")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "lmem", "mcp"], env={**environ, "LMEM_HOME": str(home)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _answer(process: subprocess.Popen[bytes]) -> dict[str, object]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(ask(1)).encode() + b"\n")
    process.stdin.flush()
    found: dict[str, object] = json.loads(process.stdout.readline())
    return found


def test_the_process_answers_and_ends_with_its_input(tmp_path: Path) -> None:
    with bridge(tmp_path / "home") as process:
        assert _answer(process)["id"] == 1
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        assert process.wait(2) == 0
        assert process.stdout.read() == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    with bridge(tmp_path / "home") as process:
        _answer(process)
        process.send_signal(number)
        assert process.wait(1) == -number


def test_it_does_not_outlive_its_parent(tmp_path: Path) -> None:
    """The parent dies without a word, and somebody else holds the other end of the bridge's input."""
    script = (
        "import os, subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-P', '-m', 'lmem', 'mcp'], stdin=0, stdout=subprocess.PIPE)\n"
        "print(p.pid, flush=True)\n"
        "p.stdout.readline()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    _unstartable(tmp_path / "home")
    environ = {**os.environ, "LMEM_HOME": str(tmp_path / "home")}
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ
    )
    assert parent.stdin is not None and parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.stdin.write(json.dumps(ask(1)).encode() + b"\n")
    parent.stdin.flush()
    assert parent.wait(10) == -signal.SIGKILL
    deadline = time.monotonic() + 2
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    alive = _runs(child)
    parent.stdin.close()
    parent.stdout.close()
    assert not alive
