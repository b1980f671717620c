"""Prints a report as ``ncu`` does, from what NVIDIA's reader says of it: for tests of the reader of
printed text.

The layouts are those of public examples: the pages raw and details, as CSV and as tables of a
terminal, of 2020 to 2026.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "K"))
_TIMES = (
    (1e9, "s", "second"),
    (1e6, "ms", "msecond"),
    (1e3, "us", "usecond"),
    (1, "ns", "nsecond"),
)
Cell = tuple[str, str, str]
"""Name, unit and value as printed."""


@dataclass
class Printed:
    """One launch as the reader tells it."""

    name: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    stream: int
    device: int
    capability: str
    metrics: list[tuple[str, str, float | str]]
    """Name, NVIDIA's unit, value."""
    rules: list[tuple[str, str, str, str, str, float | None]] = field(default_factory=list)
    """Identifier, section, type, text, kind of estimate, estimate."""


@dataclass(frozen=True)
class Style:
    """How values are printed."""

    base_units: bool = False
    old_units: bool = False
    """``msecond`` and ``cycle/nsecond`` in place of ``ms`` and ``Ghz``."""
    thousands: str = ","
    decimal: str = "."

    def value(self, value: float | str, unit: str) -> tuple[str, str]:
        """Return unit and value as printed."""
        if isinstance(value, str):
            return unit, value
        scaled, unit = (value, unit) if self.base_units else self._scaled(value, unit)
        text = f"{scaled:,.0f}" if float(scaled).is_integer() else f"{scaled:,.2f}"
        text = text.replace(",", "\0").replace(".", self.decimal).replace("\0", self.thousands)
        return unit, text

    def _scaled(self, value: float, unit: str) -> tuple[float, str]:
        if unit in ("ns", "nsecond"):
            by, new, old = next(one for one in _TIMES if abs(value) >= one[0] or one[0] == 1)
            return value / by, old if self.old_units else new
        if unit == "hz" or unit.startswith("byte"):
            by, prefix = next(((b, p) for b, p in _SCALES if abs(value) >= b), (1.0, ""))
            if unit == "hz" and self.old_units and prefix in ("G", "M"):
                return value / by, f"cycle/{'nsecond' if prefix == 'G' else 'usecond'}"
            scaled = f"{prefix}{unit}"
            return value / by, scaled.replace("/s", "/second") if self.old_units else scaled
        return value, unit


def launches(path: Path, most: int = 8) -> Iterator[Printed]:
    """The first launches of a report, by NVIDIA's reader; none whose collection failed."""
    import ncu_report

    context = ncu_report.load_report(str(path))
    for number in range(context.num_ranges()):
        actions = context.range_by_idx(number)
        for index in range(min(actions.num_actions(), most)):
            yield _launch(actions.action_by_idx(index), ncu_report)


def _launch(action: Any, module: Any) -> Printed:
    metrics: list[tuple[str, str, float | str]] = []
    for name in sorted(action.metric_names()):
        metric = action.metric_by_name(name)
        if not metric.has_value():
            continue
        value = metric.value()
        if isinstance(value, (int, float)) and value != value:
            continue
        metrics.append((name, metric.unit() or "", value))
    known = {name: value for name, _, value in metrics}

    def whole(name: str, default: int = 1) -> int:
        value = known.get(name, default)
        return int(value) if isinstance(value, (int, float)) else default

    def triple(kind: str) -> tuple[int, int, int]:
        x, y, z = (whole(f"launch__{kind}_dim_{axis}") for axis in "xyz")
        return x, y, z

    major, minor = (whole(f"device__attribute_compute_capability_{n}") for n in ("major", "minor"))
    return Printed(
        name=action.name(module.IAction.NameBase_DEMANGLED),
        grid=triple("grid"),
        block=triple("block"),
        stream=whole("launch__stream_id", 7),
        device=whole("launch__device_id", 0),
        capability=f"{major}.{minor}",
        metrics=metrics,
    )


def raw_csv(printed: Sequence[Printed], style: Style = Style()) -> str:
    """``ncu --csv --page raw``: a row a launch below a row of units."""
    names = sorted({name for one in printed for name, _, _ in one.metrics})
    units: dict[str, str] = {}
    rows = []
    for number, one in enumerate(printed):
        values = {}
        for name, unit, value in one.metrics:
            # One unit stands above a whole column: that of the first launch.
            if name in units and not style.base_units:
                shown, text = _in_unit(value, unit, units[name], style)
            else:
                shown, text = style.value(value, unit)
            units.setdefault(name, shown)
            values[name] = text
        rows.append([*_identity(number, one), *(values.get(name, "") for name in names)])
    head = [*IDENTITY, *names]
    above = [*([""] * len(IDENTITY)), *(units[name] for name in names)]
    return _csv([head, above, *rows])


def _in_unit(value: float | str, unit: str, wanted: str, style: Style) -> tuple[str, str]:
    if isinstance(value, str):
        return wanted, value
    scale = 1.0
    for by, new, old in _TIMES:
        if wanted in (new, old) and unit in ("ns", "nsecond"):
            scale = by
    if unit == "hz" or unit.startswith("byte"):
        scale = next((by for by, prefix in _SCALES if wanted.startswith(prefix)), 1.0)
        scale = {"cycle/nsecond": 1e9, "cycle/usecond": 1e6}.get(wanted, scale)
    same = Style(base_units=True, thousands=style.thousands, decimal=style.decimal)
    return wanted, same.value(value / scale, unit)[1]


