"""The one way to the daemon: find it, shake hands, ask.

Not what starts it: `lmem.client.starting` is imported only when there is nothing to connect to. This is on the path
of every command, so it imports little and nothing of the daemon.
"""

from __future__ import annotations

import os
import time

from lmem._version import __version__
from lmem.client import presence
from lmem.client.channel import Channel
from lmem.errors import (
    ConnectionLost,
    DaemonError,
    DaemonNotRunning,
    DaemonStopping,
    DaemonUnresponsive,
    FrameError,
    LmemError,
    SocketDenied,
    VersionMismatch,
)
from lmem.protocol.framing import MAX_FRAME, Frame, encode
from lmem.protocol.messages import PROTOCOL, hello, request, result_of

TYPE_CHECKING = False  # as typing's, without its import: this is on the path of every command
if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from types import TracebackType

    from lmem.paths import Paths

    OnProgress = Callable[[Frame], None]

HELLO_SECONDS = 2.0
"""A daemon that lives says hello within this."""
GONE_SECONDS = 6.0
"""A daemon that holds its lock but has no socket makes a new one, or ends, within this."""
CALL_SECONDS = 300.0
"""Silence after which a call is given up; progress counts as an answer."""
PAUSE = 0.01


def connect(paths: Paths, client: str = "cli", *, autostart: bool = True, timeout: float = CALL_SECONDS) -> Connection:
    """A connection to the daemon of `paths`, started first if `autostart` and none runs. Use it in a with statement.

    `timeout` is the longest silence of a call in seconds. Raises DaemonNotRunning, DaemonStartFailed,
    DaemonUnresponsive (names the pid), SocketDenied (a sandbox or another user: nothing was started) or
    VersionMismatch.
    """
    return Connection(paths, client, autostart=autostart, timeout=timeout)


