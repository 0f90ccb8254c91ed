"""How importance fades with time without access.

Not a choice of what to move (lmem.domain.fading) and not a job: decay ranks, it never deletes.
"""

from __future__ import annotations

import math
from datetime import datetime

FLOOR = 0.05
WEEK_SECONDS = 7 * 24 * 3600


def effective_importance(
    importance: float, decay_rate: float, access_count: int, last_access: datetime, now: datetime
) -> float:
    """importance * max(0.05, (1 - decay_rate) ** (weeks / s)), s = 1 + ln(1 + access_count) (design section 8).

    `decay_rate` is the share lost per week without access; 0 pins. A last access in the future counts as now.
    """
    weeks = max(0.0, (now - last_access).total_seconds() / WEEK_SECONDS)
    slowness = 1 + math.log1p(max(0, access_count))
    kept: float = (1 - decay_rate) ** (weeks / slowness)
    return importance * max(FLOOR, kept)
