"""The charts of a view: the roofline, the speeds of light, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ncutool import charts
from ncutool.analysis.capture_roofs import Roofs, roofs_of
from ncutool.analysis.looks import COLORS
from ncutool.base import units

if TYPE_CHECKING:
    import polars as pl

    from ncutool.analysis.analyse import Analysis
    from ncutool.devices.several import Kind
    from ncutool.roofline.coverage import Coverage

MOST_POINTS = 2000
"""Groups that get a circle, most time first; chart.js takes the same."""
PAGE_PALETTE = charts.Palette(
    ink="var(--ink)",
    soft="var(--soft)",
    line="var(--line)",
    paper="var(--card)",
    colors={color: f"var(--{color})" for color in COLORS},
)
"""Style variables: the chart follows light and dark without being drawn again."""


@dataclass(frozen=True)
class Drawing:
    """One chart, or the sentence that stands in its place."""

    name: str
    """`roofline` (of unlike devices `roofline-1` and on) or `speed-of-light`."""
    title: str
    spec: dict[str, Any] | None
    empty: str
    label: str
    """What a screen reader says of it."""
    notes: tuple[str, ...]


def drawings(analysis: Analysis, groups: pl.DataFrame) -> tuple[Drawing, ...]:
    """Return the charts of one view: a roofline for each kind of device; traces have no speeds of
    light."""
    kinds = analysis.device_kinds
    if analysis.mixed:
        drawn = [_of_kind(analysis, groups, kind, n) for n, kind in enumerate(kinds, start=1)]
    else:
        drawn = [_roofline(analysis, groups, None)]
    points = charts.speed_of_light_points(groups.head(MOST_POINTS), tooltips=False)
    if points:
        drawn.append(_speed_of_light(points, groups))
    return tuple(drawn)


def _of_kind(analysis: Analysis, groups: pl.DataFrame, kind: Kind, number: int) -> Drawing:
    """Return the roofline of one of several kinds of device, with the launches on it alone."""
    own = groups.filter(groups["device"].is_in(kind.ordinals))
    drawn = _roofline(analysis, own, kind)
    spec = drawn.spec
    if spec is not None:
        spec = {**spec, "usermeta": {"groups": own["group"].to_list()}}
    title = f"Roofline of {kind.numbered}"
    return replace(drawn, name=f"roofline-{number}", title=title, spec=spec)


def _roofline(analysis: Analysis, groups: pl.DataFrame, kind: Kind | None) -> Drawing:
    """Return the roofline of one kind of device; of all launches where there is only one."""
    roofs = roofs_of(analysis, kind)
    title = "Roofline"
    points = charts.roofline_points(groups.head(MOST_POINTS), tooltips=False)
    if roofs is None or not points:
        return Drawing("roofline", title, None, _why_empty(analysis, roofs, kind), "", ())
    chart = charts.roofline(groups, points, roofs, palette=PAGE_PALETTE, width="container")
    first = roofs.compute[0]
    label = (
        f"Roofline of {units.counted(len(points), 'group')} of launches: "
        f"{units.flop_rate(first.peak_flop_per_s)} and {units.data_rate(roofs.peak_bytes_per_s)}, "
        f"ridge at {units.intensity(roofs.ridge_point_flop_per_byte)}. "
        "The kernel table holds the same figures."
    )
    notes = _roofline_notes(groups, roofs, analysis.coverage)
    return Drawing("roofline", title, _spec(chart), "", label, notes)


def _spec(chart: Any) -> dict[str, Any]:
    """Return the chart as plain data without its points: the script has them in the kernel table.

    The tests validate what is drawn here; a page need not, it takes five times as long.
    """
    spec: dict[str, Any] = chart.to_dict(validate=False)
    for layer in spec["layer"]:
        if layer["data"].get("name") == "points":
            layer["data"]["values"] = []
    return spec


def _roofline_notes(groups: pl.DataFrame, roofs: Roofs, coverage: Coverage) -> tuple[str, ...]:
    notes = [
        "Area is time. Point at a circle for its figures, click it to find it in the table; "
        "drag to move, Ctrl and wheel to zoom, double-click to see all again."
    ]
    if len(roofs.compute) > 1:
        notes.append(
            "Dashed: lower roofs that some launches are held against; "
            "each percentage is of the launch's own roof."
        )
    levels = charts.level_points(groups.head(charts.MOST_LEVEL_GROUPS), roofs, PAGE_PALETTE)
    if levels:
        of_which = (
            f" (of the {charts.MOST_LEVEL_GROUPS} groups with the most time)"
            if groups.height > charts.MOST_LEVEL_GROUPS
            else ""
        )
        notes.append(
            "Hollow: the same launches by their L2 traffic (squares) and L1 traffic (diamonds), "
            f"under the thin roofs of these caches{of_which}."
        )
    origin = (
        "Roofs are the report's own, at the clocks it recorded"
        if roofs.from_record
        else "Roofs are the device table's dense peaks"
    )
    spread = max(roof.spread_pct for roof in roofs.compute)
    if spread > 1:
        origin += f"; they differ by up to {units.percent(spread)} between launches (drawn: mean)"
    notes.append(f"{origin}.")
    missing = charts.not_on_roofline(coverage)
    if missing:
        notes.append(missing)
    if groups.height > MOST_POINTS:
        notes.append(f"Drawn: the {units.count(MOST_POINTS)} groups with the most time.")
    return tuple(notes)


def _why_empty(analysis: Analysis, roofs: Roofs | None, kind: Kind | None) -> str:
    capture = analysis.capture
    if roofs is None and not capture.traits.peaks_recorded:
        resolution = (analysis if kind is None else kind).resolution
        how = resolution.how.rstrip(".")
        way_out = " Pass `--assume-device NAME`; `ncutool devices` lists them."
        names_option = resolution.named or resolution.device is None  # then `how` names the option
        remedy = "" if names_option else way_out
        return f"No roofline: {how}.{remedy}"
    return f"No roofline: {capture.format.no_figures}"


def _speed_of_light(points: list[dict[str, Any]], groups: pl.DataFrame) -> Drawing:
    chart = charts.speed_of_light(points, palette=PAGE_PALETTE, width="container")
    notes = [
        "Area is time. Each launch's share of the device's compute and memory limits as NVIDIA "
        "defines them; below 60 % of both it waits on latency, above 80 % throughput is high."
    ]
    left_out = groups.filter(groups["sm_sol_pct"].is_null() | groups["memory_sol_pct"].is_null())
    time = int(left_out["duration_ns"].sum())
    if left_out.height:
        launches = units.counted(int(left_out["launches"].sum()), "launch")
        notes.append(f"Not on the chart: {launches} without these figures ({units.time(time)}).")
    label = (
        f"Compute against memory speed of light of {units.counted(len(points), 'group')} of "
        "launches. The kernel table holds the same figures."
    )
    return Drawing("speed-of-light", "Speed of light", _spec(chart), "", label, tuple(notes))
