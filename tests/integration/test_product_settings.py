"""Settings and the audit log of the product: each default row changes what lmem does, and what is done is logged."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.harness import installed
from tests.integration.product import Product, Said, running


@pytest.fixture
def product(tmp_path: Path, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path, model_dir) as product:
        yield product


def _run(product: Product, directory: Path, *arguments: str, **environ: str) -> Said:
    """lmem in a directory, with more in its environment."""
    done = subprocess.run(
        [installed(), *arguments], env={**product.home.environ, **environ}, cwd=directory, capture_output=True,
        check=False, timeout=60, text=True,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


def test_config_for_scripts(product: Product, tmp_path: Path) -> None:
    found = product.good("config", "get", "default_decay_rate", "--json").json
    assert (found["key"], found["value"], found["origin"]) == ("default_decay_rate", 0.1, "system_config")
    assert product.good("config", "get", "default_decay_rate").out == "0.1\n"

    file = product.home.paths.config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# mine\n[vectors]\nreserve_mb = 32  # little\n")
    said = product.good("config", "set", "default_decay_rate", "0.3", "--json").json
    assert (said["value"], said["origin"], said["restart"], said["file"]) == (0.3, "user file", False, str(file))
    said = product.good("config", "set", "vectors.reserve_mb", "48", "--json").json
    assert said["restart"] is True and said["value"] == 64, "what the daemon goes by until it starts again"
    start = {"value": 48, "origin": "user file", "place": str(file)}
    assert (said["stored"], said["at_start"]) == (48, start)
    assert file.read_text() == "default_decay_rate = 0.3\n\n# mine\n[vectors]\nreserve_mb = 48  # little\n"
    lines = product.good("config", "get", "default_decay_rate", "--show-origin").out.splitlines()
    assert lines == [f"0.3\tuser file ({file})", "0.1\tsystem_config", "0.1\tdefault"]
    assert f"default_decay_rate = 0.3\tuser file ({file})" in product.good("config", "list", "--show-origin").out
    assert product.good("config", "path").out == f"{file}\n"
    product.good("config", "unset", "default_decay_rate")
    assert product.good("config", "get", "default_decay_rate").out == "0.1\n"

    refused = product.run("config", "get", "default_decay", "--json")
    assert refused.status == 4 and "default_decay_rate" in refused.error["hint"]
    assert product.run("config", "set", "default_decay_rate", "2").status == 2
    hidden = _run(product, tmp_path, "config", "set", "default_decay_rate", ".2", LMEM_DEFAULT_DECAY_RATE="0.4")
    assert hidden.status == 0 and "environment (LMEM_DEFAULT_DECAY_RATE) wins" in hidden.err


def test_an_editor_cannot_save_what_is_wrong(product: Product, tmp_path: Path) -> None:
    script = tmp_path / "edit"
    script.write_text('#!/bin/sh\nprintf "%s" "$NEW" > "$1"\n')
    script.chmod(0o755)
    file = product.home.paths.config_file

    def edit(new: str) -> Said:
        code = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        done = subprocess.run(
            ["python3", "-c", code, installed(), "config", "edit"], check=False, timeout=60, capture_output=True,
            env={**product.home.environ, "EDITOR": str(script), "NEW": new}, cwd=tmp_path, text=True,
            input="n\n",
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    assert edit("[daemon]\nmax_in_flight = 32\n").status == 0
    assert file.read_text() == "[daemon]\nmax_in_flight = 32\n"
    for wrong in ("[daemon", "colour = 1\n", "[daemon]\nmax_in_flight = 0\n"):
        assert edit(wrong).status == 2
        assert file.read_text() == "[daemon]\nmax_in_flight = 32\n"


def test_a_project_has_settings_of_its_own(product: Product, tmp_path: Path) -> None:
    folder = tmp_path / "api"
    (folder / "src").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".lmem.toml").write_text('default_decay_rate = 0.44\n[embedding]\nmodel = "evil"\n')
    added = _run(product, folder / "src", "add", "fades fast", "--json")
    assert added.status == 0, added
    shown = product.good("show", added.json["id"], "--json").json
    assert shown["decay_rate"] == 0.44
    listed = _run(product, folder / "src", "config", "list")
    assert "A project's file may not set embedding.model" in listed.err
    assert "default_decay_rate = 0.44" in listed.out and "evil" not in listed.out
    assert _run(product, folder, "config", "set", "embedding.threads", "1", "--level", "project-file").status == 1
    said = _run(product, folder, "config", "set", "default_decay_rate", "0.2", "--level", "project", "--json")
    assert said.json["hidden_by"] == "project file"
    said = _run(product, folder, "add", "as I say", "--json", LMEM_DEFAULT_DECAY_RATE="0.6")
    assert product.good("show", said.json["id"], "--json").json["decay_rate"] == 0.6
    (folder / ".lmem.toml").write_text("[embedding")
    refused = _run(product, folder, "config", "list")
    assert refused.status == 2 and ".lmem.toml is not valid TOML" in refused.err


def test_each_default_row_changes_what_lmem_does(product: Product) -> None:
    def system(key: str, value: str) -> None:
        product.good("config", "set", key, value, "--level", "system")

    old = product.add("the elephant is grey", "--created-at", "2020-01-01")
    assert product.good("show", old, "--json").json["decay_rate"] == 0.1
    system("default_decay_rate", "0.25")
    assert product.good("show", product.add("the lion is yellow"), "--json").json["decay_rate"] == 0.25

    product.settle()
    near = product.good("search", "what colour is the elephant", "--semantic", "--json").json
    system("semantic_search_threshold", "0.99")
    far = product.good("search", "what colour is the elephant", "--semantic", "--json").json
    assert not far["results"] and "as near as 0.99" in far["empty"]["reason"]
    system("semantic_search_threshold", "0.1")
    nearer = product.good("search", "what colour is the elephant", "--semantic", "--json").json
    assert near["served_by"] == ["dense"] and old in [row["id"] for row in nearer["results"]]

    connection = sqlite3.connect(product.home.paths.database)
    with connection:
        connection.execute("UPDATE memories SET last_accessed_at = '2020-01-01T00:00:00.000Z' WHERE id = ?", (old,))
    connection.close()
    weighed = []
    for fades in ("true", "false"):
        system("memory_decay_enabled", fades)
        found = product.good("search", "elephant", "--explain", "--json").json["results"]
        weighed.append(next(row["why"]["boosts"]["importance"] for row in found if row["id"] == old))
    assert weighed[0] < weighed[1] / 5

    session = product.good("session", "start", "--json").json["id"]
    product.add("one", "--session", session)
    system("max_memories_per_session", "1")
    full = product.run("add", "two", "--session", session, "--json")
    assert full.status == 5 and "max_memories_per_session" in full.error["hint"]


def test_what_is_done_is_logged(product: Product) -> None:
    memory = product.add("to be looked at", "--type", "task")
    session = product.good("session", "start", "--json").json["id"]
    product.good("show", memory)
    product.good("list", "--tag", "x")
    product.good("tags")
    product.good("export")
    product.good("context")
    product.good("search", "a very secret question")
    product.good("model", "list")
    product.good("config", "set", "default_decay_rate", "0.2")
    product.good("edit", memory, "--add-tag", "x")
    rows = product.good("audit", "list", "--limit", "1000", "--json").rows
    done = {(row["action"], row["kind"]) for row in rows}
    assert done >= {
        ("create", "memory"), ("create", "session"), ("read", "memory"), ("list", "memory"), ("list", "tag"),
        ("export", "memory"), ("search", "memory"), ("list", "model"), ("update", "setting"), ("update", "memory"),
    }  # fmt: skip
    assert any(kind in ("context", "session", "project") or action == "context" for action, kind in done)
    own = {(row["action"], row["kind"]) for row in rows if row["session"] == session}
    assert own >= {("read", "memory"), ("list", "memory"), ("search", "memory"), ("update", "memory")}
    assert all(row["address"] == f"unix:{os.getuid()}:{row['address'].split(':')[2]}" for row in rows)
    assert all(row["agent"].startswith("cli/") for row in rows)
    assert "secret" not in str(rows) and "looked" not in str(rows)
    named = product.good("audit", "list", "--kind", "memory", "--id", memory[:8], "--action", "read", "--json").rows
    assert [row["id"] for row in named] == [memory]
    assert product.good("audit", "list", "--since", "2100-01-01").out == ""
    with product.client("mcp") as other:
        assert other.refusal("audit/list")["code"] == "forbidden"
        assert other.refusal("config/set", key="default_decay_rate", value=0.5)["code"] == "forbidden"
        assert other.result("audit/verify")["ok"] is True


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit_log SET action = 'read' WHERE seq = 2",
        "DELETE FROM audit_log WHERE seq = 2",
        "UPDATE audit_log SET seq = seq + 1000 WHERE seq > 3",
        "DELETE FROM audit_log WHERE seq > 2",
    ],
)
def test_verify_is_for_scripts(product: Product, harm: str) -> None:
    for text in ("one", "two", "three", "four"):
        product.add(text)
    assert product.good("audit", "verify", "--json").json["ok"] is True
    connection = sqlite3.connect(product.home.paths.database)
    with connection:
        for name in ("audit_log_keep", "audit_log_retain"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(harm)
    connection.close()
    said = product.run("audit", "verify", "--json")
    assert said.status == 1 and said.json["ok"] is False and said.json["problem"].endswith(".")
    product.add("writing goes on")
    assert product.run("audit", "verify").status == 1


def test_no_address_with_a_password_is_taken_or_shown(tmp_path: Path, model_dir: Path) -> None:
    product = Product(tmp_path, model_dir)
    product.home.start(vectors=False)
    try:
        _no_password(product)
    finally:
        product.home.stop()


def _no_password(product: Product) -> None:
    file = product.home.paths.config_file
    for family, scheme in (("qdrant", "http"), ("neo4j", "bolt"), ("redis", "redis")):
        for url in (f"{scheme}://ada:hunter22@h:1", f"{scheme}://h?password=hunter22", "nonsense"):
            refused = product.run("config", "set", f"{family}.url", url, "--json")
            assert refused.status == 2 and refused.error["message"].startswith(f"{family}.url ")
            assert "hunter22" not in refused.out + refused.err
    assert "_file names" in product.run("config", "set", "redis.url", "redis://ada:hunter22@h", "--json").error["hint"]
    assert not file.exists()

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        "[qdrant]\nurl = 'http://ada:hunter22@127.0.0.1:9'\n[neo4j]\nurl = 'bolt://ada:hunter22@127.0.0.1:9'\n"
        "[redis]\nurl = 'redis://127.0.0.1:9?password=hunter22'\n"
    )

    def everything() -> str:
        said = [
            product.good(*command, *more)
            for command in (("config", "list"), *(("config", "get", f"{name}.url") for name in ("neo4j", "redis")))
            for more in ((), ("--json",), *([] if "list" in command else [("--show-origin",)]))
        ]
        said += [product.run(name, *more) for name in ("status", "doctor", "verify") for more in ((), ("--json",))]
        said.append(product.run("config", "unset", "redis.prefix", "--json"))
        return "\n".join(item.out + item.err for item in said)

    before = everything()
    assert "hunter22" not in before and "bolt://[redacted:url-password]@127.0.0.1:9" in before
    product.good("daemon", "restart")
    after = everything()
    assert not product.faults()
    assert "hunter22" not in after and "http://[redacted:url-password]@127.0.0.1:9" in after
