"""`lmem mcp` of the whole product: the SDK's own client and the four tools, through the bridge, to a real daemon."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lmem.bridge.pump import GONE
from lmem.client import presence
from tests.integration.agents import ERAS, INITIALIZE, Era, agent, bridge, storm, use
from tests.integration.lifecycle_support import HELLO, Raw, until
from tests.integration.product import Json, Product, running

WORD = "periwinklez"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("mcp"), model_dir) as product:
        yield product


@pytest.mark.parametrize("era", ERAS)
def test_the_four_tools(product: Product, era: Era) -> None:
    async def run() -> None:
        async with agent(product.home.environ, product.user, era) as client:
            assert client.protocol_version == ("2026-07-28" if era == "auto" else "2025-11-25")
            listed = [tool.name for tool in (await client.list_tools()).tools]
            assert listed == ["memory_search", "memory_get", "memory_add", "memory_context"]
            text = f"Uploads are retried with a doubling pause\nbecause the gateway drops bursts ({era})"
            added = await use(client, "memory_add", content=text, type="decision", tags=["net"], source_id=era)
            assert added["created"] and not (await use(client, "memory_add", content=text, source_id=era))["created"]
            found = await use(client, "memory_search", query=f"why retry uploads {era}", limit=3, type=["decision"])
            result = next(item for item in found["results"] if item["id"] == added["id"])
            assert result["source"] == "mcp.memory_add" and result["date"] and result["type"] == "decision"
            (memory,) = (await use(client, "memory_get", ids=[str(added["id"])[:8]]))["memories"]
            assert memory["content"] == text and memory["tags"] == ["net"]
            brief = await use(client, "memory_context", budget=500)
            assert added["id"] in [item["id"] for item in brief["items"]] and "> Uploads are retried" in brief["brief"]

    asyncio.run(run())


def test_an_agents_memory_knows_where_it_is_from(product: Product, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "shop")], check=True)
    with bridge({**product.home.environ, "CLAUDE_PROJECT_DIR": str(tmp_path / "shop")}, product.user) as one:
        added = one.use("memory_add", content="The shop closes at nine")["structuredContent"]
        assert added["project"] == "shop" and added["layer"] == "project"
    found = product.call("memory/get", id=added["id"])
    assert (found["source_tool"], found["project"]) == ("mcp.memory_add", "shop")
    with bridge(product.home.environ, product.user) as elsewhere:
        assert added["id"] not in json.dumps(elsewhere.use("memory_search", query="when does the shop close"))
        assert added["id"] in json.dumps(elsewhere.use("memory_search", query="shop closes", all_projects=True))


def test_an_error_tells_the_model_what_to_do(product: Product) -> None:
    with bridge(product.home.environ, product.user) as one:
        for tool, arguments, said in (
            ("memory_search", {"q": "x"}, "Arguments are: query"),
            ("memory_search", {"query": "x", "since": "the day before"}, "Write a date as"),
            ("memory_search", {"query": "x", "project": "nowhere"}, "nowhere"),
            ("memory_get", {"ids": ["f" * 32]}, "memory_search"),
            ("memory_add", {"content": "\n"}, "'content' is empty."),
        ):
            found = one.use(tool, **arguments)
            assert found["isError"], (tool, arguments, found)
            assert said in found["content"][0]["text"] and "structuredContent" not in found


def test_a_private_memory_is_in_no_answer(product: Product) -> None:
    made = product.call("memory/add", content=f"The salary is {WORD}", private=True, type="decision")["id"]
    public = product.call("memory/add", content="The pay day is the first", type="decision")["id"]
    assert made in json.dumps(product.call("memory/search", query=f"salary {WORD}"))
    assert made in json.dumps(product.call("context/get", budget=2000))
    with Raw(product.home.paths.socket, greet=False) as raw:
        raw.ask({**HELLO, "mode": "mcp", "client": "cli"})  # it may call itself what it likes
        raw.call("initialize", 0, **INITIALIZE)
        seen = []
        for tool, arguments in (
            ("memory_search", {"query": f"salary {WORD}", "limit": 50, "all_projects": True}),
            ("memory_search", {"query": f'"{WORD}"', "detail": "detailed"}),
            ("memory_get", {"ids": [made, str(made)[:8]]}),
            ("memory_context", {"budget": 5000}),
            ("memory_add", {"content": f"The salary is {WORD}"}),
        ):
            frame = raw.call("tools/call", 1, name=tool, arguments=arguments)
            seen.append(json.dumps(frame).replace(json.dumps(arguments.get("query", ""))[1:-1], ""))
        assert public in "".join(seen)
        assert made not in "".join(seen[:2] + seen[3:])
        assert "pay" not in seen[2] and "salary" not in seen[2] and '"isError": true' in seen[2]


def test_a_credential_is_replaced_and_told(product: Product) -> None:
    key = "AKIA" + "Q7ZT3MXWPL5VN2KD"
    with bridge(product.home.environ, product.user) as one:
        found = one.use("memory_add", content=f"The bucket's key is {key}")
    assert key not in json.dumps(found) and "replaced" in found["content"][0]["text"]
    assert found["structuredContent"]["redacted"][0]["field"] == "content"


def test_many_agents_at_once(product: Product) -> None:
    assert len(asyncio.run(storm(product.home.environ, product.user, agents=20, calls=9))) == 160


def test_broken_lines_harm_nobody(product: Product) -> None:
    with bridge(product.home.environ, product.user) as one, bridge(product.home.environ, product.user) as other:
        for line, code in (
            (b"\xff\xfe{}\n", -32700),
            (b'{"jsonrpc": "2.0", "id": 1, "meth\n', -32700),
            (b"[1]\n", -32600),
            (b'{"jsonrpc": "2.0", "id": "big", "params": {"x": "' + b"x" * 10_485_760 + b'"}}\n', -32600),
            (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}\n', -32600),
        ):
            one.say(line)
            assert one.hear()["error"]["code"] == code
            one.say(b'\r\n{"jsonrpc": "2.0", "id": "next", "method": "ping"}\r\n')
            assert one.hear() == {"jsonrpc": "2.0", "id": "next", "result": {}}
            assert other.ask("ping")["result"] == {}
        one.say(b'{"jsonrpc": "2.0", "id": 9, "method": "tools/call", "par')  # half a line, then the end


def test_the_daemon_killed_in_mid_call(tmp_path: Path, model_dir: Path) -> None:
    product = Product(tmp_path, model_dir)
    product.home.start(vectors=False)
    try:
        with bridge(product.home.environ, product.user) as one, bridge(product.home.environ, product.user) as idle:
            kept = one.use("memory_add", content="Kept over the death of a daemon")["structuredContent"]["id"]
            daemon = psutil.Process(product.pid())
            family = [daemon, *daemon.children(recursive=True)]
            daemon.send_signal(signal.SIGSTOP)
            until(lambda: daemon.status() == psutil.STATUS_STOPPED)
            numbers = [one.tell("tools/call", name="memory_get", arguments={"ids": [kept]}) for _ in range(3)]
            until(lambda: one.has_passed_on)  # a call that reached no daemon yet would be one of the next
            daemon.kill()
            errors = [one.hear(5) for _ in numbers]
            assert [frame["id"] for frame in errors] == numbers
            assert {frame["error"]["message"] for frame in errors} == {GONE}
            _, alive = psutil.wait_procs(family, timeout=2)
            assert not alive, "a worker outlived its daemon"
            for each in (one, idle):
                memory: Json = each.use("memory_get", ids=[kept])["structuredContent"]["memories"][0]
                assert memory["content"] == "Kept over the death of a daemon"
        until(lambda: presence.daemon_file(product.home.paths))
        assert not product.faults()
    finally:
        product.home.stop()


def test_a_restart_is_not_noticed(tmp_path: Path, model_dir: Path) -> None:
    product = Product(tmp_path, model_dir)
    product.home.start(vectors=False)
    try:
        with bridge(product.home.environ, product.user) as one:
            kept = one.use("memory_add", content="Kept over a restart")["structuredContent"]["id"]
            before = product.pid()
            product.good("daemon", "restart")
            assert one.use("memory_get", ids=[kept])["structuredContent"]["memories"][0]["id"] == kept
            assert product.pid() != before and not product.faults()
    finally:
        product.home.stop()
