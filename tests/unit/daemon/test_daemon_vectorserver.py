"""What the doctor says of the vectors' server: versions apart, a key in the clear, an address without secrets."""

from __future__ import annotations

import pytest

from lmem.daemon.vectorserver import answered, in_the_clear
from lmem.ports.vectors import QDRANT, Engine


@pytest.mark.parametrize(
    ("version", "client", "level"),
    [
        ("1.20.0", "1.20.0", "ok"),
        ("1.19.4", "1.20.0", "ok"),
        ("1.21.0", "1.20.0", "ok"),
        ("1.18.3", "1.20.0", "warn"),
        ("1.22.0", "1.20.0", "warn"),
        ("2.20.0", "1.20.0", "warn"),
        ("dev", "1.20.0", "ok"),
    ],
)
def test_versions_may_be_one_apart(version: str, client: str, level: str) -> None:
    found = answered(Engine(QDRANT, version, 2, "http://h:6333", client))
    assert (found.check, found.level) == ("qdrant", level)
    assert version in found.message and found.message.endswith(".")
    assert (found.next_step is not None) == (level == "warn")


@pytest.mark.parametrize(
    ("url", "readable"),
    [
        ("http://qdrant.example:6333", True),
        ("https://qdrant.example:6333", False),
        ("http://127.0.0.1:6333", False),
        ("http://localhost", False),
        ("http://[::1]:6333", False),
        ("http://[", False),
    ],
)
def test_a_key_in_the_clear(url: str, readable: bool) -> None:
    assert in_the_clear(url) is readable