class Connection:
    """One conversation with the daemon. `hello` is the daemon's answer to ours. Not for several threads at once."""

    def __init__(
        self,
        paths: Paths,
        client: str,
        *,
        autostart: bool = True,
        timeout: float = CALL_SECONDS,
        mode: str = "rpc",
    ) -> None:
        self._paths = paths
        self._client = client
        self._mode = mode
        self._autostart = autostart
        self._timeout = timeout
        self._number = 0
        self._early: dict[int, Frame] = {}
        self.hello: Frame = {}
        self._channel = self._open()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def detach(self) -> tuple[socket, bytes]:
        """The socket itself, blocking, and what was read from it beyond the hello; this object is closed then.

        Raises ConnectionLost when it was closed before.
        """
        return self._channel.detach()

    def close(self) -> None:
        """Hang up; the daemon cancels what was not answered."""
        self._channel.close()

    def call(
        self,
        method: str,
        params: Frame,
        on_progress: OnProgress | None = None,
        *,
        timeout: float | None = None,
        idempotent: bool = False,
    ) -> Frame:
        """The result of one request; raises the LmemError that is the answer instead.

        A daemon that is stopping has done nothing, so the next one is asked. A connection that breaks raises
        ConnectionLost, unless `idempotent`: then a new one is made and asked once more.
        `timeout` is the longest silence in seconds, progress included; over it DaemonUnresponsive is raised.
        """
        try:
            return self._ask(method, params, on_progress, timeout)
        except (ConnectionLost, DaemonStopping) as err:
            if isinstance(err, ConnectionLost) and not idempotent:
                raise
        self.close()
        self._early.clear()
        self._channel = self._open()
        return self._ask(method, params, on_progress, timeout)

    def send(self, method: str, params: Frame) -> int:
        """Send a request without waiting; its number, to match with `receive`. The daemon works on 64 at once."""
        self._number += 1
        line = encode(request(self._number, method, params))
        if len(line) > MAX_FRAME:
            raise FrameError(f"This request has {len(line)} bytes; at most {MAX_FRAME} can be sent.")
        self._channel.send(line, self._timeout)
        return self._number

    def receive(
        self, number: int | None = None, on_progress: OnProgress | None = None, *, timeout: float | None = None
    ) -> tuple[int, Frame]:
        """The number and frame of the next answer, or of the one asked for; `result_of(frame)` gives its result."""
        while True:
            if self._early and (number is None or number in self._early):
                found = number if number is not None else next(iter(self._early))
                return found, self._early.pop(found)
            frame = self._channel.read(self._timeout if timeout is None else timeout)
            got, params = frame.get("id"), frame.get("params")
            if isinstance(got, int):
                self._early[got] = frame
            elif "error" in frame:
                result_of(frame)  # no request's answer, so about the connection: raises
            elif frame.get("method") == "$/progress" and on_progress is not None and isinstance(params, dict):
                on_progress(params)

    def _ask(self, method: str, params: Frame, on_progress: OnProgress | None, timeout: float | None) -> Frame:
        _, frame = self.receive(self.send(method, params), on_progress, timeout=timeout)
        result = result_of(frame)
        if not isinstance(result, dict):
            raise DaemonError(f"The daemon answered {method} with something that is not an object.")
        return result

    # Opening

    def _open(self) -> Channel:
        """A channel on which hellos were exchanged; the daemon is started or replaced where that is right."""
        deadline = time.monotonic() + GONE_SECONDS
        may_replace = self._autostart
        while True:
            channel = self._reach()
            if channel is None:
                self._start()
                deadline = time.monotonic() + GONE_SECONDS
            elif not self._shake_hands(channel):
                if time.monotonic() > deadline:
                    raise _unresponsive(channel.pid)
                time.sleep(PAUSE)
            elif may_replace and self._is_older() and self._leaves(channel):
                may_replace = False
            else:
                self._check_protocol(channel)
                return channel

    def _start(self) -> None:
        if not self._autostart:
            raise DaemonNotRunning()
        from lmem.client.starting import start

        start(self._paths)

    def _reach(self) -> Channel | None:
        """A channel to the daemon; None when none runs. Waits for one that is starting, ending or in a squeeze."""
        began = time.monotonic()
        while True:
            known = presence.daemon_file(self._paths)
            path = known.get("socket")
            full = False
            if isinstance(path, str):
                try:
                    return Channel(path)
                except BlockingIOError:
                    full = True  # its backlog: it lives
                except (FileNotFoundError, ConnectionRefusedError):
                    full = False  # says nothing alone: a socket can be unlinked under a living daemon
            if not full and not presence.lock_held(self._paths):
                return None
            if time.monotonic() - began > (HELLO_SECONDS if full else GONE_SECONDS):
                raise _unresponsive(known.get("pid") or presence.lock_holder(self._paths))
            time.sleep(PAUSE)

    def _shake_hands(self, channel: Channel) -> bool:
        """Exchange hellos; False when the daemon hung up instead, as one does that is ending."""
        if channel.uid != os.getuid():
            channel.close()
            raise SocketDenied(
                f"The socket is served by process {channel.pid} of another user.",
                hint="Run lmem as the user who owns it, or set LMEM_HOME to a directory of yours.",
            )
        try:
            channel.send(encode(hello(self._client, self._mode).to_frame()), HELLO_SECONDS)
            self.hello = channel.read(HELLO_SECONDS)
            if "error" in self.hello:
                result_of(self.hello)
        except DaemonUnresponsive:
            raise _unresponsive(channel.pid) from None
        except (ConnectionLost, DaemonStopping):
            channel.close()
            return False
        except LmemError:
            channel.close()
            raise
        return True

    def _is_older(self) -> bool:
        return _version(self.hello.get("version")) < _version(__version__)

    def _leaves(self, channel: Channel) -> bool:
        """Ask an older daemon to end if it is idle, and wait until it has; False when it stays.

        It stays where none could be started again: what it serves is better than nothing.
        """
        from lmem.client.starting import check, wait_for_end

        try:
            check(self._paths)
            channel.send(encode(request(0, "daemon/stop", {"if_idle": True})), HELLO_SECONDS)
            result = result_of(channel.read(HELLO_SECONDS))
        except ConnectionLost:
            return True  # it was ending anyway: look again
        except DaemonUnresponsive:
            raise
        except LmemError:  # it refuses; whether it can be used all the same is the protocol's question
            return False
        if not isinstance(result, dict) or not result.get("stopping"):
            return False
        channel.close()
        wait_for_end(self._paths)
        return True

    def _check_protocol(self, channel: Channel) -> None:
        protocol = self.hello.get("lmem")
        if protocol != PROTOCOL:
            channel.close()
            raise VersionMismatch(
                f"The daemon (process {channel.pid}) speaks protocol {protocol}, lmem {__version__} speaks {PROTOCOL}."
            )


def _unresponsive(pid: object) -> DaemonUnresponsive:
    return DaemonUnresponsive(f"The daemon (process {pid or 'unknown'}) is running but does not answer.")


def _version(text: object) -> tuple[int, ...]:
    """The leading numbers of a version, for comparing: '0.2.0rc1' is (0, 2, 0)."""
    numbers: list[int] = []
    for part in str(text).split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)
