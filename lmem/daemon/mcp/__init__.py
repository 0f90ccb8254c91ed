"""The MCP server of editors' agents, inside the daemon: tools over the same dispatch as the terminal's commands."""
