"""graph cypher: rows of a query in the graph server's own language.

Not the running; the daemon asks the server, which answers only queries that read.
"""

from __future__ import annotations

import json

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.tables import print_rows


def cypher(*, query: str, limit: int | None, as_json: bool) -> int:
    """lmem graph cypher."""
    found = ask("graph/cypher", given({"query": query, "limit": limit}), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    columns = [output.stored(name) for name in found["columns"]]
    print_rows(columns, [[_shown(value) for value in row] for row in found["rows"]])
    if not found["rows"]:
        output.note("No row.")
    elif found["more"]:
        output.note(f"Only the first {output.count(len(found['rows']), 'row')}; --limit shows more.")
    return 0


def _shown(value: object) -> str:
    """A value in a line: plain text as it is, the rest as JSON has it, so that a row stays a row."""
    if isinstance(value, str) and value.isprintable():
        return output.stored(value)
    return output.stored(json.dumps(value, ensure_ascii=False))
