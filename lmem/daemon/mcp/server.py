"""The protocol: the `mcp` package's low-level server on a session's lines, with the table of tools behind it.

Not imported before the first session: the package takes a second. Both eras of the protocol are the package's.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from mcp import types
from mcp.server import Server
from mcp.server.caching import CacheHint
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from lmem._version import __version__
from lmem.daemon.mcp.session import BAD_REQUEST, Session
from lmem.daemon.mcp.tools import INSTRUCTIONS, TOOLS, Tool, use
from lmem.errors import FrameError

FRESH_MS = 60 * 60 * 1000
"""How long a client may keep the list of tools, which changes with lmem's version only."""


class _Way:
    """One way of a session, as the package wants it. Its end ends nothing: the connection does that."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def aclose(self) -> None:
        """Nothing to do."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> bool | None:
        return None


class Incoming(_Way):
    """The session's messages, as the package reads them."""

    async def receive(self) -> SessionMessage | Exception:
        """The next message; what is an object but no message gets an error."""
        while True:
            frame = await self._session.message()
            number = frame.get("id")
            known = isinstance(number, int | str) and not isinstance(number, bool)
            try:
                if "id" in frame and "method" in frame and not known:  # the package takes that for a notification
                    raise FrameError("A request's id is a number or a text.")
                return SessionMessage(types.jsonrpc_message_adapter.validate_python(frame, by_name=False))
            except (ValidationError, FrameError) as err:
                said = err.message if isinstance(err, FrameError) else "This is no message of JSON-RPC 2.0."
                self._session.refuse(number if known else None, BAD_REQUEST, said)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return await self.receive()


class Outgoing(_Way):
    """The way back."""

    async def send(self, item: SessionMessage, /) -> None:
        """Send one message."""
        self._session.send(item.message.model_dump(by_alias=True, mode="json", exclude_unset=True))


async def serve(session: Session) -> None:
    """Serve one session until it is cancelled."""

    async def listed(context: object, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return LISTED

    async def called(context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            message = f"There is no tool '{params.name[:80]}'. Tools are: {', '.join(TOOLS)}."
            raise MCPError(types.INVALID_PARAMS, message)
        answer = await use(tool, session.ask, params.arguments or {})
        return types.CallToolResult(
            content=[types.TextContent(text=answer.text)],
            structured_content=answer.structured,
            is_error=answer.is_error,
        )

    hint = CacheHint(ttl_ms=FRESH_MS, scope="private")
    server: Server[dict[str, Any]] = Server(
        "lmem",
        version=__version__,
        instructions=INSTRUCTIONS,
        cache_hints={"tools/list": hint, "server/discover": hint},
        on_list_tools=listed,
        on_call_tool=called,
    )
    server.middleware.clear()  # traces for a collector that lmem does not have
    await server.run(Incoming(session), Outgoing(session), server.create_initialization_options())


def _listed(name: str, tool: Tool) -> types.Tool:
    return types.Tool(
        name=name,
        title=tool.title,
        description=tool.description,
        input_schema=dict(tool.input_schema),
        output_schema=dict(tool.output_schema),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=False,
            idempotent_hint=tool.read_only,
            open_world_hint=False,
        ),
    )


LISTED = types.ListToolsResult(tools=[_listed(name, tool) for name, tool in TOOLS.items()])
