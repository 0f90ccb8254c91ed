"""completions and _complete, tried in the shells themselves where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.fake_daemon import ID, OTHER, FakeDaemon, memory
from tests.unit.cli.terminal import ROOT, Terminal

BASH = """
source {script}
COMP_WORDS=({words}); COMP_CWORD={last}
_lmem
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def known(daemon: FakeDaemon) -> FakeDaemon:
    memories = [memory(), memory(id=OTHER, title="A\ttab", project="my web"), memory(project=None)]
    daemon.answers["memory/list"] = lambda params: {"memories": memories, "total": 3}
    projects = [{"name": "api", "description": None}, {"name": "my web", "description": "The shop"}]
    daemon.answers["project/names"] = lambda params: {"projects": projects}
    daemon.answers["memory/tags"] = lambda params: {"tags": [{"tag": "sqlite", "count": 3}, {"tag": "net", "count": 1}]}
    return daemon


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        (("ids", ""), ["3f2a9c1d\tWe chose WAL", "77b0c4de\tA tab", "3f2a9c1d\tWe chose WAL"]),
        (("ids", "77b"), ["77b0c4de\tA tab"]),
        (("ids", ID[:12]), [f"{ID[:12]}\tWe chose WAL"] * 2),
        (("projects", ""), ["api\tproject", "my web\tThe shop"]),
        (("tags", "s"), ["sqlite\t3"]),
        (("colours", ""), []),
        ((), []),
    ],
)
def test_candidates(known: FakeDaemon, lmem: Terminal, argv: tuple[str, ...], lines: list[str]) -> None:
    assert lmem.run("_complete", *argv).out.splitlines() == lines


def test_nothing_is_offered_started_or_said_when_the_daemon_is_down(lmem: Terminal) -> None:
    done = lmem.run("_complete", "ids", "")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert not lmem.home.exists()


def test_an_answer_that_is_late_is_not_waited_for(daemon: FakeDaemon, lmem: Terminal) -> None:
    from threading import Event

    late = Event()
    daemon.answers["memory/tags"] = lambda params: {"tags": []} if late.wait(5) else None
    done = lmem.run("_complete", "tags", "")
    late.set()
    assert (done.status, done.out, done.err) == (0, "", "")


def run_bash(lmem: Terminal, folder: Path, *words: str) -> set[str]:
    """What bash offers after `words`, the last of which is being typed."""
    (folder / "lmem").write_text(f"#!/bin/sh\nexec '{sys.executable}' -m lmem \"$@\"\n")
    (folder / "lmem").chmod(0o755)
    quoted = " ".join(f"'{word}'" for word in words)
    command = BASH.format(script=ROOT / "completions/lmem.bash", words=quoted, last=len(words) - 1)
    env = lmem.environment({})
    env["PATH"] = f"{folder}:{env['PATH']}"
    done = subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, check=True)
    assert not done.stderr
    return set(done.stdout.split("\n")) - {""}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("lmem", "se"), {"search", "session"}),
        (("lmem", "daemon", "st"), {"start", "stop", "status"}),
        (("lmem", "daemon", "logs", "--f"), {"--follow"}),
        (("lmem", "add", "x", "--dec"), {"--decay-rate"}),
        (("lmem", "add", "x", "--layer", "g"), {"global"}),
        (("lmem", "search", "x", "--only", ""), {"fts", "sparse", "dense"}),
        (("lmem", "show", "7"), {"77b0c4de"}),
        (("lmem", "show", "3f2a", "7"), {"77b0c4de"}),
        (("lmem", "add", "x", "--tag", ""), {"sqlite", "net"}),
        (("lmem", "list", "--project", ""), {"api", "my\\ web"}),
        (("lmem", "add", "x", "--title", ""), set()),
        (("lmem", "completions", "show", "f"), {"fish"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bash(known: FakeDaemon, lmem: Terminal, tmp_path: Path, words: tuple[str, ...], offered: set[str]) -> None:
    assert run_bash(lmem, tmp_path, *words) == offered


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("lmem se", {"search", "session"}),
        ("lmem daemon st", {"start", "stop", "status"}),
        ("lmem daemon logs --f", {"--follow"}),
        ("lmem add x --layer g", {"global"}),
        ("lmem show 7", {"77b0c4de"}),
        ("lmem search add --expl", {"--explain"}),
    ],
)
def test_fish(known: FakeDaemon, lmem: Terminal, tmp_path: Path, typed: str, offered: set[str]) -> None:
    (tmp_path / "lmem").write_text(f"#!/bin/sh\nexec '{sys.executable}' -m lmem \"$@\"\n")
    (tmp_path / "lmem").chmod(0o755)
    env = lmem.environment({"HOME": str(tmp_path)})
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    command = f"source {ROOT}/completions/lmem.fish; complete -C '{typed}'"
    done = subprocess.run(["fish", "--no-config", "-c", command], env=env, capture_output=True, text=True, check=True)
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == offered


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_reads_the_script(tmp_path: Path) -> None:
    command = (
        f"fpath=({ROOT}/completions $fpath); autoload -U compinit; compinit -u -d {tmp_path}/dump; print $_comps[lmem]"
    )
    done = subprocess.run(["zsh", "-fc", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("_lmem\n", "")
    subprocess.run(["zsh", "-n", ROOT / "completions/_lmem"], check=True)


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", ".local/share/bash-completion/completions/lmem"),
        ("zsh", ".local/share/zsh/site-functions/_lmem"),
        ("fish", ".config/fish/completions/lmem.fish"),
    ],
)
def test_install_writes_where_the_shell_looks(lmem: Terminal, shell: str, place: str) -> None:
    env = {"HOME": str(lmem.folder), "SHELL": f"/usr/bin/{shell}", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}
    assert lmem.run("completions", "install", "--dry-run", env=env).out.startswith("Would write ")
    assert not (lmem.folder / place).exists()
    assert lmem.run("completions", "install", env=env).out.startswith(f"Wrote {lmem.folder / place}.\n")
    assert (lmem.folder / place).read_text() == lmem.run("completions", "show", shell).out


@pytest.mark.parametrize(("argv", "shell"), [(("csh",), "/bin/bash"), ((), "/bin/tcsh"), ((), "")])
def test_a_shell_that_is_not_known(lmem: Terminal, argv: tuple[str, ...], shell: str) -> None:
    done = lmem.run("completions", "install", *argv, env={"SHELL": shell})
    assert done.status == 2
    assert "There are no completions for" in done.err
