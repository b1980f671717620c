"""Each launch's place on its device's roofline: rates, intensity, roofs and shares of them.

The formulas are data, so that :mod:`ncutool.explain` can do the same arithmetic on numbers that
this module does on columns.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter, truediv
from typing import TYPE_CHECKING, Any

import polars as pl
from msgspec import Struct

from ncutool.base.limits import attainable
from ncutool.base.records import replace
from ncutool.base.tables import FIGURES, KERNELS
from ncutool.roofline import bound, implausible, partition
from ncutool.roofline.implausible import COUNTED
from ncutool.roofline.partition import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ncutool.devices.resolve import Device
    from ncutool.work.repeats import Held
    from ncutool_parsers.capture import Capture


class Formula(Struct, frozen=True):
    """One figure of a launch, by arithmetic that columns and numbers can both do."""

    name: str
    """The column that it makes."""
    inputs: tuple[str, ...]
    """The columns that it is made from; ``moved`` and ``bandwidth`` are those of the launch's
    memory level (:func:`level_columns`). Where one is unknown, so is the figure."""
    compute: Callable[..., Any]
    """The arithmetic, of the inputs in their order."""
    applies: Callable[..., Any]
    """Whether it can be computed, of the inputs in their order."""


def _one_or_more(_: Any, divisor: Any) -> Any:
    # Sharing out an operator's bytes can leave a launch less than one: that is no intensity.
    return divisor >= 1


def _per_second(work: Any, duration_ns: Any) -> Any:
    return work / (duration_ns / 1e9)


def _pct(part: Any, whole: Any) -> Any:
    return 100 * part / whole


def _bandwidth_pct(moved: Any, duration_ns: Any, bandwidth: Any, *_: Any) -> Any:
    return 100 * moved / (duration_ns / 1e9) / bandwidth


_USED = ("moved", "duration_ns", "bandwidth")
FORMULAS = (
    Formula("achieved_flop_per_s", ("flop", "duration_ns"), _per_second, _one_or_more),
    Formula("achieved_bytes_per_s", ("dram_bytes", "duration_ns"), _per_second, _one_or_more),
    Formula("intensity_flop_per_byte", ("flop", "moved"), truediv, _one_or_more),
    Formula("ridge_point_flop_per_byte", ("peak_flop_per_s", "bandwidth"), truediv, _one_or_more),
    Formula(
        "attainable_flop_per_s",
        ("peak_flop_per_s", "intensity_flop_per_byte", "bandwidth"),
        attainable,
        lambda _peak, intensity, _bandwidth: intensity > 0,
    ),
    Formula(
        "roofline_pct",
        ("achieved_flop_per_s", "attainable_flop_per_s", "flop"),
        lambda achieved, roof, _flop: _pct(achieved, roof),
        lambda _achieved, _roof, flop: flop != 0,
    ),
    Formula(  # Without operations only the bandwidth can be reached.
        "roofline_pct",
        (*_USED, "flop"),
        _bandwidth_pct,
        lambda _moved, duration_ns, _bandwidth, flop: (duration_ns > 0) & (flop == 0),
    ),
    Formula("compute_pct", ("achieved_flop_per_s", "peak_flop_per_s"), _pct, _one_or_more),
    Formula(
        "bandwidth_pct",
        _USED,
        _bandwidth_pct,
        lambda _moved, duration_ns, _bandwidth: duration_ns > 0,
    ),
    Formula("l2_intensity_flop_per_byte", ("flop", "l2_read_bytes"), truediv, _one_or_more),
    Formula("l1_intensity_flop_per_byte", ("flop", "l1_bytes"), truediv, _one_or_more),
)
"""In the order in which they are computed. Two in a row of one name are alternatives."""


def place(
    capture: Capture,
    work: pl.DataFrame,
    device: Device | None,
    devices: Mapping[int, Device | None] | None = None,
) -> pl.DataFrame:
    """Return the ``kernels`` table (:data:`ncutool.base.tables.KERNELS`), one row per launch.

    Args:
        capture: what the reader found.
        work: :data:`ncutool.base.tables.WORK`, one row per launch.
        device: peaks for traces. Reports carry their own and never use the table's, whose
            clocks are not those of the run.
        devices: that of each ordinal, where launches ran on unlike devices; ``device`` is then for
            launches on any other.
    """
    frame = _launches(capture, work)
    counts = implausible.counts(capture.clock_step_ns)
    parts = [
        bound.with_sentences(
            _placed(part, own, capture).with_columns(counts), own, capture.clock_step_ns
        )
        for part, own in _by_device(frame, device, devices)
    ]
    frame = partition.with_part(parts[0] if len(parts) == 1 else pl.concat(parts))
    return _in_order(KERNELS.conform(frame.select(KERNELS.polars_schema().names())))


def figures(
    capture: Capture,
    work: Held,
    device: Device | None,
    devices: Mapping[int, Device | None] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a trace's :data:`ncutool.base.tables.FIGURES`, one row a launch, and :func:`outline`.

    Its sentences would be as large as half of all else, and of a hundred thousand launches a page
    shows some hundred.
    """
    frame = _launches(capture, work.rows)
    wanted = [name for name in FIGURES.polars_schema() if name != "part"]
    counts = implausible.counts(capture.clock_step_ns)
    rows, told = [], []
    for part, own in _by_device(frame, device, devices):
        placed = _placed(part, own, capture).with_columns(
            *counts, implausible.exceeds().alias("flagged")
        )
        found = placed.select(*wanted, *COUNTED).collect()
        told.append(found.select(pl.col("flagged").sum(), pl.col(*COUNTED).max().fill_null(0)))
        rows.append(found.drop(COUNTED))
    frame = partition.with_part(rows[0] if len(rows) == 1 else pl.concat(rows))
    return _in_order(FIGURES.conform(frame)), pl.concat(told)


