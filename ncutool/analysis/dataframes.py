"""pandas at the edge: a table is a polars or a pandas DataFrame wherever the API takes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl

from ncutool.base.records import fields_of
from ncutool.base.tables import FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from ncutool.advice.view.finding import Finding
    from ncutool_parsers.schema import Column, Table

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
    schema = table.polars_schema()
    unknown = [str(name) for name in frame.columns if name not in schema]
    if unknown:
        raise ValueError(f"table {table.name} has no column {', '.join(unknown)}")
    columns = [_from_pandas(frame[name], name, schema[name]) for name in frame.columns]
    return table.conform(pl.DataFrame(columns))


def to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """Return a table for pandas, without the 170 MB of pyarrow that polars' own way needs.

    Whole numbers stay whole numbers where some are null (``Int64``; truths are ``boolean``);
    fractions are floats with NaN for null, as pandas has it; all else is text or objects.
    """
    import pandas as pd

    made: pd.DataFrame = pd.DataFrame({one.name: _to_pandas(one) for one in frame}, copy=False)
    return made


def _to_pandas(column: pl.Series) -> Any:
    import pandas as pd

    nullable = "Int64" if column.dtype.is_integer() else "boolean"
    if column.dtype.is_integer() or column.dtype == pl.Boolean:
        if column.null_count():
            return pd.Series(column.to_list(), dtype=nullable)
        return column.to_numpy()
    if column.dtype.is_float():
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if column.dtype == pl.String:
        return pd.Series(column.to_list(), dtype="str")
    return pd.Series(column.to_list(), dtype=object)


def _from_pandas(values: pd.Series[Any], name: str, dtype: pl.DataType) -> pl.Series:
    """Return one column; whatever pandas counts as missing is null."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iufb" and not dtype.is_nested():
        made: pl.Series = pl.Series(name, values.to_numpy(), nan_to_null=True)
    else:
        missing = values.isna().to_list()
        made = pl.Series(
            name,
            [None if gone else one for one, gone in zip(values.to_list(), missing, strict=True)],
            dtype=dtype if dtype.is_nested() else None,
        )
    cast: pl.Series = made.cast(dtype)
    return cast


def findings_frame(findings: Iterable[Finding]) -> pl.DataFrame:
    """Return findings as the table :data:`ncutool.base.tables.FINDINGS`, in the order given."""
    schema = FINDINGS.polars_schema()
    records = [column for column in FINDINGS.columns if column.fields]
    rows = [
        {name: getattr(finding, name) for name in schema}
        | {
            column.name: [_record(one, column) for one in getattr(finding, column.name)]
            for column in records
        }
        for finding in findings
    ]
    return FINDINGS.conform(pl.from_dicts(rows, schema=schema))


def _record(one: Any, column: Column) -> dict[str, Any]:
    """Return a record's fields; a count in the place of a figure becomes one."""
    figures = {field.name for field in column.fields if field.dtype == "float"}
    return {
        name: float(value) if name in figures and isinstance(value, int) else value
        for name, value in fields_of(one).items()
    }
