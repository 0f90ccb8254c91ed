"""status and version: what runs, where it lies, how far it is.

Not a diagnosis; see `lmem.cli.doctor`.
"""

from __future__ import annotations

import sys

from lmem._version import __version__
from lmem.cli import output
from lmem.cli.link import given, reach
from lmem.cli.progress import Progress
from lmem.protocol.messages import PROTOCOL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer
    from lmem.client.connection import Connection

AGAIN = 3
"""Times that it waits again when lmem itself has added something to a memory since, before it looked."""

STATE_COLOURS = {
    "ready": "green", "ok": "green", "starting": "yellow", "optimising": "yellow", "missing": "yellow",
    "building": "yellow", "rebuilding": "yellow",
}  # fmt: skip


def status(*, wait: bool, timeout: float | None, as_json: bool) -> int:
    """lmem status."""
    with reach() as daemon:
        for _ in range(1 + AGAIN):
            found = _looked(daemon, wait, timeout, as_json)
            if not wait or not found["outbox"]["pending"]:
                break
    if as_json:
        output.answer_json(found)
    else:
        print_status(found)
    return 0


def _looked(daemon: Connection, wait: bool, timeout: float | None, as_json: bool) -> Answer:
    """The status, with `wait` after everything has caught up; what keeps it from that is said once it is known."""
    if wait:
        with Progress("Catching up", as_json=as_json) as bar:
            said = _Said(bar, as_json)
            daemon.call("status/wait", given({"timeout": timeout}), on_progress=said.on_notification, idempotent=True)
    found: Answer = daemon.call("status/get", {}, idempotent=True)
    return found


class _Said:
    """The progress of a wait: the bar's, and what it waits for that may not come by itself, each time that changes."""

    def __init__(self, bar: Progress, as_json: bool) -> None:
        self._bar = bar
        self._quiet = as_json  # the error at the end says it
        self._last: object = None

    def on_notification(self, params: Answer) -> None:
        self._bar.on_notification(params)
        trouble = params.get("trouble") or {}
        message = trouble.get("message", self._last)
        if message != self._last and not self._quiet:
            output.note(output.visible(f"Waiting: {message} {trouble.get('hint') or ''}".rstrip()))
        self._last = message


def in_a_line(found: Answer) -> str:
    """The whole status in a line: counts, and what is not well."""
    counts, outbox = found["counts"], found["outbox"]
    parts = [output.count(counts["memories"], "memory", "memories"), output.count(counts["projects"], "project")]
    for name, store in found["stores"].items():
        if store["state"] not in ("ready", "ok"):
            parts.append(output.paint(f"{name} {store['state']}", _colour(store["state"])))
    parts += [f"{outbox['pending']:,} pending"] if outbox["pending"] else []
    parts += [output.paint(f"{outbox['parked']:,} parked", "red")] if outbox["parked"] else []
    return f"lmem {found['version']}: {', '.join(parts)}"


def print_status(found: Answer) -> None:
    """The status for people, every path included."""
    output.line(in_a_line(found))
    daemon, worker = found["daemon"], found.get("worker") or {}
    _fact("daemon", f"pid {daemon['pid']}, up {_span(daemon.get('uptime_s'))}, {output.size(daemon.get('rss_bytes'))}")
    if worker.get("pid"):
        restarts = f", {output.count(worker['restarts'], 'restart')}" if worker.get("restarts") else ""
        _fact("worker", f"pid {worker['pid']}, {output.size(worker.get('rss_bytes'))}{restarts}")
    for name, store in found["stores"].items():
        _fact(name, _store(store))
    outbox = found["outbox"]
    _fact("outbox", f"{outbox['pending']:,} pending, {outbox['parked']:,} parked")
    for row in outbox.get("rows") or []:
        what = f"{row['kind']} {str(row['id'])[: output.SHORT]}"
        error, tries = output.stored(row["error"]), output.count(row["attempts"], "try", "tries")
        output.line(f"  parked: {what} for {row['projection']}: {error} ({tries})")
    if found.get("user"):
        _fact("user", output.stored(found["user"].get("name") or ""))
    if found.get("now"):
        _fact("now", str(found["now"]))
    output.line(output.paint("paths", "bold"))
    for name, path in found["paths"].items():
        if path:
            _fact(f"  {name}", output.stored(path))


def _fact(name: str, value: str) -> None:
    output.line(f"{output.paint(f'{name:<10}', 'dim')} {value}")


def _store(store: Answer) -> str:
    state = output.paint(str(store["state"]), _colour(store["state"]))
    names = ("points", "nodes", "edges", "schema", "generation", "model", "engine")
    facts = [f"{name} {store[name]}" for name in names if store.get(name) is not None]
    facts += [output.size(store["bytes"])] if store.get("bytes") else []
    if store.get("url"):
        facts.append(f"version {store.get('version') or 'unknown'} at {output.stored(store['url'])}")
    sentences = " ".join(output.stored(store[key]) for key in ("reason", "hint") if store.get(key))
    return ", ".join([state, *facts]) + (f": {sentences}" if sentences else "")


def _colour(state: object) -> str:
    return STATE_COLOURS.get(str(state), "red")


def _span(seconds: object) -> str:
    value = int(seconds) if isinstance(seconds, int | float) else 0
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if value >= 2 * length:
            return f"{value // length} {unit}"
    return f"{value} s"


def version(*, as_json: bool) -> int:
    """lmem version."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    if as_json:
        output.answer_json({"version": __version__, "protocol": PROTOCOL, "python": python})
    else:
        output.line(f"lmem {__version__}, protocol {PROTOCOL}, Python {python}")
    return 0
