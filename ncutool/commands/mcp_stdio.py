"""Messages over standard input and output; a line that is no message is answered too.

The SDK drops such a line in silence, and an agent that waits for the answer waits for ever.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server.mcpserver import MCPServer
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, RequestId
from pydantic import ValidationError

_RULE = (
    'a message is one JSON object a line, with "jsonrpc": "2.0", an id that is a whole number or '
    "text, a method that is text, and params that are an object"
)


class StdioServer(MCPServer[Any]):
    """A server that answers what it cannot read as well."""

    async def run_stdio_async(self) -> None:
        """Serve until standard input ends."""
        server = self._lowlevel_server
        passed, messages = anyio.create_memory_object_stream[SessionMessage | Exception]()
        async with stdio_server() as (read, write), anyio.create_task_group() as tasks:
            tasks.start_soon(_pass_messages, read, passed, write)
            await server.run(messages, write, server.create_initialization_options())
            tasks.cancel_scope.cancel()


class _Lines(Protocol):
    """What came in: messages, and for each line that is none the reason."""

    def __aiter__(self) -> _Lines: ...
    async def __anext__(self) -> SessionMessage | Exception: ...


class _Answers(Protocol):
    async def send(self, item: SessionMessage, /) -> None: ...


async def _pass_messages(
    read: _Lines, passed: MemoryObjectSendStream[SessionMessage | Exception], write: _Answers
) -> None:
    async with passed:
        async for item in read:
            if not isinstance(item, ValidationError):
                await passed.send(item)
            elif answer := answer_to(item):
                await write.send(SessionMessage(answer))


def answer_to(error: ValidationError) -> JSONRPCError | None:
    """Return what is said of a line that is no message; None of one that asks nothing.

    A blank line asks nothing, nor does an answer to something that was never asked.
    """
    first = error.errors(include_url=False)[0]
    given, broken = first["input"], first["type"] == "json_invalid"
    if broken:
        if not given.strip():
            return None
        given, code, why = _read_loosely(given), PARSE_ERROR, first["msg"]
    else:
        given, code, why = _whole(error), INVALID_REQUEST, "Invalid request"
    if isinstance(given, dict) and "method" not in given and {"result", "error"} & given.keys():
        return None
    return JSONRPCError(
        jsonrpc="2.0", id=_id_of(given), error=ErrorData(code=code, message=f"{why}: {_RULE}")
    )


def _whole(error: ValidationError) -> Any:
    """Return the message that an error lies in, where one of its errors has it whole."""
    inputs = (one["input"] for one in error.errors(include_url=False))
    return next((one for one in inputs if isinstance(one, dict) and "jsonrpc" in one), None)


def _read_loosely(line: str) -> Any:
    """Return what Python reads where the SDK's parser does not: half a surrogate pair, say."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _id_of(message: Any) -> RequestId | None:
    """Return the id that the answer carries: JSON-RPC wants null where it cannot be told."""
    given = message.get("id") if isinstance(message, dict) else None
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    readable = isinstance(given, str) and given.encode("utf-8", "replace").decode() == given
    return given if readable else None
