"""The page of an archive: one offline HTML file, bounded whatever the number of captures."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import Markup
from msgspec import Struct

from ncutool.base import units
from ncutool.base.untrusted import json_for_html, printable, shorten
from ncutool.page.html import html_page
from ncutool.page.trend_parts import TrendPart, trend_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ncutool.archive.fleet import Fleet
    from ncutool.archive.trends import Trends

ANSWER_WORDS = {
    "something_to_do": "something to do",
    "nothing_worth_doing": "nothing worth doing",
    "could_not_look": "could not look",
}
_ANSWER_KINDS = {
    "something_to_do": "saving",
    "nothing_worth_doing": "idle",
    "could_not_look": "unknown",
}
FIRST_ROWS = 60
"""Captures that stand in the page as text, for whoever reads it without scripts."""
MAX_DATA_BYTES = 1_200_000
"""Of the rows that the script reads."""
MAX_HEADLINE_BYTES = 300_000
"""Of the verdicts among them, each distinct one once: the largest savings keep theirs."""
ID_DIGITS = 10
"""Digits that tell a capture from the others of an archive."""
MAX_VALUES = 100
"""Values of a column that become a choice; of more, the text filter serves."""
MAX_METADATA = 6
"""Columns of metadata that are shown."""
_MAX_FAILURES = 60
_MAX_PATH = 120
_MAX_NAME = 90
_MAX_VALUE = 40
_MAX_MESSAGE = 300


class Part(Struct, frozen=True):
    """One piece of a bar: captures of one answer."""

    kind: str
    name: str
    count: int
    pct: float


class Row(Struct, frozen=True):
    """One capture as texts."""

    path: str
    link: str | None
    headline: str
    device: str
    answer: str
    kind: str
    cells: tuple[str, ...]
    metadata: tuple[str, ...]


def render_fleet(
    fleet: Fleet,
    *,
    name: str,
    trends: Trends | None = None,
    why_no_trends: str | None = None,
    pages: Collection[str] = (),
) -> str:
    """Return the page of an archive: the same archive gives the same page.

    Args:
        name: what the dataset is called.
        why_no_trends: why trends that were asked for are not there.
        pages: ids of the captures that have a page of their own, in `pages/` beside this one.
    """
    linked = frozenset(pages)
    data, listed = _data(fleet, linked, name)
    return html_page(
        "fleet.html",
        styles=("theme", "page", "kernels", "fleet"),
        scripts=("dom", "format", "theme_switch", "copy", "fleet"),
        title=f"{shorten(name, _MAX_NAME)} · ncutool",
        name=shorten(name, _MAX_NAME),
        headline=headline(fleet),
        fleet=fleet,
        total=fleet.captures.height,
        listed=listed,
        unpaged=any(one not in linked for one in fleet.captures["capture_id"]),
        parts=tuple(_parts(fleet)),
        metadata=tuple(shorten(one, _MAX_VALUE) for one in fleet.metadata[:MAX_METADATA]),
        metadata_left_out=max(0, len(fleet.metadata) - MAX_METADATA),
        rows=tuple(_rows(fleet, linked)),
        kernels=tuple(_kernels(fleet)),
        findings=tuple(_findings(fleet, linked)),
        failures=tuple(_failures(fleet)),
        trends=None if trends is None else trend_parts(trends),
        why_no_trends=why_no_trends,
        data=Markup(json_for_html(data)),
    )


def headline(fleet: Fleet) -> str:
    """Return what is to say of an archive in one sentence."""
    captures, failed = fleet.captures.height, fleet.failed
    if not captures:
        if failed:
            return f"None of {units.counted(failed, 'file')} could be analysed"
        return "No capture has been analysed yet"
    todo = fleet.answers()["something_to_do"]
    here = units.counted(captures, "capture")
    tail = f"; {units.counted(failed, 'file')} could not be analysed" if failed else ""
    if not todo:
        unseen = fleet.answers()["could_not_look"]
        if unseen:
            tail = f"; {units.counted(unseen, 'capture')} could not be looked at{tail}"
        return f"{here}, and in none of them something to do{tail}"
    low, high = (int(fleet.captures[n].sum()) for n in ("saving_low_ns", "saving_high_ns"))
    saved = units.time_range(low, high)
    whole = int(fleet.captures["window_ns"].drop_nulls().sum())
    share = f" of {units.time(whole)}" if whole else ""
    of = "it has" if captures == 1 else f"{todo:,} of them have"
    of = "all have" if 1 < captures == todo else of
    return f"{here}: {of} something to do, {saved}{share} in all{tail}"


def _parts(fleet: Fleet) -> Iterator[Part]:
    total = fleet.captures.height
    for answer, count in fleet.answers().items():
        if count:
            share = 100 * count / total
            yield Part(_ANSWER_KINDS[answer], ANSWER_WORDS[answer], count, share)


_CELLS = ("window_ns", "busy_pct", "saving_low_pct", "saving_pct", "roofline_pct")


def _rows(fleet: Fleet, pages: frozenset[str]) -> Iterator[Row]:
    """Yield the first captures as texts."""
    for row in fleet.captures.head(FIRST_ROWS).to_dicts():
        yield Row(
            path=shorten(row["path"], _MAX_PATH),
            link=page_of(row["capture_id"]) if row["capture_id"] in pages else None,
            headline=printable(row["headline"]),
            device=shorten(row["device"] or units.UNKNOWN, _MAX_VALUE),
            answer=ANSWER_WORDS[row["answer"]],
            kind=_ANSWER_KINDS[row["answer"]],
            cells=(
                units.time(row["window_ns"]),
                units.percent(row["busy_pct"]),
                units.percent_range(row["saving_low_pct"], row["saving_pct"]),
                units.percent(row["roofline_pct"]),
            ),
            metadata=tuple(
                shorten(row[one] if row[one] is not None else units.UNKNOWN, _MAX_VALUE)
                for one in fleet.metadata[:MAX_METADATA]
            ),
        )


def page_of(capture_id: str) -> str:
    """Return where the page of a capture lies, from the page of its archive."""
    return f"pages/{capture_id}.html"


def _data(fleet: Fleet, pages: frozenset[str], name: str) -> tuple[dict[str, Any], int]:
    """Return what the script reads, and how many captures are in it.

    Values that recur are numbered. Where not all captures fit, of each answer those with the
    largest savings are listed, in proportion; all in the order of the captures.
    """
    devices, answers, folders, headlines = _Numbers(), _Numbers(), _Numbers(), _Numbers()
    values = [_Numbers() for _ in fleet.metadata[:MAX_METADATA]]
    rows: list[list[Any]] = []
    size = words = 0
    places: list[int] = []
    fair = pl.int_range(pl.len()).over("answer") / pl.len().over("answer")
    ordered = fleet.captures.with_row_index("place").sort(fair, maintain_order=True)
    for row in ordered.iter_rows(named=True):
        text = printable(row["headline"])
        new = 0 if text in headlines else len(text.encode("utf-8", "replace"))
        shown = words + new <= MAX_HEADLINE_BYTES
        words += new if shown else 0
        folder, slash, file = shorten(row["path"], _MAX_PATH).rpartition("/")
        made = [
            folders[folder + slash],
            file,
            row["capture_id"] if row["capture_id"] in pages else row["capture_id"][:ID_DIGITS],
            headlines[text] if shown else None,
            devices[shorten(row["device"] or units.UNKNOWN, _MAX_VALUE)],
            answers[ANSWER_WORDS[row["answer"]]],
            *(_short(row[cell]) for cell in _CELLS),
            *(
                numbers[shorten(row[key] if row[key] is not None else units.UNKNOWN, _MAX_VALUE)]
                for numbers, key in zip(values, fleet.metadata, strict=False)
            ),
        ]
        size += len(json_for_html(made).encode("utf-8", "replace")) + 1
        size += sum(numbers.taken() for numbers in (devices, answers, folders, headlines, *values))
        if size > MAX_DATA_BYTES and rows:
            break
        rows.append(made)
        places.append(row["place"])
    choices = [
        {"name": shorten(key, _MAX_VALUE), "values": list(numbers)}
        for key, numbers in zip(fleet.metadata, values, strict=False)
    ]
    return {
        "answers": list(answers),
        "command": _command(name),
        "devices": list(devices),
        "folders": list(folders),
        "headlines": list(headlines),
        "kinds": {ANSWER_WORDS[answer]: kind for answer, kind in _ANSWER_KINDS.items()},
        "metadata": choices,
        "mostValues": MAX_VALUES,
        "rows": [made for _, made in sorted(zip(places, rows, strict=True))],
        "total": fleet.captures.height,
    }, len(rows)


def _command(name: str) -> str:
    """Return what writes the page of one capture, to be copied; `ID` stands for the capture's."""
    shown = shlex.quote(name) if shorten(name, _MAX_NAME) == name else "DATASET"
    return f"ncutool fleet {shown} --pages CAPTURES --where 'capture_id~^ID'"


