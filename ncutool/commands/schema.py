"""``ncutool schema``: the JSON Schema of an output table."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from ncutool.commands.options import DebugOption


class Name(str, Enum):
    """Outputs with a published schema."""

    KERNELS = "kernels"
    FINDINGS = "findings"
    INSIDE = "inside"
    REPORT = "report"


def run(
    table: Annotated[Name, typer.Argument(help="Which table.")] = Name.KERNELS,
    debug: DebugOption = False,
) -> None:
    """Print the JSON Schema of ``--format json`` of a table: every column, unit and meaning."""
    import json

    from ncutool.analysis.json_schema import of_output, of_report

    schema = of_report() if table is Name.REPORT else of_output(table.value)
    typer.echo(json.dumps(schema, indent=2, ensure_ascii=False))
