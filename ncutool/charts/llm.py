"""The roofline of a plan: matrix products move up it as the batch grows, attention does not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt

from ncutool.base import units
from ncutool.base.limits import attainable
from ncutool.charts.palette import LIGHT, Palette
from ncutool.charts.points import four_digits
from ncutool.charts.shared import (
    NARROW_PX,
    Width,
    framed,
    line_layer,
    line_row,
    log_axis,
    log_scale,
    text_layer,
    text_row,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.points import Row
    from ncutool.planning.llm import Plan
    from ncutool.planning.llm.step import Step

BATCH_STEP = "batch_step"
"""The slider's parameter: the binary logarithm of the batch."""
MOST_STEP = 12
SHAPES = {"FC layers": "circle", "attention": "square", "whole step": "diamond"}


def slider_batches(least: int = 1) -> dict[int, int]:
    """Return the batch at each stop of the slider: the powers of two, times the smallest batch that
    keeps each group and stage of a deployment at work."""
    return {stop: least * 2**stop for stop in range(MOST_STEP + 1)}


def plan_points(plan: Plan, steps: Sequence[Step]) -> list[Row]:
    """Return a row for each part of each step: ``stop`` (of the slider), ``kind, x, y, bound``.

    Args:
        steps: one for each of :func:`slider_batches`, in that order.
    """
    rows: list[Row] = []
    for stop, step in zip(slider_batches(), steps, strict=True):
        for kind, intensity, peak in _parts(plan, step):
            if intensity is None:
                continue
            y = attainable(peak, intensity, plan.peak_bytes_per_s)
            bound = "compute" if y >= peak else "memory"
            rows.append(
                {
                    "stop": stop,
                    "kind": kind,
                    "x": four_digits(intensity),
                    "y": four_digits(y),
                    "bound": bound,
                }
            )
    return rows


def _parts(plan: Plan, step: Step) -> list[tuple[str, float | None, float]]:
    peak = plan.peak_flop_per_s
    matrix = step.matrix_intensity_with_activations_flop_per_byte
    parts: list[tuple[str, float | None, float]] = [
        ("FC layers", matrix or step.matrix_intensity_flop_per_byte, peak)
    ]
    if step.kv_bytes and step.attention_flop:
        attention = plan.device.peak_flop_per_s[plan.types.attention_roof]
        parts.append(("attention", step.attention_intensity_flop_per_byte, attention))
        parts.append(("whole step", step.intensity_flop_per_byte, peak))
    return parts


def plan_roofline(
    plan: Plan,
    steps: Sequence[Step],
    *,
    palette: Palette = LIGHT,
    width: Width = 720,
    height: int = 400,
) -> alt.LayerChart:
    """Draw the roofline with a slider for the batch.

    Args:
        steps: one for each of :func:`slider_batches`, in that order.
        width: pixels, or `container` to fill the element it stands in.
    """
    rows = plan_points(plan, steps)
    for row in rows:
        row["color"] = palette.bounds[row["bound"]]
    window = _window(plan, rows)
    x, y = _axes(window)
    start = min(MOST_STEP, round(math.log2(plan.batch / plan.setup.deployment.least_batch)))
    slider = alt.BindRange(input="range", min=0, max=MOST_STEP, step=1, name="batch")
    return framed(
        [
            line_layer(_lines(plan, window, palette), x, y),
            _marks([row for row in rows if row["kind"] == "FC layers"], 55, 0.45),
            _marks(rows, 170, 1.0).transform_filter(f"datum.stop === {BATCH_STEP}"),
            _names(rows, palette).transform_filter(f"datum.stop === {BATCH_STEP}"),
            text_layer(_texts(plan, window, palette), window["slope"]),
            _readout(steps, window, palette).transform_filter(f"datum.stop === {BATCH_STEP}"),
        ],
        palette,
        width,
        height,
        [alt.VariableParameter(name=BATCH_STEP, value=start, bind=slider)],
    )


def _window(plan: Plan, rows: Sequence[Row]) -> dict[str, Any]:
    ridge = plan.ridge_point_flop_per_byte
    xs = [row["x"] for row in rows]
    left, right = four_digits(min(*xs, ridge) / 8), four_digits(max(*xs, ridge) * 3)
    bottom, top = four_digits(plan.peak_bytes_per_s * left), four_digits(plan.peak_flop_per_s * 4)
    up, across = math.log10(top / bottom), math.log10(right / left)
    slope = f"-180 / PI * atan2(height / {up:.4f}, width / {across:.4f})"
    return {"left": left, "right": right, "bottom": bottom, "top": top, "slope": slope}