class _Numbers(dict[str, int]):
    """Numbers distinct texts from 0, and counts the bytes of those that are new."""

    _new = 0

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        self._new += len(key.encode("utf-8", "replace")) + 3
        return number

    def taken(self) -> int:
        """Return the bytes of the texts since it was last asked."""
        new, self._new = self._new, 0
        return new


def _short(value: float | None) -> float | int | None:
    """Return a figure with as many digits as are shown, and one to spare."""
    if value is None or isinstance(value, int):
        return value
    rounded = float(f"{value:.4g}")
    return int(rounded) if rounded.is_integer() else rounded


def _kernels(fleet: Fleet) -> Iterator[dict[str, Any]]:
    """Yield a row of texts for each kernel and device that costs most."""
    for row in fleet.kernels.to_dicts():
        share = 100 * row["time_ns"] / fleet.launch_ns if fleet.launch_ns else None
        yield {
            "name": shorten(row["kernel"], _MAX_NAME),
            "device": shorten(row["device"] or units.UNKNOWN, _MAX_VALUE),
            "bound": row["bound"],
            "bar_pct": None if share is None else round(share, 2),
            "cells": (
                units.time(row["time_ns"]),
                units.percent(share),
                units.count(row["launches"]),
                units.count(row["captures"]),
                units.percent(row["roofline_pct"]),
                units.percent(row["placed_share_pct"])
                if row["roofline_pct"] is not None
                else units.UNKNOWN,
            ),
        }


