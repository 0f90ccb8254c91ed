"""Terminal sessions, run against the installed lmem: what a user types and what a user sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import Home
from tests.transcripts.session import compare, filled, run, steps

HERE = Path(__file__).parent
SESSIONS = sorted(HERE.glob("*.txt"))


@pytest.fixture
def home(tmp_path: Path, model_dir: Path) -> Iterator[Home]:
    # A category that comes by itself is a change set too: numbers in a session would depend on when it comes.
    made = Home(tmp_path / "home", {"LMEM_MODEL_DIR": str(model_dir), "LMEM_AUTO_CATEGORIZATION_ENABLED": "false"})
    made.path.mkdir()
    yield made
    made.stop()


@pytest.mark.parametrize("file", SESSIONS, ids=[file.stem for file in SESSIONS])
def test_session_goes_as_written(file: Path, home: Home) -> None:
    beside = Path(sys.executable).parent
    environ = home.environ | {"PATH": f"{beside}:{os.environ['PATH']}", "COLUMNS": "100", "TERM": "dumb"}
    ids: dict[str, str] = {}
    for step in steps(file.read_text(encoding="utf-8")):
        printed = run(filled(step.command, ids), environ, home.path)
        bound = compare(step.output, printed, ids)
        assert bound is not None, f"$ {step.command}\nexpected:\n{step.output}\nprinted:\n{printed}"
        ids = bound


def test_there_are_sessions() -> None:
    assert HERE / "readme.txt" in SESSIONS


@pytest.mark.parametrize(
    ("expected", "printed", "fits"),
    [
        ("Remembered <id>  a (b)", "Remembered 0123456789ab  a (b)", True),
        ("Remembered <id>  a (b)", "Remembered xyz  a (b)", False),
        ("<id> is <id>", "0123abcd is 0123abcd", True),
        ("<id> is <id>", "0123abcd is 0123abce", False),
        ("<n> of <n>", "12 of 3.5", True),
        ("a\n...\nb", "a\n1\n2\nb", True),
        ("a\n...\nb", "a\nb", True),
        ("a\n...\nb", "a\nc", False),
        ("took ... ms", "took 3 or 4 ms", True),
        ("", "", True),
        ("", "noise", False),
    ],
)
def test_a_placeholder_takes_what_it_says_and_no_more(expected: str, printed: str, fits: bool) -> None:
    assert (compare(expected, printed, {}) is not None) is fits


def test_a_bound_id_is_the_same_id_ever_after() -> None:
    ids = compare("Remembered <id>", "Remembered 0123abcd", {})
    assert ids == {"id": "0123abcd"}
    assert filled("lmem show <id>", ids) == "lmem show 0123abcd"
    assert compare("<id>", "0123abcd99999999", ids) is not None
    assert compare("<id>", "0123abce99999999", ids) is None
