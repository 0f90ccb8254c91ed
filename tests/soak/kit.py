"""What the kill loops share: a daemon that may be killed, clients that keep account, and the check of what is left.

Not a test. Every process killed here was started here and is known by its pid.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from lmem.domain.secrets import screen
from lmem.errors import DaemonError, LmemError
from lmem.protocol.framing import Frame
from tests.bench.harness import Home, Wire, installed, nested, poll
from tests.bench.texts import Texts

ROUNDS = int(os.environ.get("LMEM_SOAK_ROUNDS", "200"))
BROKEN = (OSError, DaemonError)
"""What a client sees while the daemon is dead or dying: a reset, a closed socket, a refusal to take more."""


class Daemon:
    """`lmem daemon run` as a child, started again and again without the start-up guard of the clients."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self.home.path / "run.out", "ab") as out:
            self._child = subprocess.Popen([installed(), "daemon", "run"], env=self.home.environ, cwd=self.home.path,
                                           stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        poll(self._answers, 30, lambda: f"The daemon does not come up:\n{(self.home.path / 'run.out').read_text()}")

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def kill(self) -> list[psutil.Process]:
        """SIGKILL, at once; answers the children it leaves behind."""
        assert self._child is not None
        children: list[psutil.Process] = psutil.Process(self._child.pid).children(recursive=True)
        self._child.kill()
        self._child.wait()
        return children

    def stop(self) -> None:
        """SIGTERM, and the exit status 0 that a graceful stop has."""
        assert self._child is not None
        self._child.terminate()
        assert self._child.wait(timeout=60) == 0

    def _answers(self) -> bool:
        assert self._child is not None
        if self._child.poll() is not None:
            raise AssertionError(f"'lmem daemon run' exited {self._child.returncode}: "
                                 f"{(self.home.path / 'run.out').read_text()}")
        with suppress(*BROKEN), self.home.wire(timeout=5) as wire:
            return int(str(nested(wire.call("status/get", {}), "daemon")["pid"])) == self._child.pid
        return False


class Writer(threading.Thread):
    """A client that adds and edits, and remembers what was acknowledged and what may have been stored."""

    def __init__(self, home: Home, number: int, over: threading.Event) -> None:
        super().__init__(name=f"writer-{number}")
        self._home, self._over = home, over
        self._random, self._texts = random.Random(number), Texts(number)
        self.acked: dict[str, str] = {}
        self.maybe: dict[str, set[str]] = {}
        self.refused: list[str] = []
        self._unsure: tuple[str, str] | None = None
        self.broken = 0

    def run(self) -> None:
        while not self._over.is_set():
            try:
                with self._home.wire(timeout=30) as wire:
                    while not self._over.is_set():
                        self._one(wire)
            except BROKEN:
                self.broken += 1
                time.sleep(0.02)

    def _one(self, wire: Wire) -> None:
        if self._unsure:  # the answer was lost with its daemon: the same id again, which must not make a second memory
            self._add(wire, *self._unsure)
        elif self.acked and self._random.random() < 0.2:
            known, text = self._random.choice(list(self.acked)), self._texts.item(20)
            self._send(wire, known, text, "memory/edit", {"id": known, "changes": {"content": text}})
        else:
            self._add(wire, uuid.UUID(int=self._random.getrandbits(128)).hex, self._texts.item(20))

    def _add(self, wire: Wire, memory: str, text: str) -> None:
        self._unsure = memory, text
        self._send(wire, memory, text, "memory/add", {"id": memory, "content": text, "source_tool": "cli.add"})
        self._unsure = None

    def _send(self, wire: Wire, memory: str, sent: str, method: str, params: Frame) -> None:
        text = screen(sent).text  # one text in some thousands looks as if it held a password, and is stored without it
        self.maybe.setdefault(memory, set()).add(text)
        try:
            assert wire.call(method, params)["id"] == memory
        except DaemonError:
            raise
        except LmemError as error:
            self.refused.append(f"{method}: {error.code}: {error.message}")
            return
        self.acked[memory] = text
        self.maybe[memory].clear()


@contextmanager
def writing(home: Home, count: int = 4, first: int = 0) -> Iterator[list[Writer]]:
    """`count` writers at work until the end of the block; `first` is the least of their numbers, which seed them."""
    over = threading.Event()
    writers = [Writer(home, number, over) for number in range(first, first + count)]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        over.set()
        for writer in writers:
            writer.join(timeout=60)


def check(daemon: Daemon, writers: list[Writer], scratch: Path) -> None:
    """Nothing acknowledged is missing, every projection converges, the file is whole."""
    home = daemon.home
    with home.wire() as wire:
        wire.wait_for_vectors()
        wire.settle(600)
        status = wire.call("status/get", {})
        counts, outbox = nested(status, "counts"), nested(status, "outbox")
        assert (outbox["pending"], outbox["parked"]) == (0, 0), outbox
        assert nested(status, "stores", "vectors")["points"] == counts["memories"]
        assert acknowledged(writers)
        for memory, text in _some(acknowledged(writers)):
            assert memory in _found(wire, text, "dense"), f"{memory} is not found by meaning"
            assert memory in _found(wire, text, "fts"), f"{memory} is not found by its words"
    daemon.stop()
    _check_file(home, writers, scratch)


def acknowledged(writers: list[Writer]) -> dict[str, str]:
    """Every acknowledged memory with the last text that is certain."""
    return {memory: text for writer in writers for memory, text in writer.acked.items()}


def _some(texts: dict[str, str]) -> list[tuple[str, str]]:
    """At most twenty of them, always the same."""
    return random.Random(1).sample(sorted(texts.items()), min(20, len(texts)))


def _found(wire: Wire, text: str, only: str) -> list[str]:
    answer = wire.call("memory/search", {"query": text[:300], "limit": 10, "only": only})
    results = answer["results"]
    assert isinstance(results, list)
    return [result["id"] for result in results]


def _check_file(home: Home, writers: list[Writer], scratch: Path) -> None:
    """The stopped daemon's file: whole, its full-text index equal to its rows, every acknowledged text in it."""
    copy = scratch / "copy.db"
    copy.unlink(missing_ok=True)
    with sqlite3.connect(home.paths.database) as live:
        assert live.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert live.execute("PRAGMA foreign_key_check").fetchall() == []
        live.execute("VACUUM INTO ?", (str(copy),))
    live.close()
    with sqlite3.connect(copy) as connection:
        indexes = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5%content=%'").fetchall()
        assert indexes, "there is no full-text index over the rows"
        for (name,) in indexes:
            connection.execute(f"INSERT INTO {name}({name}, rank) VALUES ('integrity-check', 1)")
        stored = dict(connection.execute("SELECT id, content FROM memories"))
        versions = dict(connection.execute("SELECT memory_id, count(*) FROM memory_versions GROUP BY memory_id"))
    connection.close()
    maybe = {memory: texts for writer in writers for memory, texts in writer.maybe.items()}
    missing = [memory for memory in acknowledged(writers) if memory not in stored]
    assert not missing, f"{len(missing)} acknowledged memories are missing"
    lost = [memory for memory, text in acknowledged(writers).items() if stored[memory] not in {text, *maybe[memory]}]
    assert not lost, f"{len(lost)} acknowledged edits are lost"
    assert all(versions.get(memory) for memory in stored), "a memory has no version"
    assert set(stored) <= set(maybe), "a memory was stored that nobody sent"


def kill_worker(wire: Wire) -> int:
    """SIGKILL for the index worker of the daemon at the other end; answers its pid."""
    pid = int(str(nested(wire.call("status/get", {}), "worker")["pid"]))
    os.kill(pid, signal.SIGKILL)
    return pid
