"""jobs list, run and history: the daemon's upkeep.

Not the jobs; the daemon has them.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.tables import print_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def listed(*, as_json: bool) -> int:
    """lmem jobs list."""
    found = ask("jobs/list", idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    rows = [
        (
            job["name"], job["schedule"], _local(job["next_at"]), "running" if job["running"] else _last(job["last"]),
            job["about"],
        )
        for job in found["jobs"]
    ]  # fmt: skip
    print_rows(("Job", "When", "Next", "Last", "What"), rows)
    return 0


def run(*, name: str, dry_run: bool, as_json: bool) -> int:
    """lmem jobs run."""
    done = ask("jobs/run", {"name": name, "dry_run": dry_run})
    if as_json:
        output.answer_json(done)
        return 0
    output.line(f"{done['job']}: {output.visible(done['message'])}")
    if done["change_set"]:
        output.note(output.paint(f"'lmem undo {done['change_set']}' takes that back.", "dim"))
    return 0


def history(*, name: str | None, limit: int | None, as_json: bool) -> int:
    """lmem jobs history."""
    found = ask("jobs/history", given({"name": name, "limit": limit}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    if not found["runs"]:
        output.note("No run is recorded yet. 'lmem jobs list' says when the next one is due.")
        return 0
    rows = [
        (_local(run["started_at"]), run["job"], run["cause"], run["state"], output.visible(run["message"]))
        for run in found["runs"]
    ]
    print_rows(("When", "Job", "Cause", "State", "What it did"), rows)
    return 0


def _last(last: Answer | None) -> str:
    return f"{output.age(last['ended_at'])}, {last['state']}" if last else "-"


def _local(moment: str | None) -> str:
    """A moment of the daemon's in this machine's zone, to the minute."""
    from datetime import datetime

    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M") if moment else "-"
