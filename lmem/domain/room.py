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

    Characters are counted, and bytes only once they may be too many, of all that came since then at once: most answers
    never get there. With `little` TooMuch is raised instead.
    """

    __slots__ = ("_all", "_bytes", "_chars", "_little", "_uncounted", "_whole", "ended")

    def __init__(self, whole: int = WHOLE, all: int = ALL, little: bool = False) -> None:
        self.ended = False
        """Whether not even the beginning of a memory fitted, so that it and all after it are left out."""
        self._whole, self._all = whole, all
        self._little = little
        self._bytes = 0  # of what is counted
        self._chars = 0  # of what is not
        self._uncounted: list[Memory] = []

    def takes(self, memory: Memory) -> bool:
        """Whether it fits whole; if so, it is counted."""
        chars = self._chars + _chars(memory)
        if self._bytes + chars * ESCAPED > self._whole:
            if self._little:
                raise TooMuch
            if self._bytes + len(memory.content) > self._whole:  # seen at a glance, as a rule
                return False
            self._count()
            chars = _chars(memory)
            if self._bytes + chars * ESCAPED > self._whole:
                return self._counts(memory, self._whole)
        self._chars = chars
        self._uncounted.append(memory)
        return True

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
        self._count()
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

    def _count(self) -> None:
        self._bytes += size(*self._uncounted)
        self._chars = 0
        self._uncounted.clear()

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


def size(*memories: Memory) -> int:
    """Bytes of records of them as JSON, at most."""
    texts = [
        (item.title, item.content, item.summary, item.tags, dict(item.context), dict(item.git_context))
        for item in memories
    ]
    return FIELDS * len(texts) + encoded(texts)


def encoded(texts: object) -> int:
    """Bytes of it as JSON."""
    return len(json.dumps(texts, ensure_ascii=False).encode())


def _chars(memory: Memory) -> int:
    chars = FIELDS // ESCAPED + len(memory.title) + len(memory.content)
    if memory.summary:
        chars += len(memory.summary)
    for more in (memory.tags, memory.context, memory.git_context):
        if more:
            chars += len(str(more))
    return chars


def _short(context: Mapping[str, object], most: int) -> Mapping[str, object]:
    return context if len(str(context)) <= most else {}
