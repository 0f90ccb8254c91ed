"""What each process may import: native code stays out of the daemon, heavy code out of the hot path."""

from __future__ import annotations

import subprocess
import sys

import pytest

MODELS = ("numpy", "onnxruntime", "onnx", "tokenizers", "sentence_transformers", "torch")
NATIVE = (*MODELS, "qdrant_edge", "qdrant_client")
REMOTE = ("neo4j", "redis", "mcp", "pydantic", "apscheduler")
DRAWING = ("typer", "rich", "click")


def _imported(statement: str) -> set[str]:
    """The top names of sys.modules after `statement` in a fresh interpreter."""
    script = f"{statement}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "banned"),
    [
        ("lmem.daemon.bootstrap", (*NATIVE, *DRAWING, "neo4j", "redis", "mcp", "pydantic")),
        ("lmem.daemon.__main__", (*NATIVE, *DRAWING, "neo4j", "redis", "mcp", "pydantic")),
        ("lmem.__main__", (*NATIVE, *REMOTE, *DRAWING, "asyncio", "sqlite3", "platformdirs")),
        ("lmem.client.connection", (*NATIVE, *REMOTE, *DRAWING, "asyncio", "sqlite3", "platformdirs")),
        ("lmem.client.autostart", (*NATIVE, *REMOTE, *DRAWING, "asyncio", "sqlite3", "platformdirs")),
        ("lmem.cli.app", (*NATIVE, *REMOTE, "asyncio", "sqlite3", "rich", "platformdirs")),
        ("lmem.protocol.messages", (*NATIVE, *REMOTE, *DRAWING, "asyncio", "sqlite3")),
    ],
)
def test_a_process_imports_only_what_it_needs(module: str, banned: tuple[str, ...]) -> None:
    found = _imported(f"import {module}")
    assert "lmem" in found
    assert not found & set(banned)
