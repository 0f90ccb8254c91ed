"""A daemon that says what it is told: a lock, daemon.json and a socket as the real one has, and canned answers.

Not a model of the real daemon's rules; those have tests of their own.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from lmem._version import __version__
from lmem.errors import LmemError, NotFound
from lmem.paths import Paths, paths
from lmem.protocol.messages import PROTOCOL, answer, failure, notification

Params = dict[str, object]
Answer = Callable[[Params], object]

ID = "3f2a9c1d" + "0" * 24
OTHER = "77b0c4de" + "1" * 24


def memory(**changes: object) -> Params:
    """A MEMORY as the daemon sends it."""
    return {
        "id": ID, "title": "We chose WAL", "content": "We chose WAL\nbecause readers never wait.", "summary": None,
        "type": "decision", "category": None, "tags": ["sqlite"], "importance": 0.8, "decay_rate": 0.01,
        "layer": "project", "layers": ["project"], "project": "api", "session": None, "context": {}, "git": {},
        "source_tool": "cli.add", "external_id": None, "private": False, "archived": False, "access_count": 0,
        "created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z", "rev": 1, "links": [],
        **changes,
    }  # fmt: skip


def hit(**changes: object) -> Params:
    """One result of memory/search."""
    found = memory(score=0.81, line={"number": 2, "text": "because readers never wait."}, **changes)
    return {key: found[key] for key in found if key not in ("summary", "links", "rev")}


def status(**changes: object) -> Params:
    """The answer of status/get."""
    return {
        "version": __version__, "instance": "i", "now": "2026-01-02T03:04:05Z",
        "daemon": {"pid": 4242, "socket": "/run/lmem.sock", "started_at": "", "uptime_s": 200, "rss_bytes": 40_000_000},
        "paths": {"home": None, "data": "/data", "log": "/state/daemon.log"},
        "stores": {
            "sqlite": {"state": "ready", "bytes": 123_456, "version": "3.45", "schema": 4},
            "vectors": {"state": "ready", "generation": 1, "points": 3, "bytes": 4096},
            "embedder": {"state": "ready", "model": "all-MiniLM-L6-v2", "engine": "light", "fingerprint": "f"},
        },
        "outbox": {"pending": 0, "parked": 0, "rows": []},
        "counts": {"memories": 3, "archived": 0, "projects": 1, "sessions": 0},
        "user": {"name": "me"}, "worker": {"pid": 4243, "restarts": 0, "rss_bytes": 200_000_000},
        **changes,
    }  # fmt: skip


def add(params: Params) -> Params:
    """memory/add: whatever it was, it is there now."""
    title = str(params["content"]).splitlines()[0]
    return {
        "id": params["id"], "created": True, "title": title, "layer": "global", "layers": ["global"],
        "routed_because": "no project here", "project": None, "near_duplicate": None,
    }  # fmt: skip


ANSWERS: dict[str, Answer] = {
    "memory/add": add,
    "memory/get": lambda params: memory(),
    "memory/list": lambda params: {"memories": [memory()], "total": 1},
    "memory/search": lambda params: {
        "results": [hit()], "served_by": ["dense", "sparse", "fts"], "degraded": [], "took_ms": 1.5,
    },
    "status/get": lambda params: status(),
}  # fmt: skip


class FakeDaemon:
    """Answers under `home` (LMEM_HOME) until it is left; `asked` holds every request in order."""

    def __init__(self, home: Path, answers: dict[str, Answer] | None = None) -> None:
        self.home = home
        self.answers = {**ANSWERS, **(answers or {})}
        self.progress: dict[str, list[Params]] = {}
        self.asked: list[tuple[str, Params]] = []
        self._place: Paths = paths({"LMEM_HOME": str(home)})
        self._socket = socket.socket(socket.AF_UNIX)
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> FakeDaemon:
        for folder in (self._place.data, self._place.state, self._place.socket.parent):
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        self._lock = os.open(self._place.daemon_lock, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._socket.bind(str(self._place.socket))
        self._socket.listen(16)
        known = {"pid": os.getpid(), "socket": str(self._place.socket), "version": __version__, "started_at": ""}
        self._place.daemon_file.write_text(json.dumps(known))
        self._serve(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)
        os.close(self._lock)

    def calls(self, method: str) -> list[Params]:
        """The params of every request for `method`."""
        return [params for name, params in self.asked if name == method]

    def _serve(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:  # closed: the test is over
                return
            self._serve(self._talk, client)

    def _talk(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines:
            try:
                lines.readline()
                hello = {"lmem": PROTOCOL, "version": __version__, "instance": "i", "pid": os.getpid(), "ready": True}
                client.sendall(json.dumps(hello).encode() + b"\n")
                for line in lines:
                    for frame in self._reply(json.loads(line)):
                        client.sendall(json.dumps(frame).encode() + b"\n")
            except OSError:
                return  # the client has gone, as one does that Ctrl-C ended

    def _reply(self, frame: Params) -> list[Params]:
        method, params = str(frame["method"]), frame["params"]
        assert isinstance(params, dict)
        self.asked.append((method, params))
        before = [notification("$/progress", told) for told in self.progress.get(method, [])]
        try:
            if method not in self.answers:
                raise NotFound(f"The test has no answer for {method}.")
            return [*before, answer(frame["id"], self.answers[method](params))]
        except LmemError as err:
            return [*before, failure(frame["id"], err)]
