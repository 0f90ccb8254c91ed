"""search and list: which memories, on a terminal a line or two for each.

Not the ranking; the daemon has done that.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lmem.cli.link import Answer

MOST = 1000
"""Memories that `list` shows at once."""
INDEXES = ("fts", "sparse", "dense")
"""What `search --only` takes."""


def search(
    *, words: list[str] | None, only: str | None, history: bool, limit: int | None, as_json: bool, **fields: object
) -> int:
    """lmem search."""
    query = " ".join(words or []).strip()
    if history:
        if query or only or given(fields):
            raise InvalidInput("--history lists the last searches; it takes no question.", hint="Give --limit alone.")
        from lmem.cli import stats

        return stats.history(limit=limit, as_json=as_json)
    if not query:
        raise InvalidInput("There is nothing to search for.", hint="Give a question or words: lmem search why WAL")
    if only is not None and only not in INDEXES:
        raise InvalidInput(f"There is no index '{only}'.", hint="--only takes fts, sparse or dense.")
    found = ask("memory/search", {"query": query, **given({**fields, "limit": limit, "only": only})}, idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    output.note_degraded(found)
    output.note_scope(found.get("scope"), bool(fields.get("explain")))
    if found.get("note"):
        output.note(output.visible(found["note"]))
    if found.get("range"):
        span = found["range"]
        output.note(f"{output.visible(span['words'])}: {span['since'] or '…'} to {span['until'] or 'now'}")
    for rank, result in enumerate(found["results"], 1):
        _print_result(rank, result)
    if not found["results"]:
        _say_empty(found.get("empty") or {}, query)
    if fields.get("explain") and found.get("timings_ms"):
        parts = ", ".join(f"{name} {float(value):.1f}" for name, value in found["timings_ms"].items())
        took, served = float(found["took_ms"]), " ".join(found["served_by"])
        output.line(output.paint(f"{took:.1f} ms ({parts}), by {served}", "dim"))
    return 0


def _print_result(rank: int, result: Answer) -> None:
    title, facts = output.stored(result["title"]), [str(result["type"]), output.age(result["created_at"])]
    facts += [output.stored(result["project"])] if result.get("project") else []
    lead = f"{rank:>2}  {output.short(result)}  "
    while facts and not output.roomy(len(lead) + sum(len(fact) + 2 for fact in facts)):
        facts.pop()
    aside = "".join(f"  {fact}" for fact in facts)
    fitted = output.fit(title, len(lead) + len(aside))
    output.line(
        f"{rank:>2}  {output.paint(output.short(result), 'cyan')}  {output.paint(fitted, 'bold')}"
        f"{output.paint(aside, 'dim')}"
    )
    match = result.get("line")
    if match and match["text"].strip() != result["title"]:
        output.line("    " + output.fit(f"{match['number']}: {output.stored(match['text'].strip())}", 4))
    if result.get("why"):
        output.line(output.paint(f"    {float(result['score']):.3f} = {_why(result['why'])}", "dim"))


def _why(why: Answer) -> str:
    """The parts of a score on one line, in the order the daemon gave them."""
    return ", ".join(f"{name} {_part(value)}" for name, value in why.items() if value not in (None, [], {}))


def _part(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_part(inner)}" for name, inner in value.items()) + ")"
    if isinstance(value, list):
        return " ".join(output.stored(item) for item in value)
    return f"{value:.3f}" if isinstance(value, float) else output.stored(value)


def _say_empty(empty: Answer, query: str) -> None:
    output.note(output.visible(empty.get("reason") or f"Nothing is known about '{query}'."))
    if empty.get("unknown_terms"):
        output.note(output.visible(f"No memory has: {', '.join(empty['unknown_terms'])}."))
    if empty.get("corpus") is not None:
        output.note(f"Searched {output.count(empty['corpus'], 'memory', 'memories')}.")
    if empty.get("near"):
        output.note("Nearest:")
    for near in empty.get("near") or []:
        output.note(f"    {output.short(near)}  {output.visible(near['title'])}")


def list_memories(*, newest: bool, offset: int | None, as_json: bool, **fields: object) -> int:
    """lmem list."""
    order, limit, skipped = "created" if newest else None, fields.get("limit"), int(offset or 0)
    if isinstance(limit, int) and limit > MOST:
        raise InvalidInput(
            f"--limit must be a whole number from 1 to {MOST}.",
            hint=f"Show the next ones with --offset, as --limit {MOST} --offset {skipped + MOST}.",
        )
    listed = ask("memory/list", given({**fields, "order": order, "offset": offset}), idempotent=True)
    memories = listed["memories"]
    if as_json:
        for memory in memories:
            output.answer_json(memory)
        return 0
    output.note_scope(listed.get("scope"))
    print_lines(memories)
    shown, total = len(memories), int(listed.get("total") or 0)
    if not total:
        output.note('No memory matches. Add one: lmem add "we chose X because Y".')
    elif skipped + shown < total:
        whole = not isinstance(limit, int) or shown == limit  # else an answer is full before its limit
        more = "--limit" if whole and not skipped and shown < MOST else f"--offset {skipped + shown}"
        output.note(output.paint(f"{shown} of {total}; {more} shows more.", "dim"))
    return 0


def print_lines(memories: list[Answer]) -> None:
    """One line for each memory: id, type, age, project, title; what leaves no room for the title is left out."""
    facts = [
        (str(m["type"]), output.age(m["created_at"]), output.stored(m.get("project") or "-")) for m in memories
    ]
    widths = [max((len(row[column]) for row in facts), default=0) for column in range(3)]
    shown = 3
    while shown and not output.roomy(output.SHORT + 2 + sum(width + 2 for width in widths[:shown])):
        shown -= 1
    for memory, (kind, when, project) in zip(memories, facts, strict=True):
        cells = (f"{kind:<{widths[0]}}  ", f"{when:>{widths[1]}}  ", f"{project:<{widths[2]}}  ")
        lead = "".join(cells[:shown])
        title = output.fit(output.stored(memory["title"]), output.SHORT + 2 + len(lead))
        output.line(f"{output.paint(output.short(memory), 'cyan')}  {output.paint(lead, 'dim')}{title}")
