"""Giving mapped pages back: the memory shrinks, the contents stay, and nobody else's pages go.

Not what Edge reads while it loads (the soak and the benches see that).
"""

from __future__ import annotations

import ctypes
import mmap
import re
import sys
from pathlib import Path

import pytest

from lmem.stores.qdrant.mappings import give_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/smaps")
SIZE = 1 << 20


def _mapped(path: Path, flags: int = mmap.MAP_SHARED) -> mmap.mmap:
    path.write_bytes(b"on the disk " * (SIZE // 12) + b"....")
    with path.open("r+b") as file:
        view = mmap.mmap(file.fileno(), SIZE, flags=flags)
    view[:] = b"changed" + bytes(view[7:])  # reads and writes every page
    return view


def _resident(view: mmap.mmap) -> int:
    """Kilobytes of a mapping that are in memory."""
    start = ctypes.addressof(ctypes.c_char.from_buffer(view))
    text = Path("/proc/self/smaps").read_text(errors="surrogateescape")
    found = re.search(rf"^0*{start:x}-.*?^Rss: +(\d+) kB", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return int(found[1])


def test_pages_of_the_directory_go_and_their_contents_stay(tmp_path: Path) -> None:
    below = tmp_path / "generation" / "a segment"
    below.mkdir(parents=True)
    view = _mapped(below / "page_0.dat")
    assert _resident(view) == SIZE >> 10
    give_back(tmp_path / "generation")
    assert _resident(view) == 0
    assert view[:7] == b"changed"
    assert (below / "page_0.dat").read_bytes() == view[:]


@pytest.mark.parametrize("separator", [*"\u2028\x85\x0b\x0c\x1c\x1d\x1e\r\n ", "\udcff"])
def test_a_name_may_hold_what_separates_lines_elsewhere(tmp_path: Path, separator: str) -> None:
    directory = tmp_path / f"my{separator}generation {separator}"
    directory.mkdir()
    view = _mapped(directory / "page_0.dat")
    give_back(directory)
    assert _resident(view) == 0
    assert view[:7] == b"changed"


def test_without_proc_nothing_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    view, read, asked = _mapped(tmp_path / "page_0.dat"), Path.read_bytes, []

    def missing(path: Path) -> bytes:
        if str(path).startswith("/proc"):
            asked.append(path)
            raise FileNotFoundError(path)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", missing)
    give_back(tmp_path)
    assert asked
    assert _resident(view) == SIZE >> 10


@pytest.mark.parametrize(("name", "flags"), [("generation-2", mmap.MAP_SHARED), ("generation", mmap.MAP_PRIVATE)])
def test_other_mappings_are_left_alone(tmp_path: Path, name: str, flags: int) -> None:
    (tmp_path / name).mkdir()
    view = _mapped(tmp_path / name / "page_0.dat", flags)
    give_back(tmp_path / "generation")
    assert _resident(view) == SIZE >> 10
    assert view[:7] == b"changed"
