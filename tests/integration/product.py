"""What tests of the whole product share: a home with the installed lmem and its real daemon, and clients of any name.

Not a test. A home's user has an empty HOME and TMPDIR of their own, so that whatever lands outside of LMEM_HOME shows.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.harness import Home, installed, nested
from tests.integration.lifecycle_support import HELLO, Raw, home_paths

Json = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """What a command left: exit status, standard output and standard error."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        """The one object on standard output."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def rows(self) -> list[Json]:
        """The objects on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> Json:
        """The error object that --json prints on standard error."""
        found = json.loads(self.err)["error"]
        assert isinstance(found, dict)
        return found


class Product:
    """One LMEM_HOME, its user and its daemon."""

    def __init__(self, base: Path, model_dir: Path, **settings: str | None) -> None:
        """`settings` are the daemon's, as `neo4j_url`; None leaves one out."""
        self.user, self.temporary = base / "user", base / "tmp"
        self.user.mkdir()
        self.temporary.mkdir()
        outside = {f"XDG_{name}_HOME": str(self.user / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        outside |= {"XDG_RUNTIME_DIR": str(self.user), "HOME": str(self.user), "TMPDIR": str(self.temporary)}
        given = {f"LMEM_{name.upper()}": value for name, value in settings.items() if value is not None}
        self.home = Home(base / "h", {**outside, "LMEM_MODEL_DIR": str(model_dir), **given})
        self.home.path.mkdir()

    def run(self, *arguments: str | bytes, stdin: bytes = b"") -> Said:
        """The installed lmem, as a shell starts it."""
        done = subprocess.run(
            [os.fsencode(installed()), *(os.fsencode(item) for item in arguments)],
            env=self.home.environ, cwd=self.user, input=stdin, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def good(self, *arguments: str | bytes, stdin: bytes = b"") -> Said:
        """A command that has to work."""
        said = self.run(*arguments, stdin=stdin)
        assert said.status == 0, said
        return said

    def add(self, text: str, *options: str) -> str:
        """The id of a new memory."""
        return str(self.good("add", text, *options, "--json").json["id"])

    def client(self, name: str = "cli") -> Client:
        """A connection of a client that calls itself `name`."""
        return Client(self, name)

    def call(self, method: str, /, **params: object) -> Json:
        """The result of one request of the terminal's."""
        with self.client() as client:
            return client.result(method, **params)

    def settle(self) -> None:
        """Return when every index has caught up."""
        self.call("status/wait", timeout=30)

    def pid(self) -> int:
        return int(str(nested(self.call("status/get"), "daemon")["pid"]))

    def memories(self) -> int:
        """How many memories are stored, archived ones too."""
        counts = nested(self.call("status/get"), "counts")
        return int(str(counts["memories"])) + int(str(counts["archived"]))

    def faults(self) -> list[str]:
        """Lines of the daemon's log that tell of a bug: errors, and whatever carries a traceback."""
        lines = self.home.paths.log_file.read_text(encoding="utf-8").splitlines()
        found = [line for line in lines if json.loads(line)["level"] in ("error", "critical") or "exception" in line]
        return found + self.home.paths.crash_file.read_text(encoding="utf-8").splitlines()


class Client:
    """One connection, with the name that its hello gives."""

    def __init__(self, product: Product, name: str) -> None:
        self.raw = Raw(home_paths(product.home.path).socket, greet=False)
        self.hello = self.raw.ask({**HELLO, "client": name})

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.raw.__exit__()

    def ask(self, method: str, params: object) -> Json:
        """The frame that answers a request; notifications are passed over."""
        self.raw.say(json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode() + b"\n")
        while (frame := self.raw.hear()) and "method" in frame:
            pass
        return frame

    def result(self, method: str, /, **params: object) -> Json:
        frame = self.ask(method, params)
        assert "result" in frame, frame
        found = frame["result"]
        assert isinstance(found, dict)
        return found

    def refusal(self, method: str, /, **params: object) -> Json:
        """The error of a request that must be refused: code, message, hint and retryable."""
        return refused(self.ask(method, params))


def refused(frame: Json) -> Json:
    """The error in a frame: code, message, hint and retryable."""
    assert "error" in frame, frame
    return {"message": frame["error"]["message"], **frame["error"]["data"]}


@contextmanager
def running(base: Path, model_dir: Path, *, vectors: bool = True) -> Iterator[Product]:
    """A product whose daemon runs; at the end it must still be the same process, and have logged no fault."""
    product = Product(base, model_dir)
    product.home.start(vectors)
    try:
        pid = product.pid()
        yield product
        assert product.pid() == pid, "the daemon died on the way"
        assert not product.faults()
    finally:
        product.home.stop()


def helpful(error: Json, statuses: Sequence[str]) -> bool:
    """An error of one of these codes that is a sentence, of one line, with a next step."""
    message, hint = str(error["message"]), str(error["hint"])
    return error["code"] in statuses and message.rstrip().endswith((".", "?")) and "\n" not in message and len(hint) > 8
