"""The vectors: Qdrant Edge in the index worker."""
