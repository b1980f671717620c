"""pandas at the edge: a table is a polars or a pandas DataFrame wherever the API takes one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from ncutool.base.tables import FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from ncutool.advice.view.finding import Finding
    from ncutool_parsers.schema import Table

    AnyFrame: TypeAlias = pl.DataFrame | pd.DataFrame


def as_polars(frame: AnyFrame, table: Table) -> pl.DataFrame:
    """Return ``frame`` as polars with the columns and types of ``table``; NaN becomes null.

    Raises:
        TypeError: ``frame`` is neither a polars nor a pandas DataFrame.
        ValueError: it has a column that ``table`` does not know.
    """
    if isinstance(frame, pl.DataFrame):
        return table.conform(frame)
    if type(frame).__module__.partition(".")[0] != "pandas":
        raise TypeError(f"expected a polars or pandas DataFrame, not {type(frame).__name__}")
    return table.conform(pl.from_pandas(frame, nan_to_null=True))


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Return findings as the table :data:`ncutool.base.tables.FINDINGS`, in the order given."""
    schema = FINDINGS.polars_schema()
    records = [column.name for column in FINDINGS.columns if column.fields]
    rows = [
        {name: getattr(finding, name) for name in schema}
        | {name: [asdict(one) for one in getattr(finding, name)] for name in records}
        for finding in findings
    ]
    return FINDINGS.conform(pl.from_dicts(rows, schema=schema))