def outline(
    capture: Capture,
    work: Held,
    device: Device | None,
    devices: Mapping[int, Device | None] | None = None,
) -> pl.DataFrame:
    """Return what is told from all launches of a trace: the counts of
    :func:`ncutool.roofline.implausible.counts`, and how many launches are flagged, in a row for
    each device.

    Nothing is held for any launch: of a hundred thousand a screen shows forty.
    """
    frame = _launches(capture, work.rows)
    parts = [
        _placed(part, own, capture).select(
            implausible.exceeds().sum().alias("flagged"),
            *implausible.counts(capture.clock_step_ns),
        )
        for part, own in _by_device(frame, device, devices)
    ]
    return pl.concat(parts).collect()


def columns_of(
    capture: Capture,
    work: Held,
    device: Device | None,
    devices: Mapping[int, Device | None] | None,
    columns: Sequence[str],
) -> pl.DataFrame:
    """Return some columns of what :func:`place` returns, but for its sentences; no others are
    computed."""
    frame = _launches(capture, work.rows)
    placed = [_placed(part, own, capture) for part, own in _by_device(frame, device, devices)]
    found = partition.with_part(pl.concat(placed)).select("launch_id", *columns).collect()
    return _in_order(found).select(columns)


def place_some(
    capture: Capture,
    work: Held,
    device: Device | None,
    devices: Mapping[int, Device | None] | None,
    wanted: pl.Series,
    told: pl.DataFrame,
) -> pl.DataFrame:
    """Return some rows of what :func:`place` returns.

    Args:
        wanted: launch_id of the launches, in the order in which they are wanted.
        told: :func:`outline` of all launches.
    """
    few = replace(capture, launches=capture.launches.filter(_of_same_calls(capture, wanted)))
    frame = _launches(few, work.some(few.launches["launch_id"]))
    placed = [_placed(part, own, capture) for part, own in _by_device(frame, device, devices)]
    order = wanted.to_frame("launch_id")
    frame = partition.with_part(pl.concat(placed))
    frame = order.join(frame, on="launch_id", maintain_order="left")
    counts = told.drop("flagged").iter_rows(named=True)
    rows = [
        bound.with_sentences(
            part.with_columns(**{name: pl.lit(count) for name, count in of_all.items()}),
            own,
            capture.clock_step_ns,
        )
        for of_all, (part, own) in zip(counts, _by_device(frame, device, devices), strict=True)
    ]
    frame = order.join(pl.concat(rows), on="launch_id", maintain_order="left")
    return KERNELS.conform(frame.select(KERNELS.polars_schema().names()))


def _of_same_calls(capture: Capture, wanted: pl.Series) -> pl.Expr:
    """Whether a launch is one of ``wanted``, or of the same call of an operator: the kernels of
    one tell each other's part."""
    chosen = pl.col("launch_id").is_in(wanted.implode())
    calls = capture.launches.lazy().filter(chosen).select("op_id").collect()["op_id"].drop_nulls()
    return chosen | pl.col("op_id").is_in(calls.implode()).fill_null(value=False)


