"""history and diff: every version of a memory, what each changed, what differs between two.

Not the going back; see `lmem undo`.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask
from lmem.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer

TEXTS = ("title", "content", "summary")
"""Fields whose difference in a version says how long they were; 'lmem diff' prints them."""


def history(*, id: str, as_json: bool) -> int:
    """lmem history."""
    found = ask("memory/history", {"id": id}, idempotent=True)
    while after := found.pop("next", None):  # an answer has only so much room for texts
        rest = ask("memory/history", {"id": found["id"], "after": after}, idempotent=True)
        found = {**rest, "versions": found["versions"] + rest["versions"]}
    if as_json:
        output.answer_json(found)
        return 0
    for version in sorted(found["versions"], key=lambda version: -int(version["version"])):
        _print_version(version)
    return 0


def diff(*, id: str, versions: list[int] | None, as_json: bool) -> int:
    """lmem diff."""
    asked = dict(zip(("from", "to"), versions or (), strict=False))
    if len(versions or ()) > 2:
        raise InvalidInput("A difference is between two versions.", hint="lmem diff ID FROM TO")
    found = ask("memory/diff", {"id": id, **asked}, idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    head = f"{output.short(found)}  version {found['from']} to {found['to']}"
    output.line(f"{output.paint(head, 'bold')}  {output.stored(found['title'])}")
    _print_fields(found["fields"])
    for text in found["text"]:
        colour = {"-": "red", "+": "green", "@": "cyan"}.get(text[:1])
        shown = output.stored(text)
        output.line(output.paint(shown, colour) if colour else shown)
    if not found["fields"] and not found["text"]:
        output.note("They are equal.")
    return 0


def _print_version(version: Answer) -> None:
    recorded = str(version["recorded_at"])
    head = f"version {version['version']}  {version['change_type']}  {recorded} ({output.age(recorded)})"
    reason = output.stored(version.get("reason") or "")
    change = version.get("change_set")
    output.line(f"{output.paint(head, 'bold')}  {reason}".rstrip())
    if change:
        author = output.stored(version.get("created_by") or "unknown")[: output.SHORT]
        output.line(output.paint(f"  change {change}, by {author}", "dim"))
    _print_fields(version.get("diff") or {})


def _print_fields(fields: Answer) -> None:
    for column, (before, after) in fields.items():
        if before not in (None, [], ""):
            output.line(output.paint(f"  - {column}: {_value(before, column)}", "red"))
        if after not in (None, [], ""):
            output.line(output.paint(f"  + {column}: {_value(after, column)}", "green"))


def _value(value: object, column: str) -> str:
    if column in TEXTS and isinstance(value, int):
        return output.count(value, "character")
    text = " ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    return output.stored(text).replace("\n", "\n      ")
