"""The bridge of an editor's agent: MCP on standard input and output, the daemon's socket behind it."""
