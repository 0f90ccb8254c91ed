"""What a server does wrong, in our errors: named, in time, never with the key, and not tried in a storm."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.errors import IndexLost, LmemError, StorageFull, StoreDown, StoreUnavailable
from lmem.stores import breaker
from lmem.stores.qdrant.server_door import Door
from tests.servers.process import free_port
from tests.unit.stores.qdrant.fake_server import FakeServer, fake_server

KEY = "sesame-open"
VERSION = b'{"title": "qdrant", "version": "1.18.3"}'


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as fake:
        yield fake


def _door(url: str, timeout: float = 5.0, key: str | None = KEY, ca_file: str | None = None) -> Door:
    return Door(url, key, timeout, ca_file)


def _asked(door: Door, generation: str | None = None) -> LmemError:
    """The error of one call."""
    with pytest.raises(LmemError) as caught, door.client(generation) as client:
        client.info()
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.hint
    assert KEY not in shown
    assert caught.value.message.endswith(".") and "\n" not in caught.value.message
    return caught.value


def _error(sentence: str) -> bytes:
    return json.dumps({"status": {"error": sentence}, "time": 0.0}).encode()


def test_the_key_goes_along_and_no_warning_is_printed(server: FakeServer) -> None:
    server.says(200, VERSION)
    door = _door(server.url)
    with door.client() as client:
        assert client.info().version == "1.18.3"
    assert server.keys == [KEY]
    assert not door.interrupted
    door.close()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_and_left_alone(server: FakeServer, status: int) -> None:
    server.says(status, b"Invalid API key or JWT")
    door = _door(server.url)
    for _ in range(5):
        err = _asked(door)
        assert isinstance(err, StoreDown)
        assert err.message == "Qdrant refused the API key."
        assert "qdrant.api_key_file" in err.hint
    assert server.asked == 1
    door.close()


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_server_that_cannot_answer_now_is_down(server: FakeServer, status: int) -> None:
    server.says(status, b"<html>Bad gateway</html>")
    door = _door(server.url)
    assert isinstance(_asked(door), StoreDown)
    assert door.interrupted
    door.close()


def test_what_the_server_says_is_passed_on_and_is_no_outage(server: FakeServer) -> None:
    server.says(500, _error("Service internal error: it broke"))
    door = _door(server.url)
    for _ in range(3):
        err = _asked(door)
        assert type(err) is StoreUnavailable
        assert "answered 500: Service internal error: it broke." in err.message
    assert (server.asked, door.interrupted) == (3, False)
    door.close()


@pytest.mark.parametrize(
    ("status", "sentence"), [(507, "Insufficient storage"), (500, "Service internal error: No space left on device")]
)
def test_a_full_disk_there_is_a_full_disk(server: FakeServer, status: int, sentence: str) -> None:
    server.says(status, _error(sentence))
    door = _door(server.url)
    assert isinstance(_asked(door), StorageFull)
    door.close()


def test_a_collection_that_is_gone_is_a_lost_index(server: FakeServer) -> None:
    server.says(404, _error("Not found: Collection `x` doesn't exist!"))
    door = _door(server.url)
    assert isinstance(_asked(door, "gen-0001"), IndexLost)
    assert type(_asked(door)) is StoreUnavailable
    door.close()


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"[]", b'{"title": "no version"}', b""])
def test_what_is_no_qdrant_is_said_to_be_none(server: FakeServer, body: bytes) -> None:
    server.says(200, body)
    door = _door(server.url)
    err = _asked(door)
    assert isinstance(err, StoreDown)
    assert "no Qdrant" in err.message and err.hint == "Correct qdrant.url."
    door.close()


def test_nobody_at_home_is_said_at_once_and_the_circuit_opens() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    door = _door(url)
    for _ in range(breaker.FAILURES):
        assert f"Qdrant does not answer at {url}" in _asked(door).message
    began = time.monotonic()
    for _ in range(100):
        _asked(door)
    assert time.monotonic() - began < 0.5
    door.close()


@pytest.mark.parametrize("timeout", [0.2, 0.7])
def test_a_server_that_never_answers_ends_within_its_time(server: FakeServer, timeout: float) -> None:
    server.says(0)
    door = _door(server.url, timeout)
    began = time.monotonic()
    err = _asked(door)
    took = time.monotonic() - began
    assert isinstance(err, StoreDown) and "did not answer within" in err.message
    assert timeout * 0.9 < took < timeout + 0.5
    door.close()


def test_calls_that_belong_together_share_one_time_limit(server: FakeServer) -> None:
    server.says(0)
    door = _door(server.url, 0.6)
    began = time.monotonic()
    with door.within():
        time.sleep(0.4)
        _asked(door)
    assert time.monotonic() - began < 0.9
    door.close()


def test_a_connection_that_broke_is_tried_again_once(server: FakeServer) -> None:
    server.says(200, VERSION)
    server.resets = 1
    door = _door(server.url)
    with door.client() as client:
        client.info()
    assert server.asked == 2
    server.resets = 2
    assert "broke" in _asked(door).message
    door.close()


@pytest.mark.parametrize("key", ["käse", "with\nnewline", "tab\there"])
def test_a_key_that_is_none_is_not_sent(server: FakeServer, key: str) -> None:
    door = _door(server.url, key=key)
    err = _asked(door)
    assert "characters" in err.message and key not in err.message
    assert server.asked == 0
    door.close()


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for ca_file in (tmp_path / "absent.pem", tmp_path / "empty.pem"):
        (tmp_path / "empty.pem").write_text("no certificate")
        err = _asked(_door("https://127.0.0.1:1", ca_file=str(ca_file)))
        assert str(ca_file) in err.message and err.hint == "Correct qdrant.ca_file."


def test_a_failure_is_raised_again_without_the_frames_of_those_before() -> None:
    door = _door(f"http://127.0.0.1:{free_port()}")
    depths = []
    for _ in range(10):
        err = _asked(door)
        depths.append(len(traceback.extract_tb(err.__traceback__)))
    assert depths[-1] == depths[-5]
    door.close()
