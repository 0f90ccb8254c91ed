"""What an editor waits for and pays: `lmem mcp` from its start to the answer of initialize, calls, resident memory.

Not a test of the protocol (tests/integration/test_product_mcp.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import psutil

from tests.bench.harness import Home, Row, installed, percentile, spread_ms
from tests.bench.texts import Texts

RUNS = 25
CALLS = 200
MB = 1_000_000
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
READY = b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'


class Agent:
    """One `lmem mcp`, with the handshake done."""

    def __init__(self, home: Home) -> None:
        started = time.perf_counter()
        self._process = subprocess.Popen([installed(), "mcp"], env=home.environ, cwd=home.path,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ask("initialize", INITIALIZE)
        self.seconds = time.perf_counter() - started
        self._send(READY)

    def ask(self, method: str, params: Mapping[str, object]) -> bytes:
        """One request and its answer. Raises SystemExit for an error."""
        assert self._process.stdout is not None
        self._send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
        line = self._process.stdout.readline()
        if b'"result"' not in line or b'"isError":true' in line:
            raise SystemExit(f"{method} answered {line.decode()}")
        return line

    def resident(self) -> int:
        """Bytes of the bridge in memory, those that it shares with others included."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def close(self) -> None:
        """End its input, and wait for its end."""
        self._process.communicate()

    def _send(self, line: bytes) -> None:
        assert self._process.stdin is not None
        os.write(self._process.stdin.fileno(), line)


def bridge(home: Home, runs: int = RUNS) -> list[Row]:
    """Starts beside a bare interpreter's whole run, in turns; the daemon has served an agent before."""
    Agent(home).close()
    bare: list[float] = []
    started: list[float] = []
    resident = 0
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], env=home.environ, cwd=home.path, check=True)
        bare.append(time.perf_counter() - began)
        one = Agent(home)
        started.append(one.seconds)
        resident = max(resident, one.resident())
        one.close()
    ratio: dict[str, float | str] = {"ratio": percentile(started, 0.5) / percentile(bare, 0.5)}
    return [
        Row("python -c pass", spread_ms(bare)),
        Row("start to initialize", spread_ms(started) | ratio, "at most 5 times python"),
        Row("bridge", {"resident MB": resident / MB}, "under 15 MB"),
    ]


def tools(home: Home, texts: Texts, calls: int = CALLS) -> list[Row]:
    """The four tools through one bridge, one call after the other."""
    one = Agent(home)
    known = json.loads(one.ask("tools/call", {"name": "memory_add", "arguments": {"content": texts.item()}}))
    asked: dict[str, Callable[[], dict[str, object]]] = {
        "memory_search": lambda: {"query": texts.question()},
        "memory_get": lambda: {"ids": [known["result"]["structuredContent"]["id"]]},
        "memory_add": lambda: {"content": texts.item()},
        "memory_context": dict,
    }
    rows = []
    for tool, arguments in asked.items():
        taken = []
        for _ in range(calls):
            params = {"name": tool, "arguments": arguments()}
            began = time.perf_counter()
            one.ask("tools/call", params)
            taken.append(time.perf_counter() - began)
        rows.append(Row(tool, spread_ms(taken)))
    one.close()
    return rows
