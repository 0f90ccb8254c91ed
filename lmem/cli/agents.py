"""mcp: serve an editor's agent, or say how the editor starts it.

Not the bridge (lmem.bridge.pump), which `lmem mcp` becomes before this module is looked at.
"""

from __future__ import annotations

import os
import sys

from lmem.cli import output


def mcp(*, as_json: bool) -> int:
    """lmem mcp."""
    if as_json:
        output.answer_json({"mcpServers": {"lmem": {"command": _program(), "args": ["mcp"]}}})
        return 0
    from lmem.bridge.pump import main

    main()


def _program() -> str:
    """The absolute path of this lmem, where it can be told: editors know no virtual environment."""
    places = (os.path.abspath(sys.argv[0]), os.path.join(os.path.dirname(sys.executable), "lmem"))
    found = (place for place in places if os.path.basename(place) == "lmem" and os.access(place, os.X_OK))
    return next(found, "lmem")