IDENTITY = ("ID", "Process ID", "Process Name", "Host Name", "Kernel Name", "Context", "Stream",
            "Block Size", "Grid Size", "Device", "CC")  # fmt: skip


def _identity(number: int, one: Printed) -> list[str]:
    block, grid = (f"({', '.join(map(str, sizes))})" for sizes in (one.block, one.grid))
    return [str(number), "4711", "program", "127.0.0.1", one.name, "1", str(one.stream), block,
            grid, str(one.device), one.capability]  # fmt: skip


def details_csv(
    printed: Sequence[Printed],
    labels: dict[str, dict[str, str]],
    style: Style = Style(),
    *,
    by_name: bool = False,
) -> str:
    """``ncu --csv --page details``: a row a metric, then one a rule."""
    head = [*IDENTITY, "Section Name", *HEAD, "Rule Name", "Rule Type", "Rule Description"]
    head += ["Estimated Speedup Type", "Estimated Speedup"]
    rows = []
    for number, one in enumerate(printed):
        for section, cells in sections(one, labels, style, by_name=by_name):
            rows += [[*_identity(number, one), section, *cell, *[""] * 5] for cell in cells]
        for rule, section, kind, text, of, pct in one.rules:
            estimate = "" if pct is None else f"{pct:.2f}"
            more = ["", "", "", rule, kind, text, of, estimate]
            rows.append([*_identity(number, one), section, *more])
    return _csv([head, *rows])


def sections(
    one: Printed, labels: dict[str, dict[str, str]], style: Style, *, by_name: bool = False
) -> Iterator[tuple[str, list[Cell]]]:
    """The sections of the details page of which a launch has any metric."""
    known = {name: (unit, value) for name, unit, value in one.metrics}
    for section, of_label in labels.items():
        cells = [
            (metric if by_name else label, *style.value(known[metric][1], known[metric][0]))
            for label, metric in of_label.items()
            if metric in known
        ]
        if cells:
            yield section, cells


def details_text(
    printed: Sequence[Printed],
    labels: dict[str, dict[str, str]],
    style: Style = Style(),
    *,
    old: bool = False,
) -> str:
    """``ncu --page details`` as a terminal shows it; ``old`` as until 2022."""
    lines = ["[4711] program@127.0.0.1"]
    for one in printed:
        lines.append(f"  {_head(one, old=old)}")
        for section, cells in sections(one, labels, style):
            lines += [f"    Section: {section}", *_table(cells, head=not old, old=old), ""]
        for _, _, kind, text, of, pct in one.rules:
            estimate = f"Est. {'Local ' if of == 'local' else ''}Speedup: {pct}%"
            first = [f"    {kind}   {estimate}"] if pct is not None else []
            words = [f"          {text}"] if first else [f"    {kind}   {text}"]
            lines += [*first, *words, ""]
    return "\n".join(lines) + "\n"


def raw_text(
    printed: Sequence[Printed],
    style: Style = Style(),
    *,
    old: bool = False,
) -> str:
    """``ncu --page raw`` as a terminal shows it."""
    lines = ["[4711] program@127.0.0.1"]
    for one in printed:
        cells = [(name, *style.value(value, unit)) for name, unit, value in one.metrics]
        lines += [f"  {_head(one, old=old)}", *_table(cells, head=not old, old=old), ""]
    return "\n".join(lines) + "\n"


def _head(one: Printed, *, old: bool) -> str:
    if old:
        return f"{one.name}, 2021-May-07 14:53:47, Context 1, Stream {one.stream}"
    grid, block = (f"({', '.join(map(str, sizes))})" for sizes in (one.grid, one.block))
    where = f"Device {one.device}, CC {one.capability}"
    return f"{one.name} {grid}x{block}, Context 1, Stream {one.stream}, {where}"


HEAD = ("Metric Name", "Metric Unit", "Metric Value")


def _table(cells: Sequence[Cell], *, head: bool, old: bool) -> list[str]:
    rows = [*([HEAD] if head else []), *cells]
    widths = [70, 15, 30] if old else [max(len(row[at]) for row in rows) for at in range(3)]
    dashes = "    " + " ".join("-" * width for width in widths)
    name, unit, value = widths
    lines = [f"    {a:<{name}} {b:>{unit}} {c:>{value}}" for a, b, c in rows]
    first = [dashes, *lines[:1]] if head else []
    return [*first, dashes, *lines[1 if head else 0 :], dashes]


def _csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def around(text: str) -> str:
    """Return the same between messages of ncu, a prompt and a program's output, with colours."""
    begin = (
        "\x1b[32muser@box\x1b[0m:~$ ncu ./program 1024\n"
        "Running, with a quote \" and 'another'\n"
        "==PROF== Connected to process 4711 (/opt/p)\n"
        '==PROF== Profiling "kernel" - 0: 0%....50%....100% - 9 passes\nstep,1,2,3\n'
    )
    return f"{begin}{text}==PROF== Disconnected from process 4711\nelapsed 1.5 s\n"


Layout = Callable[[Sequence[Printed]], str]
NUMBERS = re.compile(r"-?[\d,]+(\.\d+)?")
