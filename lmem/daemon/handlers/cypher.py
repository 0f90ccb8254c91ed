"""graph/cypher: a query of the user's own to the graph's server.

Not a way to change anything (lmem.stores.neo4j.cypher).
"""

from __future__ import annotations

from lmem.daemon.call import Call
from lmem.daemon.handlers.records import Json
from lmem.daemon.params import Params
from lmem.daemon.services import Services
from lmem.errors import Forbidden, NotFound

ROWS, MOST = 100, 10_000
"""Rows of an answer unless it is asked for others, and at most."""


async def cypher(services: Services, call: Call, params: Params) -> Json:
    """Columns and rows; 'more' says that there are others beyond the limit. Raises NotFound without a server, Forbidden
    for others than the user's own terminal: a query sees the whole database, also what other lmem keep there."""
    if services.actor(call).shared:
        raise Forbidden(
            "Cypher is answered in the user's own terminal only: a query sees all that the database holds.",
            hint="Ask 'graph/neighbours', 'graph/path' or 'relation/related', or 'lmem graph cypher' in the terminal.",
        )
    if services.graph_server is None:
        raise NotFound(
            "There is no Neo4j server: SQLite answers questions about the graph, and it knows no Cypher.",
            hint="Set one as in: lmem config set neo4j.url bolt://127.0.0.1:7687; then lmem daemon restart",
        )
    found = await services.graph_server.server.queries.ask(params.text("query"), params.number("limit", ROWS, 1, MOST))
    return {"columns": list(found.columns), "rows": [list(row) for row in found.rows], "more": found.more}
