"""What the bridge knows of one MCP conversation: which requests wait, and how the handshake went.

Not an MCP server: it reads ids and the names of two methods, nothing else.
"""

from __future__ import annotations

import json

from lmem.protocol.framing import MAX_FRAME, Frame, encode

GONE = -32000
"""JSON-RPC leaves this range to servers."""
BAD_JSON = -32700
BAD_REQUEST = -32600

REPLAYED = "lmem-handshake"
"""The id under which a handshake is repeated; its answer is for the bridge alone."""


class Talk:
    """One conversation. Lines are bytes with their newline."""

    def __init__(self) -> None:
        self._waiting: dict[str, object] = {}  # by the id's JSON, which tells 1 from "1"
        self._initialize: Frame | None = None
        self._initialized: bytes | None = None

    def asked(self, line: bytes) -> bytes | None:
        """Note a line of the client. Answers an error for one that is no JSON-RPC message; that goes no further."""
        if len(line) > MAX_FRAME:
            return error(None, BAD_REQUEST, f"A message may have {MAX_FRAME} bytes; this one has more.")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return error(None, BAD_JSON, "A message is one line of JSON in UTF-8.")
        if not isinstance(message, dict):
            return error(None, BAD_REQUEST, "A message is one JSON object.")
        method = message.get("method")
        if "id" in message and method is not None:
            self._waiting[json.dumps(message["id"])] = message["id"]
        if method == "initialize":
            self._initialize = message
        elif method == "notifications/initialized":
            self._initialized = line
        return None

    def answered(self, line: bytes) -> bool:
        """Note a line of the daemon; False for the answer to a repeated handshake, which the client must not see."""
        try:
            message = json.loads(line)
        except ValueError:  # it is the daemon's word, whatever it is
            return True
        if not isinstance(message, dict) or "method" in message:
            return True
        self._waiting.pop(json.dumps(message.get("id")), None)
        return message.get("id") != REPLAYED

    def handshake(self) -> bytes:
        """What a new daemon has to be told first: the client's own handshake again; nothing before it was made."""
        if self._initialize is None or self._initialized is None:
            return b""
        return encode({**self._initialize, "id": REPLAYED}) + self._initialized

    def abandon(self, why: str) -> bytes:
        """Errors for all requests that wait: nobody will answer them now."""
        lines = [error(id, GONE, why) for id in self._waiting.values()]
        self._waiting.clear()
        return b"".join(lines)


def error(id: object, code: int, message: str) -> bytes:
    """A JSON-RPC error as a line."""
    return encode({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
