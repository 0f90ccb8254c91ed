"""context: the brief for the start of work.

Not its making; the daemon chooses, counts and words it, so that every client reads the same.
"""

from __future__ import annotations

import sys

from lmem.cli import output
from lmem.cli.link import ask, given


def context(*, as_json: bool, **fields: object) -> int:
    """lmem context."""
    shared = as_json or not sys.stdout.isatty()  # a program reads it, most often an agent
    brief = ask("context/get", {**given(fields), **({"shared": True} if shared else {})}, idempotent=True)
    if as_json:
        output.answer_json(brief)
        return 0
    if brief["text"]:
        output.line(output.stored(str(brief["text"]).rstrip("\n")))
    if not brief["items"]:
        output.note(output.paint(_nothing(brief), "dim"))
    return 0


def _nothing(brief: dict[str, object]) -> str:
    if brief["left_out"]:
        return f"Nothing fits into {output.count(brief['budget'], 'token')}. Give a larger --budget."
    return 'Nothing is stored for this place yet. Add something: lmem add "we chose X because Y".'
