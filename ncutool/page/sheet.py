"""A sheet as one offline HTML page, or as a picture: the terminal's facts and tables with the
devices' rooflines, or with what each deployment gives at each speed of its users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.charts.devices import devices_roofline
from ncutool.charts.palette import LIGHT
from ncutool.charts.svg import drawing
from ncutool.charts.user_speed import curve_looks, user_speed
from ncutool.page.drawing import NARROW_PX, PAGE_PALETTE, WIDE_PX
from ncutool.page.html import html_page
from ncutool.page.side_by_side import side_by_side
from ncutool.text.sheet import Sheet

if TYPE_CHECKING:
    from ncutool.charts.palette import Palette
    from ncutool.planning.llm.curve import Curve

_HEIGHTS = (380, 300)
_SYMBOLS = {"circle": "●", "square": "■", "diamond": "◆", "triangle-up": "▲"}
_MOST_NAME = 60
"""Characters of a device's name that a drawing holds."""
_LABELLED = 8
"""Devices that a screen reader is told by name."""


class Picture(Struct, frozen=True):
    """One drawing of a sheet's page, in two widths."""

    title: str
    drawn: tuple[Markup, Markup]
    note: str
    names: tuple[tuple[str, str, str, bool], ...] = ()
    """Name, colour, symbol and whether it is dashed, of each line, where the drawing names none."""


def render_sheet(
    sheet: Sheet,
    rooflines: Sequence[tuple[str, float, float]] = (),
    intensity_flop_per_byte: float | None = None,
    curves: Sequence[Curve] = (),
) -> str:
    """Return the page of a sheet: one file that loads nothing. The same sheet gives the same page.

    Args:
        sheet: what it says.
        rooflines: name, peak FLOP/s and peak byte/s of each device; no chart where empty.
        intensity_flop_per_byte: where the workload lies; no chart where None.
        curves: throughput against the speed of each user of several deployments; no chart where
            empty.
    """
    pictures: list[Picture] = []
    curves = _named(curves)
    if rooflines and intensity_flop_per_byte is not None:
        pictures.append(_rooflines(rooflines, intensity_flop_per_byte))
    if curves:
        pictures.append(_curves(curves))
    return html_page(
        "sheet.html",
        styles=("theme", "page", "plan", "sheet"),
        scripts=("theme_switch",),
        sheet=sheet,
        pictures=pictures,
    )


def sheet_picture(
    sheet: Sheet,
    rooflines: Sequence[tuple[str, float, float]] = (),
    intensity_flop_per_byte: float | None = None,
    curves: Sequence[Curve] = (),
    *,
    both: bool = True,
) -> str | None:
    """Return the same drawings as one SVG that needs nothing beside it; None where there are none.

    Args:
        sheet: what it says.
        rooflines: as for :func:`render_sheet`; so are the intensity and the curves.
        intensity_flop_per_byte: of the workload.
        curves: of several deployments.
        both: a reader who prefers dark sees it dark.
    """
    parts: list[tuple[str, str]] = []
    curves = _named(curves)
    if rooflines and intensity_flop_per_byte is not None:
        lines = _shown(rooflines)
        parts.append(("Rooflines", _roofline_svg(lines, intensity_flop_per_byte, LIGHT, 0)))
    if curves:
        parts.append((_SPEED_TITLE, _curve_svg(curves, LIGHT, 0, legend=True)))
    if not parts:
        return None
    about = "floors from datasheet figures, nothing measured"
    return side_by_side(sheet.headline, about, parts, LIGHT, both=both)


_SPEED_TITLE = "Throughput against the speed of each user, at most"


def _named(curves: Sequence[Curve]) -> list[Curve]:
    """Return curves with names that a drawing may hold, whatever a file of devices calls them."""
    return [replace(one, name=shorten(one.name, _MOST_NAME)) for one in curves]


def _shown(rooflines: Sequence[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    return [(shorten(name, _MOST_NAME), peak, fed) for name, peak, fed in rooflines]


def _rooflines(rooflines: Sequence[tuple[str, float, float]], intensity: float) -> Picture:
    lines = _shown(rooflines)
    wide, narrow = (
        Markup(_roofline_svg(lines, intensity, PAGE_PALETTE, width)) for width in (0, 1)
    )
    return Picture(
        "Rooflines",
        (wide, narrow),
        "Each line is a device: bandwidth rises to its dense peak. A mark is the most it can reach "
        "at the workload's intensity.",
    )


def _roofline_svg(
    lines: Sequence[tuple[str, float, float]], intensity: float, palette: Palette, width: int
) -> str:
    """Return the rooflines, wide (0) or narrow (1)."""
    label = (
        f"Rooflines of {', '.join(name for name, _, _ in lines)}; the workload lies at "
        f"{units.intensity(intensity)}. The table holds the same figures."
    )
    chart = devices_roofline(
        lines, intensity, palette=palette, width=(WIDE_PX, NARROW_PX)[width],
        height=_HEIGHTS[width],
    )  # fmt: skip
    return drawing(chart, label, halo=palette.paper)


def _curves(curves: Sequence[Curve]) -> Picture:
    wide, narrow = (
        Markup(_curve_svg(curves, PAGE_PALETTE, width, legend=False)) for width in (0, 1)
    )
    mixture = (
        " A thin line is what uniformly chosen experts allow; the thick one reads the fewest "
        "experts that may be."
        if any(one.is_mixture for one in curves)
        else ""
    )
    return Picture(
        _SPEED_TITLE,
        (wide, narrow),
        "Each line is a deployment, each mark a batch; no program lies above its line. It is "
        "dotted where memory does not hold the batch; a ring is the largest that it holds."
        f"{mixture}",
        tuple(
            (name, color, _SYMBOLS[shape], dashed)
            for name, color, shape, dashed in curve_looks(curves, PAGE_PALETTE)
        ),
    )


def _curve_svg(curves: Sequence[Curve], palette: Palette, width: int, *, legend: bool) -> str:
    """Return the curves, wide (0) or narrow (1)."""
    named = ", ".join(one.name for one in curves[:_LABELLED])
    label = (
        f"Tokens a second a device against tokens a second of each user, batch by batch, of "
        f"{named}. The table of the curve holds the same figures."
    )
    chart = user_speed(
        curves, palette=palette, width=(WIDE_PX, NARROW_PX)[width], height=_HEIGHTS[width],
        named=legend,
    )  # fmt: skip
    return drawing(chart, label, halo=palette.paper)
