"""The way to one Redis server as it comes and goes: opened with the mark of our instance, left alone while it is down.

Not the values (cache.py) and not the wire (door.py, imported when the link is opened).
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmem.errors import Conflict, LmemError, StoreUnavailable
from lmem.stores.breaker import Breaker
from lmem.stores.redis.address import parse
from lmem.stores.redis.values import Command, text

if TYPE_CHECKING:
    from lmem.stores.redis.door import Door

MARK = "instance"
"""The key, under the prefix, that holds the id of the truth whose cache this is."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """What settings say of the server. `password` is asked for in a thread, anew at each try to reach it."""

    url: str
    prefix: str
    limit: float
    user: str
    password: Callable[[], str | None]
    ca_file: str


class Link:
    """Sends commands. After two failures in a row it refuses at once, and a task asks the server until it answers.

    `wiped` counts how often our mark was gone though it had been made.
    """

    def __init__(self, server: Server, instance: str) -> None:
        self._server = server
        self._instance = instance.encode()
        self._breaker = Breaker()
        self._door: Door | None = None
        self._healing: asyncio.Task[None] | None = None
        self._marked = False
        self.starting = True
        self.wiped = 0
        self.version: str | None = None
        self.in_the_clear = False

    @property
    def trouble(self) -> StoreUnavailable | None:
        """Why the server is left alone, or None."""
        return self._breaker.trouble

    @property
    def mark(self) -> bytes:
        """The key of the mark."""
        return self.named(MARK)

    def named(self, name: str) -> bytes:
        """A name as a key of ours."""
        return (self._server.prefix + name).encode()

    async def open(self) -> None:
        """See CacheStore.open."""
        try:
            await self._greet()
        except LmemError as err:  # the breaker waits for a second failure; here one is enough to look again by and by
            self._leave_alone(_unavailable(err), for_good=not isinstance(err, StoreUnavailable))
            raise
        finally:
            self.starting = False

    async def send(self, commands: Sequence[Command], whole: bool = False) -> list[object]:
        """As Door.send. Raises StoreUnavailable."""
        if self._breaker.trouble is not None:
            raise self._breaker.trouble
        if self._door is None:
            raise StoreUnavailable("The cache is being opened.", hint="Try again in a moment.")
        return await self._through(self._door, commands, whole)

    async def is_ours(self, mark: object) -> bool:
        """Whether what stands in place of our mark is our mark. If nothing does, it is made again.

        Raises StoreUnavailable when the mark is another's: the server was swapped.
        """
        if mark == self._instance:
            return True
        if mark is not None:
            raise self._leave_alone(_unavailable(self._foreign()), for_good=True)
        self.wiped += 1
        log.warning("the cache was emptied by somebody else; it fills again")
        await self.send([("SET", self.mark, self._instance, "NX")])
        return False

    async def close(self) -> None:
        """Let go of every connection."""
        if self._healing is not None:
            self._healing.cancel()
            await asyncio.gather(self._healing, return_exceptions=True)
        if self._door is not None:
            await self._door.close()

    async def _through(self, door: Door, commands: Sequence[Command], whole: bool = False) -> list[object]:
        from lmem.stores.redis.door import Refused

        try:
            answers = await door.send(commands, whole)
        except Refused as err:
            raise self._leave_alone(err.error, err.for_good) from err
        self._breaker.worked()
        return answers

    def _leave_alone(self, err: StoreUnavailable, for_good: bool) -> StoreUnavailable:
        known = self._breaker.trouble
        self._breaker.failed(err, refused=for_good)
        if self._breaker.trouble is not None:
            if known is None:
                log.warning("the cache is left alone: %s", err.message)
            if self._healing is None or self._healing.done():
                self._healing = asyncio.create_task(self._heal())
        return err

    async def _heal(self) -> None:
        """Ask the server, less and less often, until it answers."""
        if self._door is not None:
            await self._door.drop_idle()
        while self._breaker.trouble is not None:
            await asyncio.sleep(self._breaker.pause)
            try:
                await self._greet()
            except LmemError as err:
                if not isinstance(err, StoreUnavailable):
                    self._breaker.failed(_unavailable(err), refused=True)
        log.info("the cache answers again")

    async def _greet(self) -> None:
        """Make our mark, on new connections. Raises StoreUnavailable, Conflict, InvalidInput."""
        server, old = self._server, self._door
        address = parse(server.url, server.ca_file)
        module = await asyncio.to_thread(importlib.import_module, "lmem.stores.redis.door")
        password = await asyncio.to_thread(server.password)
        door: Door = module.Door(address, server.limit, server.user, password, server.ca_file)
        greeting: list[Command] = [("SET", self.mark, self._instance, "NX"), ("GET", self.mark), ("HELLO",)]
        try:
            made, mark, hello = await self._through(door, greeting)
            if mark != self._instance:
                raise self._foreign()
        except LmemError:
            await door.close()
            raise
        self._door, self.version = door, _version(hello)
        self.in_the_clear = password is not None and not address.is_safe
        self.wiped += bool(made and self._marked)
        self._marked = True
        if old is not None:
            await old.close()

    def _foreign(self) -> Conflict:
        return Conflict(
            f"The keys under '{self._server.prefix}' belong to another lmem.", hint="Choose another redis.prefix."
        )


def _version(hello: object) -> str | None:
    """The server's version in the answer to HELLO, which is a list of names and values."""
    said = list(hello) if isinstance(hello, list) else []
    return text(said[said.index(b"version") + 1]) if b"version" in said[:-1] else None


def _unavailable(err: LmemError) -> StoreUnavailable:
    return StoreUnavailable(err.message, hint=err.hint)
