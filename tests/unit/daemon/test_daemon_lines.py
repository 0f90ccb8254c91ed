"""Lines out of bytes: any cut of the stream gives the same lines, and none is longer than the limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lmem.daemon.lines import Lines
from lmem.errors import FrameError

LIMIT = 10


def _all(lines: Lines) -> list[bytes | str]:
    found: list[bytes | str] = []
    while True:
        try:
            line = lines.take()
        except FrameError:
            found.append("too long")
            continue
        if line is None:
            return found
        found.append(line)


def test_whole_lines_come_in_order() -> None:
    lines = Lines(LIMIT)
    lines.feed(b"a\nbb\nc")
    assert _all(lines) == [b"a\n", b"bb\n"]
    lines.feed(b"c\n\n")
    assert _all(lines) == [b"cc\n", b"\n"]


def test_a_long_line_is_reported_once_and_forgotten() -> None:
    lines = Lines(LIMIT)
    for _ in range(100):
        lines.feed(b"x" * 7)
        found = _all(lines)
        assert len(lines) < LIMIT
        assert found in ([], ["too long"])
    lines.feed(b"\nnext\n")
    assert _all(lines) == [b"next\n"]


def test_the_limit_counts_the_newline() -> None:
    lines = Lines(LIMIT)
    lines.feed(b"x" * (LIMIT - 1) + b"\n" + b"x" * LIMIT + b"\nok\n")
    assert _all(lines) == [b"x" * (LIMIT - 1) + b"\n", "too long", b"ok\n"]


def test_cleared_lines_are_gone() -> None:
    lines = Lines(LIMIT)
    lines.feed(b"abc")
    lines.clear()
    lines.feed(b"d\n")
    assert _all(lines) == [b"d\n"]


@given(st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")), max_size=8), st.data())
def test_cuts_of_the_stream_do_not_matter(texts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(text + b"\n" for text in texts)
    expected = [text + b"\n" if len(text) < LIMIT else "too long" for text in texts]
    lines, found = Lines(LIMIT), list[bytes | str]()
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        lines.feed(stream[:cut])
        found += _all(lines)
        stream = stream[cut:]
    assert found == expected
