"""What doctor and status say of the truth when nothing can be written any more."""

from __future__ import annotations

from lmem.daemon import health
from lmem.errors import Internal


def test_a_writer_that_has_ended_is_a_failure_with_its_next_step() -> None:
    trouble = Internal("Nothing can be stored.", hint="Run 'lmem daemon restart'.")
    found = health._sqlite(trouble)
    assert (found.check, found.level, found.next_step) == ("sqlite", "fail", trouble.hint)
    assert health._writing(trouble) == {"state": "down", "reason": trouble.message, "hint": trouble.hint}


def test_a_writer_that_lives_is_well() -> None:
    assert health._sqlite(None).level == "ok"
    assert health._writing(None) == {"state": "ready"}
