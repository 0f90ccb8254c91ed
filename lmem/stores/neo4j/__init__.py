"""The graph on a Neo4j server: a copy that a relay keeps, and the answers from it.

Not the truth, and not needed: SQLite answers the same questions. Imported only when neo4j.url is set.
"""
