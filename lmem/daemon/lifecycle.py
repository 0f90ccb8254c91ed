"""From the lock to the last unlink: one daemon's life, in order.

Not what it serves: `build` makes the app. Correct without its own end, too: after kill -9 the kernel frees the lock,
and the next daemon removes what was left.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine
from datetime import UTC, datetime

from lmem import config as settings
from lmem._version import __version__
from lmem.daemon.call import App, Build, Call, Host
from lmem.daemon.limits import Limits
from lmem.daemon.listener import Listener
from lmem.daemon.log import close_log, open_log
from lmem.daemon.ownership import Ownership
from lmem.daemon.readiness import Readiness
from lmem.daemon.server import FLUSH_SECONDS, Server
from lmem.daemon.watch import watch
from lmem.errors import LmemError
from lmem.paths import Paths
from lmem.protocol.messages import PROTOCOL

log = logging.getLogger(__name__)

FINISH_SECONDS = 3.0
CLOSE_SECONDS = 5.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(paths: Paths, build: Build, *, detached: bool = False) -> int:
    """Be the daemon of `paths` until told to stop; the exit status.

    `detached` is a start on demand: the log goes to its file only, and daemon.idle_exit_minutes counts.
    """
    readiness = Readiness()
    try:
        config = settings.load(paths.config_file)
        ownership = Ownership(paths)
        try:
            handler = open_log(paths.log_file, config.text("daemon.log_level"), foreground=not detached)
            try:
                _run(_Life(paths, config, ownership, readiness, detached).live(build))
            finally:
                close_log(handler)
        finally:
            ownership.release()
    except LmemError as err:
        readiness.failed(err)
        print(f"lmem daemon: {err.message}\n{err.hint}", file=sys.stderr)
        return err.exit_status
    paths.starts_file.unlink(missing_ok=True)  # a life that ended well is no part of a crash loop
    return 0


def check(paths: Paths) -> int:
    """Look at the settings as `run` does, tell the result to whoever spawned this process, and touch nothing."""
    readiness = Readiness()
    try:
        settings.load(paths.config_file)
    except LmemError as err:
        readiness.failed(err)
        return err.exit_status
    readiness.ready()
    return 0


def _run(life: Coroutine[None, None, None]) -> None:
    """Like asyncio.run, without its wait for threads that nobody waits for any more: the end has a time limit."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(life)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=FLUSH_SECONDS))
        loop.close()


class _Life:
    """The state of one daemon between its lock and its end; everything runs on one event loop."""

    def __init__(
        self, paths: Paths, config: settings.Config, ownership: Ownership, readiness: Readiness, detached: bool
    ) -> None:
        self._paths = paths
        self._config = config
        self._ownership = ownership
        self._readiness = readiness
        self._idle_exit = config.number("daemon.idle_exit_minutes") * 60 if detached else 0
        self._listener = Listener(paths.socket)
        self._signalled = False
        self._instance = os.urandom(16).hex()
        self._started_at = datetime.now(UTC).isoformat(timespec="milliseconds")

    async def live(self, build: Build) -> None:
        """Serve until the end comes; raises the LmemError that kept the daemon from starting."""
        self._app: asyncio.Future[App] = asyncio.get_running_loop().create_future()
        self._ending = asyncio.Event()
        self._server = Server(self._dispatch, self._describe, self._limits())
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it for SIGHUP
                self._server.loop.add_signal_handler(number, self._on_signal, number)
        try:
            await self._listen()
            self._readiness.listening()
            log.info("the daemon listens", extra={"data": {"pid": os.getpid(), "version": __version__}})
            await self._serve(build)
        finally:
            await self._end()

    async def _serve(self, build: Build) -> None:
        """Build the app beside the first hellos, then wait for the end."""
        ending = self._server.loop.create_task(self._ending.wait())
        reason = self._server.loop.create_task(
            watch(self._ownership, self._listener, self._listen, lambda: self._server.idle_seconds, self._idle_exit)
        )
        building = self._server.loop.create_task(build(self._host()))
        tasks = (ending, reason, building)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if building.done():
                self._settle(building)
                self._readiness.ready()
                await asyncio.wait((ending, reason), return_when=asyncio.FIRST_COMPLETED)
            if reason.done():
                log.warning("the daemon ends: %s", reason.result())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if not self._app.done():
                self._app.cancel()

    def _settle(self, building: asyncio.Task[App]) -> None:
        """Let the calls that wait for the app have it, or the error that came instead; raises that error."""
        error = building.exception()
        if error is None:
            self._app.set_result(building.result())
            return
        log.critical("the daemon cannot start: %s", error, exc_info=None if isinstance(error, LmemError) else error)
        if isinstance(error, LmemError):
            self._app.set_exception(error)
        raise error

    def _host(self) -> Host:
        return Host(
            paths=self._paths,
            config=self._config,
            instance=self._instance,
            started_at=self._started_at,
            began=time.monotonic(),
            pid=os.getpid(),
            stop=self._stop,
            connections=lambda: self._server.connections,
        )

    def _built(self) -> App | None:
        ready = self._app.done() and not self._app.cancelled() and self._app.exception() is None
        return self._app.result() if ready else None

    async def _end(self) -> None:
        """Nothing new, finish what runs, close the stores. The lock is freed last, by `run`."""
        log.info("the daemon stops")
        self._ownership.withdraw()
        self._listener.unlink()
        await self._server.stop(FINISH_SECONDS)
        app = self._built()
        if app is not None:
            try:
                await asyncio.wait_for(app.close(), CLOSE_SECONDS)
            except TimeoutError:
                log.error("the stores did not close in %s s", CLOSE_SECONDS)
        log.info("the daemon stopped")

    async def _dispatch(self, call: Call) -> object:
        app = await asyncio.shield(self._app)  # a call that comes before the app is built waits for it
        return await app.dispatch(call)

    def _describe(self) -> dict[str, object]:
        known: dict[str, object] = {
            "instance": self._instance,
            "started_at": self._started_at,
            "ready": {"storage": False, "vectors": False},
        }
        app = self._built()
        return known if app is None else known | app.describe()

    def _stop(self, if_idle: bool) -> bool:
        if if_idle and self._server.working > 1:  # the call that asks is one of them
            return False
        self._ending.set()
        return True

    def _on_signal(self, number: signal.Signals) -> None:
        if self._signalled:
            os._exit(128 + number)  # asked twice: the stores are correct without a clean end
        self._signalled = True
        log.info("got %s", number.name)
        self._ending.set()

    async def _listen(self) -> None:
        """Bind the socket, serve it, and tell clients where it is."""
        await self._server.listen(self._listener.bind())
        self._ownership.publish(
            {
                "pid": os.getpid(),
                "socket": os.fspath(self._listener.path),
                "version": __version__,
                "protocol": PROTOCOL,
                "started_at": self._started_at,
                "instance": self._instance,
            }
        )

    def _limits(self) -> Limits:
        return Limits(self._config.number("daemon.max_connections"), self._config.number("daemon.max_in_flight"))
