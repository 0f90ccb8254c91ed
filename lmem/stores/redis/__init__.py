"""The cache on a Redis server, through redis-py, which is imported when the cache is opened and not before."""
