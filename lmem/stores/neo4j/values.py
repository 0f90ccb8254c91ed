"""Properties on their way to the server and back: dates in its own types, and what lmem adds for itself.

Not JSON: an answer to a query of the user's own is told by lmem.stores.neo4j.cypher.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from lmem.domain import times
from lmem.domain.graph import Edge, Node, Value
from lmem.domain.graphdigest import moment
from lmem.errors import InvalidInput

OWN = frozenset({"prefix", "generation", "rev", "key"})
"""What a node or an edge carries besides its properties: whose it is, which rebuild wrote it, of which revision, and
which of several. An edge's `id` is its row's; a node's id is a property of the specification."""


def of_node(node: Node, prefix: str, generation: int) -> dict[str, object]:
    """Everything that a node is to hold. Raises InvalidInput for a date that is none."""
    own = {"id": node.id, "prefix": prefix, "generation": generation, "rev": node.rev}
    return {**_stored(node.properties), **own}


def of_edge(edge: Edge, generation: int) -> dict[str, object]:
    """Everything that an edge is to hold. Raises InvalidInput for a date that is none."""
    own: dict[str, object] = {"generation": generation}
    own |= {"key": edge.key} if edge.key else {}
    own |= {"id": edge.id, "rev": edge.rev} if edge.id else {}
    return {**_stored(edge.properties), **own}


def back(held: Mapping[str, Any], edge: bool = False) -> dict[str, Value]:
    """The properties of a node or an edge as the truth tells them, without lmem's own."""
    return {name: text(value) for name, value in held.items() if name not in OWN and not (edge and name == "id")}


def text(value: Any) -> Any:
    """A value of the driver as the truth tells it: dates are text."""
    native = value.to_native() if hasattr(value, "to_native") else value
    if isinstance(native, datetime) and native.tzinfo is not None:
        return times.to_text(native)
    return native.isoformat() if isinstance(native, date) else native


def _stored(properties: Mapping[str, Value]) -> dict[str, object]:
    try:
        return {name: value if (at := moment(name, value)) is None else at for name, value in properties.items()}
    except ValueError as err:
        raise InvalidInput(f"A date of the graph is none: {err}.") from err
