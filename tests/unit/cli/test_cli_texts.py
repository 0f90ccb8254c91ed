"""Where texts come from, and what is refused before the daemon is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.cli import texts
from lmem.errors import InvalidInput
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.terminal import Terminal


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (b"", "The text from standard input is empty."),
        (b" \n\t\n", "The text from standard input is empty."),
        (b"a\0b", "The text from standard input has a NUL byte, so it is not text."),
        (b"ok \xff\xfe", "The text from standard input is not valid UTF-8 (byte 3)."),
        (b"x" * 5_000_000, "The text from standard input is over 4 MB."),
    ],
    ids=["empty", "blank", "nul", "not utf-8", "5 MB"],
)
def test_what_is_no_text_is_refused_in_a_sentence(daemon: FakeDaemon, lmem: Terminal, stdin: bytes, said: str) -> None:
    done = lmem.run("add", "-", stdin=stdin)
    assert done.status == 2
    assert done.err.splitlines()[0] == f"lmem: {said}"
    assert len(done.err.splitlines()) == 2
    assert not daemon.asked


def test_an_argument_that_is_not_utf_8(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.run("add", b"caf\xe9")
    assert done.status == 2
    assert done.err.startswith("lmem: The text from argument is not valid UTF-8.")


@pytest.mark.parametrize(
    ("argv", "stdin"),
    [
        (("add", "-"), b"from a pipe\nof two lines\n"),
        (("add", "--file", "-"), b"\xef\xbb\xbffrom a pipe\nof two lines\n"),
    ],
)
def test_standard_input_is_kept_as_it_is(
    daemon: FakeDaemon, lmem: Terminal, argv: tuple[str, ...], stdin: bytes
) -> None:
    assert lmem.run(*argv, stdin=stdin).status == 0
    assert daemon.calls("memory/add")[0]["content"] == "from a pipe\nof two lines\n"


def test_a_file(daemon: FakeDaemon, lmem: Terminal) -> None:
    (lmem.folder / "note.md").write_text("# Title\n\nBody é\n", encoding="utf-8")
    assert lmem.run("add", "--file", "note.md").status == 0
    assert daemon.calls("memory/add")[0]["content"] == "# Title\n\nBody é\n"


def test_words_are_joined(daemon: FakeDaemon, lmem: Terminal) -> None:
    lmem.run("add", "never", "force-push", "main")
    assert daemon.calls("memory/add")[0]["content"] == "never force-push main"


def _editor(folder: Path, script: str) -> dict[str, str]:
    path = folder / "my editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"VISUAL": f"'{path}' --wait"}


def test_an_editor_writes_the_text(daemon: FakeDaemon, lmem: Terminal) -> None:
    done = lmem.type("add", "a start", "--edit", env=_editor(lmem.folder, 'cat "$2"; echo more >> "$2"'))
    assert done.status == 0, done.out
    assert daemon.calls("memory/add")[0]["content"] == "a startmore"


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        ("exit 3", 1, "The editor ended with status 3, so nothing was changed."),
        (': > "$2"', 2, "is empty."),
    ],
)
def test_an_editor_that_writes_nothing(daemon: FakeDaemon, lmem: Terminal, script: str, status: int, said: str) -> None:
    done = lmem.type("add", "--edit", env=_editor(lmem.folder, script))
    assert done.status == status
    assert said in done.out
    assert not daemon.asked


def test_an_editor_that_is_not_there(lmem: Terminal) -> None:
    done = lmem.type("add", "--edit", env={"EDITOR": "no-such-editor"})
    assert done.status == 1
    assert "The editor 'no-such-editor' is not there." in done.out


def test_no_editor_without_a_terminal(lmem: Terminal) -> None:
    done = lmem.run("add", "--edit")
    assert done.status == 2
    assert "There is no terminal" in done.err


def test_a_place_in_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert texts.number_after("a.py:12") == {"file": f"{tmp_path}/a.py", "line": 12}
    assert texts.number_after("a.py") == {"file": f"{tmp_path}/a.py"}


@pytest.mark.parametrize("place", ["a.py:twelve", ":3", "a.py:"])
def test_a_place_that_is_none(place: str) -> None:
    with pytest.raises(InvalidInput, match="is not FILE:LINE"):
        texts.number_after(place)