def _findings(fleet: Fleet, pages: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Yield a row of texts for each rule."""
    for row in fleet.findings.to_dicts():
        yield {
            "title": shorten(row["title"], 160),
            "rule": shorten(row["rule"], _MAX_NAME),
            "saving": units.time_range(row["saving_low_ns"], row["saving_high_ns"])
            if row["saving_high_ns"]
            else units.UNKNOWN,
            "captures": units.count(row["captures"]),
            "share": units.percent(100 * row["captures"] / max(fleet.captures.height, 1)),
            "where": [
                (
                    shorten(path, _MAX_NAME),
                    page_of(one) if one in pages else None,
                    units.time(ns) if ns else "",
                )
                for path, one, ns in zip(
                    row["where"], row["where_ids"], row["where_ns"], strict=True
                )
            ],
            "more": row["captures"] - len(row["where"]),
        }


def _failures(fleet: Fleet) -> Iterator[dict[str, str]]:
    for row in fleet.errors.head(_MAX_FAILURES).to_dicts():
        yield {
            "path": shorten(row["path"], _MAX_PATH),
            "kind": printable(row["kind"]).replace("_", " "),
            "size": units.data(row["bytes"]),
            "message": shorten(row["message"], _MAX_MESSAGE),
        }


__all__ = ["TrendPart", "headline", "page_of", "render_fleet"]
