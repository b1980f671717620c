"""A dataset as it may be shown redacted: a copy of the tables that are asked for.

What the analysis of a capture takes out is out already where `batch` was told so. Of any other
dataset it is taken out of the rows, column by column, since whatever then asks the copy, SQL too,
can show nothing else.
"""

from __future__ import annotations

import hmac
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.analysis.redact import redactor_of_rows
from ncutool.analysis.request import Redact
from ncutool.analysis.sentence_words import in_own_words, stays, words_of
from ncutool.archive.dataset import SCHEMA_FILE, Dataset, existing, files_of
from ncutool.archive.naming import shown_name, shown_path, shown_said
from ncutool.archive.reading import Tables
from ncutool.base import private_text, pseudonyms
from ncutool_parsers import spool

if TYPE_CHECKING:
    from ncutool.analysis.redact import Redactor

_Changes = dict[str, Callable[[str], str]]
_OF_INSIDE = ("hot_file", "hot_lines", "hot_load", "hot_instruction")
_OF_COLLECTIVES = ("process_group", "collective", "dtype", "group_ranks")
"""What a file says in words of its own."""
_NAMED_BY_TOOLS = {
    "launches": (
        *("compute_capability", "limiting_detail", "launch_rule", "sm_sol_unit"),
        "memory_sol_level",
    ),
    "inside": (
        *("stall_top", "stalls", "pipe_top", "pipes", "missing", "missing_sections"),
        *("hot_stall", "limiting_detail"),
    ),
}
"""NVIDIA's names of units, stalls, metrics and sections: no one's own."""
SENTENCES = {
    "captures": ("headline",),
    "launches": ("error", "remark", "bound_reason", "join_note", "missing_reason"),
    "findings": ("title", "evidence", "remedy", "caveat", "cap", "also", "excluded"),
    "errors": ("message",),
}
"""Columns of sentences, which may hold names."""
NAMED = {
    "captures": ("top_kernel",),
    "launches": ("kernel", "kernel_full", "op"),
    "findings": ("kernels",),
    "errors": (),
}
"""Columns with the names that the sentences of a row tell of."""
_OF_PLACES = re.compile(r"[/\\@]|\d\.\d+\.\d")
_OF_RECORDS = ("what", "why")
OWN = {
    "captures": ("capture_id", "analysis_version", "source", "answer", "notices"),
    "launches": (
        *("capture_id", "source", "category", "family", "dtype", "flop_source", "bytes_source"),
        *("flop_exactness", "bytes_exactness", "memory_level", "roof", "peak_source"),
        *("roof_side", "bound", "limiting_level", "part", "flag", "sol_class"),
    ),
    "inside": ("capture_id", "occupancy_limiters", "pipes_of", "fma_dtype", "limiting_level"),
    "findings": ("capture_id", "id", "rule", "kind", "per", "grade", "overlaps", "figures"),
    "gaps": ("capture_id", "cause"),
    "collectives": ("capture_id", "kind"),
    "errors": ("content_hash", "analysis_version", "kind"),
}
"""Columns of text that stay: words of ncutool's own lists, and hashes of contents."""


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
        _redacted(
            table, pl.read_parquet(path, hive_partitioning=False), mode, source.metadata()
        ).write_parquet(place)


def _redacted(
    table: str, rows: pl.DataFrame, mode: Redact, metadata: Iterable[str] = ()
) -> pl.DataFrame:
    do = redactor_of_rows(mode)
    prose = partial(sentence_of_rows, do)
    changes = changes_of(table, do) | dict.fromkeys(metadata, shown_said)
    sentences = dict.fromkeys(SENTENCES.get(table, ()), NAMED.get(table, ()))
    columns = [
        _mapped(rows[name], change) for name, change in changes.items() if name in rows.columns
    ]
    columns += [
        _retold(rows, name, named, prose)
        for name, named in sentences.items()
        if name in rows.columns
    ]
    return rows.with_columns(columns)


