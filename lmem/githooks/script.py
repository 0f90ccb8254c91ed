"""The hook itself, as text: what git's post-commit runs, alone in a file or as a marked section of somebody else's.

Not the place it is written to; see `lmem.githooks.install`. It is POSIX sh and nothing else. It starts no process, not
even for the time of day: under load each one that a commit waits for costs more than all that the shell does itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lmem.errors import Conflict

EVENT = "post-commit"
KEPT = f"{EVENT}.before-lmem"
"""Beside the hook: one that was there before and is no shell script."""

_BEGIN = b"# --- BEGIN LMEM v1: 'lmem hook uninstall' takes this away ---\n"
_ALONE = b"# --- BEGIN LMEM v1: the whole file; 'lmem hook uninstall' takes it away ---\n"
_END = b"# --- END LMEM v1 ---\n"
_MARK = re.compile(rb"# --- (?:BEGIN|END) LMEM ")
_SHEBANG = b"#!/bin/sh\n"
_SHELLS = frozenset({b"sh", b"bash", b"dash", b"ash", b"ksh", b"mksh", b"zsh"})

_APPEND = """\
set +eu
CDPATH= commit= common= git=${{GIT_DIR:-.git}}
[ -d "$git" ] || {{ read -r git <.git; git=${{git#gitdir: }}; }}
read -r commit <"$git/HEAD"
read -r common <"$git/commondir"
case $common in '') common=$git ;; /*) ;; *) common=$git/$common ;; esac
case $commit in 'ref: '*) ref=${{commit#ref: }}; commit=; read -r commit <"$common/$ref" ;; esac
cd -P -- "$common" &&
{only}printf 'v1\\t0\\t%s\\t%s\\n' "$PWD" "$commit" >>{spool}
"""
_SILENT = b"%b </dev/null >/dev/null 2>&1 || :\n"
_FOR = re.compile(rb"^('(?:[^'\n]|'\\'')*')\) ;;\n", re.MULTILINE)

_CHAIN = f"""\
[ -x "${{0%/*}}/{KEPT}" ] || exit 0
exec "${{0%/*}}/{KEPT}" "$@"
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """A hook's file around lmem's section; `alone` when lmem made the file."""

    before: bytes
    section: bytes
    after: bytes
    alone: bool


def commands(spool: Path, only: Iterable[Path] = ()) -> bytes:
    """The commands that append the line of a commit. `only`: leave other repositories alone than these."""
    cases = "".join(f"{quoted(str(path))}) ;;\n" for path in only)
    guard = f"case $PWD in\n{cases}*) false ;;\nesac &&\n" if cases else ""
    return os.fsencode(_APPEND.format(only=guard, spool=quoted(str(spool))))


def alone(body: bytes, chained: bool = False) -> bytes:
    """A file of lmem's own; `chained` runs what is `KEPT` beside it, whose exit status is the file's."""
    here = b"here=$PWD\n{\n" + body + b'cd -- "$here"\n' + _SILENT % b"}"
    return _SHEBANG + _ALONE + here + (_CHAIN.encode() if chained else b"") + _END


def joined(hook: bytes, body: bytes) -> bytes:
    """A shell script with lmem's section in front of its own commands: none of them can end before it.

    The section is a subshell that never fails and says nothing, so everything else goes on as it did.
    """
    section = _section(body)
    if not hook.startswith(b"#!"):
        return section + hook
    head, newline, rest = hook.partition(b"\n")
    return head + newline + section + rest if newline else head + b"\n" + section.removesuffix(b"\n")


def renewed(found: Parts, body: bytes, chained: bool = False) -> bytes:
    """A hook with another section in the place of its own."""
    whole = alone(body, chained).removeprefix(_SHEBANG) if found.alone else _section(body)
    if found.section.startswith(b"\n"):  # see `joined`
        whole = b"\n" + whole.removesuffix(b"\n")
    return found.before + whole + found.after


def _section(body: bytes) -> bytes:
    return _BEGIN + b"(\n" + body + _SILENT % b")" + _END


def is_shell(hook: bytes) -> bool:
    """Whether a hook is a script of a shell that understands sh; without '#!' git gives a text to sh."""
    if not hook.startswith(b"#!"):
        return b"\0" not in hook
    words = hook.partition(b"\n")[0][2:].split()
    names = [word.rpartition(b"/")[2] for word in words]
    if names[:1] == [b"env"]:
        names = [name for name in names[1:] if not name.startswith(b"-") and b"=" not in name]
    return names[:1] != [] and names[0] in _SHELLS


def parts(hook: bytes) -> Parts | None:
    """A hook taken apart at lmem's marks; None when it has none. Raises Conflict for marks that are no pair."""
    marks = [match.start() for match in _MARK.finditer(hook)]
    if not marks:
        return None
    begins = hook[marks[0] :].startswith((_BEGIN, _ALONE))
    if len(marks) != 2 or not begins or not (hook[marks[1] :] + b"\n").startswith(_END):
        raise Conflict(
            "lmem's marks in the hook are no pair: a line of them was changed or is missing.",
            hint="Take the lines between and around '--- BEGIN LMEM' and '--- END LMEM' out by hand, then try again.",
        )
    end = hook.find(b"\n", marks[1]) + 1
    start, end = (marks[0], end) if end else (max(marks[0] - 1, 0), len(hook))  # without a last line feed: see `joined`
    return Parts(hook[:start], hook[start:end], hook[end:], hook[marks[0] :].startswith(_ALONE))


def is_untouched(found: Parts) -> bool:
    """Whether a file of lmem's own holds nothing else."""
    return found.alone and found.before == _SHEBANG and not found.after


def served(section: bytes) -> list[Path]:
    """The repositories that a section is for; empty when it is for all that run it."""
    return [Path(_unquoted(match[1])) for match in _FOR.finditer(section)]


def without(section: bytes, repository: Path) -> bytes:
    """A section for one repository less."""
    return section.replace(os.fsencode(f"{quoted(str(repository))}) ;;\n"), b"")


def quoted(text: str) -> str:
    """A word of sh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _unquoted(word: bytes) -> str:
    return os.fsdecode(word[1:-1].replace(b"'\\''", b"'"))
