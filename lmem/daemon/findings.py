"""One finding of `lmem doctor`: a check, how it went, and the next step.

Not the checks (lmem.daemon.health and what it asks).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `level` is ok, warn or fail; `next_step` says what to do."""

    check: str
    level: str
    message: str
    next_step: str | None = None
