"""Changing a TOML file that a person wrote: the change and nothing else, or an error and nothing at all."""

from __future__ import annotations

import os
import threading
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.config import flattened
from lmem.configfile import changed, spelt, write
from lmem.errors import Conflict, InvalidInput
from lmem.settings import Value

FILE = Path("config.toml")
WRITTEN = """\
# my settings
default_decay_rate = 0.2   # slower

# the index
[vectors]
reserve_mb = 64 # of 8000

[embedding] # engine
engine = 'light'
# threads = 4

[daemon]
"""


@pytest.mark.parametrize(
    ("key", "value", "was", "becomes"),
    [
        ("vectors.reserve_mb", 99, "reserve_mb = 64 # of 8000", "reserve_mb = 99 # of 8000"),
        ("default_decay_rate", 0.5, "default_decay_rate = 0.2   # slower", "default_decay_rate = 0.5   # slower"),
        ("embedding.engine", 'a "b"', "engine = 'light'", 'engine = "a \\"b\\""'),
        ("embedding.threads", 4, "engine = 'light'\n", "engine = 'light'\nthreads = 4\n"),
        ("daemon.log_level", "debug", "[daemon]\n", '[daemon]\nlog_level = "debug"\n'),
        ("memory_decay_enabled", False, "# slower\n", "# slower\nmemory_decay_enabled = false\n"),
        ("memory.max_bytes", 5, "[daemon]\n", "[daemon]\n\n[memory]\nmax_bytes = 5\n"),
        ("decay.rates.note", 0.3, "[daemon]\n", "[daemon]\n\n[decay.rates]\nnote = 0.3\n"),
        ("vectors.reserve_mb", None, "reserve_mb = 64 # of 8000\n", ""),
        ("audit.keep_days", None, "", ""),
    ],
)
def test_one_line_changes(key: str, value: Value | None, was: str, becomes: str) -> None:
    assert changed(WRITTEN, FILE, key, value) == WRITTEN.replace(was, becomes, 1)


@pytest.mark.parametrize(
    ("text", "key", "value", "becomes"),
    [
        ("", "a.b", 1, "[a]\nb = 1\n"),
        ("", "b", True, "b = true\n"),
        ("[a]\nc = 1", "d", 2, "d = 2\n\n[a]\nc = 1"),
        ("[a]\nc = 1", "e.f", 2, "[a]\nc = 1\n\n[e]\nf = 2\n"),
        ("[a]\r\nc = 1\r\n", "a.c", 2, "[a]\r\nc = 2\r\n"),
        ("[a]\r\nc = 1\r\n", "a.d", 2, "[a]\r\nc = 1\r\nd = 2\r\n"),
        ("[a]\r\nc = 1\r\n", "e.f", 2, "[a]\r\nc = 1\r\n\r\n[e]\r\nf = 2\r\n"),
        ('"a.b" = 5\n', "a.b", 6, '"a.b" = 6\n'),
        ("a . 'b' = 5\n", "a.b", 6, "a . 'b' = 6\n"),
        ('["a"]\nb = 5\n', "a.b", 6, '["a"]\nb = 6\n'),
        ("[a]\nb = 1\n[a.c]\nd = 1\n", "a.e", 2, "[a]\nb = 1\ne = 2\n[a.c]\nd = 1\n"),
        ("[a]\nb = 'x # y' # z\n", "a.b", "q", '[a]\nb = "q" # z\n'),
        ('s = """\n[a]\nb = 1\n"""\n[a]\nb = 2\n', "a.b", 3, 's = """\n[a]\nb = 1\n"""\n[a]\nb = 3\n'),
    ],
)
def test_forms_of_toml(text: str, key: str, value: Value, becomes: str) -> None:
    assert changed(text, FILE, key, value) == becomes


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("a = {b = 1}\n", "a.b", 2),
        ('[a]\nb = """\nx"""\n', "a.b", "y"),
        ("a = {b = 1}\n", "a.c", 2),
        ("a = {b = 1}\n", "a.b", None),
        ("a = 1\n", "a.b", 2),
        ("[[a]]\nb = 1\n", "a.b", 2),
    ],
)
def test_what_only_an_editor_can_change(text: str, key: str, value: Value | None) -> None:
    with pytest.raises(InvalidInput, match="in a form that lmem does not change") as caught:
        changed(text, FILE, key, value)
    assert "lmem config edit" in caught.value.hint


def test_what_is_not_toml_is_not_taken_for_empty(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for raw in (b"[a\n", b"a = \xff\n"):
        file.write_bytes(raw)
        with pytest.raises(InvalidInput, match="is not valid"):
            write(file, lambda text: changed(text, file, "a.b", 1))
        assert file.read_bytes() == raw
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "sub" / "config.toml"
    real.write_text("[a]\nb = 1\n")
    real.chmod(0o640)
    link.parent.mkdir()
    link.symlink_to(real)
    before = real.stat().st_ino
    write(link, lambda text: changed(text, link, "a.b", 2))
    assert link.is_symlink() and real.read_text() == "[a]\nb = 2\n"
    assert real.stat().st_ino != before and real.stat().st_mode & 0o777 == 0o640
    write(link, lambda text: text)
    new = tmp_path / "made" / "config.toml"
    write(new, lambda text: text + "x = 1\n")
    assert new.read_text() == "x = 1\n" and new.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["dotfiles.toml", "made", "sub"]


def test_what_is_no_plain_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    refused: list[str] = []

    def write_both() -> None:
        for name in ("pipe", "directory"):
            try:
                write(tmp_path / name, lambda text: "[a]\n")
            except InvalidInput as err:
                refused.append(err.message)

    writing = threading.Thread(target=write_both, daemon=True)
    writing.start()
    writing.join(20)
    assert refused == [f"{tmp_path / name} is not a plain file." for name in ("pipe", "directory")]


def test_a_change_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("a = 1\n")

    def slowly(text: str) -> str:
        file.write_text("a = 3\n")
        return "a = 2\n"

    with pytest.raises(Conflict, match="meanwhile"):
        write(file, slowly)
    assert file.read_text() == "a = 3\n" and os.listdir(tmp_path) == ["config.toml"]


VALUES = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=20),
)  # fmt: skip
NAMES = st.sampled_from(["a", "b", "a.b", "a.c", "d.e.f", "d.e.g", "d.h"])
NOISE = st.sampled_from(["", "# a note", "  # x = 1", "[z]", "[ d.e ]", "q = 5 # five", "[d]"])


@given(st.lists(NOISE, max_size=6), st.lists(st.tuples(NAMES, st.none() | VALUES), max_size=6))
def test_every_change_reads_back_and_loses_no_line(noise: list[str], changes: list[tuple[str, Value | None]]) -> None:
    text = "\n".join(dict.fromkeys(noise))
    try:
        model = flattened(text, FILE)
    except InvalidInput:
        return
    comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    for key, value in changes:
        try:
            text = changed(text, FILE, key, value)
        except InvalidInput:  # 'a' is a value where 'a.b' is wanted, or the other way round
            continue
        if value is None:
            model.pop(key, None)
        else:
            model[key] = value
        assert flattened(text, FILE) == model
        assert all(comment in text.splitlines() for comment in comments)


@given(VALUES)
def test_a_value_is_spelt_as_toml_reads_it(value: Value) -> None:
    found = tomllib.loads(f"x = {spelt(value)}")["x"]
    assert found == value and type(found) is type(value)
