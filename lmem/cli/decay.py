"""decay, pin and unpin: what fades, and what does not.

Not the rules; the daemon has them.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask
from lmem.cli.output import count, paint, short, stored
from lmem.errors import InvalidInput


def decay(*, apply: bool, dry_run: bool, as_json: bool) -> int:
    """lmem decay."""
    if apply and dry_run:
        raise InvalidInput("--apply and --dry-run contradict each other.", hint="Give one of them.")
    done = ask("decay/run", {"apply": apply}, idempotent=not apply)
    if as_json:
        output.answer_json(done)
        return 0
    if not done["enabled"]:
        output.note("Decay is switched off; 'lmem config set memory_decay_enabled true' switches it on.")
        return 0
    moved = count(done["moved"], "memory", "memories")
    if apply:
        output.line(f"Moved {moved} of {done['active']:,} to the temporal layer.")
        if done["change_set"]:
            output.note(paint(f"'lmem undo {done['change_set']}' takes that back.", "dim"))
        return 0
    output.line(f"{moved} of {done['active']:,} would move to the temporal layer.")
    for memory in done["memories"]:
        faded = f"{memory['effective_importance']:.3f} of {memory['importance']:.2f}"
        seen = f"last used {output.age(memory['last_accessed_at'])}"
        output.line(f"  {paint(short(memory), 'cyan')}  {stored(memory['title'])}  {paint(f'{faded}, {seen}', 'dim')}")
    if done["moved"] > len(done["memories"]):
        output.line(paint(f"  and {done['moved'] - len(done['memories']):,} more", "dim"))
    if done["moved"]:
        output.note(paint("'lmem decay --apply' moves them; 'lmem pin ID' keeps one.", "dim"))
    return 0


def pin(*, ids: list[str], as_json: bool) -> int:
    """lmem pin."""
    return _pin("memory/pin", "pinned", ids, as_json)


def unpin(*, ids: list[str], as_json: bool) -> int:
    """lmem unpin."""
    return _pin("memory/unpin", "unpinned", ids, as_json)


def _pin(method: str, word: str, ids: list[str], as_json: bool) -> int:
    done = ask(method, {"ids": ids})
    if as_json:
        output.answer_json(done)
        return 0
    for memory in done[word]:
        output.line(f"{word.capitalize()} {paint(short(memory), 'cyan')}  {stored(memory['title'])}")
    if not done[word]:
        output.line("It is so already; nothing was changed.")
    return 0
