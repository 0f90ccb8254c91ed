"""tags: every tag with its count.

Not a way to change tags; see `lmem edit`.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given
from lmem.cli.tables import print_rows


def tags(*, as_json: bool, **fields: object) -> int:
    """lmem tags."""
    found = ask("memory/tags", given(fields), idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    rows = [(output.stored(row["tag"]), f"{row['count']:,}") for row in found["tags"]]
    if not rows:
        output.note("No memory has a tag. Add one with 'lmem add --tag TAG' or 'lmem edit ID --add-tag TAG'.")
    print_rows(("Tag", "Memories"), rows, numbers=(1,))
    output.note_scope(found.get("scope"))
    return 0
