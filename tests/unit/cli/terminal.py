"""Runs lmem as a user does: a process of its own, with pipes or with a terminal around it.

Not a test; the daemon on the other side is the test's business.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
TAKEN_AWAY = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "VISUAL", "EDITOR")


@dataclass(frozen=True)
class Done:
    """A process that has ended. On a terminal `out` has both streams."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON object on stdout; nothing else may be there."""
        assert self.status == 0, self.err
        return json.loads(self.out)

    def error(self) -> dict[str, str]:
        """The JSON error on stderr; stdout has to be empty."""
        assert not self.out
        found: dict[str, str] = json.loads(self.err)["error"]
        return found


@dataclass(frozen=True)
class Terminal:
    """Where lmem runs: LMEM_HOME and the working directory."""

    home: Path
    folder: Path

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in TAKEN_AWAY}
        return {**kept, "LMEM_HOME": str(self.home), "PYTHONPATH": str(ROOT), "TERM": "xterm", **more}

    def run(self, *argv: str | bytes, stdin: bytes = b"", env: dict[str, str] | None = None) -> Done:
        """lmem with pipes around it."""
        done = subprocess.run(
            [sys.executable, "-m", "lmem", *argv],
            input=stdin, capture_output=True, cwd=self.folder, env=self.environment(env or {}), timeout=60, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def type(self, *argv: str, typed: str = "", env: dict[str, str] | None = None) -> Done:
        """lmem on a terminal, with `typed` on its keyboard."""
        ours, theirs = pty.openpty()
        os.write(ours, typed.encode())
        process = subprocess.Popen(
            [sys.executable, "-m", "lmem", *argv], stdin=theirs, stdout=theirs, stderr=theirs,
            cwd=self.folder, env=self.environment(env or {}),
        )  # fmt: skip
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:
            pass  # how Linux says that the other end was closed
        finally:
            os.close(ours)
        return Done(process.wait(60), seen.decode().replace("\r\n", "\n"), "")
