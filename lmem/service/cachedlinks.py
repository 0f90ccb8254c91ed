"""A memory's relationships as the cache has them: two lists of ids, each with what is known of the edge.

Not their titles, nor who may see them: those come from the truth whenever a list is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields

from lmem.domain import cachekeys
from lmem.domain.cachekeys import Key
from lmem.domain.relations import Link
from lmem.ports.cache import Value

_FIELDS = tuple(item.name for item in fields(Link) if item.name not in ("other_id", "other_title"))


def keys(memory_id: str) -> tuple[Key, Key]:
    """Of the outgoing and of the incoming relationships."""
    return cachekeys.outgoing(memory_id), cachekeys.incoming(memory_id)


def lists(links: Sequence[Link]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All relationships of a memory as the two lists; private memories are among them."""
    out = tuple(_item(link) for link in links if link.direction == "out")
    return out, tuple(_item(link) for link in links if link.direction != "out")


def ids(*found: Value | None) -> list[str] | None:
    """The other ends in cached lists; None when one of the lists is not there."""
    if any(not isinstance(items, tuple) for items in found):
        return None
    return [str(item).partition(" ")[0] for items in found for item in items or ()]


def links(titles: Mapping[str, str], *found: Value | None) -> tuple[Link, ...]:
    """The relationships in cached lists to those memories that have a title, which are those that may be seen."""
    made = []
    for items in found:
        for item in items or ():
            other_id, _, rest = str(item).partition(" ")
            if other_id in titles:
                made.append(Link(other_id=other_id, other_title=titles[other_id], **json.loads(rest)))
    return tuple(made)


def _item(link: Link) -> str:
    return f"{link.other_id} {json.dumps({name: getattr(link, name) for name in _FIELDS})}"
