"""Which labels and relationship types there are, and the queries that are written once for each of them.

Not run here. A label or a type cannot be a parameter, so each has a text of its own, which the server plans once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lmem.domain.graph import LABELS
from lmem.domain.graphdigest import MOMENTS
from lmem.domain.relations import EDGES, RELATIONS

TYPES = {item.edge: (LABELS[item.start], LABELS[item.end]) for item in EDGES}
"""Type -> labels of its two ends."""

BETWEEN_MEMORIES = tuple(item.edge for item in RELATIONS)
NODE_LABELS = tuple(sorted(LABELS.values()))
STARTS = tuple(sorted({start for start, _ in TYPES.values()}))
KINDS = tuple(sorted((*NODE_LABELS, *TYPES)))
"""Labels and types in the order in which what a copy holds is told."""

ANY = "|".join(TYPES)

_MOMENTS = ", ".join(f"{name}: toString(n.{name})" for name in sorted(MOMENTS))
"""As text: the driver's own type takes longer than all the rest of a node."""

FENCE = """MATCH (i:Instance {prefix: $prefix})
    SET i.generation = CASE WHEN i.generation < $generation THEN $generation ELSE i.generation END
    RETURN i.id, i.opening"""
CHECK = "MATCH (i:Instance {prefix: $prefix}) RETURN i.id, i.opening"
OTHERS = "MATCH (i:Instance) WHERE i.prefix IN $prefixes AND i.owner <> $owner RETURN i.prefix LIMIT 1"


def merge_nodes(label: str) -> str:
    """Nodes made or brought up to date; the ids of those that hold a newer revision, and where others' nodes are."""
    return f"""UNWIND $rows AS row
        MERGE (n:{label} {{id: row.id}})
        ON CREATE SET n.prefix = $prefix
        WITH n, row, n.prefix AS prefix, n.rev IS NULL OR n.rev <= row.rev OR n.generation < $generation AS newer
        FOREACH (_ IN CASE WHEN newer AND prefix = $prefix THEN [1] ELSE [] END | SET n = row.properties)
        WITH row, prefix, newer WHERE NOT newer OR prefix <> $prefix
        RETURN row.id, prefix"""


def merge_ends(label: str) -> str:
    """Bare nodes for ends of edges whose own row has yet to come; where others' nodes are."""
    return f"""UNWIND $ids AS id
        MERGE (n:{label} {{id: id}})
        ON CREATE SET n.prefix = $prefix, n.generation = $generation
        WITH n WHERE n.prefix <> $prefix
        RETURN n.id, n.prefix"""


def adopt(label: str) -> str:
    """Take nodes over that belong to nobody any more, with nothing on them."""
    return f"""UNWIND $ids AS id
        MATCH (n:{label} {{id: id}})
        SET n = {{id: id, prefix: $prefix, generation: $generation}}"""


def prune(label: str) -> str:
    """Remove edges at nodes that are not named in their rows. Edges at users and projects belong to the other end."""
    types = "OWNS" if label in ("User", "Project") else ANY
    return f"""UNWIND $rows AS row
        MATCH (n:{label} {{id: row.id}})-[r:{types}]-()
        WHERE NOT type(r) + '/' + startNode(r).id + '/' + endNode(r).id + '/' + coalesce(r.key, '') IN row.edges
        DELETE r"""


def merge_edges(type_: str, keyed: bool) -> str:
    """Edges of one type made or brought up to date. Both ends are there."""
    start, end = TYPES[type_]
    key = " {key: row.key}" if keyed else ""
    return f"""UNWIND $rows AS row
        MATCH (a:{start} {{id: row.start}})
        MATCH (b:{end} {{id: row.end}})
        MERGE (a)-[r:{type_}{key}]->(b)
        WITH r, row
        WHERE r.rev IS NULL OR r.rev <= row.rev OR r.generation < $generation OR coalesce(r.id, '') <> row.id
        SET r = row.properties"""


def delete_nodes(label: str) -> str:
    return f"MATCH (n:{label}) WHERE n.id IN $ids AND n.prefix = $prefix DETACH DELETE n"


def delete_by_id() -> str:
    """Relationships between memories, of which only the ids of their rows are known."""
    parts = "\nUNION ALL ".join(
        f"MATCH (a)-[r:{type_}]->() WHERE r.id IN $ids AND a.prefix = $prefix RETURN r" for type_ in BETWEEN_MEMORIES
    )
    return f"CALL {{ {parts} }} DELETE r"


def delete_edges(type_: str) -> str:
    start, end = TYPES[type_]
    return f"""UNWIND $rows AS row
        MATCH (a:{start} {{id: row.start, prefix: $prefix}})-[r:{type_}]->(b:{end} {{id: row.end}})
        WHERE coalesce(r.key, '') = row.key
        DELETE r"""


