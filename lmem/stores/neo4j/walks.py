"""The queries behind the graph's questions: a step from a set of nodes, a shortest way, a page of edges.

Not run here. Types and lengths of a pattern cannot be parameters, and the server plans each text anew, which takes it
longer than the answer: so there are few texts, and the types that are asked for are a parameter beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lmem.domain.graph import LABELS
from lmem.domain.relations import BY_EDGE, RELATIONS

BOUNDS = (4, 8, 16, 32)
"""Edges of a way at most: the least of these that is enough is in the query."""

_LABELS = "[" + ", ".join(f"'{label}'" for label in sorted(LABELS.values())) + "]"


CROWDED = frozenset({"BELONGS_TO", "CREATED"})
"""Types of which there may be as many at one node as there are memories. They are in a pattern only when asked for."""

BETWEEN = "|".join(item.edge for item in RELATIONS)
_OTHERS = frozenset(BY_EDGE) - CROWDED


def known(types: Sequence[str]) -> list[str]:
    """Those of the types that there are."""
    return sorted({name for name in types if name in BY_EDGE})


def _pattern(types: Iterable[str]) -> str:
    return "|".join(sorted(_OTHERS | CROWDED.intersection(types)))


def _seen(node: str) -> str:
    """Whether a node is there for who asks: of this copy, not bare, and theirs. A pattern has no user of its own."""
    theirs = f"{node}.user_id = $user OR {node}:Pattern OR {node}:User AND {node}.id = $user"
    return f"{node}.prefix = $prefix AND {node}.rev IS NOT NULL AND ({theirs})"


def _label(node: str) -> str:
    return f"head([label IN labels({node}) WHERE label IN {_LABELS}])"


def _name(node: str) -> str:
    return f"coalesce({node}.title, {node}.pattern_name, {node}.name, {node}.username, '')"


def find(label: str) -> str:
    """A node by its id: the server's id and its name."""
    return f"MATCH (n:{label} {{id: $id}}) WHERE {_seen('n')} RETURN elementId(n), {_name('n')}"


def step(types: Sequence[str]) -> str:
    """Nodes one edge of $types from $level that are not $known, the first $room of them, each by its least edge."""
    return f"""MATCH (n) WHERE elementId(n) IN $level
        MATCH (n)-[r:{_pattern(types)}]-(m)
        WHERE type(r) IN $types AND NOT elementId(m) IN $known AND {_seen('m')}
        WITH m, {_label('m')} AS label,
            min([type(r), n.id, startNode(r) <> n, coalesce(r.key, ''), elementId(r)]) AS hop
        ORDER BY label, m.id LIMIT $room
        MATCH ()-[r]->() WHERE elementId(r) = hop[4]
        RETURN elementId(m), label, m.id, {_name('m')}, hop[0], NOT hop[2], hop[1], properties(r)
        ORDER BY label, m.id"""


def way(types: Sequence[str], longest: int) -> str:
    """The least of the shortest ways along $types: its nodes as [label, id, name], its edges as [type, forward,
    properties]. It may be longer than asked for."""
    most = next((bound for bound in BOUNDS if bound >= longest), BOUNDS[-1])
    return f"""MATCH (a), (b) WHERE elementId(a) = $start AND elementId(b) = $end
        MATCH way = allShortestPaths((a)-[:{_pattern(types)}*..{most}]-(b))
        WHERE all(r IN relationships(way) WHERE type(r) IN $types) AND all(n IN nodes(way) WHERE {_seen("n")})
        WITH nodes(way) AS spots, relationships(way) AS edges
        WITH spots, edges, [n IN spots | n.id] AS ids,
            [at IN range(0, size(edges) - 1) |
                [type(edges[at]), startNode(edges[at]) <> spots[at], coalesce(edges[at].key, '')]] AS hops
        ORDER BY ids, hops LIMIT 1
        RETURN [n IN spots | [{_label("n")}, n.id, {_name("n")}]],
            [at IN range(0, size(edges) - 1) | [hops[at][0], NOT hops[at][1], properties(edges[at])]]"""


def page() -> str:
    """Edges of $types between memories from $start/$type/$end on, without it."""
    return f"""MATCH (a:Memory) USING INDEX a:Memory(id)
        WHERE a.id >= $start AND {_seen('a')}
        MATCH (a)-[r:{BETWEEN}]->(b:Memory)
        WHERE type(r) IN $types AND {_seen('b')}
            AND (a.id > $start OR type(r) > $type OR type(r) = $type AND b.id > $end)
        RETURN a.id, type(r), b.id, properties(r) ORDER BY a.id, type(r), b.id LIMIT $limit"""


def used(label: str, other: str, failed: bool) -> str:
    """The projects of a pattern or the patterns of a project, as (id, name)."""
    type_ = "FAILED_IN" if failed else "USED_IN"
    return f"""MATCH (n:{label} {{id: $id}})-[:{type_}]-(m:{other})
        WHERE {_seen('n')} AND {_seen('m')}
        RETURN DISTINCT m.id, {_name('m')}"""
