"""session start, end, switch, list, show, resume, focus and unfocus.

Not the rules of a session; the daemon has them.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import count, paint, short, stored
from lmem.cli.tables import print_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def start(*, file: list[str] | None, as_json: bool, **fields: object) -> int:
    """lmem session start."""
    started = ask("session/start", given({**fields, "files": file}))
    if as_json:
        output.answer_json(started)
        return 0
    output.note_passed_over(started)
    where = [f"in {stored(started['project'])}"] if started.get("project") else []
    where += [f"on {stored(started['branch'])}"] if started.get("branch") else []
    output.line(f"Started {_title(started)}  {paint(' '.join(where), 'dim')}".rstrip())
    _say_paused(started)
    return 0


def end(*, session: str | None, reason: str | None, dry_run: bool, as_json: bool) -> int:
    """lmem session end."""
    ended = ask("session/end", given({"id": session, "reason": reason, "dry_run": dry_run}))
    if as_json:
        output.answer_json(ended)
        return 0
    promoted, faded, kept = ended["promoted"], ended["faded"], ended["kept"]
    output.line(f"{'Would end' if dry_run else 'Ended'} {_title(ended)}")
    for verb, moved in (("joins the project", promoted), ("stays global", kept)):
        for memory in moved:
            why = paint(f"{verb}: {memory['because']}", "dim")
            output.line(f"  {_memory(memory)}  {why}")
    if faded:
        output.line(f"  {count(len(faded), 'memory', 'memories')} faded to the temporal layer")
    if ended.get("change_set"):
        output.note(paint(f"'lmem undo {ended['change_set']}' takes that back.", "dim"))
    if ended.get("next"):
        output.note(paint(f"Back in {output.visible(ended['next']['name'])}.", "dim"))
    return 0


def switch(*, session: str, as_json: bool) -> int:
    """lmem session switch."""
    turned = ask("session/switch", {"id": session})
    if as_json:
        output.answer_json(turned)
        return 0
    output.note_passed_over(turned)
    output.line(f"Switched to {_title(turned)}")
    _say_paused(turned)
    return 0


def listed(*, ended: bool, as_json: bool, **fields: object) -> int:
    """lmem session list."""
    found = ask("session/list", given({**fields, "ended": ended}), idempotent=True)
    rows = found["sessions"]
    if as_json:
        for session in rows:
            output.answer_json(session)
        return 0
    output.note_passed_over(found)
    if not rows:
        where = f" of {output.visible(found['project'])}" if found.get("project") else ""
        output.note(f"There is no {'' if ended else 'open '}session{where}. Begin one with 'lmem session start'.")
        return 0
    cells = [
        (
            short(session), "current" if session["current"] else session["state"],
            output.age(session["last_active_at"]), f"{session['memories']:,}", stored(session.get("branch") or "-"),
            stored(session["name"]),
        )
        for session in rows
    ]  # fmt: skip
    print_rows(("Id", "State", "Active", "Memories", "Branch", "Name"), cells, numbers=(3,))
    return 0


def show(*, session: str | None, as_json: bool) -> int:
    """lmem session show."""
    shown = ask("session/show", given({"id": session}), idempotent=True)
    output.answer_json(shown) if as_json else _print_whole(shown, shown["memories"])
    return 0


LAST = 10
"""Memories that `resume` shows besides those in focus: the last ones."""


def resume(*, session: str | None, as_json: bool) -> int:
    """lmem session resume."""
    resumed = ask("session/resume", given({"id": session}))
    if as_json:
        output.answer_json(resumed)
        return 0
    output.note_passed_over(resumed)
    memories = resumed["memories"]
    last = memories[-LAST:]
    _print_whole(resumed, [item for item in memories if item["focused"] or item in last])
    if resumed["returned"]:
        output.note(paint(f"{count(len(resumed['returned']), 'memory', 'memories')} came back into it.", "dim"))
    _say_paused(resumed)
    return 0


def focus(*, ids: list[str], session: str | None, as_json: bool) -> int:
    """lmem session focus."""
    return _focus("session/focus", "In focus:", ids, session, as_json)


def unfocus(*, ids: list[str], session: str | None, as_json: bool) -> int:
    """lmem session unfocus."""
    return _focus("session/unfocus", "Out of focus:", ids, session, as_json)


def _focus(method: str, said: str, ids: list[str], session: str | None, as_json: bool) -> int:
    answer = ask(method, {"ids": ids, **given({"session": session})})
    if as_json:
        output.answer_json(answer)
    elif answer["changed"]:
        for memory in answer["changed"]:
            output.line(f"{said} {_memory(memory)}")
    else:
        output.line("It is so already; nothing was changed.")
    return 0


def _print_whole(session: Answer, memories: list[Answer]) -> None:
    """A session as `show` and `resume` print it; '*' marks what is in focus."""
    output.line(paint(stored(session["name"]), "bold"))
    since = str(session["created_at"])
    git = f"{session.get('branch') or ''} {str(session.get('commit') or '')[:10]}".strip()
    facts = [
        ("id", str(session["id"])),
        ("state", str(session["state"])),
        ("goal", str(session.get("goal") or "")),
        ("about", str(session.get("description") or "")),
        ("project", str(session.get("project") or "")),
        ("git", git),
        ("directory", str(session.get("directory") or "")),
        ("part of", ", ".join(parent["name"] for parent in session["parents"])),
        ("parts", ", ".join(f"{child['name']} ({child['state']})" for child in session["children"])),
        ("files", "\n            ".join(session["files"])),
        ("asked", "\n            ".join(session["queries"])),
        ("started", f"{since} ({output.age(since)})"),
        ("ended", str(session.get("ended_at") or "")),
    ]
    for name, value in facts:
        if value:
            output.line(f"{paint(f'{name:<11}', 'dim')} {stored(value)}")
    if memories:
        output.line()
    for memory in memories:
        mark = "*" if memory["focused"] else " "
        output.line(f"{mark} {paint(short(memory), 'cyan')}  {memory['type']:<10} {stored(memory['title'])}")


def _title(session: Answer) -> str:
    return f"{paint(short(session), 'cyan')}  {stored(session['name'])}"


def _memory(memory: Answer) -> str:
    return f"{paint(short(memory), 'cyan')}  {stored(memory['title'])}"


def _say_paused(turned: Answer) -> None:
    paused = turned.get("paused")
    if paused:
        name = output.visible(paused["name"])
        output.note(paint(f"{name} is paused: 'lmem session switch {short(paused)}' goes back.", "dim"))
