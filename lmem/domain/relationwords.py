"""What people may say of a relation: names of its type in either spelling, and the values of its properties.

Not the types themselves (lmem.domain.relations). Every answer is in the form that the truth stores.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from lmem.domain import times
from lmem.domain.memories import clean_share, clean_text
from lmem.domain.relations import EDGES, RELATIONS, Property, RelationType
from lmem.errors import InvalidInput

MAX_TEXT = 1000
"""Bytes of a context, a reason, an outcome."""
MOST = 1_000_000
_WINDOW = re.compile(r"[1-9]\d{0,3} (?:minute|hour|day|week)s?")


def relation_type(word: str) -> tuple[RelationType, bool]:
    """The type between memories that a word means, and whether the word is of the other end ('resolved_by').

    Upper case and hyphens are fine. Raises InvalidInput with the nearest words.
    """
    wanted = _plain(word)
    for relation in RELATIONS:
        if wanted in (relation.name, relation.inverse):
            return relation, wanted != relation.name
    raise _unknown(word, RELATIONS)


def edge_types(words: Iterable[str]) -> tuple[str, ...]:
    """Edges as the graph names them ('RELATES_TO'), each once, from words of either end. Raises InvalidInput."""
    found: dict[str, None] = {}
    for word in words:
        wanted = _plain(word)
        edge = next((item.edge for item in EDGES if wanted in (item.name, item.inverse)), None)
        if edge is None:
            raise _unknown(word, EDGES)
        found[edge] = None
    return tuple(found)


def clean_properties(relation: RelationType, given: Mapping[str, object], now: datetime) -> dict[str, object]:
    """The properties that a type adds, as they are stored. Numbers and dates may come as text.

    Raises InvalidInput for one that the type does not have, and for a value that cannot be one.
    """
    own = {item.name: item for item in relation.properties if not item.column}
    for name in given:
        if name not in own:
            has = f"It has: {', '.join(own)}." if own else "It has none beside strength and context."
            raise InvalidInput(f"A relation {relation.name} has no property '{name[:60]}'.", hint=has)
    return {name: _value(own[name], value, now) for name, value in given.items()}


def clean_context(text: str, what: str = "context") -> str:
    """A text about a relation, on one line. Raises InvalidInput when it is empty, too long or not text."""
    return " ".join(clean_text(text, MAX_TEXT, what).split())


def _share(item: Property, value: object, now: datetime) -> float:
    return clean_share(value, item.name)


def _text(item: Property, value: object, now: datetime) -> str:
    if not isinstance(value, str):
        raise _wrong(item, value, "a text")
    return clean_context(value, item.name)


def _moment(item: Property, value: object, now: datetime) -> str:
    if not isinstance(value, str):
        raise _wrong(item, value, "a time, such as 2026-11-22T09:30")
    return times.to_text(times.parse_moment(value, now))


def _day(item: Property, value: object, now: datetime) -> str:
    if not isinstance(value, str):
        raise _wrong(item, value, "a date, such as 2026-11-22")
    try:
        return datetime.strptime(value.strip(), "%Y-%m-%d").date().isoformat()
    except ValueError as err:
        raise _wrong(item, value, "a date, such as 2026-11-22") from err


def _count(item: Property, value: object, now: datetime) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or int(text[:9]) > MOST:
        raise _wrong(item, value, f"a whole number from 0 to {MOST:,}")
    return int(text)


def _window(item: Property, value: object, now: datetime) -> str:
    found = " ".join(value.lower().split()) if isinstance(value, str) else ""
    if not _WINDOW.fullmatch(found):
        raise _wrong(item, value, "a stretch of time, such as '1 hour' or '2 days'")
    return found


KINDS: dict[str, Callable[[Property, object, datetime], object]] = {
    "share": _share, "text": _text, "moment": _moment, "day": _day, "count": _count, "window": _window,
}  # fmt: skip
"""What a property may hold -> its check."""


def _value(item: Property, value: object, now: datetime) -> object:
    return KINDS[item.kind](item, value, now)


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def _unknown(word: str, types: Iterable[RelationType]) -> InvalidInput:
    words = list(dict.fromkeys(name for item in types for name in (item.name, item.inverse)))
    near = difflib.get_close_matches(_plain(word), words, 3, 0.6)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Types are: {', '.join(item.name for item in types)}."
    return InvalidInput(f"There is no relation '{word[:60]}'.", hint=hint)


def _wrong(item: Property, value: object, what: str) -> InvalidInput:
    return InvalidInput(f"The {item.name} must be {what}, not {str(value)[:40]!r}.", hint=f"Give {what}.")
