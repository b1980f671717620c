"""The steps that give a launch its operations and bytes, by where these come from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.base.tables import KERNELS
from ncutool.companions.figures import CARRIED
from ncutool.explain import counted, modelled
from ncutool.explain.explanation import Input, Step, computed, recorded
from ncutool.explain.traced import leaf
from ncutool.work.operators.tensor import COLLECTIVE_DTYPES, ITEMSIZE

if TYPE_CHECKING:
    from ncutool.explain.evidence import Evidence

_UNITS = {column.name: column.unit or "" for column in KERNELS.columns}
_MEANINGS = {column.name: column.meaning for column in KERNELS.columns}
_PLACED = frozenset({"flop", "dram_bytes", "peak_flop_per_s", "peak_bytes_per_s"})
_MODELS = ("shape", "kernel_args")
_MOVES = ("memcpy", "memset")
_CACHED = ("dram_bytes", "l2_bytes", "l2_read_bytes", "l1_bytes", "waves")
"""What does not depend on how operations were counted."""
_SAME = 1e-9
NOT_REDONE = "the capture no longer holds what it was computed from"
FIGURES = (("flop", "flop_source", "FLOP"), ("dram_bytes", "bytes_source", "byte"))


def of_report(evidence: Evidence, row: dict[str, Any]) -> tuple[list[Step], dict[str, Any]]:
    """Operations, bytes and all else that a report says of its launch; and the traced figures."""
    figures = counted.figures(evidence.capture, row["launch_id"])
    steps = [_counted(row, figures, *figure) for figure in FIGURES]
    for name, number in figures.items():
        known = isinstance(number, int | float) and not isinstance(number, bool)
        if known and name in row and name not in _PLACED:
            source = counted.OTHERS.get(name, _MEANINGS[name])
            steps.append(computed(name, number, _UNITS[name], source))
    return steps, figures


def _counted(
    row: dict[str, Any], figures: dict[str, Any], name: str, source: str, unit: str
) -> Step:
    if row[name] is None:
        return recorded(name, None, unit, "not known", note=row["missing_reason"])
    label = row[source]
    words = counted.SOURCES.get(label, label)
    if name == "dram_bytes" and label == "counter":
        words = counted.DRAM_SOURCE
    number = figures[name]
    if number is None:
        return recorded(name, row[name], unit, label, note=NOT_REDONE)
    if number == 0 and name == "flop":
        return recorded(name, 0, unit, words, note="every count of operations in the report is 0")
    return computed(name, number, unit, f"{label}: {words}", note=row["remark"])


def of_trace(evidence: Evidence, row: dict[str, Any]) -> list[Step]:
    """Operations and bytes of a trace's launch: modelled, recorded, or joined from a report."""
    launch = evidence.capture.launches.row(
        by_predicate=pl.col("launch_id") == row["launch_id"], named=True
    )
    if row["category"] in _MOVES:
        return _copy(row, launch)
    if row["family"] == "collective":
        return _collective(row, launch)
    steps = _modelled(evidence, row)
    return steps + _joined(evidence, row)


def _copy(row: dict[str, Any], launch: dict[str, Any]) -> list[Step]:
    number = modelled.copy_bytes(launch)
    note = f"kind: {launch['copy_kind'] or row['category']}"
    flop = recorded("flop", 0, "FLOP", "a copy or memset computes nothing")
    if number is None or row["dram_bytes"] is None:
        missing = recorded("dram_bytes", None, "byte", "not known", note=row["missing_reason"])
        return [flop, missing]
    return [flop, computed("dram_bytes", number, "byte", modelled.COPY_SOURCE, note=note)]


def _collective(row: dict[str, Any], launch: dict[str, Any]) -> list[Step]:
    size = ITEMSIZE.get(COLLECTIVE_DTYPES.get(launch["collective_dtype"] or "", ""))
    number = modelled.message_bytes(launch, size)
    flop = recorded("flop", None, "FLOP", "not known", note=row["missing_reason"])
    if number is None or row["dram_bytes"] is None:
        missing = recorded("dram_bytes", None, "byte", "not known", note=row["missing_reason"])
        return [flop, missing]
    note = f"elements of type {launch['collective_dtype']}"
    return [flop, computed("dram_bytes", number, "byte", modelled.MESSAGE_SOURCE, note=note)]


def _modelled(evidence: Evidence, row: dict[str, Any]) -> list[Step]:
    """What the operator must do, and what of it this launch carries."""
    names = {"flop": "modelled_flop", "dram_bytes": "modelled_bytes"}
    own = {
        name: row[names[name]] if row[source] == "joined" else row[name]
        for name, source, _ in FIGURES
    }
    found = None
    if any(value is not None for value in own.values()):
        operator = evidence.operator(row["launch_id"])
        found = None if operator is None else modelled.operator_work(operator[1], operator[0])
    steps = []
    for name, source, unit in FIGURES:
        title = names[name] if row[source] == "joined" else name
        value = own[name]
        if value is None:
            if row[source] != "joined":
                steps.append(recorded(name, None, unit, "not known", note=row["missing_reason"]))
        elif found is None or found.work is None:
            steps.append(recorded(title, value, unit, row[source], note=NOT_REDONE))
        else:
            steps += _carried(evidence, row, found, (name, title, unit))
    return steps


