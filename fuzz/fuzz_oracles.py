"""What holds of every output, whatever was read: each check returns what is wrong, or nothing."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.parsers import expat

from jsonschema import Draft202012Validator

from ncutool.base.tables import KERNELS
from ncutool.commands.mcp_server import MOST_BYTES
from ncutool.commands.schema import schema_of

Check = Callable[[str], str | None]

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_NEVER_NEGATIVE = re.compile(
    r"(.*_)?(ns|pct|bytes|flop|per_s|per_byte|launches|n|kernels|count|size|id|[xyz])"
)
_SIGNED = re.compile(r"start_ns|.*(change|delta|offset|clock|clip|since|shift).*")
"""Figures that may well lie below nothing: places in time, and differences."""
_SUM_SLACK_PCT = 0.1
_PAST = 1.05
"""Times the peak: within so little of it the clock's steps explain a figure."""
_SLACK_NS = 2


def plain(output: str) -> str | None:
    """Nothing is asked of this output."""
    return None


def text(output: str) -> str | None:
    """Text for people: nothing in it steers a terminal or hides other text."""
    found = _CONTROLS.search(output)
    if found:
        return f"control character {found.group()!r} in the output"
    if re.search(r"(?<![A-Za-z_.:<])(nan|inf|-inf) ?(%|ns|ms|µs|GB|TFLOP)", output):
        return "a figure that is no number"
    return None


def any_json(output: str) -> str | None:
    """JSON as the standard has it: no NaN, no infinity, text that can be written."""
    return _parsed(output)[1]


def findings(output: str) -> str | None:
    """The findings: their schema, and that no figure passes its whole."""
    return _document(output, "findings")


def kernels(output: str) -> str | None:
    """The kernels: their schema, and that no figure passes its whole."""
    return _document(output, "kernels")


def report(output: str) -> str | None:
    """The whole record of a report: its schema, and that no figure passes its whole."""
    document, wrong = _parsed(output)
    if wrong or (wrong := _against(document, "report")):
        return wrong
    return next(filter(None, map(_figures, document["reports"])), None)


def diagnosis(output: str) -> str | None:
    """The diagnosis: its schema."""
    document, wrong = _parsed(output)
    return wrong or _against(document, "diagnosis") or _negatives(document)


def plan(output: str) -> str | None:
    """A plan: nothing in it is negative."""
    document, wrong = _parsed(output)
    below = (key for key, value in _leaves(document) if type(value) in (int, float) and value < 0)
    key = None if wrong else next(below, None)
    return wrong or (f"{key} of a plan is negative" if key else None)


def answer(output: str) -> str | None:
    """The answer of a tool: JSON of no more bytes than any answer may have."""
    if len(output.encode()) > MOST_BYTES:
        return "an answer past the limit of every answer"
    return any_json(output)


def archived(output: str) -> str | None:
    """What an archive holds of one file: its capture or why there is none, and no fault of ours."""
    document, wrong = _parsed(output)
    if wrong:
        return wrong
    captures, errors = document["captures"], document["errors"]
    if len(captures) + len(errors) != 1:
        return f"{len(captures)} captures and {len(errors)} errors of one file"
    said = " ".join(str(one) for error in errors for one in error.values())
    if "bug" in said or "Traceback" in said:
        return f"an archive's error: {said}"[:300]
    return text(said) or _negatives(document)


_TEXTS = frozenset(column.name for column in KERNELS.columns if column.dtype == "str")
"""Columns of text, the names among them."""


def csv_rows(output: str) -> str | None:
    """Every row has as many cells as the head; no cell is a formula or steers a terminal."""
    rows = list(csv.reader(io.StringIO(output)))
    if any(len(row) != len(rows[0]) for row in rows):
        return "rows of several lengths"
    for name, cell in (pair for row in rows[1:] for pair in zip(rows[0], row, strict=True)):
        if cell[:1] in ("=", "@") or (cell[:1] in ("+", "-") and not _is_number(cell)):
            return f"a formula: {cell[:40]!r}"
        if cell in ("nan", "NaN", "inf", "-inf") and name not in _TEXTS:  # names may be called so
            return f"{cell} for a figure"
    return text(output.replace("\r\n", "\n"))


