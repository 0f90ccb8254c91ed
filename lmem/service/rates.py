"""The decay rate of a new memory, as the settings have it.

Not the formula it goes into (lmem.domain.decay).
"""

from __future__ import annotations

from lmem.config import Config

RATES = "decay.rates."


def rate_for(settings: Config, memory_type: str) -> float:
    """The share of importance that a memory of this type loses per week: its type's, else the default one."""
    own = float(settings.values.get(f"{RATES}{memory_type}", -1.0))
    return own if own >= 0 else settings.share("default_decay_rate")
