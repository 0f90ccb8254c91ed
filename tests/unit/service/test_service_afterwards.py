"""Work that waits for the answer it comes from."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine

import pytest

from lmem.domain import cachekeys
from lmem.service.afterwards import Afterwards
from lmem.service.caches import Caches
from lmem.stores.inprocess.cache import LocalCache


def noting(notes: list[str], what: str) -> Callable[[], Coroutine[None, None, None]]:
    async def note() -> None:
        notes.append(what)

    return note


def test_the_work_of_a_call_begins_after_its_answer_and_before_the_next_call() -> None:
    async def run() -> list[str]:
        afterwards, notes, loop = Afterwards(), list[str](), asyncio.get_running_loop()
        over = loop.create_future()

        async def call() -> None:
            afterwards.add(noting(notes, "first"))
            afterwards.add(noting(notes, "second"))

        def answered(task: asyncio.Task[None]) -> None:
            notes.append("answer")
            ours.send(b"what a client sends on having read it")

        def heard() -> None:
            notes.append("next")
            loop.remove_reader(theirs)
            over.set_result(None)

        ours, theirs = socket.socketpair()
        loop.add_reader(theirs, heard)
        loop.create_task(call()).add_done_callback(answered)
        await over
        ours.close()
        theirs.close()
        return notes

    assert asyncio.run(run()) == ["answer", "first", "second", "next"]


def test_done_does_it_now_and_once() -> None:
    async def run() -> list[str]:
        afterwards, notes = Afterwards(), list[str]()
        afterwards.add(noting(notes, "only"))
        assert afterwards.waiting
        await afterwards.done()
        assert not afterwards.waiting
        for _ in range(5):
            await asyncio.sleep(0)
        return notes

    assert asyncio.run(run()) == ["only"]


def test_work_that_fails_keeps_no_other_from_being_done() -> None:
    async def fail() -> None:
        raise OSError("of its own")

    async def run() -> list[str]:
        afterwards, notes = Afterwards(), list[str]()
        afterwards.add(fail)
        with pytest.raises(OSError, match="of its own"):
            await afterwards.done()
        afterwards.add(noting(notes, "another"))
        for _ in range(5):
            await asyncio.sleep(0)
        return notes

    assert asyncio.run(run()) == ["another"]


def test_a_value_that_is_put_later_is_found_at_once() -> None:
    async def run() -> None:
        caches, made = Caches(LocalCache(1 << 20)), list[int]()
        await caches.open()
        key = cachekeys.search("ab")

        def value() -> bytes:
            made.append(1)
            return b"found"

        caches.put_later(key, value, caches.number)
        assert not made
        assert await caches.get(key) == b"found"
        caches.put_later(key, lambda: b"newer", caches.number)
        await caches.settled()
        assert await caches.get(key) == b"newer"
        assert made == [1]

    asyncio.run(run())


def test_a_value_that_is_put_later_is_void_when_the_truth_changed_meanwhile() -> None:
    async def run() -> None:
        caches = Caches(LocalCache(1 << 20))
        await caches.open()
        key = cachekeys.search("ab")
        caches.put_later(key, lambda: b"found", caches.number)
        caches.heard([("memory", "c" * 32)])
        assert await caches.get(key) is None

    asyncio.run(run())
