"""One command of ncutool in a process of its own, for a server that must never wait for it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import msgspec

from ncutool.commands.mcp_child import Question
from ncutool.diagnose.quoted import COMMAND_CHARACTERS, quoted
from ncutool_parsers.errors import NcutoolError

if TYPE_CHECKING:
    from anyio.abc import ByteReceiveStream

_MOST_OUTPUT = 1 << 20
"""Bytes of an answer, past which its process is stopped: none is asked for that is so long."""
_MOST_ERRORS = 64 << 10
_AT_ONCE = 2
"""Commands that run beside each other."""


class CallError(NcutoolError):
    """A command gave no answer; the message says why."""


class Calls:
    """Runs commands, so many at once and each for so long."""

    def __init__(self, timeout_s: float) -> None:
        """Take how long (s) a command may run."""
        from anyio import CapacityLimiter

        self._timeout_s = timeout_s
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def answer(self, question: Question) -> str:
        """Return the JSON text that answers a question, already cut to size.

        Raises:
            CallError: there is no answer, it takes too long, or it is too long.
        """
        return (await self._run(msgspec.json.encode(question).decode())).decode()

    async def _run(self, question: str) -> bytes:
        import anyio

        async with self._limiter:
            # Python looks for modules where it is started: an empty folder holds none.
            with tempfile.TemporaryDirectory(prefix="ncutool-mcp-") as empty:
                try:
                    with anyio.fail_after(self._timeout_s):
                        return await _output(question, empty)
                except TimeoutError:
                    raise CallError(
                        f"took longer than {self._timeout_s:g} s; start the server with a larger "
                        "--timeout"
                    ) from None


async def _output(question: str, folder: str) -> bytes:
    import anyio

    out, errors = bytearray(), bytearray()
    command = [sys.executable, "-m", "ncutool.commands.mcp_child", question]
    process = await anyio.open_process(command, stdin=subprocess.DEVNULL, cwd=folder)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_read, process.stderr, errors, _MOST_ERRORS)
            await _read(process.stdout, out, _MOST_OUTPUT)
            code = await process.wait() if len(out) <= _MOST_OUTPUT else None
            if code is None:
                group.cancel_scope.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        with anyio.CancelScope(shield=True):
            await process.aclose()
    if len(out) > _MOST_OUTPUT:
        raise CallError("the result is too large; ask for fewer rows")
    if process.returncode or not out:
        told = errors.decode("utf-8", "replace").strip().splitlines()
        why = told[-1] if told else f"ended with {process.returncode}"
        raise CallError(quoted(why, COMMAND_CHARACTERS))
    return bytes(out)


async def _read(stream: ByteReceiveStream | None, into: bytearray, most: int) -> None:
    """Read a stream to its end; past ``most`` bytes the rest is read and dropped, or left."""
    if stream is None:
        return
    async for part in stream:
        if len(into) <= most:
            into += part
        elif most == _MOST_OUTPUT:
            return
