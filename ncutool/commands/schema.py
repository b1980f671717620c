"""``ncutool schema``: the JSON Schema of an output."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ncutool.commands import output_schemas
from ncutool.commands.options import DebugOption, option
from ncutool.commands.wrong_usage import one_of
from ncutool_parsers.errors import UsageError

TABLES = ("kernels", "findings", "inside")
NAMES = (*TABLES, "report", "diagnosis", *output_schemas.OUTPUTS)
"""Outputs with a published schema."""


def run(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help=f"Which output: {', '.join(NAMES)}.")
    ] = "kernels",
    stays_open: Annotated[
        bool,
        option(
            "--open",
            words="Let objects have further fields, as later versions may add them: for a schema "
            "that you keep.",
        ),
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Print the JSON Schema of `--format json` of an output: every field, unit and meaning.

    It has every field of this version and allows no other, so that a misspelt one is found.
    """
    import json

    from ncutool.base.json_types import opened

    made = schema_of(name)
    typer.echo(json.dumps(opened(made) if stays_open else made, indent=2, ensure_ascii=False))


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema of an output.

    Raises:
        UsageError: nothing is called so.
    """
    from ncutool.analysis import json_schema

    if name in TABLES:
        return json_schema.of_output(name)
    if name == "report":
        return json_schema.of_report()
    if name == "diagnosis":
        from ncutool.diagnose.schema import schema

        return schema()
    if name in output_schemas.OUTPUTS:
        return output_schemas.of_output(name)
    raise UsageError(f"NAME takes {one_of(NAMES)}, not {name!r}; see ncutool schema --help")
