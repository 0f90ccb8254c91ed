"""Addresses as anybody may see them: a right one as it is written, and of any other nothing that may be a secret."""

from __future__ import annotations

import pytest

from lmem.domain.addresses import shown

HIDDEN = "[redacted:url-password]"


@pytest.mark.parametrize(
    "url",
    [
        "", "http://127.0.0.1:6333", "https://qdrant.example/base/", "http://h:1?", "bolt+s://[::1]:7687",
        "redis://h:6379/1", "redis://h?db=3", "unix:///run/redis.sock?db=2", "nonsense",
    ],
)  # fmt: skip
def test_a_right_address_is_shown_as_it_is_written(url: str) -> None:
    assert shown(url) == url


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("bolt://bob:s3cret@h:7687", f"bolt://{HIDDEN}@h:7687"),
        ("bolt://s3cret@h", f"bolt://{HIDDEN}@h"),
        (" redis://:s3cret@h/0", f" redis://{HIDDEN}@h/0"),
        ("redis://bob:s3/cr@et@h/0", f"redis://{HIDDEN}@h/0"),
        ("redis://h/0?password=s3cret", f"redis://h/0?{HIDDEN}"),
        ("redis://h/0?db=1&password=s3cret", f"redis://h/0?{HIDDEN}"),
        ("http://h#s3cret", f"http://h#{HIDDEN}"),
        ("http://me:s3cret@h/base?api-key=s3cret#s3cret", f"http://{HIDDEN}@h/base?{HIDDEN}"),
        ("bolt://bob:s3c?ret@h", f"bolt://{HIDDEN}"),
        ("redis://h?password=s3@cret", f"redis://{HIDDEN}"),
        ("http://bob:s3cret@[h", f"http://{HIDDEN}@[h"),
        ("bob:s3cret@h", f"{HIDDEN}@h"),
        ("bob:s3cret://x@h", f"{HIDDEN}@h"),
    ],
)
def test_what_may_be_a_secret_is_hidden(url: str, seen: str) -> None:
    assert shown(url) == seen
