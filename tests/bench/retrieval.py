"""How well lmem finds: `python tests/bench/retrieval.py FILE... [--json]`, a table for each data file.

Not a test and not a place to tune: one configuration, the one that is installed. A data file is
{"docs": [{"id", "text", "date"?, "session"?, "author"?, "project"?}], "queries": [{"q", "gold": [id], "project"?}]}.
Recall@10 is the share of a question's gold documents among the first ten answers; nDCG@10 weighs them by rank.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: the installed lmem is measured

from lmem.protocol.framing import Frame, decode
from tests.bench.harness import Home, Row, Wire, home, percentile, table

TOP = 10
ITEM_KEYS = {"text": "content", "id": "source_id", "date": "created_at", "session": "session", "author": "author",
             "project": "project"}
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the ids of the documents that answer it, and the project it is asked in."""

    text: str
    gold: frozenset[str]
    project: str | None


@dataclass(frozen=True, slots=True)
class Data:
    """One data file."""

    name: str
    docs: list[dict[str, str]]
    questions: list[Question]


Finder = Callable[[Question], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Recall and nDCG of the installed lmem on data files.")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print one object instead of tables")
    options = parser.parse_args()
    shown: dict[str, list[dict[str, object]]] = {}
    for file in options.files:
        data = read(file)
        rows = measure(data)
        shown[data.name] = [{"what": row.what, **row.figures} for row in rows]
        if not options.json:
            print("\n" + table(f"{data.name}: {len(data.docs)} docs, {len(data.questions)} queries", rows), flush=True)
    if options.json:
        print(json.dumps(shown))


def read(file: Path) -> Data:
    """A data file, parsed. Raises KeyError when a document or a query lacks what it must have."""
    raw = json.loads(file.read_text(encoding="utf-8"))
    docs = [{key: str(doc[key]) for key in ITEM_KEYS if doc.get(key) is not None} for doc in raw["docs"]]
    questions = [Question(one["q"], frozenset(map(str, one["gold"])), one.get("project")) for one in raw["queries"]]
    return Data(file.stem, docs, questions)


def measure(data: Data) -> list[Row]:
    """The four ways to find, each with its quality and its time."""
    rows = [_row("word overlap, as grep", data, word_overlap(data.docs))]
    with home() as where:
        where.start()
        ids = _feed(where, data)
        with where.wire() as wire:
            wire.settle()
            wire.wait_for_vectors()
            for what, only in (("FTS5 alone", "fts"), ("dense alone", "dense"), ("lmem as shipped", None)):
                rows.append(_row(what, data, _asked(wire, ids, data, only)))
    return rows


def _feed(where: Home, data: Data) -> dict[str, list[str]]:
    """Take the documents in; for each memory's id the documents it stands for (equal texts may share one)."""
    lines = [json.dumps({ITEM_KEYS[key]: value for key, value in doc.items()}) for doc in data.docs]
    done = where.lmem("add", "--jsonl", "-", "--json", stdin="\n".join(lines) + "\n")
    ids: dict[str, list[str]] = defaultdict(list)
    for line in done.stdout.splitlines():
        answer = decode(line.encode())
        if "id" not in answer:
            raise SystemExit(f"{data.name}: document {answer.get('line')} was refused: {answer.get('error')}")
        ids[str(answer["id"])].append(data.docs[int(str(answer["line"])) - 1]["id"])
    answered = sum(map(len, ids.values()))
    if answered != len(data.docs):
        raise SystemExit(f"{data.name}: {len(data.docs)} documents went in, {answered} were answered")
    return ids


def _asked(wire: Wire, ids: dict[str, list[str]], data: Data, only: str | None) -> Finder:
    """Ask lmem; `only` is 'fts', 'dense' or None for everything it has."""
    everywhere = any("project" in doc for doc in data.docs)

    def find(question: Question) -> list[str]:
        params: Frame = {"query": question.text, "limit": TOP, "explain": False}
        if only:
            params["only"] = only
        if question.project:
            params["project"] = question.project
        elif everywhere:
            params["all_projects"] = True
        answer = wire.call("memory/search", params)
        if answer["degraded"]:
            raise SystemExit(f"The answer is degraded, so its quality says nothing: {answer['degraded']}")
        results = answer["results"]
        assert isinstance(results, list)
        return [doc for result in results for doc in ids[result["id"]]][:TOP]

    return find


def word_overlap(docs: Sequence[dict[str, str]]) -> Finder:
    """Documents by how many of the question's words stand in them, earlier ones first among equals."""
    bags = [(doc["id"], doc.get("project"), frozenset(WORD.findall(doc["text"].lower()))) for doc in docs]

    def find(question: Question) -> list[str]:
        asked = frozenset(WORD.findall(question.text.lower()))
        inside = ((name, bag) for name, project, bag in bags if question.project in (None, project))
        scored = [(-len(asked & bag), at, name) for at, (name, bag) in enumerate(inside)]
        return [name for score, _, name in sorted(scored)[:TOP] if score]

    return find


def _row(what: str, data: Data, find: Finder) -> Row:
    recalls, gains, seconds = list[float](), list[float](), list[float]()
    for number, question in enumerate(data.questions, 1):
        started = time.perf_counter()
        found = find(question)
        seconds.append(time.perf_counter() - started)
        recalls.append(recall(found, question.gold))
        gains.append(ndcg(found, question.gold))
        if sys.stderr.isatty():
            print(f"\r{data.name}: {what}, {number} of {len(data.questions)} ", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return Row(what, {
        "recall@10": _mean(recalls), "nDCG@10": _mean(gains),
        "p50 ms": percentile(seconds, 0.5) * 1000, "p95 ms": percentile(seconds, 0.95) * 1000,
    })


def recall(found: Sequence[str], gold: frozenset[str]) -> float:
    """The share of `gold` among the first ten of `found`."""
    return len(gold & set(found[:TOP])) / len(gold)


def ndcg(found: Sequence[str], gold: frozenset[str]) -> float:
    """Discounted gain of the first ten of `found`, as a share of the best order's."""
    gain = sum(1 / math.log2(rank + 2) for rank, name in enumerate(found[:TOP]) if name in gold)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(TOP, len(gold))))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


if __name__ == "__main__":
    main()
