"""A regular expression that is compiled when it is first used: a daemon's start waits for none.

Not another syntax: `re` does the work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator


class Later:
    """As `re.compile(source, flags)`, with the methods that are used here; raises re.error at the first use."""

    __slots__ = ("_flags", "_made", "_source")

    def __init__(self, source: str, flags: int = 0) -> None:
        self._source, self._flags = source, flags
        self._made: re.Pattern[str] | None = None

    @property
    def compiled(self) -> re.Pattern[str]:
        if self._made is None:
            self._made = re.compile(self._source, self._flags)
        return self._made

    @property
    def search(self) -> Callable[..., re.Match[str] | None]:
        return self.compiled.search

    @property
    def match(self) -> Callable[..., re.Match[str] | None]:
        return self.compiled.match

    @property
    def fullmatch(self) -> Callable[[str], re.Match[str] | None]:
        return self.compiled.fullmatch

    @property
    def finditer(self) -> Callable[..., Iterator[re.Match[str]]]:
        return self.compiled.finditer

    @property
    def findall(self) -> Callable[[str], list[str]]:
        return self.compiled.findall
