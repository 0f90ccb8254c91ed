"""forget, restore, undo and done: what happens to a memory after it was added.

Not the rules of archiving; the daemon has them.
"""

from __future__ import annotations

import sys

from lmem.cli import output
from lmem.cli.link import ask, given, reach
from lmem.errors import InvalidInput, LmemError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer

MOST_SHOWN = 10
"""Memories of an undone change that are named."""


def forget(*, ids: list[str], purge: bool, dry_run: bool, yes: bool, reason: str | None, as_json: bool) -> int:
    """lmem forget."""
    request = {"ids": ids, "purge": purge, "dry_run": dry_run, **given({"reason": reason})}
    with reach() as daemon:
        if purge and not yes and not dry_run:
            asked: Answer = daemon.call("memory/forget", {**request, "dry_run": True})
            for memory in asked["forgotten"]:
                _confirm(memory)
            request["ids"] = [*(memory["id"] for memory in asked["forgotten"]), *asked.get("gone", ())]
        forgotten: Answer = daemon.call("memory/forget", request)
    if as_json:
        output.answer_json(forgotten)
        return 0
    verb = {(True, True): "Would purge", (True, False): "Purged", (False, True): "Would archive"}.get(
        (purge, dry_run), "Archived"
    )
    _print_each(verb, forgotten["forgotten"])
    for id_ in forgotten.get("gone") or ():
        output.line(f"{output.paint(id_[: output.SHORT], 'cyan')} was purged before; what was left of it is swept.")
    if not purge:
        _say_unchanged(ids, forgotten["forgotten"], "is archived already")
    _print_receipt(forgotten.get("receipt") or [])
    if forgotten["forgotten"] and not purge and not dry_run:
        output.note(output.paint("'lmem undo' or 'lmem restore ID' brings it back.", "dim"))
    return 0


def _print_receipt(receipt: list[Answer]) -> None:
    width = max((len(entry["place"]) for entry in receipt), default=0)
    for entry in receipt:
        state = output.paint(f"{entry['state']:<7}", "green" if entry["state"] == "gone" else "yellow")
        output.line(f"  {entry['place']:<{width}}  {state}  {entry['check']}".rstrip())


def _confirm(memory: Answer) -> None:
    """Ask for the id to be typed. Raises InvalidInput when there is nobody to ask, LmemError for another answer."""
    if not sys.stdin.isatty():
        raise InvalidInput(
            "Purging cannot be undone, and there is no terminal to ask on.", hint="Add --yes if you are sure."
        )
    output.note(f"{memory['id']}  {output.visible(memory['title'])}")
    output.note("This is removed from every store for ever. Type its id (the first 8 characters do) to go on:")
    typed = sys.stdin.readline().strip().lower()
    if len(typed) < output.SHORT or not str(memory["id"]).startswith(typed):
        raise LmemError("That is not its id, so nothing was purged.", hint="'lmem forget ID' archives it instead.")


def restore(*, ids: list[str], as_json: bool, **fields: object) -> int:
    """lmem restore."""
    restored = ask("memory/restore", {"ids": ids, **given(fields)})
    if as_json:
        output.answer_json(restored)
        return 0
    _print_each("Restored", restored["restored"])
    version = restored.get("version")
    _say_unchanged(ids, restored["restored"], f"is as it was at version {version}" if version else "is not archived")
    return 0


def merge(*, ids: list[str], dry_run: bool, as_json: bool, **fields: object) -> int:
    """lmem merge."""
    merged = ask("memory/merge", {"ids": ids, "dry_run": dry_run, **given(fields)})
    if as_json:
        output.answer_json(merged)
        return 0
    _print_each("Would keep" if dry_run else "Kept", [merged])
    _print_each("  superseded", merged["superseded"])
    if not dry_run:
        output.note(output.paint(f"'lmem undo {merged['change_set']}' takes it back.", "dim"))
    return 0


def undo(*, change_set: str | None, as_json: bool) -> int:
    """lmem undo."""
    if change_set is not None and not change_set.isdecimal():
        raise InvalidInput(f"'{change_set}' is not a change's number.", hint="'lmem changes' shows the numbers.")
    undone = ask("memory/undo", given({"change_set": int(change_set) if change_set else None}))
    if as_json:
        output.answer_json(undone)
        return 0
    number, memories = undone.get("change_set"), undone["reversed"]
    many = undone.get("count", len(memories))
    what = f"{undone['kind']} {output.paint(str(number), 'cyan')}" if number else f"{undone['kind']}"
    of = f" of {output.count(many, 'memory', 'memories')}" if many > MOST_SHOWN else ""
    output.line(f"Undid {what}{of}{':' if memories else '.'}")
    _print_each("", memories[:MOST_SHOWN])
    if of:
        output.line(output.paint(f"  and {many - MOST_SHOWN:,} more; --json names more of them", "dim"))
    for session in undone.get("reopened", ()):
        name, short = output.stored(session["name"]), output.short(session)
        again = "is current again" if session["state"] == "active" else f"is open again: 'lmem session switch {short}'"
        output.note(f"The session {name} {again}.")
    if undone.get("undone_by") and memories:
        output.note(output.paint(f"'lmem undo {undone['undone_by']}' takes that back.", "dim"))
    return 0


def done(*, id: str, failed: bool, by: str | None, reason: str | None, as_json: bool) -> int:
    """lmem done."""
    closed = ask("memory/done", {"id": id, "failed": failed, **given({"by": by, "reason": reason})})
    if as_json:
        output.answer_json(closed)
        return 0
    other = str(closed.get("resolved_by") or "")
    by_whom = f" by {other[: output.SHORT]}" if other and other != closed["id"] else ""
    output.line(f"Closed {output.paint(output.short(closed), 'cyan')}{by_whom}: {closed.get('outcome') or 'done'}")
    return 0


def _say_unchanged(ids: list[str], changed: list[Answer], so: str) -> None:
    """Say of which ids nothing was changed: what they name was so already."""
    for id_ in dict.fromkeys(text.strip().lower() for text in ids):
        if not any(str(memory["id"]).startswith(id_) for memory in changed):
            output.line(f"{output.paint(id_[: output.SHORT], 'cyan')} {so}; nothing was changed.")


def _print_each(verb: str, memories: list[Answer]) -> None:
    for memory in memories:
        lead = f"{verb} " if verb else "  "
        output.line(f"{lead}{output.paint(output.short(memory), 'cyan')}  {output.stored(memory['title'])}")
