"""verify, repair, rebuild and sync: whether the stores hold what the truth says, and making them.

Not the comparison; the daemon does it.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.output import count, paint, stored
from lmem.cli.progress import Progress
from lmem.cli.tables import print_rows
from lmem.client import autostart
from lmem.errors import StoreUnavailable
from lmem.paths import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer

COLUMNS = ("store", "checked", "missing", "stale", "orphaned", "waiting", "state")
UNLIKE = 1
"""Exit status when a store does not agree."""


def verify(*, stores: list[str] | None, as_json: bool) -> int:
    """lmem verify."""
    with Progress("Verifying", as_json=as_json) as bar:
        found = ask("store/verify", given({"stores": stores}), on_progress=bar.on_notification, idempotent=True)
    if as_json:
        output.answer_json(found["stores"])
    else:
        _print(found["stores"])
        _say_hints(found["stores"])
        if _status(found["stores"], found["clean"]) == UNLIKE:
            output.note(paint("'lmem repair' makes the stores agree with the database.", "dim"))
    return _status(found["stores"], found["clean"])


def repair(*, stores: list[str] | None, dry_run: bool, emptied: str | None, as_json: bool) -> int:
    """lmem repair."""
    if emptied is not None:
        return _emptied(stores, dry_run, emptied, as_json)
    with Progress("Repairing", as_json=as_json) as bar:
        done = ask("store/repair", given({"stores": stores, "dry_run": dry_run}), on_progress=bar.on_notification)
    if as_json:
        output.answer_json(done)
        return _status(done["left"] or done["found"], done["clean"])
    for name, report in done["found"].items():
        wrong = report["missing"] + report["stale"] + report["orphaned"] + report["parked"]
        verb = "would be" if dry_run else "were"
        if report["unavailable"]:
            output.line(f"{name}: {stored(report['unavailable'])}")
        elif wrong:
            output.line(f"{name}: {count(wrong, 'object')} {verb} written again")
        else:
            output.line(f"{name}: nothing to repair")
    _say_hints(done["found"])
    if not dry_run and not done["clean"]:
        _print(done["left"])
    return _status(done["left"] or done["found"], done["clean"])


def _emptied(stores: list[str] | None, dry_run: bool, url: str, as_json: bool) -> int:
    done = ask("store/repair", {"emptied": url, **given({"stores": stores, "dry_run": dry_run})})
    if as_json:
        output.answer_json(done)
        return 0
    for item in done["emptied"]:
        output.line(f"{stored(item['server'])} ('{stored(item['prefix'])}'): no receipt names it any more")
    return 0


def rebuild(*, store: str, wait: bool, as_json: bool) -> int:
    """lmem rebuild."""
    done = _rebuild(store, wait, as_json)
    if done["restart"]:  # its settings were changed: they are in force from the next start on
        if not as_json:
            output.note("Its settings were changed; the daemon starts again with them.")
        autostart.restart(paths(), force=False)
        done = _rebuild(store, wait, as_json)
    if as_json:
        output.answer_json({key: done[key] for key in ("store", "generation", "objects", "done")})
    elif done["done"]:
        what = count(done["objects"], "object") if done["objects"] else "it fills by itself"
        output.line(f"Rebuilt {store}: {what}")
    else:
        output.line(f"{store}: {count(done['objects'], 'object')} to write; 'lmem status --wait' returns after that.")
    return 0


def _rebuild(store: str, wait: bool, as_json: bool) -> Answer:
    with Progress("Rebuilding", as_json=as_json) as bar:
        return ask("store/rebuild", {"store": store, "wait": wait}, on_progress=bar.on_notification, idempotent=True)


def sync(*, id: str, as_json: bool) -> int:
    """lmem sync."""
    done = ask("store/sync", {"id": id})
    if as_json:
        output.answer_json(done)
    else:
        for name, store in done["stores"].items():
            why = f"  {stored(store['reason'])}" if store["reason"] else ""
            output.line(f"{paint(done['id'][: output.SHORT], 'cyan')}  {name}: {store['state']}{why}")
    states = [store["state"] for store in done["stores"].values()]
    if "unavailable" in states:
        return StoreUnavailable.exit_status
    return 0 if all(state in ("agrees", "absent") for state in states) else UNLIKE


def _status(stores: Answer, clean: bool) -> int:
    if clean:
        return 0
    wrong = any(item["missing"] or item["stale"] or item["orphaned"] or item["parked"] or item["problems"]
                for item in stores.values())  # fmt: skip
    return UNLIKE if wrong else StoreUnavailable.exit_status


def _say_hints(stores: Answer) -> None:
    """What to do about each store that could not be asked."""
    for hint in dict.fromkeys(report["hint"] for report in stores.values() if report["hint"]):
        output.note(paint(output.visible(hint), "dim"))


def _print(stores: Answer) -> None:
    rows = []
    for name, report in stores.items():
        state = "clean" if report["clean"] else "unavailable" if report["unavailable"] else "differs"
        numbers = [f"{report[key]:,}" for key in COLUMNS[1:-1]]
        rows.append([name, *numbers, paint(state, "green" if report["clean"] else "red")])
    print_rows(COLUMNS, rows, numbers=(1, 2, 3, 4, 5))
    for name, report in stores.items():
        for sentence in (*report["problems"], *([report["unavailable"]] if report["unavailable"] else [])):
            output.line(f"{name}: {stored(sentence)}")
        if report["parked"]:
            output.line(f"{name}: {count(report['parked'], 'row is', 'rows are')} parked; 'lmem status' says why")
        for state, objects in report["objects"].items():
            for item in objects:
                output.line(f"{name}: {state}: {stored(item)}")
            if report[state] > len(objects):
                output.line(f"{name}: {state}: and {report[state] - len(objects):,} more")
