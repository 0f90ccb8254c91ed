"""The spool's line: what is written is what is read, and nothing else is."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.errors import InvalidInput
from lmem.githooks.spool import FILE, TAKEN_AWAY, Hint, append, line, parse

SHA = "0123456789abcdef0123456789abcdef01234567"
ROOM = st.binary(max_size=200).map(lambda raw: bytes(byte for byte in raw if byte not in b"\t\n\0"))
COMMITS = st.sampled_from(["", SHA, SHA + SHA[:24], TAKEN_AWAY])


@given(seconds=st.integers(0, 10**12), path=ROOM, commit=COMMITS)
def test_what_is_written_is_read(seconds: int, path: bytes, commit: str) -> None:
    hint = Hint(seconds, Path(os.fsdecode(b"/" + path)), commit)
    assert parse(line(hint)) == hint


@pytest.mark.parametrize("path", ["/a\tb", "/a\nb", "relative"])
def test_a_path_that_no_line_can_hold_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        line(Hint(1, Path(path), SHA))
    assert repr(path) in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"v1\t1\t/r\t" + SHA.encode(),
        b"v2\t1\t/r\t" + SHA.encode() + b"\n",
        b"v1\tnow\t/r\t\n",
        b"v1\t1\tr\t\n",
        b"v1\t1\t/r\t0123\n",
        b"v1\t1\t/r\t" + SHA.encode() + b"\tmore\n",
        b"v1\t1\t/rv1\t1\t/r\t" + SHA.encode() + b"\n",
        b"\0\0\0\n",
    ],
)
def test_what_is_no_line_is_none(text: bytes) -> None:
    assert parse(text) is None


def test_lines_of_many_writers_stay_whole_and_private(tmp_path: Path) -> None:
    spool = tmp_path / "state" / "spool"
    hints = [Hint(number, tmp_path / ("x" * 3000), SHA) for number in range(400)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda hint: append(spool, hint), hints))
    lines = (spool / FILE).read_bytes().splitlines(keepends=True)
    assert sorted(hint.seconds for hint in map(parse, lines) if hint) == list(range(400))
    assert stat.S_IMODE(spool.stat().st_mode) == 0o700
    assert stat.S_IMODE((spool / FILE).stat().st_mode) == 0o600
