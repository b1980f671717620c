"""A dataset as it may be shown redacted: a copy of the tables that are asked for.

What the analysis of a capture takes out is out already where `batch` was told so. Of any other
dataset it is taken out of the rows, column by column, since whatever then asks the copy, SQL too,
can show nothing else.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from ncutool.analysis.redact import redactor_of_rows
from ncutool.analysis.request import Redact
from ncutool.archive.dataset import SCHEMA_FILE, Dataset, existing, files_of
from ncutool.archive.naming import shown_name, shown_path
from ncutool.archive.reading import Tables
from ncutool.base import private_text
from ncutool_parsers import spool

if TYPE_CHECKING:
    from ncutool.analysis.redact import Redactor

_Changes = Mapping[str, Callable[[str], str]]
_OF_FINDINGS = ("evidence", "also", "excluded")
_REASONS = ("error", "remark", "bound_reason", "join_note", "missing_reason")
_SOURCES = ("hot_file", "hot_lines", "hot_load", "hot_instruction", "limiting_detail")
_SENTENCES = ("remedy", "caveat", "cap")


@contextmanager
def redacted_tables(tables: Tables, mode: Redact | None) -> Iterator[Tables]:
    """Yield tables whose rows hold nothing private; the tables themselves without a mode."""
    if mode is None:
        yield tables
        return
    with spool.folder() as folder:
        copy = folder / "dataset"
        copy.mkdir()
        shutil.copyfile(tables.dataset.root / SCHEMA_FILE, copy / SCHEMA_FILE)
        dataset, done = existing(copy), set[str]()

        def bring(table: str) -> None:
            if table not in done:
                tables.bring(table)
                _copy(tables.dataset, dataset, table, mode)
                done.add(table)

        yield Tables(dataset, bring)


def _copy(source: Dataset, target: Dataset, table: str, mode: Redact) -> None:
    for path in files_of(source, table):
        place = target.root / path.relative_to(source.root)
        place.parent.mkdir(parents=True, exist_ok=True)
        _redacted(table, pl.read_parquet(path, hive_partitioning=False), mode).write_parquet(place)


def _redacted(table: str, rows: pl.DataFrame, mode: Redact) -> pl.DataFrame:
    do = redactor_of_rows(mode)
    if mode is Redact.NAMES:
        rows = _without_sentences(rows)
    changes = _changes(do, _prose(do, rows)).get(table, {})
    return rows.with_columns(
        _mapped(rows[name], change) for name, change in changes.items() if name in rows.columns
    )


def _changes(do: Redactor, prose: Callable[[str], str]) -> dict[str, _Changes]:
    """Return what is done to the columns of text of each table."""
    path, name = partial(shown_path, redact=True), partial(shown_name, redact=True)
    return {
        "captures": {
            "path": path,
            "name": name,
            "companions": path,
            "tool_version": partial(do.name, "word"),
            "device": do.text,
            "headline": prose,
            "top_kernel": do.kernel,
        },
        "launches": {
            "capture": name,
            "kernel": do.kernel,
            "kernel_full": do.kernel,
            "op": do.operator,
            "signature": do.argument,
            "nvtx": do.user_text,
            **_all(_REASONS, prose),
        },
        "inside": {"kernel": do.kernel, **_all(_SOURCES, do.argument)},
        "findings": {
            "kernels": do.kernel,
            **_all(("title", "evidence", *_SENTENCES), prose),
        },
        "collectives": {
            "kernel": do.kernel,
            "process_group": do.argument,
            "step": do.user_text,
        },
        "errors": {"path": path, "name": name, "message": prose},
    }


def _prose(do: Redactor, rows: pl.DataFrame) -> Callable[[str], str]:
    """Return what redacts a sentence about these rows, which may hold their names."""
    named = {"kernel": do.kernel, "kernel_full": do.kernel, "op": do.operator}
    shown = {
        text: change(text)
        for column, change in named.items()
        if column in rows.columns
        for text in rows[column].drop_nulls().unique()
        if text
    }
    changed = sorted((one for one in shown if shown[one] != one), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, changed))) if changed else None

    def prose(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(lambda match: shown[match.group()], text)
        return private_text.without_modules(do.text(text), partial(do.name, "module"))

    return prose


def _all(columns: Iterable[str], change: Callable[[str], str]) -> _Changes:
    return dict.fromkeys(columns, change)


def _without_sentences(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows without sentences that may hold any name, as findings of kept runs have none."""
    columns = rows.columns
    if "headline" in columns:
        rows = rows.with_columns(headline=pl.col("answer").str.replace_all("_", " "))
    if "rule" in columns and "title" in columns:
        rows = rows.with_columns(
            pl.col("rule").alias("title"),
            *(pl.col(name).list.head(0) for name in _OF_FINDINGS if name in columns),
            *(
                pl.when(pl.col(name).is_not_null()).then(pl.lit("")).alias(name)
                for name in _SENTENCES
                if name in columns
            ),
        )
    return rows


def _mapped(column: pl.Series, change: Callable[[str], str]) -> pl.Series:
    """Return a column of texts, or of lists of them, with each text changed."""
    known: dict[str, str] = {}

    def shown(text: str) -> str:
        if text not in known:
            known[text] = change(text)
        return known[text]

    if isinstance(column.dtype, pl.List):
        lists = [None if cell is None else [shown(one) for one in cell] for cell in column]
        return pl.Series(column.name, lists, column.dtype)
    texts = [None if text is None else shown(text) for text in column]
    return pl.Series(column.name, texts, pl.String)