def _carried(
    evidence: Evidence,
    row: dict[str, Any],
    found: modelled.Modelled,
    figure: tuple[str, str, str],
) -> list[Step]:
    """A figure of the operator, then the launch's part of it."""
    name, title, unit = figure
    work = found.work
    assert work is not None
    whole = work.flop if name == "flop" else work.bytes
    members = _members(evidence, row, name)
    alone = len(members) < 2
    steps = []
    if name == "dram_bytes":
        read, written = work.bytes_read, work.bytes_written
        steps = [
            computed("bytes_read", read, unit, "each distinct input once", inputs=found.inputs),
            computed(
                "bytes_written", written, unit, "each output once", inputs=modelled.results(work)
            ),
        ]
        whole = leaf(read or 0, "bytes_read", "above") + leaf(
            written or 0, "bytes_written", "above"
        )
    label = title if alone else f"operator_{name}"
    inputs = found.inputs if name == "flop" else ()
    source = f"{row['flop_source'] if name == 'flop' else row['bytes_source']}: {found.source}"
    steps.append(computed(label, whole, unit, source, inputs=inputs, note=work.remark))
    if not alone:
        part = modelled.share(
            leaf(int(whole or 0), label, "above"), row["launch_id"], members, name
        )
        text = f"shared by duration over the operator's {len(members)} main kernels"
        steps.append(computed(title, part, unit, text))
    return steps


def _members(
    evidence: Evidence, row: dict[str, Any], name: str
) -> list[tuple[int, int | None, float]]:
    """The main kernels of the launch's operator: launch, duration, what each carries."""
    capture = evidence.operators_of(row["launch_id"])
    mine = capture.launches.filter(pl.col("launch_id") == row["launch_id"])["op_id"]
    siblings = capture.launches.filter(pl.col("op_id") == mine[0])["launch_id"]
    flop, size = FIGURES
    source, model = (flop[1], "modelled_flop") if name == "flop" else (size[1], "modelled_bytes")
    figure = pl.when(pl.col(source) == "joined").then(model).otherwise(name)
    rows = (
        evidence.kernels.filter(pl.col("launch_id").is_in(siblings.implode()))
        .filter(pl.col("category") == "kernel")
        .select("launch_id", "duration_ns", figure.alias("figure"))
        .filter(pl.col("figure").is_not_null())
    )
    return list(rows.iter_rows())


def _joined(evidence: Evidence, row: dict[str, Any]) -> list[Step]:
    """Figures that a report's counters gave."""
    joined = [figure for figure in FIGURES if row[figure[1]] == "joined"]
    report = evidence.analysis.report
    if not joined or report is None:
        return []
    names = [(name, unit) for name, _, unit in joined]
    names += [(name, _UNITS[name]) for name in CARRIED if row[name] is not None]
    told = {
        number: counted.figures(report, number) for number in evidence.measured[row["launch_id"]]
    }
    return [_median(row, name, unit, told, report.name) for name, unit in names]


def _median(
    row: dict[str, Any], name: str, unit: str, told: dict[int, dict[str, Any]], report: str
) -> Step:
    """The lower median of what measured launches of the same work say, with its formula."""
    known = {
        number: one[name]
        for number, one in told.items()
        if one[name] is not None and (name in _CACHED or one["flop_source"] != "pipe")
    }
    ordered = sorted(known.items(), key=lambda pair: float(pair[1]))
    middle, number = ordered[(len(ordered) - 1) // 2]
    which = f"launch {middle} of {report}"
    all_of_them: tuple[Input, ...] = ()
    if len(ordered) > 1:
        which += f", the median of {len(ordered)} that did the same work"
        all_of_them = tuple(
            Input(f"{name} of launch {each}", float(value), f"counted in {report}")
            for each, value in ordered
        )
    words = f"joined: {which}; {row['join_note']}"
    return computed(name, number, unit, words, inputs=all_of_them, note=row["remark"])


def faithful(step: Step, row: dict[str, Any]) -> Step:
    """``step``, unless its arithmetic gives another figure than the table has: then the table's,
    without a formula, and the contradiction is said."""
    value = row.get(step.name)
    if value is None or not isinstance(step.value, int | float):
        return step
    if math.isclose(value, step.value, rel_tol=_SAME, abs_tol=_SAME):
        return step
    note = f"computed again it gives {step.value:.8g}: this figure is not explained"
    return recorded(step.name, value, step.unit, step.source, note=note)
