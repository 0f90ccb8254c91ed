"""One life of a worker child: spawned over a socket pair, called, and reaped.

Not the one who starts it again (lmem.stores.isolated).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, BinaryIO, cast

from lmem.errors import LmemError, StoreUnavailable, WorkerDied
from lmem.stores.lifeline import child_environment
from lmem.stores.pipe import LENGTH, Reply, Request, Setup, pack, revive, unpack

TITLE = "lmem-index-worker"
"""The last word of the child's command line, so that `ps` says what it is."""

LOG_BYTES = 1 << 20
"""A log that has grown beyond this is put aside when the next child starts, in the place of the one before it."""

_EXIT_SECONDS = 5.0


class WorkerProcess(asyncio.Protocol):
    """A child and the calls it has not answered yet. `refusal` is why it could not make its targets."""

    def __init__(self) -> None:
        self.refusal: LmemError | None = None
        self._process: asyncio.subprocess.Process
        self._pipe: asyncio.Transport
        self._received = bytearray()
        self._ids = itertools.count(1)
        loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[None] = loop.create_future()
        self._made: asyncio.Future[Any] = loop.create_future()
        self._pending: dict[int, asyncio.Future[Any]] = {0: self._made}

    @classmethod
    async def spawn(cls, setup: Setup, log_file: Path) -> WorkerProcess:
        """Start a child; it inherits one end of a socket pair, the log as standard error and nothing else.

        Raises OSError when the system refuses.
        """
        ours, theirs = socket.socketpair()
        pipe, life = await asyncio.get_running_loop().create_unix_connection(cls, sock=ours)
        try:
            with theirs, _opened(log_file) as log:
                life._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "lmem.stores.isolated_child"),
                    *(str(theirs.fileno()), str(os.getpid()), TITLE),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(theirs.fileno(),),
                    env=child_environment(),
                )
        except (OSError, asyncio.CancelledError):
            pipe.close()
            raise
        pipe.write(pack(setup))
        return life

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def kill(self) -> None:
        """End a child that does not answer any more; `run` tells its death."""
        self._process.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol, as the next two: without streams an answer is told in one turn of the loop."""
        self._pipe = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Hand out the answers that are whole."""
        received = self._received
        received += data
        while len(received) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(received)[0]
            if len(received) < end:
                return
            reply = unpack(bytes(memoryview(received)[LENGTH.size : end]))
            del received[:end]
            self._settle(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """The child closed its end, or its death did."""
        if not self._lost.done():
            self._lost.set_result(None)

    async def made(self) -> bool:
        """Wait until the child has made its targets; False when it could not, and `refusal` says why."""
        try:
            await asyncio.shield(self._made)
        except LmemError as err:
            if not isinstance(err, WorkerDied):
                self.refusal = err
            return False
        return True

    async def call(self, lane: str, target: str, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Send a request and wait for its answer. Raises the error it answers, WorkerDied when the child dies first."""
        if self._pipe.is_closing():
            raise WorkerDied
        id = next(self._ids)
        answer = self._pending[id] = asyncio.get_running_loop().create_future()
        try:
            self._pipe.write(pack(Request(id, lane, target, method, args, kwargs)))
            return await answer
        finally:
            self._pending.pop(id, None)

    async def run(self) -> WorkerDied:
        """Hand out answers until the child dies; then fail what waits and answer how it died.

        Cancelled, it ends the child.
        """
        try:
            await self._lost
            death = WorkerDied(f"The index worker died ({await self._end()}).")
            self._fail(death)
            return death
        except asyncio.CancelledError:
            await self._end()
            self._fail(StoreUnavailable("The index worker was stopped."))
            raise

    def _settle(self, reply: Reply) -> None:
        answer = self._pending.get(reply.id)
        if answer is None or answer.done():  # its caller no longer waits
            return
        if reply.error is None:
            answer.set_result(reply.value)
        else:
            answer.set_exception(revive(reply.error))

    def _fail(self, error: LmemError) -> None:
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # a caller that was cancelled meanwhile does not ask for it

    async def _end(self) -> str:
        """Close the pipe, which ends the child, and answer how it ended; kill it when it does not."""
        self._pipe.close()
        try:
            async with asyncio.timeout(_EXIT_SECONDS):
                status = await self._process.wait()
        except TimeoutError:
            self._process.kill()
            status = await self._process.wait()
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _opened(log_file: Path) -> BinaryIO:
    """The log to append to, closed to other users. Raises OSError."""
    if log_file.exists():
        log_file.chmod(0o600)
        if log_file.stat().st_size > LOG_BYTES:
            log_file.replace(log_file.with_name(f"{log_file.name}.1"))
    return os.fdopen(os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab")
