"""What a tool answers: a short text for the model, the same in fields, and errors it can act on.

Not the work of a tool.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lmem.errors import Cancelled, ConnectionLost, DaemonError, InvalidInput, LmemError, NotFound, StoreUnavailable

Json = dict[str, object]
Ask = Callable[[str, Json], Awaitable[Json]]
"""One method of the wire: its name and parameters to its result. Raises LmemError."""

NEXT: tuple[tuple[type[LmemError], str], ...] = (
    (ConnectionLost, "Search for what was to be stored before you call the tool again."),
    (Cancelled, "Search for what was to be stored before you call the tool again."),
    (DaemonError, "Call the tool again: lmem starts by itself."),
    (NotFound, "Use memory_search to find it."),
    (InvalidInput, "Call the tool again with that corrected."),
    (StoreUnavailable, "Call the tool again in a while; 'lmem doctor' tells the user the cause."),
    (LmemError, "Tell the user, whom 'lmem doctor' tells more."),
)
"""The next step for an agent where the error has one for a terminal; the first class that fits."""

TERMINAL = ("lmem ", "--", "command")
"""What a next step for a terminal has in it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The text that the model reads, and the same as fields (None with an error)."""

    text: str
    structured: Json | None
    is_error: bool = False


def failed(error: LmemError) -> Answer:
    """An error as an answer: its sentence and the next step."""
    return Answer(sentence(error), None, is_error=True)


def sentence(error: LmemError) -> str:
    """An error's message with its next step."""
    hint = error.hint
    if any(word in hint for word in TERMINAL):
        hint = next(words for kind, words in NEXT if isinstance(error, kind))
    return f"{error.message} {hint}"
