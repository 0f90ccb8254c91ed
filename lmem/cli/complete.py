"""lmem _complete: ids, tags, projects, patterns, sessions and backups for the shell, one a line, or nothing.

Not for people: it never starts a daemon, never complains, and gives up after a second.
"""

from __future__ import annotations

import signal
import sys

from lmem.cli.link import ask
from lmem.cli.output import SHORT, visible
from lmem.errors import LmemError

PATIENCE = 0.9
"""Seconds; a Tab that takes longer is worse than one that finds nothing."""
MANY = 200

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def complete(argv: list[str]) -> int:
    """Print the ids, tags, projects, patterns or sessions (argv: KIND PREFIX) that begin so, each with what it is."""
    kind, prefix = [*argv, "", ""][:2]
    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        found = _candidates(kind, prefix)
    except (LmemError, OSError, TimeoutError):
        return 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    for word, about in found:
        if word.startswith(prefix):
            sys.stdout.write(f"{visible(word)}\t{visible(about)}\n")
    return 0


def _give_up(number: int, frame: FrameType | None) -> None:
    raise TimeoutError


def _candidates(kind: str, prefix: str) -> list[tuple[str, str]]:
    request: dict[str, object]
    if kind == "tags":
        rows = ask("memory/tags", idempotent=True, autostart=False)["tags"]
        return [(str(row["tag"]), str(row["count"])) for row in rows]
    if kind == "sessions":
        rows = ask("session/list", {"limit": MANY}, idempotent=True, autostart=False)["sessions"]
        return [(str(row["id"])[: max(SHORT, len(prefix))], str(row["name"])[:60]) for row in rows]
    if kind == "backups":
        from lmem.backupfiles import listed, named
        from lmem.paths import paths

        return [(said.name, said.reason or "backup") for said in map(named, listed(paths().backups))]
    if kind == "settings":
        from lmem.settings import SETTINGS

        return [(item.key, item.meaning) for item in SETTINGS]
    if kind == "projects":
        rows = ask("project/names", idempotent=True, autostart=False)["projects"]
        return [(str(row["name"]), str(row.get("description") or "project")[:60]) for row in rows]
    if kind == "patterns":
        request = {"all_projects": True, "limit": MANY}
        rows = ask("pattern/list", request, idempotent=True, autostart=False)["patterns"]
        return [(str(row["name"]), str(row["description"]).replace("\n", " ").replace("\t", " ")[:60]) for row in rows]
    if kind != "ids":
        return []
    request = {"order": "created", "limit": MANY, "all_projects": True}
    memories = ask("memory/list", request, idempotent=True, autostart=False)["memories"]
    width = max(SHORT, len(prefix))
    return [(str(m["id"])[:width], str(m["title"]).replace("\n", " ").replace("\t", " ")[:60]) for m in memories]
