"""The four layers: independent flags of one row, and which of them is primary.

Not the rule that chooses them (lmem.domain.routing).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from lmem.errors import InvalidInput

LAYERS = ("session", "project", "global", "temporal")
"""In order of precedence: the primary layer is the first that is set (specification 6.2)."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The layer flags of a memory. A memory is never copied between layers; it changes flags."""

    names: tuple[str, ...]

    @property
    def primary(self) -> str:
        """The first layer that is set; 'temporal' when none is."""
        return self.names[0] if self.names else "temporal"

    def __contains__(self, layer: str) -> bool:
        return layer in self.names

    def flags(self) -> dict[str, int]:
        """Column values, as {'layer_session': 0, ...}."""
        return {f"layer_{layer}": int(layer in self.names) for layer in LAYERS}


@cache
def from_flags(*flags: int) -> Layers:
    """Layers whose columns are set; `flags` in the order of LAYERS."""
    return Layers(tuple(layer for layer, flag in zip(LAYERS, flags, strict=True) if flag))


def layers(names: Iterable[str]) -> Layers:
    """Layers from names in any order. Raises InvalidInput for a name that is no layer."""
    wanted = {name.strip().lower() for name in names}
    for name in sorted(wanted - set(LAYERS)):
        raise InvalidInput(f"There is no layer '{name[:60]}'.", hint=f"Layers are: {', '.join(LAYERS)}.")
    return Layers(tuple(layer for layer in LAYERS if layer in wanted))
