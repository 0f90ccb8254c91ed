"""audit: who did what, and whether the log of it is whole.

Not the checking; the daemon walks the chain.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def list_entries(
    *,
    action: str | None,
    kind: str | None,
    id: str | None,
    session: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
    offset: int | None,
    as_json: bool,
) -> int:
    """lmem audit list; with --json one object a line."""
    request: dict[str, object] = {
        "action": action, "kind": kind, "id": id, "session": session, "since": since, "until": until,
        "limit": limit, "offset": offset,
    }  # fmt: skip
    entries = ask("audit/list", given(request), idempotent=True)["entries"]
    for entry in entries:
        output.answer_json(entry) if as_json else output.line(_line(entry))
    if not entries and not as_json:
        output.note("No entry of the audit log is like that.")
    return 0


def _line(entry: Answer) -> str:
    details = ", ".join(
        f"{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in entry["details"].items()
    )
    parts = (
        output.paint(str(entry["at"]), "dim"),
        f"{entry['action']:<7}",
        f"{entry['kind']} {output.stored(entry['id'])[: 4 * output.SHORT]}",
        output.paint(output.stored(entry["agent"] or ""), "dim"),
        output.stored(details),
    )
    return "  ".join(part for part in parts if part)


def verify(*, as_json: bool) -> int:
    """lmem audit verify; exit status 1 when the chain is broken."""
    found = ask("audit/verify", idempotent=True)
    if as_json:
        output.answer_json(found)
    elif found["ok"]:
        since = f", from an anchor at {found['start']}" if found["start"] else ""
        output.line(f"The audit log is whole: {output.count(found['checked'], 'entry', 'entries')}{since}.")
    else:
        output.line(f"{output.paint('The audit log is not whole.', 'red')} {found['problem']}")
        output.note("Somebody changed the database past lmem. Compare it with a copy in its 'backups' folder.")
    return 0 if found["ok"] else 1
