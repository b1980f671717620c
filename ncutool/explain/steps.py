"""The steps that give a launch its operations and bytes, by where these come from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.base.tables import KERNELS
from ncutool.companions.figures import CARRIED, lower_median
from ncutool.explain import modelled
from ncutool.explain.explanation import Input, Step, computed, recorded
from ncutool.explain.traced import leaf

if TYPE_CHECKING:
    from ncutool.explain.evidence import Evidence

_UNITS = {column.name: column.unit or "" for column in KERNELS.columns}
_MEANINGS = {column.name: column.meaning for column in KERNELS.columns}
_PLACED = frozenset({"flop", "dram_bytes", "peak_flop_per_s", "peak_bytes_per_s"})
_MODELLED = {"flop": "modelled_flop", "dram_bytes": "modelled_bytes"}
"""Where the model's figure stands once a report's counters have taken its place."""
_MOVES = ("memcpy", "memset")
_CACHED = ("dram_bytes", "l2_bytes", "l2_read_bytes", "l1_bytes", "waves")
"""What does not depend on how operations were counted."""
_SAME = 1e-9
NOT_REDONE = "the capture no longer holds what it was computed from"
FIGURES = (("flop", "flop_source", "FLOP"), ("dram_bytes", "bytes_source", "byte"))


def of_report(evidence: Evidence, row: dict[str, Any]) -> tuple[list[Step], dict[str, Any]]:
    """Return the steps of operations, bytes and all else that a report says of a launch.

    Args:
        row: the launch's row of :data:`ncutool.base.tables.KERNELS`.

    Returns:
        The steps, and the figures as traced numbers by column.
    """
    from ncutool.explain import counted  # loads all that reads counters, which a trace has not

    figures = counted.figures(evidence.capture, row["launch_id"])
    steps = [_counted(row, figures, *figure) for figure in FIGURES]
    for name, number in figures.items():
        known = isinstance(number, int | float) and not isinstance(number, bool)
        if known and name in row and name not in _PLACED:
            source = counted.OTHERS.get(name, _MEANINGS[name])
            steps.append(computed(name, number, _UNITS[name], source))
    return steps, figures


def _unknown(row: dict[str, Any], name: str, unit: str) -> Step:
    return recorded(name, None, unit, "not known", note=row["missing_reason"])


def _counted(
    row: dict[str, Any], figures: dict[str, Any], name: str, source: str, unit: str
) -> Step:
    if row[name] is None:
        return _unknown(row, name, unit)
    from ncutool.explain import counted

    label, number = row[source], figures[name]
    words = counted.SOURCES.get(label, label)
    if name == "dram_bytes" and label == "counter":
        words = counted.DRAM_SOURCE
    if number is None:
        return recorded(name, row[name], unit, label, note=NOT_REDONE)
    if number == 0 and name == "flop":
        return recorded(name, 0, unit, words, note="every count of operations in the report is 0")
    return computed(name, number, unit, f"{label}: {words}", note=row["remark"])


def of_trace(evidence: Evidence, row: dict[str, Any]) -> list[Step]:
    """Return the steps of a trace's operations and bytes: modelled, recorded, or from a report.

    Args:
        row: the launch's row of :data:`ncutool.base.tables.KERNELS`.
    """
    launch = evidence.capture.launches.row(
        by_predicate=pl.col("launch_id") == row["launch_id"], named=True
    )
    if row["category"] in _MOVES:
        flop = recorded("flop", 0, "FLOP", "a copy or memset computes nothing")
        size, source = modelled.copy_bytes(launch), modelled.COPY_SOURCE
        note = f"kind: {launch['copy_kind'] or row['category']}"
    elif row["family"] == "collective":
        flop = _unknown(row, "flop", "FLOP")
        size, source = modelled.message_bytes(launch), modelled.MESSAGE_SOURCE
        note = f"elements of type {launch['collective_dtype']}"
    else:
        return _modelled(evidence, row) + _joined(evidence, row)
    if size is None or row["dram_bytes"] is None:
        return [flop, _unknown(row, "dram_bytes", "byte")]
    return [flop, computed("dram_bytes", size, "byte", source, note=note)]


def _modelled(evidence: Evidence, row: dict[str, Any]) -> list[Step]:
    """Return what the operator must do, and what of it this launch carries."""
    titles = {
        name: _MODELLED[name] if row[source] == "joined" else name for name, source, _ in FIGURES
    }
    work = None
    if any(row[title] is not None for title in titles.values()):
        operator = evidence.operator(row["launch_id"])
        work = None if operator is None else modelled.operator_work(operator[1], operator[0])
    steps = []
    for name, source, unit in FIGURES:
        title = titles[name]
        if row[title] is None:
            if row[source] != "joined":
                steps.append(_unknown(row, name, unit))
        elif work is None or work.work is None:
            steps.append(recorded(title, row[title], unit, row[source], note=NOT_REDONE))
        else:
            steps += _carried(evidence, row, work, (name, title, unit))
    return steps


def _carried(
    evidence: Evidence,
    row: dict[str, Any],
    operator: modelled.Modelled,
    figure: tuple[str, str, str],
) -> list[Step]:
    """Return the steps of a figure of the operator, then of the launch's part of it."""
    name, title, unit = figure
    work = operator.work
    assert work is not None
    whole, inputs, label = work.flop, operator.inputs, row["flop_source"]
    steps = []
    if name == "dram_bytes":
        read, written = work.bytes_read, work.bytes_written
        results = modelled.results(work)
        steps = [
            computed("bytes_read", read, unit, "each distinct input once", inputs=inputs),
            computed("bytes_written", written, unit, "each output once", inputs=results),
        ]
        whole = leaf(read or 0, "bytes_read", "above")
        whole += leaf(written or 0, "bytes_written", "above")
        inputs, label = (), row["bytes_source"]
    source = f"{label}: {operator.source}"
    members = _members(evidence, row, name)
    if len(members) < 2:
        return [*steps, computed(title, whole, unit, source, inputs=inputs, note=work.remark)]
    whole_name = f"operator_{name}"
    steps.append(computed(whole_name, whole, unit, source, inputs=inputs, note=work.remark))
    part = modelled.share(
        leaf(int(whole or 0), whole_name, "above"), row["launch_id"], members, name
    )
    text = f"shared by duration over the operator's {len(members)} main kernels"
    return [*steps, computed(title, part, unit, text)]


