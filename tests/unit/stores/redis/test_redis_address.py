"""redis.url: which addresses there are, and that none with a secret is taken or shown."""

from __future__ import annotations

import pytest

from lmem.errors import InvalidInput
from lmem.stores.redis.address import Address, parse


@pytest.mark.parametrize(
    ("url", "address", "shown"),
    [
        ("redis://cache", Address("cache", 6379, "", 0, False), "redis://cache:6379/0"),
        (" redis://127.0.0.1:7000/3 ", Address("127.0.0.1", 7000, "", 3, False), "redis://127.0.0.1:7000/3"),
        ("redis://h?db=2", Address("h", 6379, "", 2, False), "redis://h:6379/2"),
        ("rediss://[::1]:7000", Address("::1", 7000, "", 0, True), "rediss://[::1]:7000/0"),
        ("unix:///run/redis.sock?db=1", Address("", 0, "/run/redis.sock", 1, False), "unix:///run/redis.sock?db=1"),
    ],
)
def test_an_address(url: str, address: Address, shown: str) -> None:
    assert parse(url) == address
    assert str(address) == shown


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("redis://127.0.0.1", True), ("unix:///run/redis.sock", True), ("rediss://cache", True),
        ("redis://cache", False), ("redis://10.0.0.7", False),
    ],
)  # fmt: skip
def test_a_password_is_safe_on_this_machine_and_in_tls(url: str, safe: bool) -> None:
    assert parse(url).is_safe == safe


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter22@cache/0", "redis://ada:hunter22@cache", "redis://ada@cache", "redis://h?password=hunter22",
        "unix://ada:hunter22@/run/redis.sock",
    ],
)  # fmt: skip
def test_a_secret_in_it_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(url)
    assert "hunter22" not in refused.value.message + refused.value.hint
    assert "redis.password_file" in refused.value.hint


@pytest.mark.parametrize(
    "url", ["", "cache:6379", "http://cache", "redis://cache:port", "redis://cache/name", "redis://cache?x=1", "unix://"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"redis\.url"):
        parse(url)


def test_certificates_without_tls_are_refused_rather_than_not_used() -> None:
    assert parse("rediss://cache", "/ca.pem").tls
    for url in ("redis://cache", "unix:///run/redis.sock"):
        with pytest.raises(InvalidInput, match=r"redis\.ca_file is of use only with rediss://") as refused:
            parse(url, "/ca.pem")
        assert "redis.url" in refused.value.hint
