"""Lines, colours, ages and sizes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.cli import output
from tests.unit.cli.fake_daemon import FakeDaemon, Params, memory
from tests.unit.cli.terminal import Terminal

LETTERS = "ümläut 😀 \x80"


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb", "a\\x0db"),
        ("abc\u202etxt", "abc\\u202etxt"),
        ("für Zoë 日本", "für Zoë 日本"),
    ],
)
def test_stored_text_is_spelt_out_where_it_could_command(text: str, seen: str) -> None:
    assert output.visible(text) == seen


@given(st.text())
def test_nothing_visible_is_a_control_character(text: str) -> None:
    seen = output.visible(text)
    assert all(char in "\n\t" or (ord(char) >= 32 and not 0x7F <= ord(char) < 0xA0) for char in seen)


@pytest.mark.parametrize(
    ("environ", "terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colours(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], terminal: bool, wanted: bool) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert output.coloured(Screen() if terminal else io.StringIO()) is wanted


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=5), "5 h"),
        (timedelta(days=4), "4 d"),
        (timedelta(seconds=-5), "now"),
    ],
)
def test_the_age_of_a_memory(ago: timedelta, said: str) -> None:
    assert output.age((datetime.now(UTC) - ago).isoformat()) == said


def test_an_old_memory_has_a_date() -> None:
    assert output.age("2001-02-03T12:00:00.000Z") == "2001-02-03"


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (250_000, "250 kB"), (3.2e9, "3.2 GB"), (None, "0 B")],
)
def test_sizes(number: object, said: str) -> None:
    assert output.size(number) == said


def test_counts() -> None:
    assert [output.count(n, "memory", "memories") for n in (0, 1, 2000)] == ["0 memories", "1 memory", "2,000 memories"]


def test_a_lone_surrogate_does_not_stop_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    output.line("a\udcffb")
    assert capsys.readouterr().out == "a\\udcffb\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("command", [("list",), ("search", "x"), ("export",), ("show", "3f2a9c1d")])
def test_json_is_the_same_value_in_every_encoding(
    daemon: FakeDaemon, lmem: Terminal, encoding: str, command: tuple[str, ...]
) -> None:
    found = memory(title=LETTERS)
    daemon.answers["memory/get"] = lambda params: found
    daemon.answers["memory/list"] = lambda params: {"memories": [found], "total": 1}
    daemon.answers["memory/search"] = lambda params: {"results": [found], "served_by": [], "degraded": []}
    daemon.answers["memory/export"] = lambda params: {"records": [{**found, "versions": []}], "next": None}
    done = json.loads(lmem.run(*command, "--json", env={"PYTHONIOENCODING": encoding}).out)
    assert (done["results"][0] if "results" in done else done)["title"] == LETTERS


def test_arguments_are_read_in_a_locale_of_ascii_alone(daemon: FakeDaemon, lmem: Terminal) -> None:
    heard: list[Params] = []

    def add(params: Params) -> Params:
        heard.append(params)
        return {**params, "title": "x", "layer": "global"}

    daemon.answers["memory/add"] = add
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    (lmem.folder / "größe.txt").write_text("aus der Datei")
    assert lmem.run("add", LETTERS.encode(), "--tag", "größe".encode(), env=ascii_alone).status == 0
    assert lmem.run("add", "--file", "größe.txt".encode(), env=ascii_alone).status == 0
    assert [item["content"] for item in heard] == [LETTERS, "aus der Datei"]
    assert heard[0]["tags"] == ["größe"]
    assert lmem.run("add", b"\xff", env=ascii_alone).status == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_the_caller_closed_is_nothing(daemon: FakeDaemon, lmem: Terminal, closed: str) -> None:
    for command in ("list", "list --json", "add x", "show 3f2a9c1d --json"):
        done = subprocess.run(
            ["bash", "-c", f"exec {sys.executable} -m lmem {command} {closed}"], capture_output=True, cwd=lmem.folder,
            env=lmem.environment({}), timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done
