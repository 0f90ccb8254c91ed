"""The index worker seen from the daemon: ports whose implementations run in one child process.

Not the child (lmem.stores.isolated_child), and no native code: this side imports neither numpy nor Qdrant, stays small
and outlives its child.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, cast

from lmem.errors import Internal, LmemError, StoreUnavailable, UnknownMethod, WorkerDied
from lmem.ports.embedder import AsyncEmbedder
from lmem.ports.finder import AsyncFinder
from lmem.ports.vectors import AsyncGenerations, AsyncVectors
from lmem.stores.lanes import LANES
from lmem.stores.pipe import Lane, Setup, Spec
from lmem.stores.worker_process import WorkerProcess

FIRST_PAUSE = 0.2
"""Seconds before the first restart; each further one doubles it."""

DEATHS_ALLOWED = 3
"""After so many lives in a row that answered nobody the door closes: nothing is asked of the worker for a while."""

CLOSED = 30.0
"""Seconds that the door stays closed before one more life is tried."""

State = Literal["starting", "ready", "down", "closed"]
log = logging.getLogger(__name__)
_inside_on_start: ContextVar[bool] = ContextVar("inside_on_start", default=False)


class Proxy:
    """An object of the child: every method that LANES knows, awaited."""

    def __init__(self, worker: IndexWorker, target: str) -> None:
        self._worker = worker
        self._target = target

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        if (self._target, method) not in self._worker.lanes:
            raise AttributeError(f"the index worker has no {self._target}.{method}")

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._worker.call(self._target, method, *args, **kwargs)

        return call


class IndexWorker:
    """One child process with its targets, kept alive; a crash loop closes a door for a while.

    `on_start` runs after each start of the child (load the model, open generations): its own calls pass at once, all
    others wait for it. An LmemError of it is kept in `trouble`; the worker counts as ready then, and its targets answer
    for themselves. After an OSError of it the child is started again. `on_death` is told each death, `on_error` each
    error that a call raises. `log_file` takes what the child writes to its standard error.
    """

    def __init__(
        self,
        targets: Mapping[str, Spec],
        log_file: Path,
        on_start: Callable[[], Awaitable[None]] | None = None,
        on_death: Callable[[LmemError], None] | None = None,
        on_error: Callable[[LmemError], None] = lambda err: None,
        lanes: Mapping[tuple[str, str], Lane] = LANES,
    ) -> None:
        self.lanes = lanes
        self.state: State = "down"
        self.restarts = 0
        self.trouble: LmemError | None = None
        self._setup = Setup(targets, tuple(dict.fromkeys(lanes.values())))
        self._log_file = log_file
        self._on_start = on_start
        self._on_death = on_death
        self._on_error = on_error
        self._life: WorkerProcess | None = None
        self._wasted = 0
        self._late = 0
        self._answered = False  # somebody, in this life: a kill from outside is no crash loop then
        self._settled = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The living child's process id."""
        return None if self._life is None else self._life.pid

    @property
    def embedder(self) -> AsyncEmbedder:
        """The target 'embedder'."""
        return cast(AsyncEmbedder, Proxy(self, "embedder"))

    @property
    def vectors(self) -> AsyncVectors:
        """The target 'vectors'."""
        return cast(AsyncVectors, Proxy(self, "vectors"))

    @property
    def finder(self) -> AsyncFinder:
        """The target 'finder'."""
        return cast(AsyncFinder, Proxy(self, "finder"))

    @property
    def generations(self) -> AsyncGenerations:
        """The target 'vectors', which keeps generations too."""
        return cast(AsyncGenerations, Proxy(self, "vectors"))

    async def start(self) -> None:
        """Begin to keep a child alive, without waiting for it; calls wait until it is ready."""
        if self._supervisor is None or self._supervisor.done():
            self._change("starting")
            self._supervisor = asyncio.create_task(self._keep_alive(), name="index-worker")
            self._supervisor.add_done_callback(self._ended)

    async def reset(self) -> None:
        """Open a door that closed after too many deaths at once, as when the disk has space again."""
        await self.stop()
        self._wasted = 0
        await self.start()

    async def replace(
        self, targets: Mapping[str, Spec], lanes: Mapping[tuple[str, str], Lane] | None = None
    ) -> None:  # fmt: skip
        """End the child and start another with other targets, and with other lanes when they are given."""
        self.lanes = self.lanes if lanes is None else lanes
        self._setup = Setup(targets, tuple(dict.fromkeys(self.lanes.values())))
        await self.reset()

    async def stop(self) -> None:
        """End the child: what `write` returned from is on disk, other calls fail with StoreUnavailable."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])

    async def call(self, target: str, method: str, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        """Call a method of a target in the child; `timeout` in seconds, by default its lane's.

        Raises what the method raises among lmem.errors, StoreUnavailable for anything else it raises, when the worker
        is down or does not answer in time, WorkerDied when it dies meanwhile, UnknownMethod for a call without a lane.
        """
        lane = self.lanes.get((target, method))
        if lane is None:
            raise UnknownMethod(f"The index worker has no {target}.{method}.")
        seconds = lane.timeout if timeout is None else timeout
        asked = False  # a worker that takes long to start does not hang
        try:
            async with asyncio.timeout(seconds):
                if self.state == "starting" and not _inside_on_start.get():
                    await self._settled.wait()
                life, asked = self._living(), True
                answer = await life.call(lane.name, target, method, args, kwargs)
        except LmemError as err:
            self._on_error(err)
            raise
        except TimeoutError as err:
            if not asked:
                raise StoreUnavailable(f"The index worker was still starting after {seconds:g} s.") from err
            self._was_late(lane)
            raise StoreUnavailable(f"The index worker did not answer {target}.{method} in {seconds:g} s.") from err
        self._answered = self._answered or not _inside_on_start.get()
        self._late = 0 if lane.patience else self._late
        return answer

    def _was_late(self, lane: Lane) -> None:
        self._late += bool(lane.patience)
        if lane.patience and self._late >= lane.patience and self._life is not None:
            log.warning("the index worker hangs: %s answers in a row were late; it is killed", self._late)
            self._life.kill()

    def _living(self) -> WorkerProcess:
        if self._life is not None:
            return self._life
        if self.state == "closed":
            cause = "is stopped." if self.trouble is None else f"is not started again. {self.trouble.message}"
            raise StoreUnavailable(f"The index worker {cause}", hint="Run 'lmem doctor' for the cause.")
        raise StoreUnavailable("The index worker is down; it starts again by itself.", hint="Try again in a moment.")

    async def _keep_alive(self) -> None:
        while True:
            self.trouble = await self._live()
            log.warning("%s", self.trouble.message)
            if self._on_death is not None:
                self._on_death(self.trouble)
            self._wasted = 0 if self._answered else self._wasted + 1
            if self._wasted >= DEATHS_ALLOWED:
                self._change("closed")
                await asyncio.sleep(CLOSED)
                self._wasted = DEATHS_ALLOWED - 1  # one more such life closes it again
            else:
                self._change("down")
                await asyncio.sleep(FIRST_PAUSE * 2 ** max(0, self._wasted - 1))
            self.restarts += 1
            self._change("starting")

    async def _live(self) -> LmemError:
        """One life of the child, from its start to its death, which is what it answers."""
        try:
            life = self._life = await WorkerProcess.spawn(self._setup, self._log_file)
        except OSError as err:
            return StoreUnavailable(f"The index worker cannot be started: {err.strerror or err}.")
        try:
            async with asyncio.TaskGroup() as group:
                greeting = group.create_task(self._greet(life))
                death = await life.run()
                greeting.cancel()
        finally:
            self._life = None
        return life.refusal or death

    async def _greet(self, life: WorkerProcess) -> None:
        """Wait for the targets, let the owner prepare them, open to everybody."""
        if not await life.made():
            return
        self.trouble = None
        _inside_on_start.set(True)  # of this task's context alone
        try:
            if self._on_start is not None:
                await self._on_start()
        except WorkerDied:  # `run` tells it too, with the cause
            return
        except LmemError as err:
            log.warning("the index worker is not prepared: %s", err.message)
            self.trouble = err
        except OSError as err:  # the system's, not the worker's: another life may fare better
            log.error("the index worker is not prepared", exc_info=err)
            life.refusal = StoreUnavailable(f"The index worker cannot be prepared: {err}.")
            life.kill()
            return
        self._change("ready")

    def _ended(self, supervisor: asyncio.Task[None]) -> None:
        error = None if supervisor.cancelled() else supervisor.exception()
        if error is not None:
            log.critical("the index worker's keeper failed", exc_info=error)
            self.trouble = Internal(f"The index worker's keeper failed: {error!r}.")
        elif supervisor.cancelled():
            self.trouble = None
        self._change("closed")

    def _change(self, state: State) -> None:
        self.state = state
        if state == "starting":
            self._answered, self._late = False, 0
            self._settled.clear()
        else:
            self._settled.set()
