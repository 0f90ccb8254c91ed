"""stats and search --history: how large everything is, what the cache does, what was asked.

Not the state of the stores; see `lmem.cli.status`.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.tables import print_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def stats(*, as_json: bool) -> int:
    """lmem stats."""
    found = ask("stats/get", idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    print_rows(("Store", "Size", "Holds"), [_size(name, size) for name, size in found["sizes"].items()], (1,))
    output.line("")
    rows = [
        (pattern, _rate(row["rate"]), f"{row['hits']:,}", f"{row['misses']:,}", f"{row['writes']:,}")
        for pattern, row in found["hit_rates"].items()
        if row["hits"] or row["misses"] or row["writes"]
    ]
    print_rows(("Key of the cache", "Hits", "found", "missed", "put"), rows, (1, 2, 3, 4))
    for asked in found["popular"]:
        output.line(f"asked {output.count(asked['times'], 'time')}: {output.stored(asked['query'])}")
    cache = found.get("cache") or {}
    if cache.get("evicted"):
        values = output.count(cache["evicted"], "value")
        output.note(f"{values} made room for others: cache.max_mb bounds the cache.")
    return 0


def history(*, limit: int | None, as_json: bool) -> int:
    """lmem search --history."""
    found = ask("search/history", given({"limit": limit}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    rows = [
        (output.age(item["at"]), output.count(item["results"], "result"), item["client"], output.stored(item["query"]))
        for item in found["searches"]
    ]
    print_rows(("When", "Found", "By", "Question"), rows)
    if not rows:
        output.note("No search of the last day is known. The list is part of the cache, and may be lost with it.")
    return 0


def _size(name: str, size: Answer) -> tuple[str, str, str]:
    what = {"points": "points", "entries": "values", "nodes": "nodes", "edges": "edges"}
    holds = [f"{size[key]:,} {noun}" for key, noun in what.items() if size.get(key) is not None]
    holds += [f"at most {output.size(size['most_bytes'])}"] if size.get("most_bytes") else []
    holds += [f"kept by {size['kept_by']}"] if size.get("kept_by") else []
    holds += [output.stored(size["reason"])] if size.get("reason") else []
    return name, "?" if size["bytes"] is None else output.size(size["bytes"]), ", ".join(holds)


def _rate(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
