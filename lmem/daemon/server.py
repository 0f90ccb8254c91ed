"""The Unix socket's server: accepts, counts, and ends conversations.

Not the owner of the socket's path (`lmem.daemon.listener`) and not the meaning of a call (`dispatch`).
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable

from lmem._version import __version__
from lmem.daemon.call import Dispatch
from lmem.daemon.conversation import Conversation
from lmem.daemon.limits import Limits
from lmem.protocol.framing import Frame
from lmem.protocol.messages import PROTOCOL

BACKLOG = 128
FLUSH_SECONDS = 0.5
"""What answers get to reach their clients once the daemon is done."""


class Server:
    """Serves `dispatch` on listening sockets. Lives on one event loop; `describe` gives the hello's fields."""

    def __init__(
        self, dispatch: Dispatch, describe: Callable[[], dict[str, object]], limits: Limits | None = None
    ) -> None:
        self.dispatch = dispatch
        self.limits = limits or Limits()
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.stopping = False
        self.working = 0
        self._describe = describe
        self._conversations: set[Conversation] = set()
        self._listening: asyncio.Server | None = None
        self._idle_since = time.monotonic()

    @property
    def connections(self) -> int:
        return len(self._conversations)

    @property
    def idle_seconds(self) -> float:
        """How long there has been no client at all."""
        return 0.0 if self._conversations else time.monotonic() - self._idle_since

    async def listen(self, sock: socket.socket) -> None:
        """Accept on `sock`, a bound Unix socket, in place of the one before; conversations go on."""
        before = self._listening
        self._listening = await self.loop.create_unix_server(lambda: Conversation(self), sock=sock, backlog=BACKLOG)
        if before is not None:
            before.close()

    def hello(self) -> Frame:
        """The answer to a client's hello."""
        return {"lmem": PROTOCOL, "version": __version__, "pid": os.getpid(), **self._describe()}

    def join(self, conversation: Conversation) -> bool:
        """Count a conversation in; False when there are too many."""
        self._conversations.add(conversation)
        return len(self._conversations) <= self.limits.connections

    def leave(self, conversation: Conversation) -> None:
        """Count it out."""
        self._conversations.discard(conversation)
        self._idle_since = time.monotonic()

    async def stop(self, seconds: float) -> None:
        """Take nothing new, let what runs finish for `seconds`, cancel the rest, send all answers, hang up."""
        self.stopping = True
        if self._listening is not None:
            self._listening.close()
        deadline = self.loop.time() + seconds
        while self.working and self.loop.time() < deadline:
            await asyncio.sleep(0.01)
        cancelled = [task for conversation in self._conversations for task in conversation.cancel()]
        if cancelled:
            await asyncio.wait(cancelled, timeout=FLUSH_SECONDS)
        for conversation in tuple(self._conversations):
            conversation.close()
        deadline = self.loop.time() + FLUSH_SECONDS
        while self._conversations and self.loop.time() < deadline:
            await asyncio.sleep(0.01)
        for conversation in tuple(self._conversations):
            conversation.cut("the daemon stops")
