"""`python -m lmem.stores.isolated_child FD PARENT`: the index worker, which owns native code and serves its calls.

Not a daemon: it lives and dies with its parent, keeps no state that the parent cannot make again, and no lock.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import Any, cast

from lmem.errors import LmemError, StoreUnavailable
from lmem.stores.lifeline import die_with_parent, set_process_name
from lmem.stores.pipe import LENGTH, Lane, Reply, Request, Setup, Spec, Target, describe, pack, unpack

EXIT_PANIC = 70
"""Native code panicked: its locks cannot be trusted, so the process ends and a fresh one takes over."""

MOST_NOTED = 100
"""Errors of one life whose place is written to the log: it is only shortened when a child starts."""

_SWITCH_SECONDS = 0.001
"""A search that comes back from native code waits this long for a thread that runs Python, not the usual 5 ms."""


class Child:
    """The child's side of the pipe.

    The threads of the first lane read it in turn: one that finds a call of its own lane lets the next one read and
    answers, so a question is handed to no other thread (0.2 to 0.6 ms of sleep saved). Other lanes get theirs by queue.
    """

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._reader = pipe.makefile("rb")
        self._reading = threading.Lock()
        self._sending = threading.Lock()
        self._noted = 0
        self._targets: dict[str, Any] = {}
        self._lanes: dict[str, SimpleQueue[Request]] = {}

    def run(self) -> None:
        """Make the targets, then serve calls until the parent closes the pipe."""
        setup: Setup = self._receive()
        error = self._make(setup)
        self._send(Reply(0, os.getpid(), error))
        if error is None:
            first, *others = setup.lanes
            for lane in others:
                self._start(lane)
            for number in range(1, first.threads):
                name = f"{first.name}-{number}"
                threading.Thread(target=self._read, args=(first.name,), name=name, daemon=True).start()
            gc.freeze()  # modules and targets live as long as the process: no collection looks at them again
            self._read(first.name)

    def _make(self, setup: Setup) -> tuple[str, str, str] | None:
        try:
            for name, spec in setup.targets.items():
                self._targets[name] = self._construct(spec)
        except LmemError as err:
            return describe(err)
        except (ImportError, AttributeError, KeyError, TypeError, OSError) as err:
            traceback.print_exc()
            return describe(StoreUnavailable(f"The index worker cannot start: {type(err).__name__}: {err}."))
        return None

    def _construct(self, spec: Spec) -> Any:
        module, _, name = spec.factory.partition(":")
        arguments = {
            key: self._targets[value.name] if isinstance(value, Target) else value
            for key, value in spec.arguments.items()
        }
        return getattr(importlib.import_module(module), name)(**arguments)

    def _start(self, lane: Lane) -> None:
        calls: SimpleQueue[Request] = SimpleQueue()
        self._lanes[lane.name] = calls
        for number in range(lane.threads):
            name = f"{lane.name}-{number}"
            threading.Thread(target=self._work, args=(calls,), name=name, daemon=True).start()

    def _read(self, lane: str) -> None:
        """Take a turn at the pipe until a call of `lane` comes, answer it, and again; ends when the parent is gone."""
        while (request := self._next(lane)) is not None:
            self._send(self._answer(request))

    def _next(self, lane: str) -> Request | None:
        with self._reading:
            while (request := self._receive()) is not None and request.lane != lane:
                self._lanes[request.lane].put(request)
            return cast("Request | None", request)

    def _work(self, calls: SimpleQueue[Request]) -> None:
        while True:
            self._send(self._answer(calls.get()))

    def _answer(self, request: Request) -> Reply:
        """The child's dispatch, and one of the few doors that catch everything: each error is answered or fatal."""
        try:
            method = getattr(self._targets[request.target], request.method)
            return Reply(request.id, method(*request.args, **request.kwargs), None)
        except LmemError as err:
            return Reply(request.id, None, describe(err))
        except Exception as err:  # Edge raises Exception itself, with the sentence that matters
            self._note(err)
            text = f"The index worker failed in {request.target}.{request.method}: {type(err).__name__}: {err}"
            return Reply(request.id, None, describe(StoreUnavailable(text)))
        except BaseException:  # a panic of native code is no Exception
            traceback.print_exc()
            os._exit(EXIT_PANIC)

    def _note(self, err: Exception) -> None:
        """Where an error came from goes to the log; its words, which may quote a text, to the caller alone."""
        self._noted += 1
        if self._noted <= MOST_NOTED:
            place = "".join(traceback.format_tb(err.__traceback__))
            print(f"{place}{type(err).__module__}.{type(err).__qualname__}", file=sys.stderr)

    def _send(self, reply: Reply) -> None:
        frame = pack(reply)
        try:
            with self._sending:
                self._pipe.sendall(frame)
        except OSError:  # the parent is gone, and with it whoever asked
            os._exit(0)

    def _receive(self) -> Any:
        head = self._reader.read(LENGTH.size)
        return unpack(self._reader.read(LENGTH.unpack(head)[0])) if len(head) == LENGTH.size else None


def main() -> None:
    """Read the pipe's descriptor and the parent's pid from the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in `lmem daemon run` is the daemon's, which stops in order
    die_with_parent(int(sys.argv[2]))
    set_process_name("lmem-index")
    sys.setswitchinterval(_SWITCH_SECONDS)
    Child(socket.socket(fileno=int(sys.argv[1]))).run()
    os._exit(0)  # a lane may be inside native code; what it wrote is flushed or will be written again


if __name__ == "__main__":
    main()
