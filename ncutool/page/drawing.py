"""The drawings of a view, made once as SVG: the roofline, the speeds of light, or why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from msgspec import Struct

from ncutool import charts
from ncutool.analysis import capture_sentences
from ncutool.analysis.capture_roofs import Roofs, best_reached, roofs_of
from ncutool.analysis.looks import COLORS
from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.charts.head import Head
from ncutool.charts.light_svg import speed_of_light_svg
from ncutool.charts.roofline_svg import roofline_svg
from ncutool.charts.strip import strip_points
from ncutool.charts.svg import drawing
from ncutool.page.beside import (
    MOST_NARROW,
    MOST_WIDE,
    Subject,
    legend,
    notes_on,
    share_drawn,
    toggles,
    whole,
)
from ncutool.page.html import this_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.analysis.analyse import Analysis
    from ncutool.charts.points import Row
    from ncutool.devices.several import Kind

WIDE_PX, NARROW_PX = 592, 292
"""Widths of the planes of both drawings; their axes come on top."""
_FEW = 3
PAGE_PALETTE = charts.Palette(
    ink="var(--ink)",
    soft="var(--soft)",
    line="var(--line)",
    paper="var(--card)",
    colors={color: f"var(--{color})" for color in COLORS},
)
"""Style variables: the drawing follows light and dark without being drawn again."""


@dataclass(frozen=True)
class Drawing:
    """One drawing in two widths, or the sentence that stands in its place."""

    name: str
    """`roofline` (of unlike devices `roofline-1` and on) or `speed-of-light`."""
    title: str
    share: str
    """How much of the time is on it, for its heading; empty where that is not known."""
    wide: Markup
    narrow: Markup
    """Empty where not even roofs are known."""
    empty: str
    """Why there is no kernel on it; empty where there is one."""
    notes: tuple[str, ...]
    legend: tuple[tuple[str, str, str], ...] = ()
    """Bound, symbol and word of each kind of mark."""
    toggles: tuple[tuple[str, str], ...] = ()
    """Class and word of what can be hidden: roofs and levels of memory."""


def drawings(analysis: Analysis, groups: pl.DataFrame) -> tuple[Drawing, ...]:
    """Return the drawings of one view: a roofline for each kind of device; traces have no speeds of
    light."""
    if analysis.mixed:
        made = [
            _roofline(
                analysis,
                groups.filter(groups["device"].is_in(kind.ordinals)),
                kind,
                f"roofline-{number}",
                f"Roofline of {kind.numbered}",
            )
            for number, kind in enumerate(analysis.device_kinds, start=1)
        ]
    else:
        made = [_roofline(analysis, groups, None, "roofline", "Roofline")]
    points = charts.speed_of_light_points(groups.head(MOST_WIDE), tooltips=False)
    if points:
        light = _speed_of_light(points, groups)
        # Where no roofline can be drawn, the speeds of light stand alone and say why.
        drawn = [one for one in made if one.wide]
        missing = () if drawn else (made[0].empty,)
        made = [*drawn, replace(light, notes=(*light.notes, *missing))]
    return tuple(made)


class Standalone(Struct, frozen=True):
    """A drawing that needs no style sheet."""

    title: str
    share: str
    """How much of the time is on it; empty where that is not known."""
    svg: str


def standalone_roofline(
    analysis: Analysis, dark: bool = False, width: int = 640, *, with_head: bool = True
) -> str | None:
    """Return the roofline of an analysis as an SVG that needs no style sheet.

    Of unlike devices it is that of the one with the most time. Where there is no roofline, it is
    the chart of the speeds of light.

    Args:
        dark: on a dark ground.
        width: of the plane in pixels; numbers beside it come on top (about 50).
        with_head: title, device and version above it, and a ground; without, it is transparent.

    Returns:
        The SVG, or None where neither can be drawn.
    """
    size = (width, 330 if width >= 500 else 260)
    found = standalone(analysis, charts.DARK if dark else charts.LIGHT, size, with_head=with_head)
    return None if found is None else found.svg


def standalone(
    analysis: Analysis,
    palette: charts.Palette,
    size: tuple[int, int],
    *,
    with_head: bool = True,
    with_key: bool = True,
) -> Standalone | None:
    """Return what :func:`standalone_roofline` draws, with its title.

    Args:
        size: width and height of the plane; axes, strip and key come on top.
        with_head: title, device and version above it, and a ground; without, it is transparent.
        with_key: say below what colours and shapes mean.
    """
    groups, _ = analysis.grouped
    kind = max(analysis.device_kinds, key=lambda one: one.duration_ns) if analysis.mixed else None
    if kind is not None:
        groups = groups.filter(groups["device"].is_in(kind.ordinals))
    look: dict[str, Any] = {"palette": palette, "width": size[0], "height": size[1],
                            "interactive": False, "with_key": with_key}  # fmt: skip
    subject = _subject(analysis, groups, kind, MOST_WIDE)
    of_kind = f" of {kind.numbered}" if kind is not None else ""
    if subject is not None:
        share = share_drawn(analysis, groups, subject)
        look["head"] = _head(analysis, kind, "Roofline", share) if with_head else None
        chart = _chart(subject, **look)
        drawn = drawing(chart, _label(subject), roofs=subject.names, halo=palette.paper)
        return Standalone(f"Roofline{of_kind}", share, drawn)
    points = charts.speed_of_light_points(groups.head(MOST_WIDE), tooltips=False)
    if not points:
        return None
    look["head"] = _head(analysis, kind, "Speed of light", "") if with_head else None
    light = charts.speed_of_light(points, **look)
    drawn = drawing(light, "Compute against memory speed of light", halo=palette.paper)
    return Standalone(f"Speed of light{of_kind}", "", drawn)


def _head(analysis: Analysis, kind: Kind | None, title: str, share: str) -> Head:
    device = capture_sentences.device_name(analysis) if kind is None else kind.numbered
    capture = shorten(analysis.capture.name, 60)
    lines = (f"{shorten(device, 60)} · ncutool {this_version()}", share)
    return Head(f"{title}: {capture}", tuple(line for line in lines if line))


def _subject(
    analysis: Analysis, groups: pl.DataFrame, kind: Kind | None, most: int
) -> Subject | None:
    """Return what can be drawn of the groups with the most time; None without FLOPs and bytes."""
    roofs = roofs_of(analysis, kind)
    shown = groups.head(most)
    points = charts.roofline_points(shown, tooltips=False)
    strip = strip_points(shown, tooltips=False)
    if roofs is None or not (points or strip):
        return None
    # The best of very few launches is drawn already: it is one of them.
    several = len(points) + len(strip) > _FEW
    reached = best_reached(analysis, roofs, kind) if several else None
    return Subject(shown, roofs, reached, points, strip)


def _chart(subject: Subject, **options: Any) -> Any:
    return charts.roofline(
        subject.groups,
        subject.points,
        subject.roofs,
        bytes_only=subject.strip,
        reached=subject.reached,
        **options,
    )


def _label(subject: Subject) -> str:
    first = subject.roofs.compute[0]
    return (
        f"Roofline of {units.counted(len(subject.points), 'group')} of launches: "
        f"{units.flop_rate(first.peak_flop_per_s)} and "
        f"{units.data_rate(subject.roofs.peak_bytes_per_s)}, "
        f"ridge at {units.intensity(subject.roofs.ridge_point_flop_per_byte)}. "
        "The kernel table holds the same figures."
    )


def _roofline(
    analysis: Analysis, groups: pl.DataFrame, kind: Kind | None, name: str, title: str
) -> Drawing:
    """Return the roofline of one kind of device; of all launches where there is only one."""
    wide = _subject(analysis, groups, kind, MOST_WIDE)
    roofs = roofs_of(analysis, kind)
    if roofs is None:
        return Drawing(name, title, "", Markup(), Markup(), _why_empty(analysis, roofs, kind), ())
    # Without a kernel to draw, the roofs stand there with the reason.
    none = Subject(groups.head(0), roofs, None, [], [])
    narrow = _subject(analysis, groups, kind, MOST_NARROW) or none
    wide = wide or none
    heights = (320, 250) if wide.points else (190, 170)
    pictures = [
        roofline_svg(
            subject.groups,
            subject.points,
            subject.roofs,
            label=_label(wide),
            names=subject.names,
            palette=PAGE_PALETTE,
            size=(width, height),
            bytes_only=subject.strip,
            reached=subject.reached,
        )
        for subject, width, height in zip(
            (wide, narrow), (WIDE_PX, NARROW_PX), heights, strict=True
        )
    ]
    return Drawing(
        name,
        title,
        share_drawn(analysis, groups, wide),
        Markup(pictures[0]),
        Markup(pictures[1]),
        "" if wide.points else _why_empty(analysis, roofs, kind),
        notes_on(groups, wide, None if analysis.mixed else analysis.coverage),
        legend(point["bound"] for point in [*wide.points, *wide.strip]),
        toggles(wide),
    )


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


def _speed_of_light(points: Sequence[Row], groups: pl.DataFrame) -> Drawing:
    label = (
        f"Compute against memory speed of light of {units.counted(len(points), 'group')} of "
        "launches. The kernel table holds the same figures."
    )
    pictures = [
        speed_of_light_svg(points[:most], label=label, size=size)
        for most, size in ((MOST_WIDE, (WIDE_PX, 330)), (MOST_NARROW, (NARROW_PX, 260)))
    ]
    notes = [
        "Area is time. Shares of the compute and memory limits as NVIDIA defines them: below 60 % "
        "of both a launch waits on latency, above 80 % throughput is high."
    ]
    numbers = [point["group"] for point in points]
    left_out = groups.filter(~groups["group"].is_in(numbers))
    time, total = int(left_out["duration_ns"].sum()), int(groups["duration_ns"].sum())
    if left_out.height:
        launches = units.counted(int(left_out["launches"].sum()), "launch")
        notes.append(f"Not on the chart: {launches} without these figures ({units.time(time)}).")
    share = f"{whole(100 * (total - time) / total)} of kernel time is on it" if total else ""
    return Drawing(
        "speed-of-light",
        "Speed of light",
        share,
        Markup(pictures[0]),
        Markup(pictures[1]),
        "",
        tuple(notes),
        legend(point["bound"] for point in points),
    )