def _launches(capture: Capture, work: Frame) -> Frame:
    """Return the launches with their work, and what holds for all of them."""
    launches = capture.launches
    known = work.lazy().select("launch_id").collect()["launch_id"]
    same = launches["launch_id"].equals(known)
    beside = launches if isinstance(work, pl.DataFrame) else launches.lazy()
    if same:
        frame = pl.concat([beside, work.drop("launch_id")], how="horizontal")
    else:
        frame = beside.join(work, on="launch_id", how="left", validate="1:1")
    traits = capture.traits
    return frame.with_columns(
        capture=pl.lit(capture.name),
        source=pl.lit(capture.source),
        figures_counted=pl.lit(traits.figures_counted),
        peaks_recorded=pl.lit(traits.peaks_recorded),
    )


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows by ``launch_id``; sorting what is in order would copy all of it."""
    return frame if frame["launch_id"].is_sorted() else frame.sort("launch_id")


def _by_device(
    frame: Frame, device: Device | None, devices: Mapping[int, Device | None] | None
) -> Iterator[tuple[Frame, Device | None]]:
    """Yield the launches on each device of ``devices``, and those on any other, with theirs."""
    if not devices:
        yield frame, device
        return
    listed = pl.col("device").is_in(list(devices)).fill_null(False)
    yield frame.filter(~listed), device
    for ordinal, own in devices.items():
        yield frame.filter(pl.col("device") == ordinal), own


def _placed(frame: Frame, device: Device | None, capture: Capture) -> Frame:
    """Return launches of one device with their peaks, rates and bounds."""
    frame = _with_peaks(frame, None if capture.traits.peaks_recorded else device)
    return bound.with_bound(with_rates(frame), device)


def _with_peaks(frame: Frame, device: Device | None) -> Frame:
    recorded = pl.col("peak_flop_per_s").is_not_null() | pl.col("peak_bytes_per_s").is_not_null()
    if device is None:
        source = pl.when(recorded).then(pl.lit("record")).otherwise(pl.lit("none"))
        return frame.with_columns(source.alias("peak_source"))
    computes = pl.col("category") == "kernel"
    table_flop = pl.col("roof").replace_strict(
        device.peak_flop_per_s, default=None, return_dtype=pl.Float64
    )
    source = pl.when(recorded).then(pl.lit("record")).otherwise(_table_source(device))
    return frame.with_columns(
        pl.when(computes).then(pl.coalesce("peak_flop_per_s", table_flop)).alias("peak_flop_per_s"),
        pl.when(~_leaves_the_device())
        .then(pl.coalesce("peak_bytes_per_s", pl.lit(device.peak_bytes_per_s)))
        .alias("peak_bytes_per_s"),
        source.alias("peak_source"),
    )


def _leaves_the_device() -> pl.Expr:
    """Whether a launch is a copy from or to another memory, which the link limits, not the DRAM."""
    return ((pl.col("category") == "memcpy") & (pl.col("copy_kind") != "DtoD")).fill_null(
        pl.col("category") == "memcpy"
    )


def _table_source(device: Device) -> pl.Expr:
    """Return the source of a trace's peaks: ``measured`` where one of a launch's two peaks is."""
    table = pl.lit("device_file" if device.origin else "device_table")
    roofs = [name for name in device.measured if name in device.peak_flop_per_s]
    compute = pl.col("roof").is_in(roofs).fill_null(False)
    return (
        pl.when(compute | pl.lit("dram" in device.measured))
        .then(pl.lit("measured"))
        .otherwise(table)
    )


def level_columns(memory_level: str | None) -> tuple[str, str]:
    """Return the columns of a memory level's bytes and peak: L2 on chips whose DRAM has no
    counters, else DRAM."""
    if memory_level == "l2":
        return "l2_read_bytes", "l2_peak_bytes_per_s"
    return "dram_bytes", "peak_bytes_per_s"


def with_rates(frame: Frame) -> Frame:
    """Return ``frame`` with every figure of :data:`FORMULAS` and ``roof_side``."""
    on_l2 = pl.col("memory_level") == "l2"
    moved, bandwidth = (
        pl.when(on_l2).then(pl.col(l2)).otherwise(pl.col(dram))
        for l2, dram in zip(level_columns("l2"), level_columns(None), strict=True)
    )
    frame = frame.with_columns(moved.alias("moved"), bandwidth.alias("bandwidth"))
    for name, alternatives in groupby(FORMULAS, attrgetter("name")):
        frame = frame.with_columns(
            pl.coalesce(_column(formula) for formula in alternatives).alias(name)
        )
    side = (
        pl.when(pl.col("flop") == 0)
        .then(pl.when(pl.col("moved") >= 1).then(pl.lit("memory")))
        .when(pl.col("intensity_flop_per_byte") < pl.col("ridge_point_flop_per_byte"))
        .then(pl.lit("memory"))
        .when(pl.col("intensity_flop_per_byte") >= pl.col("ridge_point_flop_per_byte"))
        .then(pl.lit("compute"))
    )
    return frame.with_columns(side.alias("roof_side"))


def _column(formula: Formula) -> pl.Expr:
    inputs = [pl.col(name) for name in formula.inputs]
    known = pl.all_horizontal(column.is_not_null() for column in inputs)
    return pl.when(known & formula.applies(*inputs)).then(formula.compute(*inputs))
