"""The process that owns all stores: server, dispatch, handlers, life cycle."""
