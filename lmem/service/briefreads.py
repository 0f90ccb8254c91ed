"""Reads that are brief unless the texts they meet are long: those go to a thread, so that nobody waits for them.

Not the reading (lmem.ports.storage), nor what fits into an answer (lmem.domain.room).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lmem.domain.room import Room, TooMuch
from lmem.ports.storage import Storage, UnitOfWork

T = TypeVar("T")


async def read(storage: Storage, work: Callable[[UnitOfWork, Room], T], brief: bool = False) -> T:
    """`work` with the room of one answer; see Storage.read, whose clock does not hear of few rows with long texts."""
    if brief:
        try:
            return await storage.read(lambda tx: work(tx, Room(little=True)), brief=True)
        except TooMuch:
            pass  # then it is no brief read, and goes where those go
    return await storage.read(lambda tx: work(tx, Room()))