def svg(output: str) -> str | None:
    """XML without anything that runs."""
    try:
        expat.ParserCreate().Parse(output.encode(), True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        return f"no XML: {error}"
    return "a script in the picture" if "<script" in output else None


def page(output: str) -> str | None:
    """A page whose elements close, whose data is JSON, and in which nothing foreign runs."""
    reader = _Page()
    try:
        reader.feed(output)
        reader.close()
        output.encode()
    except (ValueError, AssertionError) as error:
        return f"no page: {error}"
    return reader.wrong or ("elements left open" if reader.open else None)


class _Page(HTMLParser):
    """Follows the elements of a page and keeps the first thing that is wrong."""

    _empty = frozenset(
        [
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "source",
            "track",
            "wbr",
        ]
    )
    _optional = frozenset(
        ["p", "li", "tr", "td", "th", "tbody", "thead", "option", "dt", "dd", "path"]
    )

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: str | None = None
        self._data: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element, and what its attributes would run or fetch."""
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.wrong = self.wrong or f"<{tag} {name}> runs something"
            if name == "src" and not (value or "").startswith("data:"):
                self.wrong = self.wrong or f"<{tag} src> fetches something"
        if tag == "script" and ("type", "application/json") in attrs:
            self._data = []
        if tag not in self._empty and tag not in self._optional:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge an element that closes itself, and leave nothing open."""
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        """Gather the data of the page."""
        if self._data is not None:
            self._data.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Close the element, which must be the last that was opened."""
        if tag in self._optional or tag in self._empty:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong = self.wrong or f"</{tag}> closes another element"
        if tag == "script" and self._data is not None:
            self.wrong = self.wrong or _parsed("".join(self._data))[1]
            self._data = None


def _parsed(output: str) -> tuple[Any, str | None]:
    def refuse(word: str) -> float:
        raise ValueError(f"{word} in the JSON")

    try:
        document = json.loads(output, parse_constant=refuse)
        output.encode()
    except ValueError as error:
        return None, f"no JSON: {error}"
    infinite = next((key for key, value in _leaves(document) if not _is_finite(value)), None)
    return document, f"{infinite} is infinite" if infinite else None


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _document(output: str, name: str) -> str | None:
    document, wrong = _parsed(output)
    return wrong or _against(document, name) or _figures(document)


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(name))


def _against(document: Any, name: str) -> str | None:
    error = next(_validator(name).iter_errors(document), None)
    if error is None:
        return None
    place = "/".join("*" if isinstance(part, int) else str(part) for part in error.absolute_path)
    return f"schema of {name}: {place}: {error.message[:120]}"


def _figures(document: dict[str, Any]) -> str | None:
    """Shares sum to their whole, savings lie in order within the window, nothing is negative."""
    parts = {"coverage": document["coverage"].get("partition") or []}
    parts["time"] = (document.get("time") or {}).get("parts") or []
    for name, shares in parts.items():
        pcts = [one["pct"] for one in shares if one.get("pct") is not None]
        if pcts and abs(sum(pcts) - 100) > _SUM_SLACK_PCT and sum(pcts) > 0:
            return f"the shares of {name} sum to {sum(pcts)} %"
    window = document.get("timeline") or {}
    if window and window["busy_ns"] + window["idle_ns"] > window["wall_ns"] + _SLACK_NS:
        return f"busy and idle time pass the window: {window}"[:200]
    return _savings(document) or _launches(document) or _negatives(document)


def _launches(document: dict[str, Any]) -> str | None:
    """A launch past its peaks or its roof is flagged, and rates are work over time."""
    for row in document.get("kernels") or ():
        for what in ("flop_per_s", "bytes_per_s"):
            achieved, peak = row.get(f"achieved_{what}"), row.get(f"peak_{what}")
            if achieved and peak and achieved > _PAST * peak and not row.get("flag"):
                return f"achieved_{what} of {achieved / peak} times the peak without a flag"
            work = row.get("flop" if what == "flop_per_s" else "dram_bytes")
            if achieved and work and row.get("duration_ns"):
                rate = work / row["duration_ns"] * 1e9
                if not math.isclose(rate, achieved, rel_tol=1e-3):
                    return f"achieved_{what} is not work over time: {achieved} and {rate}"
        if (row.get("roofline_pct") or 0) > _PAST * 100 and not row.get("flag"):
            return f"{row['roofline_pct']} % of the roof without a flag"
    return None


def _savings(document: dict[str, Any]) -> str | None:
    base_ns = (document.get("time") or {}).get("base_ns")
    total = 0
    for one in document.get("findings") or ():
        for kind in ("saving", "alone"):
            low, high = one.get(f"{kind}_low_ns"), one.get(f"{kind}_high_ns")
            if low is not None and high is not None and not 0 <= low <= high:
                return f"{one['rule']}: {kind} from {low} to {high} ns"
            if (
                high is not None
                and base_ns is not None
                and one["per"] == "window"
                and high > base_ns + 1
            ):
                return f"{one['rule']}: {kind} of {high} ns in a window of {base_ns} ns"
        if one["per"] == "window":
            total += one.get("saving_high_ns") or 0
    if base_ns is not None and total > base_ns + _SLACK_NS:
        return f"savings of {total} ns in a window of {base_ns} ns"
    return None


def _negatives(document: Any) -> str | None:
    for key, value in _leaves(document):
        below = isinstance(value, (int, float)) and value < 0
        if below and _NEVER_NEGATIVE.fullmatch(key) and not _SIGNED.fullmatch(key):
            return f"{key} is negative: {value}"
    return None


def _leaves(document: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _leaves(value, str(name))
    elif isinstance(document, list):
        for value in document:
            yield from _leaves(value, key)
    else:
        yield key, document


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
