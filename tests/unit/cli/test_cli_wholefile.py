"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmem.cli.wholefile import whole
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.terminal import Terminal


def test_a_file_takes_its_place_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "all"
    path.write_text("old")
    with whole(str(path)) as file:
        file.write("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: BaseException) -> None:
    path = tmp_path / "all"
    path.write_text("old")
    with pytest.raises(type(failure)), whole(str(path)):
        raise failure
    assert [item.name for item in tmp_path.iterdir()] == ["all"] and path.read_text() == "old"


@pytest.mark.parametrize("place", ["absent/all", "folder"])
def test_a_failure_names_the_file_that_was_asked_for(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as caught, whole(str(tmp_path / place)):
        pass
    assert caught.value.filename == str(tmp_path / place)
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("command", [("export",), ("graph", "export")])
def test_both_exports_say_so(daemon: FakeDaemon, lmem: Terminal, command: tuple[str, ...]) -> None:
    daemon.answers["memory/export"] = lambda params: {"records": [], "next": None}
    daemon.answers["graph/export"] = lambda params: {"nodes": [], "edges": [], "next": None}
    done = lmem.run(*command, "--output", "absent/all.json")
    assert done.status == 1
    assert done.err.splitlines()[0] == "lmem: No such file or directory 'absent/all.json'."
