"""The socket under bad clients: every limit holds, the daemon lives, and the others are answered meanwhile."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lmem.client.connection import connect
from lmem.protocol.framing import MAX_FRAME
from tests.integration.lifecycle_support import HELLO, Raw, code, foreground, home_paths, until

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One small daemon for all tests of this file: it has to survive them."""
    home = tmp_path_factory.mktemp("wire") / "h"
    with foreground(home, LMEM_DAEMON_MAX_CONNECTIONS="20") as daemon:
        yield home
        assert daemon.poll() is None, "the daemon did not survive"


@pytest.fixture
def path(home: Path) -> Path:
    return home_paths(home).socket


class Neighbour:
    """A client that asks all the time, beside what a test does; `slowest` in seconds."""

    def __init__(self, path: Path) -> None:
        self.slowest, self.answers = 0.0, 0
        self._raw = Raw(path)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Neighbour:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._raw.__exit__()
        assert self.answers > 0

    def _ask(self) -> None:
        while not self._done.wait(0.002):
            began = time.monotonic()
            assert self._raw.call("test/echo", a=1)["result"]
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answers += 1


def test_the_hello_says_who_answers(path: Path, home: Path) -> None:
    with Raw(path) as early:
        early.call("test/echo")  # answered once the app is built
    with Raw(path) as raw:
        assert raw.hello["lmem"] == 1 and raw.hello["version"] and len(str(raw.hello["instance"])) == 32
        assert str(raw.hello["started_at"]).endswith("+00:00")
        assert raw.hello["ready"] == {"storage": True, "vectors": False}
        assert raw.hello["pid"] == json.loads(home_paths(home).daemon_file.read_text())["pid"]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"GET / HTTP/1.1\r\n", "bad_frame"),
        (b'{"lmem": "1", "mode": "rpc"}\n', "bad_frame"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "test/echo"}\n', "bad_frame"),
        (json.dumps({**HELLO, "mode": "telnet"}).encode() + b"\n", "bad_frame"),
        (b"x" * 70_000, "bad_frame"),
    ],
)
def test_a_bad_hello_is_answered_and_ends(path: Path, first: bytes, expected: str) -> None:
    with Raw(path, greet=False) as raw:
        assert code(raw.ask(first)) == expected
        assert raw.hear() == {}


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\n",
        b"{\n",
        b"[]\n",
        b"[" * 100_000 + b"\n",
        b"1" * 5000 + b"\n",
        b"\0\0\0\n",
        b'{"jsonrpc": "2.0", "id": 1}\n',
        b'{"jsonrpc": "1.0", "id": 1, "method": "test/echo"}\n',
        b'{"jsonrpc": "2.0", "id": [1], "method": "test/echo"}\n',
        b'{"jsonrpc": "2.0", "id": null, "method": "test/echo"}\n',
        b'{"jsonrpc": "2.0", "id": true, "method": "test/echo"}\n',
        b'{"jsonrpc": "2.0", "id": 1, "method": 5}\n',
        b'{"jsonrpc": "2.0", "id": 1, "method": "test/echo", "params": [1]}\n',
    ],
)
def test_a_bad_frame_is_answered_and_the_connection_kept(path: Path, line: bytes) -> None:
    with Raw(path) as raw:
        assert code(raw.ask(line)) == "bad_frame"
        assert raw.call("test/echo", a=2)["result"]


def test_blank_lines_and_notifications_get_no_answer(path: Path) -> None:
    with Raw(path) as raw:
        raw.say(b'\n\r\n  \n{"jsonrpc": "2.0", "method": "test/echo"}\n{"jsonrpc": "2.0", "method": "$/cancel"}\n')
        assert raw.call("test/echo", 7)["id"] == 7


def test_errors_and_bugs_of_calls_are_answered(path: Path) -> None:
    with Raw(path) as raw:
        failed = raw.call("test/fail", 3)
        assert code(failed) == "not_found" and failed["id"] == 3
        assert failed["error"] == {
            "code": -32000,
            "message": "There is no such thing.",
            "data": {"code": "not_found", "hint": "Look elsewhere.", "retryable": False},
        }
        assert code(raw.call("test/bug", 4)) == "internal"
        assert raw.call("test/echo", "text")["id"] == "text"


