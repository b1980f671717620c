"""Writes docs/tables.md from the schemas in the code; a test holds the two together.

python docs/make_tables.py
"""

from __future__ import annotations

from pathlib import Path

import ncutool.base.tables
from ncutool.base.inside_table import INSIDE
from ncutool_parsers.schema import TABLES, Column, Table

PAGE = Path(__file__).parent / "tables.md"
INTRODUCTION = """# Tables

<!-- Written by docs/make_tables.py from the schemas in the code; do not edit. -->

SI base units; time is integer nanoseconds, counted from the start of the first launch. An unknown
is null, never 0 and never NaN. **`kernels` is the public contract**: within a major version a
column is added, never renamed or removed (`ncutool schema` prints it as JSON Schema).
"""
MADE = (
    ncutool.base.tables.KERNELS,
    INSIDE,
    ncutool.base.tables.FINDINGS,
    ncutool.base.tables.WORK,
)


def text() -> str:
    """Return the text of docs/tables.md."""
    parts = [INTRODUCTION, "## What ncutool makes", *map(_table, MADE)]
    parts += ["## What a reader gives", *map(_table, TABLES)]
    return "\n".join(parts)


def _table(table: Table) -> str:
    rows = "\n".join(map(_row, table.columns))
    head = "| column | type | unit | meaning |\n|---|---|---|---|"
    return f"\n### {table.name}\n\n{table.meaning}\n\n{head}\n{rows}\n"


def _row(column: Column) -> str:
    dtype = column.dtype + ("?" if column.nullable else "")
    meaning = column.meaning.replace("|", "\\|")
    return f"| `{column.name}` | {dtype} | {column.unit or ''} | {meaning} |"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    print(PAGE)
