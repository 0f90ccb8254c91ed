"""What each layer holds, counted, and the rule that fills and empties it; from the cache where it has them.

Not the moving of a memory (lmem.service.layers), nor the rules (lmem.domain.routing).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from lmem.config import InForce
from lmem.domain import cachekeys
from lmem.domain.cachekeys import Key
from lmem.domain.filters import Filter
from lmem.domain.layers import LAYERS, Layers
from lmem.domain.routing import RULES, Rule
from lmem.ports.cache import Value
from lmem.ports.layers import Kept
from lmem.ports.storage import Storage
from lmem.service import cachejson
from lmem.service.caches import NO_CACHE, Caches

BOUNDS: dict[str, tuple[str, ...]] = {
    "session": ("max_memories_per_session", "sessions.idle_hours"),
    "project": ("memory_decay_enabled", "default_decay_rate"),
    "global": ("memory_decay_enabled", "default_decay_rate"),
    "temporal": (),
}
"""The settings that say how much a layer takes and how it is left."""

_NUMBERS = ("memories", "here", "primary", "alone")


@dataclass(frozen=True, slots=True)
class Holding:
    """What a layer holds: memories with its flag, those of them that are seen from here, those whose first layer it
    is, and those that it alone holds; by type and by project id."""

    layer: str
    memories: int
    here: int
    primary: int
    alone: int
    types: tuple[tuple[str, int], ...]
    projects: tuple[tuple[str | None, int], ...]


@dataclass(frozen=True, slots=True)
class Configured:
    """A layer's rule, and the settings that bound it, by key."""

    rule: Rule
    settings: dict[str, object]


class Holdings:
    """Counts and rules. `config` are the settings."""

    def __init__(self, storage: Storage, config: InForce, caches: Caches = NO_CACHE) -> None:
        self._storage = storage
        self._config = config
        self._caches = caches

    async def counts(self, everything: Filter, here: Filter) -> list[Holding]:
        """What each layer holds, in the order of precedence."""
        caches, at = self._caches, self._caches.number
        keys = [cachekeys.layer_stats(layer).answering(everything, here) for layer in LAYERS]
        values = await caches.get_all(keys)
        known = [_from_hash(layer, value) for layer, value in zip(LAYERS, values, strict=True)]
        if all(known):
            return [holding for holding in known if holding is not None]
        counted, seen = await self._storage.read(lambda tx: (tx.layers.kept(everything), tx.layers.kept(here)))
        found = [_holding(layer, counted, seen) for layer in LAYERS]
        await caches.put_all({key: _to_hash(item) for key, item in zip(keys, found, strict=True)}, at)
        return found

    async def rules(self) -> dict[str, Configured]:
        """Each layer's rule, with the settings that bound it as they are in force outside of any project."""
        caches, at, config = self._caches, self._caches.number, self._config(None)
        bounds: dict[str, dict[str, object]] = {
            layer: {name: config.values[name] for name in names} for layer, names in BOUNDS.items()
        }  # a file may have been edited by hand, and nobody was told
        keys = [cachekeys.layer_config(layer).answering(bounds[layer]) for layer in LAYERS]
        found, made = dict[str, Configured](), dict[Key, Value]()
        for layer, key, value in zip(LAYERS, keys, await caches.get_all(keys), strict=True):
            known = cachejson.unpacked(value, _configured)
            if known is None:
                known = Configured(RULES[layer], bounds[layer])
                made[key] = cachejson.packed(asdict(known))
            found[layer] = known
        await caches.put_all(made, at)
        return found


def _holding(layer: str, counted: Sequence[Kept], seen: Sequence[Kept]) -> Holding:
    mine = [kept for kept in counted if layer in kept.layers]
    types, projects = Counter[str](), Counter[str | None]()
    for kept in mine:
        types[kept.memory_type] += kept.memories
        projects[kept.project_id] += kept.memories
    return Holding(
        layer,
        sum(kept.memories for kept in mine),
        sum(kept.memories for kept in seen if layer in kept.layers),
        sum(kept.memories for kept in mine if Layers(kept.layers).primary == layer),
        sum(kept.memories for kept in mine if kept.layers == (layer,)),
        tuple(types.most_common()),
        tuple(projects.most_common()),
    )


def _configured(found: object) -> Configured:
    row = cachejson.mapping(found)
    rule = {name: str(text) for name, text in cachejson.mapping(row["rule"]).items()}
    return Configured(Rule(**rule), cachejson.mapping(row["settings"]))


def _to_hash(holding: Holding) -> dict[str, str]:
    numbers = {name: str(getattr(holding, name)) for name in _NUMBERS}
    return {**numbers, "types": json.dumps(holding.types), "projects": json.dumps(holding.projects)}


def _from_hash(layer: str, value: Value | None) -> Holding | None:
    """The holding in a cached hash."""
    if not isinstance(value, dict):
        return None
    memories, here, primary, alone = (int(value[name]) for name in _NUMBERS)
    types = tuple((str(name), int(count)) for name, count in json.loads(value["types"]))
    projects = tuple((name, int(count)) for name, count in json.loads(value["projects"]))
    return Holding(layer, memories, here, primary, alone, types, projects)
