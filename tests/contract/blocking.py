"""The async ports of the index worker, called from plain functions, so that one suite runs on every implementation.

Not a test.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from lmem.stores.isolated import IndexWorker
from lmem.stores.pipe import Spec


class BlockingWorker:
    """An index worker with an event loop of its own; every method of 'vectors' blocks until it is answered."""

    def __init__(self, targets: dict[str, Spec], log_file: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.worker = self.run(self._begin(targets, log_file))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        self.run(self.worker.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.run(self.worker.call("vectors", method, *args, **kwargs))

    async def _begin(self, targets: dict[str, Spec], log_file: Path) -> IndexWorker:
        worker = IndexWorker(targets, log_file)
        await worker.start()
        return worker
