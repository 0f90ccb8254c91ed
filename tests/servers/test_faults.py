"""The fault proxy: what a client and a server see of each fault, on open connections and on new ones."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.servers.faults import Fault, FaultProxy
from tests.servers.process import free_port, wait_for

LONG = 5.0
"""Seconds that nothing here takes."""


class Echo:
    """A server that keeps what it hears and, when it is told to, says it again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.heard = b""
        self.ends = 0
        self.peers: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and forget everybody."""
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for peer in self.peers:
            peer.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            threading.Thread(target=self._echo, args=(peer,), daemon=True).start()

    def _echo(self, peer: socket.socket) -> None:
        try:
            while data := peer.recv(1 << 16):
                self.heard += data
                peer.sendall(data)
            self.ends += 1
            peer.shutdown(socket.SHUT_WR)
        except OSError:
            self.ends += 1


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.port) as made:
        yield made


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    """A connection that was used before anything went wrong."""
    with connect(proxy) as connection:
        assert said(connection, b"before") == b"before"
        yield connection


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=LONG)


def said(connection: socket.socket, data: bytes) -> bytes:
    """As many bytes of the answer as were sent."""
    connection.sendall(data)
    answer = b""
    while len(answer) < len(data) and (more := connection.recv(1 << 16)):
        answer += more
    return answer


def works(proxy: FaultProxy) -> bool:
    """Whether a new connection is served."""
    with connect(proxy) as connection:
        return said(connection, b"again") == b"again"


def nothing_comes(connection: socket.socket) -> bool:
    connection.settimeout(0.1)
    try:
        return connection.recv(1) == b"never"
    except TimeoutError:
        return True
    finally:
        connection.settimeout(LONG)


def is_reset(connection: socket.socket) -> bool:
    try:
        connection.recv(1)
    except ConnectionResetError:
        return True
    return False


def a_new_one_is_reset(proxy: FaultProxy) -> bool:
    """Before it is connected, or after."""
    try:
        with connect(proxy) as connection:
            return is_reset(connection)
    except ConnectionResetError:
        return True


def until(condition: Callable[[], object]) -> None:
    wait_for(condition, LONG, lambda: "it did not come true")


def test_without_a_fault_bytes_and_ends_go_through_both_ways(proxy: FaultProxy, echo: Echo) -> None:
    data = bytes(range(256)) * 20_000
    with connect(proxy) as connection:
        threading.Thread(target=connection.sendall, args=(data,)).start()
        answer = b""
        while len(answer) < len(data):
            answer += connection.recv(1 << 16)
        assert answer == data == echo.heard
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    until(lambda: proxy.open == 0)
    assert (proxy.accepted, proxy.swallowed) == (1, 0)


def test_the_url_of_a_server_leads_through_the_proxy(proxy: FaultProxy) -> None:
    assert proxy.url("redis://user:word@127.0.0.1:1/0") == f"redis://user:word@127.0.0.1:{proxy.port}/0"
    assert proxy.url("bolt://127.0.0.1:1") == f"bolt://127.0.0.1:{proxy.port}"


def test_latency_delays_answers_and_keeps_their_order(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.set(Fault.LATENCY, seconds=0.2)
    began = time.monotonic()
    assert said(client, b"x" * 1_000_000) == b"x" * 1_000_000
    assert 0.2 <= time.monotonic() - began < 2.0, "later, not slower"


def test_what_is_late_arrives_at_once_when_the_latency_is_over(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.set(Fault.LATENCY, seconds=600)
    client.sendall(b"late")
    assert nothing_comes(client)
    proxy.set(Fault.NONE)
    assert client.recv(4) == b"late"


def test_a_reset_ends_open_and_new_connections(proxy: FaultProxy, client: socket.socket, echo: Echo) -> None:
    proxy.set(Fault.RESET)
    assert proxy.open == 0
    assert is_reset(client)
    until(lambda: echo.ends == 1)
    assert a_new_one_is_reset(proxy)
    proxy.set(Fault.NONE)
    assert works(proxy)


def test_a_black_hole_takes_everything_and_answers_nothing(
    proxy: FaultProxy, client: socket.socket, echo: Echo
) -> None:
    proxy.set(Fault.BLACK_HOLE)
    with connect(proxy) as connection:
        for each in (client, connection):
            each.sendall(b"lost" * 100)
            assert nothing_comes(each)
        until(lambda: proxy.swallowed == 800)
        echo.peers[0].sendall(b"lost too")
        until(lambda: proxy.swallowed == 808)
        assert echo.heard == b"before"
        assert len(echo.peers) == 1, "the new one never got there"
        proxy.set(Fault.NONE)
        assert is_reset(client)
        assert is_reset(connection)
    assert works(proxy)


def test_a_connection_that_lost_nothing_survives_a_black_hole(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.set(Fault.BLACK_HOLE)
    proxy.set(Fault.NONE)
    assert said(client, b"after") == b"after"


def test_half_open_loses_answers_and_hides_the_servers_end(
    proxy: FaultProxy, client: socket.socket, echo: Echo
) -> None:
    proxy.set(Fault.HALF_OPEN)
    client.sendall(b"heard")
    until(lambda: echo.heard == b"beforeheard")
    until(lambda: proxy.swallowed == 5)
    echo.peers[0].shutdown(socket.SHUT_RDWR)
    echo.peers[0].close()
    assert nothing_comes(client), "not even the end"
    client.sendall(b"to nobody")
    proxy.set(Fault.NONE)
    assert is_reset(client)
    assert works(proxy)


def test_half_open_can_lose_requests_and_hides_the_clients_end(proxy: FaultProxy, echo: Echo) -> None:
    with connect(proxy) as connection:
        assert said(connection, b"before") == b"before"
        proxy.set(Fault.HALF_OPEN, lost="requests")
        connection.sendall(b"lost")
        until(lambda: proxy.swallowed == 4)
        echo.peers[0].sendall(b"unasked")
        assert connection.recv(7) == b"unasked"
    (link,) = proxy.links
    until(lambda: echo.peers[0].send(b"still there?") and not link.client.connected)
    assert (echo.heard, echo.ends) == (b"before", 0)
    proxy.set(Fault.NONE)
    until(lambda: echo.ends == 1)


def test_refusing_resets_what_is_open_and_the_port_comes_back(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.set(Fault.REFUSE)
    assert is_reset(client)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.set(Fault.NONE)
    assert works(proxy)


def test_a_server_that_is_gone_looks_like_a_reset(proxy: FaultProxy, client: socket.socket, echo: Echo) -> None:
    echo.close()
    assert a_new_one_is_reset(proxy)
    assert proxy.accepted == 2


@pytest.mark.parametrize("fault", Fault)
def test_a_proxy_leaves_nothing_behind_under_any_fault(echo: Echo, fault: Fault) -> None:
    with FaultProxy(echo.port) as proxy, connect(proxy) as before:
        assert said(before, b"x") == b"x"
        proxy.set(fault)
        with suppress(ConnectionError):
            connect(proxy).close()
    assert not [thread for thread in threading.enumerate() if thread.name == "fault-proxy"]
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
