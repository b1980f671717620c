"""``ncutool mcp``: agents ask for diagnoses over the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ncutool.commands.options import DebugOption, option
from ncutool_parsers.errors import UsageError

_TIMEOUT_S = 300.0


def run(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help="Folders that agents may read captures from."),
    ],
    timeout: Annotated[
        float,
        option(
            "--timeout",
            words="Seconds that a question may take.",
            min=1,
            show_default=True,
            metavar="SECONDS",
        ),
    ] = _TIMEOUT_S,
    debug: DebugOption = False,
) -> None:
    """Serve diagnoses to agents over stdio: read-only, and from these folders alone.

    Tools: diagnose, findings, kernels, explain, diff, next_capture; resources: the schemas of
    outputs. Every answer has a bounded size, and a capture is read in a process of its own. Needs
    `pip install 'ncutool[mcp]'`.
    """
    from importlib.metadata import version

    try:
        from ncutool.commands.mcp_server import make
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        raise UsageError(
            "the MCP SDK (2 or later) is not installed: pip install 'ncutool[mcp]'"
        ) from error
    make(folders, timeout, version("ncutool")).run("stdio")
