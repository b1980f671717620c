"""Reads tables of measured times: one CSV, or a folder of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from ncutool.base.thresholds import IntThreshold
from ncutool.base.user_files import read_text, shown
from ncutool.devices.resolve import Device, resolve
from ncutool.planning.llm.usual import layouts
from ncutool.planning.llm.usual.calls import FAMILIES, Family
from ncutool.planning.llm.usual.rows import COLUMNS, READERS, Line, Row
from ncutool_parsers.errors import UsageError

MOST_ROWS = IntThreshold(
    100_000, "rows", "of a table of measured times that are taken", "judgement"
)
_MOST_FILES = IntThreshold(2_000, "files", "of a folder of tables that are read", "judgement")


class Measured(Struct, frozen=True):
    """Measured rows, and what was left out of them."""

    source: str
    rows: tuple[Row, ...]
    below_floor: tuple[Row, ...]
    """Faster than their floor, which nothing is that did what is recorded: left out."""
    unread_files: tuple[str, ...]
    """Tables of a folder whose headings are of no family."""


def read(path: Path, known: tuple[Device, ...] | None = None) -> Measured:
    """Read a table, or all tables of a folder.

    Args:
        known: devices that a table may name, ncutool's own where None.

    Raises:
        UsageError: it cannot be read, or a line is not what it should be.
    """
    called = f"--efficiency {path}"
    if path.is_dir():
        files = sorted(one for one in path.rglob("*.csv") if one.is_file())
        if not files:
            raise UsageError(f"{called}: holds no .csv; see docs/planner.md for its columns")
        if len(files) > _MOST_FILES:
            raise UsageError(f"{called}: holds more than {_MOST_FILES:,} tables: name one of them")
    else:
        files = [path]
    rows: list[Row] = []
    unread = []
    for file in files:
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        before = len(rows)
        rows += _table(file, name, known, lenient=path.is_dir())
        if len(rows) == before:
            unread.append(name)
        if len(rows) > MOST_ROWS:
            raise UsageError(f"{called}: holds more than {MOST_ROWS:,} rows: name a smaller table")
    if not rows:
        raise UsageError(f"{called}: holds no rows of a known family: {', '.join(FAMILIES)}")
    # A recorded time is rounded to a few digits; no more than that lies below a floor.
    below = [one for one in rows if one.time_ns < one.call.floor_ns]
    kept = [one for one in rows if one.time_ns >= one.call.floor_ns]
    return Measured(path.name, tuple(kept), tuple(below), tuple(unread))


def _table(
    path: Path, name: str, known: tuple[Device, ...] | None, *, lenient: bool
) -> Iterator[Row]:
    """Return the rows of a file; none of one whose headings are of no family, where lenient."""
    text = read_text(path, f"--efficiency {path}")
    lines = list(_lines(text, name, path))
    if not lines:
        return
    headings = set(lines[0].cells)
    published = layouts.is_published(headings)
    if not published and "family" not in headings:
        if lenient:
            return
        raise UsageError(
            f"--efficiency {name}: its headings tell no family: it takes a column family "
            f"({', '.join(FAMILIES)}) with device, dtype, time_us and sizes; see docs/planner.md"
        )
    devices: dict[str, Device] = {}
    told: dict[str, str] = {}
    for line in lines:
        device = _device(line, path, devices, known)
        if published and device.name not in told:
            alike = [one for one in lines if _device(one, path, devices, known) is device]
            told[device.name] = layouts.told_type(alike, device)
        given = layouts.rewritten(line, path, told[device.name]) if published else (line,)
        for each in given:
            yield _row(each, device)


def _lines(text: str, name: str, path: Path) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text))
    names: tuple[str, ...] = ()
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            where = f"{name}:{reader.line_num}"
            if not names:
                bare = layouts.headless(cells)
                names = bare or tuple(cell.strip().lower() for cell in cells)
                if len(set(names)) < len(names):
                    raise UsageError(f"--efficiency {where}: a heading stands twice")
                if bare is None:
                    continue
            if len(cells) != len(names):
                raise UsageError(
                    f"--efficiency {where}: {len(cells)} cells under {len(names)} headings"
                )
            yield Line(where, dict(zip(names, (one.strip() for one in cells), strict=True)))
    except csv.Error as error:
        raise UsageError(f"--efficiency {path}: is not CSV ({error})") from error


def _device(
    line: Line, path: Path, found: dict[str, Device], known: tuple[Device, ...] | None
) -> Device:
    """Return the device of a line: of its column, else of the folder that the table lies in."""
    name = line.cells.get("device") or path.absolute().parent.name
    if name in found:
        return found[name]
    try:
        device = resolve(None, name, known).device
    except UsageError as error:
        if line.cells.get("device"):
            raise line.fail(str(error)) from error
        raise line.fail(
            "no device: add a column device, or put the table in a folder of its name"
        ) from error
    assert device is not None
    found[name] = device
    return device


def _row(line: Line, device: Device) -> Row:
    family: Family | None = next((one for one in FAMILIES if one == line.cells["family"]), None)
    if family is None:
        raise line.fail(f"no family {shown(line.cells['family'])}; known are {', '.join(FAMILIES)}")
    missing = [one for one in COLUMNS[family] if not line.cells.get(one)]
    # A prompt is one unless its row says otherwise.
    if missing:
        raise line.fail(f"a row of {family} needs {', '.join(missing)}")
    call = READERS[family](line, device)
    return Row(call, device.name, line.time_ns("time_us", "latency_us"), line.where)