def changes_of(table: str, do: Redactor) -> _Changes:
    """Return what is done to the columns of a table that hold no sentences."""
    path, name = partial(shown_path, redact=True), partial(shown_name, redact=True)
    of_tables: dict[str, _Changes] = {
        "captures": {
            "path": path,
            "name": name,
            "companions": path,
            "tool_version": partial(do.name, "word"),
            "device": do.text,
            "compute_capability": do.text,
            "top_kernel": do.kernel,
            "job": shown_said,
        },
        "launches": {
            "capture": name,
            "kernel": do.kernel,
            "kernel_full": do.kernel,
            "op": do.operator,
            "signature": do.argument,
            "nvtx": do.user_text,
            **_all(_NAMED_BY_TOOLS["launches"], do.text),
        },
        "inside": {
            "kernel": do.kernel,
            **_all(_OF_INSIDE, do.argument),
            **_all(_NAMED_BY_TOOLS["inside"], do.text),
        },
        "findings": {
            "kernels": do.kernel,
            "code": partial(_own_code, rename=do.argument),
            "link": _own_link,
        },
        "collectives": {
            "kernel": do.kernel,
            "step": do.user_text,
            **_all(_OF_COLLECTIVES, do.argument),
        },
        "errors": {"path": path, "name": name, "file_id": _keyed},
    }
    return of_tables.get(table, {})


def sentence_of_rows(do: Redactor, text: str, names: Collection[str]) -> str:
    """Return a sentence that was kept, as it may be shown.

    Args:
        do: what redacts names.
        text: the sentence.
        names: of kernels and operators that it may tell of.
    """
    text = do.text(text)
    if do.mode is not Redact.NAMES:
        return private_text.without_modules(text, partial(do.name, "module"))
    words = {word for name in names for word in words_of(name)}
    return in_own_words(
        text, lambda word: do.word("kernel" if word in words else "word", word), words
    )


def _own_code(code: str, rename: Callable[[str], str]) -> str:
    """Return a line of code or a setting; the same where it is ncutool's own throughout."""
    is_own_throughout = not _OF_PLACES.search(code) and all(map(stays, words_of(code)))
    return code if is_own_throughout else rename(code)


def _own_link(link: str) -> str:
    """Return a link to what a rule names; no other."""
    return link if link.startswith("https://") and all(map(stays, words_of(link))) else "<url>"


def _keyed(file_id: str) -> str:
    """Return the hash of a place such that nobody without the user's own key can check a guess."""
    if not pseudonyms.has_own_key():
        return file_id
    return hmac.digest(pseudonyms.key(), file_id.encode(), "sha256").hex()[: len(file_id)]


def _all(columns: Iterable[str], change: Callable[[str], str]) -> _Changes:
    return dict.fromkeys(columns, change)


def _retold(
    rows: pl.DataFrame,
    name: str,
    named: Iterable[str],
    prose: Callable[[str, Collection[str]], str],
) -> pl.Series:
    """Return a column of sentences, or of lists or records of them, without what is private."""
    holders = [rows[column].to_list() for column in named if column in rows.columns]
    known: dict[tuple[str, tuple[Any, ...]], str] = {}

    def shown(cell: Any, names: tuple[Any, ...]) -> Any:
        if isinstance(cell, list):
            return [shown(one, names) for one in cell]
        if isinstance(cell, dict):
            return {
                key: shown(value, names) if key in _OF_RECORDS else value
                for key, value in cell.items()
            }
        if not cell:
            return cell
        if (cell, names) not in known:
            known[cell, names] = prose(cell, _flat(names))
        return known[cell, names]

    cells = [
        shown(cell, tuple(tuple(one) if isinstance(one, list) else one for one in names))
        for cell, *names in zip(rows[name].to_list(), *holders, strict=True)
    ]
    return pl.Series(name, cells, rows[name].dtype)


def _flat(names: Iterable[Any]) -> list[str]:
    """Return names, those in lists among them."""
    flat: list[str] = []
    for one in names:
        flat += one if isinstance(one, tuple) else [] if one is None else [one]
    return flat


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
