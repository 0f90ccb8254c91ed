"""lmem without a command: the status in a line, the last five memories, the next command to try.

Not a menu; `lmem --help` lists the commands.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import reach
from lmem.cli.search import print_lines
from lmem.cli.status import in_a_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def home(*, as_json: bool) -> int:
    """lmem."""
    with reach() as daemon:
        found = daemon.call("status/get", {}, idempotent=True)
        listed: Answer = daemon.call("memory/list", {"order": "created", "limit": 5}, idempotent=True)
    last = listed["memories"]
    if as_json:
        output.answer_json({"status": found, "memories": last, "next": next_command(found, last)})
        return 0
    output.line(in_a_line(found))
    print_lines(last)
    output.line(f"Next: {output.paint(next_command(found, last), 'bold')}")
    return 0


def next_command(found: Answer, last: list[Answer]) -> str:
    """What is worth trying now: the model, a first memory, the doctor, else a search."""
    if found["stores"]["embedder"]["state"] == "missing":
        return "lmem init"
    if found["outbox"]["parked"]:
        return "lmem doctor"
    if not found["counts"]["memories"]:
        return 'lmem add "we chose SQLite because it needs no server" --type decision'
    if not last:
        return "lmem list --all-projects"
    return f"lmem show {output.short(last[0])}" if len(last) < 3 else "lmem search 'why did we ...'"
