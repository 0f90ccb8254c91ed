"""The commands for editors' agents, as declared to Typer.

Not what they do; see `lmem.cli.agents`.
"""

from __future__ import annotations

from lmem.cli.run import run
from lmem.cli.tree import parameters as p


def mcp(as_json: p.Json = False) -> int:
    """Serve an editor's agent: MCP on standard input and standard output.

    The editor starts it. Its tools are memory_search, memory_get, memory_add and memory_context; they see what 'lmem
    search' sees from the same directory, private memories excepted. CLAUDE_PROJECT_DIR, where it is set, is that
    directory; LMEM_PROJECT and LMEM_SESSION count too. With --json it prints the editor's configuration instead.
    """
    return run("mcp", locals())