def _axes(window: dict[str, Any]) -> tuple[alt.X, alt.Y]:
    x_scale = log_scale(window["left"], window["right"])
    y_scale = log_scale(window["bottom"], window["top"])
    return (
        alt.X("x:Q", scale=x_scale, axis=log_axis("intensity (FLOP/byte)", "~g")),
        alt.Y("y:Q", scale=y_scale, axis=log_axis("attainable FLOP/s", "~s")),
    )


def _lines(plan: Plan, window: dict[str, Any], palette: Palette) -> list[Row]:
    ridge, peak = four_digits(plan.ridge_point_flop_per_byte), four_digits(plan.peak_flop_per_s)
    corners = [(window["left"], window["bottom"]), (ridge, peak), (window["right"], peak)]
    rows = [line_row(x, y, "roof", palette.ink, 1.8, [1, 0]) for x, y in corners]
    ends = (window["bottom"], peak)
    return rows + [line_row(ridge, y, "ridge", palette.soft, 1, [2, 4]) for y in ends]


def _marks(rows: Sequence[Row], size: int, opacity: float) -> alt.Chart:
    shapes = alt.Scale(domain=list(SHAPES), range=list(SHAPES.values()))
    mark: dict[str, Any] = {
        "filled": True,
        "size": size,
        "opacity": opacity,
        "color": alt.ExprRef("datum.color"),
        "clip": True,
    }
    chart = alt.Chart(alt.InlineData(values=list(rows))).mark_point(**mark)
    drawn: alt.Chart = chart.encode(
        alt.X("x:Q"), alt.Y("y:Q"), alt.Shape("kind:N", scale=shapes, legend=None)
    )
    return drawn


def _names(rows: Sequence[Row], palette: Palette) -> alt.Chart:
    """Draw what each mark is: above the roof and below it, so that close marks keep their names."""
    mark: dict[str, Any] = {
        "align": alt.ExprRef("datum.kind === 'FC layers' ? 'right' : 'left'"),
        "dx": alt.ExprRef("datum.kind === 'FC layers' ? -10 : 11"),
        "dy": alt.ExprRef("{'FC layers': -12, 'attention': 8, 'whole step': 22}[datum.kind]"),
        "color": palette.ink,
        "clip": True,
    }
    chart = alt.Chart(alt.InlineData(values=list(rows))).mark_text(**mark)
    drawn: alt.Chart = chart.encode(alt.X("x:Q"), alt.Y("y:Q"), alt.Text("kind:N"))
    return drawn


def _readout(steps: Sequence[Step], window: dict[str, Any], palette: Palette) -> alt.Chart:
    """Draw the batch and what it gives, in the upper left corner."""
    rows = [
        {"stop": stop, "x": window["left"], "y": window["top"], **_told(step)}
        for stop, step in zip(slider_batches(), steps, strict=True)
    ]
    mark: dict[str, Any] = {
        "align": "left",
        "baseline": "top",
        "dx": 6,
        "dy": 6,
        "fontSize": 13,
        "fontWeight": "bold",
        "color": palette.ink,
        "text": alt.ExprRef(f"width > {NARROW_PX} ? datum.long : datum.short"),
    }
    chart = alt.Chart(alt.InlineData(values=rows)).mark_text(**mark)
    drawn: alt.Chart = chart.encode(alt.X("x:Q"), alt.Y("y:Q"))
    return drawn


def _told(step: Step) -> dict[str, str]:
    batch = f"batch {units.count(step.batch)}"
    rate = f"{units.significant(step.tokens_per_s, 4)} tok/s"
    each = f"{units.significant(step.tokens_per_s_per_sequence)} a user"
    room = "" if step.fits else ", does not fit"
    long = f"{batch}: {units.time(step.floor_ns)} a token, {each}, {rate}, {step.bound}-bound{room}"
    return {"long": long, "short": f"{batch}: {rate}{room}"}


def _texts(plan: Plan, window: dict[str, Any], palette: Palette) -> list[Row]:
    peak, ridge = plan.peak_flop_per_s, plan.ridge_point_flop_per_byte
    roof = f"{plan.types.roof.replace('_', ' ')} {units.flop_rate(peak)}, dense"
    middle = math.sqrt(window["left"] * ridge)
    bandwidth = units.data_rate(plan.peak_bytes_per_s)
    return [
        text_row(
            window["right"], peak, roof, palette.soft, align="right",
            narrow=(units.flop_rate(peak), "right"), dx=-4, dy=-9,
        ),
        text_row(
            middle, middle * plan.peak_bytes_per_s, bandwidth, palette.soft, align="center",
            dy=-10, rising=True,
        ),
        text_row(
            ridge, window["bottom"], f"ridge {ridge:.1f}", palette.soft, align="right", dx=-5,
            dy=-9,
        ),
    ]  # fmt: skip