def _members(
    evidence: Evidence, row: dict[str, Any], name: str
) -> list[tuple[int, int | None, float]]:
    """Return launch, duration (ns) and figure of the main kernels of the launch's operator."""
    source = "flop_source" if name == "flop" else "bytes_source"
    columns = ["launch_id", "duration_ns", "category", source, name, _MODELLED[name]]
    rows = evidence.launched_with(row["launch_id"])[columns].iter_rows()
    figures = (
        (launch, duration, modelled_one if known == "joined" else own)
        for launch, duration, category, known, own, modelled_one in rows
        if category == "kernel"
    )
    return [one for one in figures if one[2] is not None]


def _joined(evidence: Evidence, row: dict[str, Any]) -> list[Step]:
    """Return the steps of figures that a report's counters gave."""
    joined = [figure for figure in FIGURES if row[figure[1]] == "joined"]
    report = evidence.analysis.companions.ncu
    if not joined or report is None:
        return []
    from ncutool.explain import counted

    names = [(name, unit) for name, _, unit in joined]
    names += [(name, _UNITS[name]) for name in CARRIED if row[name] is not None]
    measured = {
        number: counted.figures(report, number) for number in evidence.measured[row["launch_id"]]
    }
    return [_median(row, name, unit, measured, report.name) for name, unit in names]


def _median(
    row: dict[str, Any], name: str, unit: str, measured: dict[int, dict[str, Any]], report: str
) -> Step:
    """Return the step of a figure that measured launches of the same work gave, with its formula.

    Args:
        measured: the launches' figures as traced numbers, by launch_id.
        report: the file name of the report.
    """
    known = [
        (number, figures[name])
        for number, figures in measured.items()
        if figures[name] is not None and (name in _CACHED or figures["flop_source"] != "pipe")
    ]
    launch_id, figure = lower_median(known, key=lambda pair: float(pair[1]))
    which = f"launch {launch_id} of {report}"
    inputs: tuple[Input, ...] = ()
    if len(known) > 1:
        which += f", the median of {len(known)} that did the same work"
        inputs = tuple(
            Input(f"{name} of launch {number}", float(value), f"counted in {report}")
            for number, value in sorted(known, key=lambda pair: float(pair[1]))
        )
    words = f"joined: {which}; {row['join_note']}"
    return computed(name, figure, unit, words, inputs=inputs, note=row["remark"])


def faithful(step: Step, row: dict[str, Any]) -> Step:
    """Return ``step``, unless its arithmetic gives another figure than the table has.

    The table's figure then stands without a formula, with a note that says so.
    """
    value = row.get(step.name)
    if value is None or not isinstance(step.value, int | float):
        return step
    if math.isclose(value, step.value, rel_tol=_SAME, abs_tol=_SAME):
        return step
    note = f"computed again it gives {step.value:.8g}: this figure is not explained"
    return recorded(step.name, value, step.unit, step.source, note=note)
