"""`lmem mcp` beside its serving: the entry that an editor's configuration takes."""

from __future__ import annotations

import os

from tests.unit.cli.terminal import Terminal


def test_json_is_the_entry_with_an_absolute_path(lmem: Terminal) -> None:
    done = lmem.run("mcp", "--json")
    assert not done.err
    entry = done.json()["mcpServers"]["lmem"]
    assert entry["args"] == ["mcp"]
    assert os.path.isabs(entry["command"]) and os.access(entry["command"], os.X_OK)


def test_it_takes_no_words(lmem: Terminal) -> None:
    assert lmem.run("mcp", "install").status == 2