def sweep_edges(label: str) -> str:
    return f"""MATCH (a:{label} {{prefix: $prefix}})-[r:{ANY}]->()
        WHERE r.generation < $generation
        WITH r LIMIT $limit DELETE r RETURN count(*)"""


def sweep_nodes(label: str) -> str:
    return f"""MATCH (n:{label})
        WHERE n.prefix = $prefix AND n.generation < $generation OR n.prefix IN $former
        WITH n LIMIT $limit DETACH DELETE n RETURN count(*)"""


def page_of_nodes(label: str) -> str:
    return f"""MATCH (n:{label}) USING INDEX n:{label}(id)
        WHERE n.id > $after AND n.prefix = $prefix
        RETURN n.id, n {{.*, {_MOMENTS}}} ORDER BY n.id LIMIT $limit"""


def count_of_type(type_: str) -> str:
    """How many edges of a type the whole server has: Neo4j keeps that number."""
    return f"MATCH ()-[r:{type_}]->() RETURN count(r)"


def page_of_edges(type_: str, few: bool) -> str:
    """From the edge $start/$end/$key on, without it; where there are `few`, without a walk over all of their starts."""
    start, end = TYPES[type_]
    from_, to = f"(a:{start})", f"-[r:{type_}]->(b:{end})"
    here = "WHERE a.id >= $start AND a.prefix = $prefix"
    edges = f"{from_}{to} {here}" if few else f"{from_} USING INDEX a:{start}(id) {here} MATCH (a){to}"
    return f"""MATCH {edges}
        WITH a.id AS start, b.id AS end, coalesce(r.key, '') AS key, r
        WHERE start > $start OR end > $end OR end = $end AND key > $key
        RETURN start + '/' + end + '/' + key, properties(r) ORDER BY start, end, key LIMIT $limit"""


USERS = "MATCH (a:User) WHERE a.id >= $start AND a.prefix = $prefix RETURN a.id ORDER BY a.id"


def page_of_a_users_edges(type_: str) -> str:
    """The edges of the user $start from $end/$key on, without it; by their ends, because one user has very many."""
    end = TYPES[type_][1]
    return f"""MATCH (b:{end}) USING INDEX b:{end}(id)
        WHERE b.id >= $end AND b.prefix = $prefix
        MATCH (a:User {{id: $start}})-[r:{type_}]->(b)
        WITH b.id AS end, coalesce(r.key, '') AS key, r
        WHERE end > $end OR key > $key
        RETURN $start + '/' + end + '/' + key, properties(r) ORDER BY end, key LIMIT $limit"""


def own_and_every() -> str:
    """By label: how many nodes are under the prefix, by its index, and in the database, which keeps that number."""
    return "\nUNION ALL ".join(
        f"""CALL {{ MATCH (n:{label} {{prefix: $prefix}}) RETURN count(n) AS own }}
        CALL {{ MATCH (n:{label}) RETURN count(n) AS every }}
        RETURN '{label}' AS label, own, every"""
        for label in NODE_LABELS
    )


def count_edges_from(labels: Iterable[str], shared: Collection[str]) -> str:
    """How many edges leave the prefix's nodes with these labels. Where these are all that have the label it is a number
    that the database keeps; where the label is `shared` with others' nodes, each edge is looked at."""
    return _of_all(
        "sum(found)",
        (
            f"MATCH (n:{label}{' {prefix: $prefix}' if label in shared else ''})-[r:{ANY}]->() RETURN count(r) AS found"
            for label in labels
        ),
    )


def count_nodes(labels: Iterable[str] = NODE_LABELS) -> str:
    counted = "WHERE n.generation >= $generation RETURN count(n) AS found"
    return _of_all("sum(found)", (f"MATCH (n:{label} {{prefix: $prefix}}) {counted}" for label in labels))


def count_edges(labels: Iterable[str] = STARTS) -> str:
    counted = f"-[r:{ANY}]->() WHERE r.generation >= $generation RETURN count(r) AS found"
    return _of_all("sum(found)", (f"MATCH (n:{label} {{prefix: $prefix}}){counted}" for label in labels))


def newest_generation() -> str:
    """The highest generation of nodes under a prefix that nobody claims."""
    newest = "RETURN max(n.generation) AS found"
    parts = (f"MATCH (n:{label} {{prefix: $prefix}}) {newest}" for label in NODE_LABELS)
    return _of_all("coalesce(max(found), 0)", parts)


def _of_all(aggregate: str, parts: Iterable[str]) -> str:
    """One number out of what each part finds."""
    union = "\nUNION ALL ".join(parts)
    return f"CALL {{ {union} }} RETURN {aggregate}"
