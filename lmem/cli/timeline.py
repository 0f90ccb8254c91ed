"""timeline and changes: what came when.

Not the versions of one memory; see `lmem history`.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.search import print_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def timeline(*, as_json: bool, **fields: object) -> int:
    """lmem timeline."""
    found = ask("memory/timeline", given(fields), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    day = ""
    for memory in found["memories"]:
        if str(memory["created_at"])[:10] != day:
            day = str(memory["created_at"])[:10]
            output.line(output.paint(day, "bold"))
        if memory["id"] == found.get("around"):
            output.line(output.paint("this one:", "yellow"))
        print_lines([memory])
    if not found["memories"]:
        output.note("No memory matches.")
    return 0


def changes(*, as_json: bool, **fields: object) -> int:
    """lmem changes."""
    found = ask("change/list", given(fields), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    for change in found["changes"]:
        _print_change(change)
    if not found["changes"]:
        output.note("Nothing was changed yet.")
    if any(not change["change_set"] for change in found["changes"]):
        output.note(output.paint("A single add (-) has no number: 'lmem forget ID' takes it back.", "dim"))
    return 0


def _print_change(change: Answer) -> None:
    number = output.paint(f"{change['change_set'] or '-':>5}", "cyan")
    facts = f"{change['kind']}, {output.age(change['created_at'])}"
    if change["count"]:
        facts += f", {output.count(change['count'], 'memory', 'memories')}"
    undone = f"  (undone by {change['undone_by']})" if change.get("undone_by") else ""
    reason = f"  {output.stored(change['reason'])}" if change.get("reason") else ""
    output.line(f"{number}  {facts}{reason}{output.paint(undone, 'dim')}")
    for memory in change["memories"]:
        output.line(f"       {output.short(memory)}  {output.fit(output.stored(memory['title']), 17)}")
    more = int(change["count"]) - len(change["memories"])
    if more > 0 and change["memories"]:
        output.line(output.paint(f"       and {more} more", "dim"))
