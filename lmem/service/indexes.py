"""Which generation of the vector index serves, and how the next one comes to be.

Not the relay that fills them (lmem.service.projection): this opens, builds, optimises, switches and drops.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from lmem.domain.outbox import Projection
from lmem.errors import Conflict, IndexLost, LmemError, ModelMissing, StoreDown, StoreUnavailable, WorkerDied
from lmem.ports.clock import Clock
from lmem.ports.embedder import AsyncEmbedder, ModelInfo
from lmem.ports.storage import Storage, UnitOfWork
from lmem.ports.vectors import QDRANT, AsyncGenerations
from lmem.service.generations import PORT, Generations
from lmem.service.retiring import clear
from lmem.service.telling import tell

STARTING = 60.0
"""Seconds that a rebuild waits for the index worker to start."""

TRIES = 3
"""Times that a rebuilt generation is looked through before it serves; what differs is written again in between."""

LOOK_EVERY = 30.0
"""Seconds between two looks at a server's serving generation; the relay comes by at least every minute."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _State:
    model: ModelInfo | None = None
    active: Projection | None = None
    building: Projection | None = None
    reason: StoreUnavailable | None = None
    optimising: bool = False
    making: bool = False  # none may be begun while another is made
    switching: Projection | None = None  # serves, and the truth is being told so
    must_start: bool = False
    looks_left: int = 0  # of `agrees` at the generation that is being built


