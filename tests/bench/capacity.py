"""What memories take on disk, beside specification 6.3: `python tests/bench/capacity.py [--items N] [--json]`.

Not a test: it prints figures beside goals. Bytes are allocated blocks after `lmem daemon stop`. Each memory has
metadata, one version and one relationship; texts are of 2 KB, then of about 100 tokens, then twice as many of those.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: the installed lmem is measured

from tests.bench.footprint import MB, allocated
from tests.bench.harness import Home, Row, home, nested, table
from tests.bench.speed import _say, _share_model
from tests.bench.texts import WORDS_PER_ITEM, Texts

WORDS_OF_2_KB = 305
TYPES = ("decision", "note", "insight", "task", "error")
PLAN = {"sqlite": 25.0, "vectors": 15.0, "graph": 5.0, "cache": 6.0}
"""MB per 10,000 memories of 2 KB, specification 6.3."""
LEFT_OUT = "full text, versions, audit log, indexes; a sparse vector and a payload a point"
PARTS = {
    "memories": ("memories",),
    "relationships": ("memory_relationships",),
    "versions": ("memory_versions", "change_sets"),
    "audit log": ("audit_log",),
    "full text": ("memories_fts", "memories_trigram", "memories_pending", "memory_versions_fts"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what memories take on disk.")
    parser.add_argument("--items", type=int, default=10_000, metavar="N", help="how many memories")
    parser.add_argument("--dir", type=Path, default=None, help="where the homes are made")
    parser.add_argument("--json", action="store_true", help="print one object instead of tables")
    options = parser.parse_args()
    shown: dict[str, list[dict[str, object]]] = {}
    with home(options.dir) as first:  # the model is in there
        _share_model(first)
        for count, words, title in (
            (options.items, WORDS_OF_2_KB, "2 KB"),
            (options.items, WORDS_PER_ITEM, "100 tokens"),
            (2 * options.items, WORDS_PER_ITEM, "100 tokens, twice as many"),
        ):
            rows = list(_rows(options.dir, count, words))
            _say("\n" + table(f"{count} of {title}", rows), options.json)
            shown[f"{count} of {title}"] = [{"what": row.what, "goal": row.goal, **row.figures} for row in rows]
    if options.json:
        print(json.dumps(shown))


def _rows(base: Path | None, count: int, words: int) -> Iterator[Row]:
    with home(base) as where:
        where.start()
        bytes_of_text = _fill(where, count, words)
        cache = _cache(where)
        where.stop()
        share = count / 10_000
        whole, long = {}, words == WORDS_OF_2_KB
        whole["sqlite"] = sum(allocated(file) for file in where.paths.data.glob(f"{where.paths.database.name}*")) / MB
        whole["vectors"] = allocated(where.paths.vectors) / MB
        whole["cache"] = cache / MB
        goals = {"sqlite": 58, "vectors": 38, "cache": 6} if long else {}
        yield Row("text alone", {"MB": bytes_of_text / MB})
        for name, size in whole.items():
            goal = f"at most {goals[name] * share:g} MB" if goals else ""
            yield Row(name, {"MB": size, "plan MB": PLAN[name] * share if long else ""}, goal)
        every = "" if long else f"at most {35 * share:g} MB"
        yield Row("all", {"MB": sum(whole.values()), "plan MB": 51 * share if long else ""}, every)
        for name, size in _parts(where.paths.database).items():
            yield Row(f"  of sqlite: {name}", {"MB": size / MB})
        yield Row(f"  left out of the plan: {LEFT_OUT}", {})


def _fill(where: Home, count: int, words: int) -> int:
    """Add the memories, link each to the next, wait until all is indexed; the bytes of their texts."""
    texts = list(Texts(11).items(count, words))
    lines = [
        json.dumps({"content": text, "type": TYPES[at % len(TYPES)], "tags": ["alpha", f"topic-{at % 40}"],
                    "importance": 0.3 + at % 7 / 10, "source_id": f"capacity-{at}"})
        for at, text in enumerate(texts)
    ]  # fmt: skip
    added = where.lmem("add", "--jsonl", "-", "--json", stdin="\n".join(lines) + "\n").stdout.splitlines()
    ids = [json.loads(line)["id"] for line in added]
    with where.wire() as wire:
        for one, next_ in pairwise(ids):
            wire.call("relation/link", {"from": one, "to": next_, "type": "relates_to", "strength": 0.8})
        wire.settle()
    return sum(len(text.encode()) for text in texts)


def _cache(where: Home) -> int:
    """Bytes in the daemon's cache after a few hundred questions."""
    texts = Texts(12)
    with where.wire() as wire:
        for _ in range(300):
            wire.call("memory/search", {"query": texts.question()})
        found = nested(wire.call("stats/get", {}), "sizes")
    return int(str(nested(found, "cache")["bytes"]))


def _parts(database: Path) -> dict[str, int]:
    """Allocated bytes of groups of tables and of all indexes, where this SQLite can count them."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        sizes = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
    except sqlite3.OperationalError:
        return {}  # built without dbstat
    finally:
        connection.close()
    indexes = sum(size for name, size in sizes.items() if name.startswith(("idx_", "sqlite_autoindex")))
    whole = {
        part: sum(size for name, size in sizes.items() if name.startswith(tables)) for part, tables in PARTS.items()
    }
    return {**whole, "memories": sizes.get("memories", 0), "indexes": indexes}


if __name__ == "__main__":
    main()