def test_an_oversize_frame_is_dropped_as_it_comes(path: Path) -> None:
    with Raw(path) as raw, Neighbour(path):
        for _ in range(3 * MAX_FRAME // MEGABYTE):
            raw.say(b"x" * MEGABYTE)
        raw.say(b"\n")
        assert code(raw.hear()) == "bad_frame"
        assert raw.call("test/echo", 9)["id"] == 9


def test_half_a_line_and_a_hang_up_harm_nobody(path: Path) -> None:
    for part in (b"", b'{"lmem": 1', json.dumps(HELLO).encode() + b'\n{"jsonrpc": "2.0", "id": 1, "meth'):
        with Raw(path, greet=False) as raw:
            raw.say(part)
    with Raw(path) as raw:
        assert raw.call("test/echo")["result"]


def test_an_answer_over_the_limit_is_an_error(path: Path) -> None:
    with Raw(path) as raw:
        assert code(raw.call("test/big", number=MAX_FRAME + 1)) == "bad_frame"
        assert raw.call("test/big", number=MAX_FRAME // 2)["result"]


def test_a_cancel_ends_a_call(path: Path) -> None:
    with Raw(path) as raw:
        raw.say({"jsonrpc": "2.0", "id": 5, "method": "test/sleep", "params": {"number": 60}})
        assert code(raw.call("test/echo", 5)) == "bad_frame", "the id is taken"
        cancelled = raw.ask({"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": 5}})
        assert code(cancelled) == "cancelled" and cancelled["id"] == 5


def test_hanging_up_cancels_what_was_asked(path: Path, home: Path) -> None:
    with connect(home_paths(home)) as other:
        with Raw(path) as raw:
            for number in range(10):
                raw.say({"jsonrpc": "2.0", "id": number, "method": "test/sleep", "params": {"number": 60}})
            until(lambda: other.call("test/echo", {})["sleeping"] == 10)
        until(lambda: other.call("test/echo", {})["sleeping"] == 0)
        assert other.call("test/echo", {})["sleeping"] == 0


def test_more_requests_than_the_limit_wait(path: Path) -> None:
    with Raw(path) as raw:
        for number in range(500):
            raw.say({"jsonrpc": "2.0", "id": number, "method": "test/sleep", "params": {"number": 0.01}})
        assert {raw.hear()["id"] for _ in range(500)} == set(range(500))


def test_too_many_connections_are_refused(path: Path) -> None:
    held = [Raw(path) for _ in range(20)]
    with Raw(path, greet=False) as late:
        assert "20 connections" in str(late.hear()["error"])
    for raw in held:
        raw.__exit__()

    def served() -> bool:
        with Raw(path) as raw:
            return "lmem" in raw.hello

    until(served)


def test_a_slow_reader_is_cut_and_delays_nobody(path: Path, home: Path) -> None:
    request = b'{"jsonrpc": "2.0", "id": %d, "method": "test/big", "params": {"number": %d}}\n'
    with Neighbour(path) as neighbour, Raw(path) as raw:
        raw.say(b"".join(request % (number, MEGABYTE) for number in range(64)))
        until(lambda: "cut off a client" in home_paths(home).log_file.read_text())
        assert neighbour.slowest < 2.0
        with pytest.raises(OSError):  # a broken pipe
            for _ in range(100):
                raw.say(request % (99, 1))
                time.sleep(0.01)


def test_progress_comes_before_its_answer(path: Path) -> None:
    with Raw(path) as raw:
        first = raw.call("test/progress", 8, number=2)
        assert first == {
            "jsonrpc": "2.0", "method": "$/progress", "params": {"token": "t", "done": 0, "total": 2, "id": 8},
        }  # fmt: skip
        assert raw.hear()["params"] == {"token": "t", "done": 1, "total": 2, "id": 8}
        assert raw.hear()["id"] == 8


def _frames(dice: random.Random, count: int) -> Iterator[bytes]:
    """Lines that are wrong in many ways, some of them right."""
    right = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "test/echo", "params": {"a": "ä" * 20}}).encode()
    for number in range(count):
        match dice.randrange(6):
            case 0:
                yield dice.randbytes(dice.randrange(200)) + b"\n"
            case 1:
                mutated = bytearray(right)
                for _ in range(dice.randrange(1, 6)):
                    mutated[dice.randrange(len(mutated))] = dice.randrange(256)
                yield bytes(mutated) + b"\n"
            case 2:
                yield right[: dice.randrange(len(right))] + b"\n"
            case 3:
                values: list[object] = [None, True, -1, 1e308, "", "\0", [], {}, 2**70, "x" * 300, {"id": {}}]
                names = ("jsonrpc", "id", "method", "params", "lmem")
                yield json.dumps({name: dice.choice(values) for name in names}).encode() + b"\n"
            case 4:
                yield b"[" * dice.randrange(2000) + b"\n" + b"\r\n" * dice.randrange(20)
            case _:
                request = {"jsonrpc": "2.0", "id": number, "method": "test/echo", "params": {"n": number}}
                yield json.dumps(request).encode() + b"\n"


def _assert_frames_harm_nobody(path: Path, home: Path, count: int) -> None:
    process = psutil.Process(json.loads(home_paths(home).daemon_file.read_text())["pid"])
    before = process.memory_info().rss
    dice = random.Random(3)
    frames = list(_frames(dice, count))
    with Neighbour(path) as neighbour:
        for start in range(0, count, 500):
            _pour(path, frames[start : start + 500], dice)
    assert neighbour.slowest < 2.0
    assert process.memory_info().rss - before < 64 * MEGABYTE
    with Raw(path) as raw:
        assert raw.call("test/echo", 4)["id"] == 4


def _pour(path: Path, frames: list[bytes], dice: random.Random) -> None:
    """Send frames on one connection, reading its answers beside, in pieces that respect no line."""
    greeted = dice.random() < 0.9
    last = b'{"jsonrpc": "2.0", "id": "last", "method": "test/echo"}\n'
    with Raw(path, greet=greeted) as raw:
        reader = threading.Thread(target=_read_to_last, args=(raw,))
        reader.start()
        data = b"".join(frames) + last
        try:
            while data:
                cut = dice.randrange(1, 5000)
                raw.sock.sendall(data[:cut])
                data = data[cut:]
        except OSError:
            assert not greeted, "only a connection without a hello is ended by what it sends"
        reader.join()


def _read_to_last(raw: Raw) -> None:
    try:
        while (frame := raw.hear()) and frame.get("id") != "last":
            assert "jsonrpc" in frame
    except ConnectionResetError:
        return  # hung up with bytes unread


def test_two_thousand_fuzzed_frames(path: Path, home: Path) -> None:
    _assert_frames_harm_nobody(path, home, 2_000)


@pytest.mark.soak
def test_a_hundred_thousand_fuzzed_frames(path: Path, home: Path) -> None:
    _assert_frames_harm_nobody(path, home, 100_000)
