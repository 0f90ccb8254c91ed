"""How fast lmem is on this machine: `python tests/bench/speed.py [--items N] [--ingest] [--json]`.

Not a test: it prints figures beside goals and never fails on a time. It runs the lmem installed beside this interpreter
in homes of its own; LMEM_MODEL_DIR is respected, else the first home fetches the model as `lmem init` does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: the installed lmem is measured

from tests.bench import acks, agents, encoding, footprint, hooks, processes, searches
from tests.bench.harness import Home, Row, home, nested, table
from tests.bench.texts import Texts

Section = tuple[str, list[Row]]
Wanted = Callable[[str], bool]
SECTIONS = ("cold", "acks", "agents", "hook", "ingest", "search", "process", "rest", "during")


def main() -> None:
    options = _options()
    texts = Texts(more=[doc["text"] for file in options.texts for doc in json.loads(file.read_text())["docs"]])
    shown: dict[str, list[dict[str, object]]] = {}
    _say(f"{platform.platform()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
         f"{os.cpu_count()} processors", options.json)
    for title, rows in _sections(options, texts):
        _say("\n" + table(title, rows), options.json)
        shown[title] = [{"what": row.what, "goal": row.goal, **row.figures} for row in rows]
    if options.json:
        print(json.dumps(shown))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the installed lmem on this machine.")
    parser.add_argument("--items", type=int, default=10_000, metavar="N", help="memories of ~100 tokens to search in")
    parser.add_argument("--ingest", action="store_true", help="also search while 20 000 memories are taken in")
    parser.add_argument("--ingest-items", type=int, default=20_000, metavar="N", help="how many for --ingest")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=[], help="measure these alone")
    parser.add_argument("--texts", type=Path, nargs="+", default=[], metavar="FILE",
                        help="data files ({'docs': [{'text'}]}) whose words join the vocabulary")
    parser.add_argument("--dir", type=Path, default=None, help="where the homes are made (the disk that is measured)")
    parser.add_argument("--json", action="store_true", help="print one object instead of tables")
    return parser.parse_args()


def _sections(options: argparse.Namespace, texts: Texts) -> Iterator[Section]:
    wanted: Wanted = lambda name: name in options.only if options.only else name != "during"  # noqa: E731
    with home(options.dir) as first:  # the model is in there, so it stays until the end
        _share_model(first)
        yield from _small(first, texts, wanted)
        first.stop()
        if any(wanted(name) for name in ("ingest", "search", "process", "rest")):
            with home(options.dir) as second:
                yield from _at_size(second, options, texts, wanted)
        if wanted("during") or options.ingest:
            with home(options.dir) as third:
                third.start()
                items = list(texts.items(options.ingest_items))
                yield "while memories are taken in", searches.during_ingest(third, Texts(5), items)


def _small(where: Home, texts: Texts, wanted: Wanted) -> Iterator[Section]:
    where.start()
    yield "an empty store on disk", footprint.disk(where, "allocated", "vectors under 5 MB")
    if wanted("cold"):
        yield "cold start, whole process", processes.cold(where, texts)
    if wanted("acks"):
        yield "durable acknowledgements", acks.durable(where, texts)
    if wanted("agents"):
        yield "an editor's agent", agents.bridge(where)
        yield "its tools", agents.tools(where, texts)
    if wanted("hook"):
        yield "what a commit waits for its hook", hooks.foreground(where)


def _at_size(where: Home, options: argparse.Namespace, texts: Texts, wanted: Wanted) -> Iterator[Section]:
    where.start()
    items = list(texts.items(options.items))
    stored, indexed = searches.fill(where, items)
    yield f"ingest of {len(items)} memories", [
        Row("acknowledged", {"seconds": stored, "per s": len(items) / stored}),
        *encoding.against(where, items, indexed),
    ]
    if wanted("rest"):
        yield "one minute after", footprint.at_rest(where)
        yield f"{len(items)} memories on disk", footprint.disk(where, "allocated", "vectors under 35 MB at 10 000")
    if wanted("search"):
        goal = "p50 at most 3 ms" if options.items <= 10_000 else "p50 at most 6 ms, p95 at most 12 ms"
        yield f"search in {len(items)} memories", searches.answers(where, texts, items, goal)
    if wanted("process"):
        yield f"whole process, {len(items)} memories", processes.warm(where, texts)


def _share_model(first: Home) -> None:
    """Point LMEM_MODEL_DIR at a model for all homes: the caller's, else the one that `lmem init` fetches once."""
    if "LMEM_MODEL_DIR" in os.environ:
        return
    first.lmem("init")
    status = first.json("status")
    keep = Path(str(nested(status, "paths")["models"])) / str(nested(status, "stores", "embedder")["model"])
    os.environ["LMEM_MODEL_DIR"] = str(keep)


def _say(text: str, quiet: bool) -> None:
    print(text, file=sys.stderr if quiet else sys.stdout, flush=True)


if __name__ == "__main__":
    main()
