"""Commits as git stores and lists them, and the text that one becomes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmem.domain.commits import (
    MOST_FILES,
    Commit,
    Person,
    Touched,
    content,
    git_context,
    numstats,
    parse,
    rewritten,
)
from lmem.errors import InvalidInput

RAW = b"\n".join(
    [
        b"tree " + b"a" * 40, b"parent " + b"b" * 40, b"parent " + b"c" * 40,
        b"author Ada <ada@example.org> 1700000000 +0130", b"committer Bob <> 1700000060 -0800",
        b"gpgsig -----BEGIN", b" author Eve <e@e> 1 +0000", b" -----END", b"", b"Fix it", b"", b"Body", b"",
    ]
)  # fmt: skip


def _commit(sha: str, subject: str, minute: int = 0, files: tuple[Touched, ...] | None = None) -> Commit:
    person = Person("Ada", "ada@example.org", datetime(2026, 11, 22, 12, minute, tzinfo=UTC))
    return Commit(sha, (), person, person, subject, files)


def test_a_commit_is_read_with_both_people_and_all_parents() -> None:
    found = parse("d" * 40, RAW)
    assert (str(found.author), found.author.moment) == (
        "Ada <ada@example.org>",
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    )
    assert (found.committer.name, found.committer.email) == ("Bob", "")
    assert found.parents == ("b" * 40, "c" * 40)
    assert (found.subject, found.message) == ("Fix it", "Fix it\n\nBody")


@pytest.mark.parametrize(
    ("header", "message", "expected"),
    [
        (b"", "Grüße".encode(), "Grüße"),
        (b"encoding ISO-8859-1\n", b"Gr\xfc\xdfe", "Grüße"),
        (b"encoding unheard-of\n", "Grüße".encode(), "Grüße"),
        (b"", b"Gr\xfc\xdfe", "Grüße"),
        (b"", b"a\0b", "ab"),
    ],
)
def test_a_message_of_any_encoding_is_text(header: bytes, message: bytes, expected: str) -> None:
    raw = b"tree x\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n" + header + b"\n" + message
    assert parse("d" * 40, raw).message == expected


@pytest.mark.parametrize("date", [b"99999999999999999 +0000", b"1 +9999", b"-99999999999999 +0000"])
def test_a_date_that_no_calendar_has_is_none(date: bytes) -> None:
    raw = b"tree x\nauthor a <a> " + date + b"\ncommitter a <a> 1 +0000\n\nm"
    assert parse("d" * 40, raw).author.moment is None


HEADED = st.tuples(st.binary(), st.binary(), st.binary()).map(lambda parts: b"author %b\ncommitter %b\n%b" % parts)


@given(st.binary() | HEADED)
@example(b"author \ncommitter ")
@example(b"author \n\ncommitter ")
def test_any_object_is_a_commit_or_none(raw: bytes) -> None:
    names = {line.partition(b" ")[0] for line in raw.partition(b"\n\n")[0].split(b"\n")}
    if names >= {b"author", b"committer"}:
        assert parse("d" * 40, raw).sha == "d" * 40
    else:
        with pytest.raises(InvalidInput):
            parse("d" * 40, raw)


def test_a_listing_has_moved_and_binary_files_and_names_of_any_look() -> None:
    one, two = b"1" * 40, b"2" * 40
    listing = b"\0".join(
        [one, b"2\t1\ta b", b"0\t0\t", b"old\tname", two, b"-\t-\tpicture", two, b"5\t0\t" + one, b""]
    )  # fmt: skip
    assert numstats(listing) == {
        "1" * 40: (Touched("a b", 2, 1), Touched("2" * 40, 0, 0, "old\tname"), Touched("picture", None, None)),
        "2" * 40: (Touched("1" * 40, 5, 0),),
    }


def test_the_text_is_the_message_and_the_files() -> None:
    files = (Touched("a.py", 3, 1), Touched("b", 0, 0, "c"), Touched("d.png", None, None))
    assert content(_commit("a" * 40, "Why", files=files)) == "Why\n\nFiles:\na.py +3 -1\nc -> b +0 -0\nd.png (binary)"
    assert content(_commit("a" * 40, "Why", files=())) == "Why"
    assert content(_commit("a" * 40, "")) == f"Commit {'a' * 10}, without a message"


def test_many_files_are_counted() -> None:
    commit = _commit("a" * 40, "Why", files=tuple(Touched(f"f{n}", 1, 2) for n in range(MOST_FILES + 5)))
    assert content(commit).endswith("\nand 5 more")
    known = git_context(commit, None)
    assert isinstance(known["files"], list) and len(known["files"]) == MOST_FILES
    assert (known["file_count"], known["added"], known["removed"]) == (
        MOST_FILES + 5,
        MOST_FILES + 5,
        2 * MOST_FILES + 10,
    )
    assert "branch" not in known


def test_a_rewritten_commit_is_known_by_author_date_and_subject() -> None:
    before = [
        _commit("1", "one"),
        _commit("2", "two"),
        _commit("3", "three"),
        _commit("4", "same"),
        _commit("5", "same"),
    ]
    after = [_commit("6", "one"), _commit("7", "three", 5), _commit("4", "same"), _commit("8", "same")]
    assert rewritten(before, after) == {"1": "6", "5": "8"}
