"""Terminal sessions as text: reading them, running them, comparing what was printed.

Not a test. A session is commands that start with '$ ' and under each what it prints, standard error included:

    $ lmem add "Chose WAL for SQLite" --type decision
    Remembered <id>  Chose WAL for SQLite  ...
    $ lmem show nothing
    ...
    [exit 4]

'<id>', '<id2>', ... stand for an id: the first time one is seen it is bound, after that it means that id, in commands
too. '<n>' is a number. '...' is anything in a line, or any number of lines when it stands alone. A status other than
0 is the last line. Lines that start with '# ' before the first command say what the session is about.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PLACEHOLDER = re.compile(r"(<id\d*>|<n>|\.\.\.)")
SHORT = 8
"""Characters of an id that lmem shows where the whole is not needed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command and what it prints."""

    command: str
    output: str


def steps(text: str) -> list[Step]:
    """The steps of a session."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return [Step(command, "\n".join(lines).strip("\n")) for command, lines in found]


def run(command: str, environ: Mapping[str, str], cwd: Path) -> str:
    """What a command prints on both streams, and its exit status when that is not 0."""
    done = subprocess.run(
        ["bash", "-c", command], env=dict(environ), cwd=cwd, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
    )
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip("\n")
    return "\n".join(part for part in (printed, f"[exit {done.returncode}]" if done.returncode else "") if part)


def filled(command: str, ids: Mapping[str, str]) -> str:
    """A command with the ids that are bound so far."""
    return re.sub(r"<(id\d*)>", lambda match: ids[match[1]], command)


def compare(expected: str, printed: str, ids: Mapping[str, str]) -> dict[str, str] | None:
    """The ids bound after this step, or None when `printed` is not what was expected."""
    pattern, named = "", set[str]()
    for line in expected.split("\n"):
        pattern += r"(?:.*\n)*?" if line.strip() == "..." else _line(line, ids, named) + r"\n"
    match = re.fullmatch(pattern, printed + "\n")
    return None if match is None else dict(ids) | match.groupdict()


def _line(line: str, ids: Mapping[str, str], named: set[str]) -> str:
    pattern = ""
    for part in PLACEHOLDER.split(line):
        name = part.strip("<>")
        if part == "...":
            pattern += ".*"
        elif part == "<n>":
            pattern += r"\d[\d.,]*"
        elif not PLACEHOLDER.fullmatch(part):
            pattern += re.escape(part)
        elif name in ids:
            pattern += re.escape(ids[name][:SHORT]) + "[0-9a-f]*"
        elif name in named:
            pattern += f"(?P={name})"
        else:
            named.add(name)
            pattern += f"(?P<{name}>[0-9a-f]{{{SHORT},32}})"
    return pattern
