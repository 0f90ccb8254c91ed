"""The bytes that the texts of one answer may take: memories whole as far as they go, then their beginnings.

Not a limit of the wire (lmem.daemon.limits), which is more than an answer takes that keeps to this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from lmem.domain.memories import Memory

WHOLE = 3 * 1024 * 1024
"""Bytes of JSON up to which memories are given whole."""

ALL = 7 * 1024 * 1024
"""Bytes of JSON with the beginnings of the others; a line of the wire has 8 MiB."""

BEGINNING = 2000
"""Characters that a memory beyond WHOLE is cut to."""

FIELDS = 1024
"""Bytes of a record beside its texts, its names included."""

ESCAPED = 6
"""Bytes of JSON that one character takes at most, as a control character does."""


class TooMuch(Exception):
    """A room that was for little text was given more; nothing is to be made of what was read."""


class Room:
    """What is left of one answer, asked for each memory in the order of being shown.

    Bytes are counted from where they could be too many on: most answers never get there. With `little` TooMuch is
    raised there.
    """

    __slots__ = ("_all", "_bytes", "_chars", "_early", "_little", "_whole", "ended")

    def __init__(self, whole: int = WHOLE, all: int = ALL, little: bool = False) -> None:
        self.ended = False
        """Whether not even the beginning of a memory fitted, so that it and all after it are left out."""
        self._whole, self._all = whole, all
        self._little = little
        self._chars = self._bytes = 0
        self._early: list[Memory] | None = []

    def takes(self, memory: Memory) -> bool:
        """Whether it fits whole; if so, it is counted."""
        if self._early is not None:
            chars = self._chars + _chars(memory)
            if chars * ESCAPED <= self._whole:
                self._chars = chars
                self._early.append(memory)
                return True
            if self._little:
                raise TooMuch
            self._bytes = sum(map(size, self._early))
            self._early = None
        return self._counts(memory, self._whole)

    def looks(self, memory: Memory) -> Memory:
        """A memory that is looked at and not shown. Raises TooMuch when that is much already."""
        if self._little:
            self._chars += _chars(memory)
            if self._chars * ESCAPED > self._whole:
                raise TooMuch
        return memory

    def fit(self, memory: Memory) -> Memory | None:
        """It, or its beginning, or None from the first on that has no room at all."""
        if self.ended:
            return None
        if self.takes(memory):
            return memory
        beginning = cut(memory)
        if self._counts(beginning, self._all):
            return beginning
        self.ended = True
        return None

    def fill(self, memories: Iterable[Memory]) -> list[Memory]:
        """Memories as they are read, one at a time, up to where the room ends."""
        found = []
        for memory in memories:
            fitted = self.fit(memory)
            if fitted is None:
                break
            found.append(fitted)
        return found

    def _counts(self, memory: Memory, most: int) -> bool:
        counted = self._bytes + size(memory)
        if counted > most:
            return False
        self._bytes = counted
        return True


def cut(memory: Memory, most: int = BEGINNING) -> Memory:
    """A memory with the beginning of its text, and without a context that is as long; itself where nothing is."""
    if _chars(memory) - FIELDS // ESCAPED <= most:
        return memory
    return replace(
        memory,
        content=memory.content[:most],
        summary=memory.summary and memory.summary[:most],
        context=_short(memory.context, most),
        git_context=_short(memory.git_context, most),
        whole_length=len(memory.content),
    )


def size(memory: Memory) -> int:
    """Bytes of a record of it as JSON, at most."""
    texts = (memory.title, memory.content, memory.summary, memory.tags, dict(memory.context), dict(memory.git_context))
    return FIELDS + len(json.dumps(texts, ensure_ascii=False).encode())


def _chars(memory: Memory) -> int:
    chars = FIELDS // ESCAPED + len(memory.title) + len(memory.content)
    if memory.summary:
        chars += len(memory.summary)
    if memory.tags:
        chars += sum(map(len, memory.tags))
    if memory.context:
        chars += len(str(memory.context))
    if memory.git_context:
        chars += len(str(memory.git_context))
    return chars


def _short(context: Mapping[str, object], most: int) -> Mapping[str, object]:
    return context if len(str(context)) <= most else {}
