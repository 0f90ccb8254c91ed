"""Addresses of a Neo4j server: which are taken, and that a secret in one is never told."""

from __future__ import annotations

import pytest

from lmem.errors import InvalidInput
from lmem.stores.neo4j.address import Address


@pytest.mark.parametrize(
    ("url", "ca_file", "wanted"),
    [
        ("bolt://127.0.0.1:7687", "", "bolt://127.0.0.1:7687"),
        ("bolt://db", "", "bolt://db:7687"),
        ("neo4j://db:1234/", "", "neo4j://db:1234"),
        ("bolt+s://[::1]:5", "", "bolt+s://[::1]:5"),
        ("bolt+s://db", "/etc/ca.pem", "bolt://db:7687"),
        ("neo4j+s://db", "/etc/ca.pem", "neo4j://db:7687"),
    ],
)
def test_an_address_is_told_to_the_driver(url: str, ca_file: str, wanted: str) -> None:
    assert Address(url, ca_file=ca_file).checked() == wanted


@pytest.mark.parametrize(
    ("url", "ca_file"),
    [
        ("http://db", ""), ("db:7687", ""), ("", ""), ("bolt://", ""), ("bolt+ssc://db", ""), ("bolt://db:port", ""),
        ("bolt://[::1", ""), ("bolt://db/name", ""), ("bolt://db?policy=eu", ""), ("bolt://db", "/etc/ca.pem"),
        ("bolt://user:5ecret@db", ""), ("bolt://5ecret@db", ""),
    ],
)  # fmt: skip
def test_another_is_refused_with_the_next_step(url: str, ca_file: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Address(url, ca_file=ca_file).checked()
    assert "neo4j." in refused.value.message
    assert "5ecret" not in refused.value.message + refused.value.hint + Address(url).shown


def test_who_is_near_and_who_listens() -> None:
    near = [Address(url).is_loopback for url in ("bolt://localhost", "neo4j://127.0.0.2:1", "bolt://[::1]:7")]
    far = [Address(url).is_loopback for url in ("bolt://db", "bolt://localhost.example", "bolt://[::1")]
    assert (near, far) == ([True] * 3, [False] * 3)
    assert [Address(url).encrypted for url in ("bolt+s://db", "neo4j+s://db", "bolt://db")] == [True, True, False]
