"""The hook's text: joined and taken apart without a trace, and right in every shell that is here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lmem.errors import Conflict
from lmem.githooks import script
from lmem.githooks.spool import Hint, parse
from tests.unit.githooks.hooked import Place

BODY = script.commands(Path("/spool/commits"), [Path("/it's/.git"), Path("/other/.git")])
HEADS = st.sampled_from([b"", b"#!", b"#!/bin/sh", b"#!/bin/sh\n", b"#!/bin/sh\r\n", b"#!/usr/bin/env bash\n"])
SHELLS = [name for name in ("sh", "dash", "ash", "bash", "zsh", "ksh", "mksh") if shutil.which(name)]


@given(head=HEADS, rest=st.binary(max_size=80))
def test_a_section_leaves_no_trace(head: bytes, rest: bytes) -> None:
    hook = head + rest
    assume(b"LMEM" not in hook)  # half of a mark is refused: see the tests of install
    found = script.parts(script.joined(hook, BODY))
    assert found is not None
    assert not found.alone
    assert found.before + found.after == hook
    renewed = script.parts(script.renewed(found, BODY.replace(b"/spool", b"/new/spool")))
    assert renewed is not None
    assert b"/new/spool/commits" in renewed.section
    assert renewed.before + renewed.after == hook
    assert script.renewed(renewed, BODY) == script.joined(hook, BODY)


@pytest.mark.parametrize("chained", [False, True])
def test_a_file_of_its_own_is_known_again(chained: bool) -> None:
    found = script.parts(script.alone(BODY, chained))
    assert found is not None
    assert script.is_untouched(found)
    assert (script.KEPT.encode() in found.section) is chained
    changed = script.parts(script.alone(BODY) + b"echo mine\n")
    assert changed is not None
    assert not script.is_untouched(changed)
    assert script.renewed(changed, BODY).endswith(b"echo mine\n")


@pytest.mark.parametrize("cut", ["BEGIN", "END"])
def test_a_mark_without_its_other_is_said(cut: str) -> None:
    whole = script.joined(b"#!/bin/sh\n", BODY).splitlines(keepends=True)
    with pytest.raises(Conflict) as caught:
        script.parts(b"".join(line for line in whole if f"--- {cut} LMEM".encode() not in line))
    assert "by hand" in caught.value.hint
    with pytest.raises(Conflict):
        script.parts(b"".join(reversed(whole)))


@pytest.mark.parametrize(
    ("head", "is_shell"),
    [
        (b"#!/bin/sh\n", True),
        (b"#! /bin/dash -e\n", True),
        (b"#!/usr/bin/env bash\n", True),
        (b"#!/usr/bin/env -S A=1 zsh -f\n", True),
        (b"echo hello\n", True),
        (b"", True),
        (b"#!/usr/bin/env python3\n", False),
        (b"#!/usr/bin/perl -w\n", False),
        (b"#!/usr/bin/fish\n", False),
        (b"#!\n", False),
        (b"\x7fELF\x02\0\0", False),
    ],
)
def test_shells_are_known_by_the_first_line(head: bytes, is_shell: bool) -> None:
    assert script.is_shell(head) is is_shell


def test_a_section_knows_whom_it_serves() -> None:
    assert script.served(BODY) == [Path("/it's/.git"), Path("/other/.git")]
    assert script.served(script.without(BODY, Path("/it's/.git"))) == [Path("/other/.git")]
    assert script.served(script.commands(Path("/spool"))) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("options", ["", " -eu", " -x"])
@pytest.mark.parametrize("name", ["plain", 'it\'s "odd" $HOME `x` \\ é', "-dash"])
def test_every_shell_writes_the_line_and_goes_on(place: Place, shell: str, options: str, name: str) -> None:
    work = place.repository(name)
    commit = place.commit(work)
    spool = place.base / f"spool of {name}"
    hook = place.base / "hook"
    own = f'#!{shutil.which(shell)}{options}\nread -r line\necho "$line $0 $PWD"\necho bad >&2\nexit 3\n'
    hook.write_bytes(script.joined(own.encode(), script.commands(spool)))
    hook.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "CDPATH": str(place.base), "commit": "x", "common": "/", "git": "y"}
    done = subprocess.run(
        [hook], cwd=work, input="typed\n", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stdout == f"typed {hook} {work}\n"
    assert "bad\n" in done.stderr
    if options != " -x":
        assert done.stderr == "bad\n"
    hint = parse(spool.read_bytes())
    assert hint is not None
    assert (hint.repository, hint.commit) == (work / ".git", commit)


@pytest.mark.parametrize("shell", SHELLS)
def test_whatever_fails_is_silent_and_no_failure(place: Place, shell: str) -> None:
    hook = place.base / "hook"
    body = script.commands(place.base / "nowhere" / "spool")
    hook.write_bytes(script.alone(body).replace(b"/bin/sh", (shutil.which(shell) or "").encode(), 1))
    hook.chmod(0o755)
    for directory in (place.repository("work"), place.base):
        done = subprocess.run([hook], cwd=directory, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_before_the_first_commit_the_line_names_none(place: Place) -> None:
    work, spool, hook = place.repository(), place.base / "spool", place.base / "hook"
    hook.write_bytes(script.alone(script.commands(spool)))
    subprocess.run(["sh", hook], cwd=work, env={"commit": "x", "CDPATH": str(place.base)}, check=True)
    assert parse(spool.read_bytes()) == Hint(0, work / ".git", "")


def test_what_is_added_to_a_file_of_its_own_runs_where_it_did(place: Place) -> None:
    work, hook = place.repository(), place.base / "hook"
    hook.write_bytes(script.alone(script.commands(place.base / "spool")) + b'echo "$PWD"; pwd; echo x >&2\n')
    done = subprocess.run(["sh", hook], cwd=work, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{work}\n{work}\n", "x\n")
