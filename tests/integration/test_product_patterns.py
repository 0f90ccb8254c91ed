"""Patterns in the whole product: the point arrives and is found by meaning, survives a restart, and is verified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.product import Json, Product, running

KNOWN = {
    "outbox": "Rows and events are committed in one transaction, a relay publishes them later",
    "circuit breaker": "Stop calling a service that keeps failing, and try again after a while",
    "canary": "A few users get the new version first",
}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("patterns"), model_dir) as product:
        product.good("project", "init", "--name", "shop")
        for name, description in KNOWN.items():
            product.good("patterns", "add", "architecture", name, description, "--project", "shop")
        product.settle()
        yield product


def _like(product: Product, text: str, *options: str) -> list[Json]:
    return product.good("patterns", "list", "--like", text, "--json", *options).rows


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("how do messages reach others although the process dies", "outbox"),
        ("a remote API is broken, what now", "circuit breaker"),
        ("release without a pause for users", "canary"),
    ],
)
def test_a_pattern_is_found_by_meaning(product: Product, question: str, name: str) -> None:
    found = _like(product, question, "--all-projects")
    assert found[0]["name"] == name and found[0]["cosine"] > 0.2


def test_it_is_told_at_once_that_a_new_one_repeats_another(product: Product) -> None:
    text = "Do not call a service that fails again and again, try it again some time later"
    made = product.good("patterns", "add", "resilience", "breaker", text, "--project", "shop", "--json").json
    assert made["created"] and made["near"]["name"] == "circuit breaker"
    product.good("patterns", "forget", "resilience/breaker", "--yes")
    product.settle()
    assert "breaker" not in [row["name"] for row in _like(product, text)]


def test_outcomes_reach_the_index_and_verify_is_clean(product: Product) -> None:
    for went in ("--success", "--failed"):
        product.good("patterns", "outcome", "canary", went, "--project", "shop")
    product.settle()
    report = product.run("verify", "vectors", "--json")
    assert report.status == 0, report
    (shown,) = [row for row in product.good("patterns", "list", "--json").rows if row["name"] == "canary"]
    assert (shown["usage_count"], round(shown["success_rate"], 3)) == (3, 0.667)


def test_what_is_recorded_outlives_the_daemon(tmp_path: Path, model_dir: Path) -> None:
    product = Product(tmp_path, model_dir)
    product.home.start(True)
    try:
        product.good("project", "init", "--name", "shop")
        product.good("patterns", "add", "architecture", "outbox", KNOWN["outbox"], "--project", "shop")
        product.good("daemon", "stop")
        (row,) = product.good("patterns", "list", "--json").rows
        assert (row["name"], row["usage_count"]) == ("outbox", 1)
        product.settle()
        assert _like(product, "events are not lost")[0]["cosine"] > 0.2
    finally:
        product.home.stop()
