"""Every example of the help and the man pages: all are read by the parser, and those that can be are run as printed.

Not what they print; the transcripts show that.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import lmem.__main__
from lmem.cli import run
from lmem.cli.examples import EXAMPLES
from tests.bench.harness import installed
from tests.integration.product import Product, running
from tests.unit.daemon.repositories import git, repository

LINES = list(dict.fromkeys(line for rows in EXAMPLES.values() for line, _ in rows))
IDS = ("3f2a9c1d" + "0" * 24, "77b0c4de" + "1" * 24)
NOT_RUN = {
    r"^docker|^claude|\| dot ": "another program",
    r"rebuild vectors$|graph cypher": "a server, or a rebuild of a minute",
    r"^lmem init$|model (pull|use)": "the network",
    r"lmem edit 3f2a9c1d$|config edit|--purge$|lmem backup restore|patterns forget outbox$": "a terminal",
    r"/mnt/usb|2026112": "a backup of that name",
    r"undo 42": "a change of that number",
    r"daemon (stop|restart|run|logs -f|install|uninstall)|logs -f": "it ends the daemon, or does not end",
}
"""What is only read: a pattern of lines, and what they need."""


BEFORE = {
    "lmem done 3f2a9c1d --by": "lmem undo",
    "lmem session start flaky": "lmem session start",
    "lmem session switch": "lmem session start 'retry uploads' && lmem session start other",
    "lmem project init --name notes": "mkdir ~/notes && cd ~/notes",
    "lmem graph projects outbox": "lmem patterns add architecture outbox 'one transaction'",
    "lmem hook status": "lmem hook install",
}
"""What has to be so for a line that begins like this, beside what `place` has."""


def commands(line: str) -> list[list[str]]:
    """The arguments of each lmem in a line of shell."""
    plain = re.sub(r"\$\((?!lmem)[^)]*\)", "x", line)
    words = shlex.shlex(re.sub(r"\$\(lmem ([^)]*)\)", r"x ; lmem \1", plain), posix=True, punctuation_chars=True)
    words.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in words:
        if set(word) <= set("|;&"):
            found.append([])
        else:
            found[-1].append(word)
    return [part[1:] for part in found if part[:1] == ["lmem"]]


@pytest.mark.parametrize("line", LINES)
def test_an_example_is_read(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def function_of(name: str) -> object:
        read.append(name)
        return lambda **values: 0

    monkeypatch.setattr(run, "function_of", function_of)
    every = [argv for argv in commands(line) if argv != ["mcp"]]
    assert [lmem.__main__.answer(argv) for argv in every] == [0] * len(every)
    assert len(read) == len(every)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("examples"), model_dir) as product:
        yield product


@pytest.fixture(scope="module")
def place(product: Product) -> Path:
    """A repository with what the examples speak of."""
    top = repository(product.user / "src" / "api")
    git(top, "tag", "v1.2.0")
    (top / "notes.jsonl").write_text('{"content": "from a file", "source_id": "1"}\n')
    for name in ("api", "web", "api-fork"):
        product.user.joinpath(name).mkdir()
        _run(product, top if name == "api" else product.user / name, f"lmem project init --name {name}")
    rows = "".join(f'{{"id": "{id_}", "content": "we chose WAL {id_}", "type": "task"}}\n' for id_ in IDS)
    _run(product, top, f"echo '{rows}' | lmem add --jsonl -")
    _run(product, top, "lmem edit 3f2a9c1d --title again && lmem edit 3f2a9c1d --title more --importance 0.7")
    _run(product, top, "lmem edit 3f2a9c1d --category x")
    return top


def _run(product: Product, folder: Path, line: str) -> None:
    path = f"{Path(installed()).parent}:{os.environ['PATH']}"
    environ = product.home.environ | {"PATH": path, "EDITOR": "true", "SHELL": "/bin/bash"}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=environ, cwd=folder, stdin=subprocess.DEVNULL, timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("line", [line for line in LINES if not any(re.search(part, line) for part in NOT_RUN)])
def test_an_example_works_as_printed(product: Product, place: Path, line: str) -> None:
    if "jq" in line and not shutil.which("jq"):
        pytest.skip("jq is not installed")
    before = [f"lmem restore {' '.join(IDS)}", *(BEFORE[begin] for begin in BEFORE if line.startswith(begin))]
    _run(product, place, f"{' && '.join(before)} >&2 && {line}")