class Indexes:
    """The generations of the vector index. `wake` tells the relay that a generation waits to be filled.

    `agrees` is asked whether a rebuilt generation holds what the truth says, and enqueues what does not.
    """

    def __init__(
        self,
        storage: Storage,
        embedder: AsyncEmbedder,
        generations: AsyncGenerations,
        clock: Clock,
        engine: str,
        wake: Callable[[], None],
    ) -> None:
        self.embedder = embedder
        self._storage = storage
        self._store = generations
        self._generations = Generations(storage, generations, clock, engine)
        self._wake = wake
        self._settled = asyncio.Event()
        self._newest = asyncio.Event()  # whether the last start that was begun has ended
        self._life = 0  # of the worker and its model; what a start did for an earlier one counts no more
        self._looked = 0.0
        self._loaded: ModelInfo | None = None
        self._state = _State(reason=StoreUnavailable("The index worker is starting.", hint="Try again in a moment."))
        self.agrees: Callable[[Projection], Awaitable[bool]] = _unseen

    @property
    def model(self) -> ModelInfo | None:
        """The model of the open generations, if there are any."""
        return self._state.model

    @property
    def loaded(self) -> ModelInfo | None:
        """The model that the index worker has loaded, also while the store of the vectors cannot be opened."""
        return self._loaded

    @property
    def engine(self) -> str:
        """What keeps the vectors, as projections name it; another one takes effect with the next start."""
        return self._generations.engine

    @engine.setter
    def engine(self, name: str) -> None:
        """Another one, from the next start on."""
        self._generations.engine = name

    @property
    def on_server(self) -> bool:
        """Whether a server keeps the vectors: it gets nothing private, and optimises by itself."""
        return self.engine == QDRANT

    @property
    def optimising(self) -> bool:
        """Whether a copy is being optimised in the background."""
        return self._state.optimising

    @property
    def building(self) -> Projection | None:
        """The generation that is being built beside the serving one, or before any serves; until its switch is
        stored."""
        return self._state.building or self._state.switching

    @property
    def reason(self) -> StoreUnavailable | None:
        """Why no generation serves, or None when one does."""
        return self._state.reason

    @property
    def starting(self) -> bool:
        """Whether the first answer of a start is still to come: the worker begins, or loads a model."""
        return not self._settled.is_set()

    @property
    def must_start(self) -> bool:
        """Whether the last `start` failed in a living worker, so that nobody but the relay will try it again."""
        return self._state.must_start

    @property
    def targets(self) -> tuple[Projection, ...]:
        """The open generations that the relay fills, the serving one first."""
        state = self._state
        return tuple(item for item in (state.active, state.building) if item is not None) if state.model else ()

    def serving(self) -> str:
        """The generation that answers. Raises StoreUnavailable (ModelMissing without a model) when none does."""
        state = self._state
        if state.reason is not None:
            raise state.reason.with_traceback(None)  # raised again and again, it would keep every caller's frames
        if state.active is None:
            raise StoreUnavailable("The vector index is being built.", hint="'lmem status --wait' returns when it is.")
        return state.active.generation

    def loading(self) -> None:
        """Another model is about to be loaded: questions wait for it as they do at a start."""
        self._settled.clear()
        self._life += 1
        self._loaded = None
        self._state = _State(reason=StoreUnavailable("The model is being loaded.", hint="Try again in a moment."))

    def down(self, cause: LmemError) -> None:
        """The index worker died: nothing serves until `start` has run again, and no question waits for that."""
        self._life += 1
        self._loaded = None
        self._state.reason, self._state.must_start = StoreUnavailable(cause.message, hint=cause.hint), False
        self._settled.set()

    def failed(self, cause: LmemError) -> None:
        """A call failed. When a server was wiped or swapped and has not got the index, the relay starts again."""
        if isinstance(cause, IndexLost) and self._state.reason is None:
            self._state.reason, self._state.must_start = cause, True
            self._wake()

    async def settled(self, patience: float) -> None:
        """Wait until a start has ended, well or not, for at most `patience` seconds."""
        if self._settled.is_set():
            return
        try:
            async with asyncio.timeout(patience):
                await self._settled.wait()
        except TimeoutError:
            return  # the caller finds out from `serving`

    async def start(self) -> None:
        """Load the model and open the generations; run after each start of the index worker.

        Without a model nothing is opened, and `serving` says ModelMissing. A generation whose instance id is not the
        recorded one was wiped or swapped, one that does not open is damaged, one of another engine lies elsewhere: a
        new one is built from the truth. Raises what keeps all of it from being opened, as StoreDown while a server does
        not answer or is another's; `serving` says that too, and the relay starts again (`must_start`).
        """
        mine = self._newest = asyncio.Event()
        life = self._life = self._life + 1
        try:
            opened = await self._opened()
            if life == self._life:
                self._state = opened
                await self.settle()
            elif mine is not self._newest:  # else the next start looks at what there is
                await self._give_way(opened)
        except LmemError as err:
            if life == self._life and not isinstance(err, WorkerDied):
                self._state = _refused(err)
            if isinstance(err, Conflict):
                raise StoreDown(err.message, hint=err.hint) from err
            if not isinstance(err, ModelMissing):
                raise
        finally:
            mine.set()
            if life == self._life:
                self._settled.set()
            self._wake()

    async def _give_way(self, opened: _State) -> None:
        """Forget what a start has made for a life of the worker that ended meanwhile, once that of the next is over."""
        await self._newest.wait()
        for projection in (opened.active, opened.building):
            if projection is not None:
                await self._abandon(projection)

    async def settle(self) -> None:
        """Let the generation that is being built serve, once nothing waits for it.

        On a server also ask now and then whether the serving one is still there: somebody who only reads would wait for
        that otherwise.
        """
        await self._generations.sweep()
        state = self._state
        building = state.building
        if building is None and state.active is not None and self.on_server:
            await self._look_after(state.active)
        if building is None or state.optimising:
            return
        waiting = await self._storage.read(lambda tx: tx.outbox.pending())
        if waiting.get(building.id) or state is not self._state or state.building is not building:
            return  # the relay and a start may both come here
        if state.looks_left:
            state.looks_left -= 1
            if not await self.agrees(building):
                log.warning("generation %s does not agree with the truth yet", building.generation)
                self._wake()
                return
        await self._store.serve(building.generation)
        if state is not self._state or state.building is not building:
            return
        state.looks_left = 0
        old, new = state.active, replace(building, state="active")
        state.active, state.building, state.switching = new, None, building
        switched = False

        def work(tx: UnitOfWork) -> None:
            tx.outbox.set_projection(new.id, {"state": "active"})
            if old is not None:
                tx.outbox.retire(old.id)
            tx.fulltext.keep_waiting(new.id, self.on_server)  # what waited for the old one is another set

        try:
            await self._storage.write(work)
            switched = True
        finally:
            state.switching = None
            if not switched:  # as on a full disk: the next step switches, and until then the old one has to be told
                state.active, state.building = old, building
        if old is not None:
            await self._store.drop(old.generation)  # first: it may be what a full disk lacks
            await clear(self._storage)
        log.info("generation %s serves", new.generation)

    async def is_empty(self) -> bool:
        """Whether there is no generation at all: neither a row of one nor its files. Raises StoreUnavailable."""
        rows = await self._storage.read(lambda tx: tx.outbox.projections(PORT))
        return not rows and not await self._store.sizes()

    async def rebuild(self) -> Projection:
        """Begin a generation from nothing but the truth beside the serving one; `settle` verifies it, then switches.

        Raises StoreUnavailable when the store is not there or its worker is started anew meanwhile, Conflict when a
        generation is being built already.
        """
        await self.settled(STARTING)
        state = self._state
        if state.reason is not None or state.model is None:
            raise state.reason or StoreUnavailable("There is no model to embed with.", hint="Run 'lmem init'.")
        if self.building is not None or state.optimising or state.making:
            raise Conflict("A generation is being built already.", hint="'lmem status --wait' returns when it serves.")
        state.making = True
        try:
            built = await self._generations.make(state.model, None, "building")
        finally:
            state.making = False
            self._wake()  # also for what could not be made: it has to be forgotten
        if state is not self._state or state.reason is not None:
            await self._abandon(built)
            raise StoreUnavailable(
                "The index worker was started anew while the rebuild began.", hint="Run 'lmem rebuild vectors' again."
            )
        state.building, state.looks_left = built, TRIES
        return built

    async def _abandon(self, built: Projection) -> None:
        """Forget one that was made for another life of the worker, unless this one took it over, or is about to look
        at what there is."""
        state = self._state
        if state.reason is None and built.id not in [item.id for item in self.targets]:
            await self._generations.forget(built)

    async def prepare_copy(self, points: int = 0) -> Projection | None:
        """Copy the serving generation as the next one; the relay must be paused, or the copy is torn.

        Answers the copy, which will know `points` of its points as optimised, or None when one is being built already.
        """
        state = self._state
        if state.active is None or self.building is not None or state.making or state.model is None:
            return None
        state.optimising = True
        try:
            return await self._generations.make(state.model, state.active, "building", points)
        except LmemError:
            state.optimising = False
            self._wake()
            raise

    async def optimise(self, copy: Projection) -> None:
        """Optimise a copy in the background and let the relay catch it up; `settle` then switches to it."""
        state = self._state
        try:
            await self._store.optimise(copy.generation)
            await self._store.open(copy.generation, state.model.dimensions if state.model else 0)
            state.building = copy
        except LmemError:
            await self._generations.forget(copy)
            raise
        finally:
            state.optimising = False
        self._wake()

    async def _look_after(self, active: Projection) -> None:
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._looked = time.monotonic()
            await self._store.serve(active.generation)

    async def _opened(self) -> _State:
        try:
            model = self._loaded = await self.embedder.load()
        except LmemError:
            self._loaded = None
            raise
        state = _State(model=model)
        known = await self._generations.known()
        await self._generations.clear(known)
        for projection in known:
            if await self._generations.reopen(projection, model, stale_copy=state.active is not None):
                if projection.is_untold:  # a start or a rebuild was cut short
                    projection = await tell(self._storage, projection)
                if projection.state == "active":
                    state.active = projection
                else:
                    state.building = projection
        if state.active is None and state.building is None:
            # What the relay has yet to see is found by full text meanwhile; only what it has seen would be missed.
            if await self._storage.read(lambda tx: tx.fulltext.all_pending()):
                state.active = await self._generations.make(model, None, "active")
            else:
                state.building = await self._generations.make(model, None, "building")
        return state


def _refused(err: LmemError) -> _State:
    """Nothing serves, because of what a start failed of; without a model nobody has to try again."""
    if isinstance(err, ModelMissing):
        return _State(reason=err)
    cause = StoreDown if isinstance(err, StoreDown | Conflict) else StoreUnavailable
    return _State(reason=cause(err.message, hint=err.hint), must_start=True)


async def _unseen(projection: Projection) -> bool:
    """Nobody looks."""
    return True
