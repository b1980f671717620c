"""How commands are run: most as on a command line, archives and tool calls in this process.

Both start processes of their own when people use them, which would take seconds a case and say no
more: what those processes do with a file is run here.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import dataset_factory
from mcp.client import Client

import fuzz_others as others
from fuzz_others import said
from ncutool.commands import main, mcp_server
from ncutool.commands.mcp_calls import CallError, Calls

Run = Callable[[list[str]], int]
_DATASET = "dataset"


def command(arguments: list[str]) -> int:
    """Run a command as a command line does."""
    return main(arguments)


def archive(arguments: list[str]) -> int:
    """Analyse a file into a dataset, and print its tables or its page."""
    name, file = arguments
    root = Path(file).parent.parent / "archive"
    try:
        dataset = dataset_factory.analysed(root, [Path(file)])
        if name == "batch":
            told = {one: _rows(dataset.root / one) for one in ("captures", "errors")}
            print(json.dumps(told))
            return 0
        page = root.parent / "fleet.html"
        code = main(["fleet", str(root), "-o", str(page), "--force"])
        print(page.read_text(encoding="utf-8") if code == 0 else "")
        page.unlink(missing_ok=True)
        return code
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _rows(folder: Path) -> list[dict[str, Any]]:
    import polars as pl

    files = list(folder.rglob("*.parquet"))
    kept = ("kind", "message", "kernels", "duration_ns")
    rows = [row for file in files for row in pl.read_parquet(file).to_dicts()]
    return [{key: row[key] for key in kept if key in row} for row in rows]


def query_arguments(file: Path, out: Path, whole: Path) -> list[str]:
    """The command line of a mutated question to a dataset."""
    given = _object(file)
    words = ["query", str(_dataset(whole)), "--format", "json"]
    for option, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            words.append(f"{option}={str(one)[:2_000]}".replace("\0", ""))
    return words


@cache
def _dataset(whole: Path) -> Path:
    root = whole / _DATASET
    traces = dataset_factory.write_traces(whole / "archived", 2)
    broken = whole / "archived" / "broken.json"
    broken.write_text("{", encoding="utf-8")
    dataset_factory.analysed(root, [*traces, broken])
    return root


def call_arguments(file: Path, out: Path, whole: Path) -> list[str]:
    """The folder of a server, and what it is asked."""
    return [str(whole), file.read_text(encoding="utf-8", errors="replace")]


def tool(arguments: list[str]) -> int:
    """Ask a tool of the server, by the client that agents use."""
    folder, text = arguments
    try:
        given = json.loads(text.encode("utf-8", "replace"))
    except ValueError:
        given = {}
    given = given if isinstance(given, dict) else {}
    name, asked = given.get("tool"), given.get("arguments")
    if name not in others.names(others.CALL):  # the SDK answers that, in the caller's own words
        name = "diagnose"
    failed, answer = anyio.run(_ask, Path(folder), name, asked if isinstance(asked, dict) else {})
    if failed:
        print(f"ncutool: {' '.join(answer.split())}", file=sys.stderr)
    else:
        print(answer)
    return int(failed)


async def _ask(folder: Path, name: str, asked: dict[str, Any]) -> tuple[bool, str]:
    vars(mcp_server)["Calls"] = _Here  # what it starts a process for is run here
    async with Client(mcp_server.make([folder], 60, "0")) as client:
        result = await client.call_tool(name, asked)
        return bool(result.is_error), result.content[0].text  # type: ignore[union-attr]  # is text


class _Here(Calls):
    """Runs commands in this process."""

    async def _run(self, arguments: Sequence[str]) -> bytes:
        _, out, errors = said(lambda: main(list(arguments)))
        if not out.strip():
            raise CallError(errors.strip().splitlines()[-1].removeprefix("ncutool: "))
        return out.encode()


def _object(file: Path) -> dict[str, Any]:
    try:
        given = json.loads(file.read_bytes().decode("utf-8", "replace"))
    except ValueError:
        return {}
    return {str(key): value for key, value in given.items()} if isinstance(given, dict) else {}
