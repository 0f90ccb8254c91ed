"""What a graph's copy holds of an object as one short text, the same from the truth and from a server.

Not the properties' meaning (lmem.domain.graph): only which of them are moments and days, because a server has types of
its own for these and gives them back in its own words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import blake2b

from lmem.domain import times
from lmem.domain.graph import Value
from lmem.domain.relations import EDGES

MOMENTS = frozenset({"created_at", "updated_at"}.union(
    item.name for edge in EDGES for item in edge.properties if item.kind == "moment"
))  # fmt: skip
DAYS = frozenset(item.name for edge in EDGES for item in edge.properties if item.kind == "day")
"""Properties of specification 3.1 to 3.5 that are datetime() and date(); the truth has text for both."""


def digest(properties: Mapping[str, Value]) -> str:
    """16 hex digits of an object's properties; one that is None counts as absent, as in a graph."""
    kept = {name: plain(name, value) for name, value in properties.items() if value is not None}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def moment(name: str, value: Value) -> datetime | date | None:
    """What a stored text means, when it is one of MOMENTS or DAYS. Raises ValueError for text that is no date."""
    if not isinstance(value, str):
        return None
    if name in MOMENTS:
        return times.from_text(value)
    return date.fromisoformat(value[:10]) if name in DAYS else None


def plain(name: str, value: Value) -> Value:
    """A value as every side tells it: a moment with milliseconds, a day alone, a list of its own."""
    found = moment(name, value)
    if isinstance(found, datetime):
        return times.to_text(found)
    if found is not None:
        return found.isoformat()
    return value if value is None or isinstance(value, str | int | float | bool) else list(value)
