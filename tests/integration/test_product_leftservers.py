"""A server that settings name no longer, with the installed lmem: said at the change, in each receipt, by doctor."""

from __future__ import annotations

from pathlib import Path

from tests.integration.product import Product

URL = "redis://127.0.0.1:9/0"
"""Nobody answers there, which changes nothing: lmem asks no server that it has left."""


def _named(product: Product) -> list[str]:
    """What the receipt of a purge, and doctor, say of servers that were left."""
    made = product.add("Nothing of this may stay")
    rows = product.good("forget", made, "--purge", "--yes", "--json").json["receipt"]
    pending = [f"{row['place']} {row['check']}" for row in rows if "was left on" in row["check"]]
    assert all(row["state"] == "pending" for row in rows if "was left on" in row["check"])
    found = product.run("doctor", "--json").json["findings"]
    findings = [f"{item['message']} {item['next']}" for item in found if item["check"] == "left"]
    assert len(pending) == len(findings)
    return [*pending, *findings]


def test_a_left_server_is_named_until_it_is_said_to_be_empty(tmp_path: Path, model_dir: Path) -> None:
    product = Product(tmp_path, model_dir)
    product.home.start()
    try:
        product.good("config", "set", "redis.url", URL)
        product.good("daemon", "restart")
        left = product.good("config", "unset", "redis.url").err
        assert URL in left and "the key 'lmem:instance'" in left and "--emptied" in left
        assert product.good("config", "set", "redis.url", URL, "--json").json["left_behind"] is None
        other = product.good("config", "set", "redis.prefix", "mine:", "--json").json["left_behind"]
        assert URL in other and "'lmem:'" in other, "its keys there are under another name"
        product.good("config", "unset", "redis.prefix")
        product.good("config", "unset", "redis.url")
        assert _named(product) == [], "still in use until the restart"
        for _ in range(2):
            product.good("daemon", "restart")
            named = _named(product)
            assert len(named) == 2
            assert all(f"lmem repair --emptied '{URL}#lmem:'" in row for row in named)
        refused = product.run("repair", "vectors", "--emptied", URL, "--json")
        assert (refused.status, refused.error["code"]) == (2, "invalid_input")
        assert product.run("repair", "--emptied", "redis://elsewhere/0", "--json").error["code"] == "not_found"
        assert URL in product.good("repair", "--emptied", f"{URL}#lmem:").out
        assert _named(product) == []
        assert not product.faults()
    finally:
        product.home.stop()
