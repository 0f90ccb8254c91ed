"""Git hooks: what lmem writes into a repository's hooks, and the line that a hook leaves for the daemon."""
