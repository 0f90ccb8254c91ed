"""Tables: whole words at every width."""

from __future__ import annotations

import pytest

from lmem.cli.drawing import print_table

COLUMNS = ("Store", "Objects", "Missing", "Stale", "State")
CLEAN, DIFFERS = "\x1b[32mclean\x1b[0m", "\x1b[31mdiffers\x1b[0m"
ROWS = (("sqlite", "1,204", "0", "0", CLEAN), ("vectors", "1,204", "12", "0", DIFFERS))
WORDS = {word for row in (COLUMNS, *ROWS) for word in row if "\x1b" not in word} | {"clean", "differs"}


@pytest.mark.parametrize("width", [20, 30, 40, 41, 80])
def test_no_word_breaks_and_no_line_is_too_wide(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(COLUMNS, ROWS, numbers=(1, 2, 3))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert {word for line in lines for word in line.split()} == WORDS
    assert lines[0].split() == (list(COLUMNS) if width > 40 else ["Store", "sqlite"])


def test_a_long_word_goes_over_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    path = "/home/ada/src/" + "deep/" * 8 + "api"
    print_table(("Project", "Place"), (("api", path), ("", "-")))
    assert capsys.readouterr().out.split() == ["Project", "Place", "api", path[:31], path[31:], "-"]
