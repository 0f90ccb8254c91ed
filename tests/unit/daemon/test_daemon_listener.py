"""The socket's path: modes, left-over and foreign files, vanishing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmem.daemon.listener import Listener
from lmem.errors import AlreadyRunning, Conflict, SocketDenied


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "run" / "s"


def test_a_bound_socket_is_private_and_does_not_listen_yet(path: Path) -> None:
    listener = Listener(path)
    with listener.bind(), socket.socket(socket.AF_UNIX) as probe:
        assert oct(path.stat().st_mode & 0o777) == "0o600"
        assert oct(path.parent.stat().st_mode & 0o777) == "0o700"
        with pytest.raises(ConnectionRefusedError):
            probe.connect(str(path))
        assert listener.present()


def test_a_left_over_socket_is_replaced(path: Path) -> None:
    Listener(path).bind().close()
    assert path.exists()
    with Listener(path).bind():
        assert path.exists()


def test_a_living_socket_is_left_alone(path: Path) -> None:
    with Listener(path).bind() as sock:
        sock.listen(1)
        identity = path.stat().st_ino
        with pytest.raises(AlreadyRunning, match="listens on"):
            Listener(path).bind()
        assert path.stat().st_ino == identity


def test_a_denied_socket_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Listener(path).bind().close()

    class Denying(socket.socket):
        def connect(self, address: object) -> None:
            raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", Denying)
    with pytest.raises(SocketDenied):
        Listener(path).bind()
    assert path.exists()


def test_another_file_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("mine")
    with pytest.raises(Conflict, match="in the way"):
        Listener(path).bind()
    assert path.read_text() == "mine"


def test_a_vanished_or_replaced_socket_is_noticed(path: Path) -> None:
    listener = Listener(path)
    assert not listener.present()
    with listener.bind():
        path.unlink()
        assert not listener.present()
        path.write_text("other")
        assert not listener.present()
        listener.unlink()
        assert path.exists(), "what is not ours stays"
    path.unlink()
    with listener.bind():
        listener.touch()
        listener.unlink()
        assert not path.exists()
